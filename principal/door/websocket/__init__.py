"""gRPC in a WebSocket, for agents whose proxies know no HTTP/2: one HTTP/1.1 upgrade, one tunnel, one call.

The framing is argocd-agent's (spec hub-protocol §4.5, the library golang.stackrox.io/grpc-http1). All is pure: bytes
and `now` go in; bytes, calls' events and the next timer come out.
"""
