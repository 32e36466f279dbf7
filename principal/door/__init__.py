"""The principal's own way in: HTTP/2 and gRPC as a pure core, and the one edge that moves its bytes."""
