"""The names on the wire that are no event: full method paths, metadata keys and the words in them."""

AUTHENTICATE = "/authapi.Authentication/Authenticate"
REFRESH = "/authapi.Authentication/RefreshToken"
VERSION = "/versionapi.Version/Version"
SUBSCRIBE = "/eventstreamapi.EventStream/Subscribe"
PUSH = "/eventstreamapi.EventStream/Push"
PING = "/eventstreamapi.EventStream/Ping"

WITHOUT_TOKEN = frozenset({AUTHENTICATE, REFRESH, VERSION})
"""The methods that take no token in `authorization`; every other one needs it."""

AUTHORIZATION = "authorization"
"""Metadata key of the access token: the bare JWT, without "Bearer ", of which the first value counts."""

LAST_DEATH = "meshtether-last-death"
"""Metadata key that an agent may send on Subscribe: how its previous stream ended, as JSON. argocd-agent ignores it."""

MAX_LAST_DEATH = 512
"""The most bytes (ASCII) that LAST_DEATH may have: little beside the 8 KiB that proxies give to all metadata."""

RETRY_PUSHBACK = "grpc-retry-pushback-ms"
"""Trailer of a principal: milliseconds after which to come back (gRFC A6). argocd-agent ignores it."""

MANAGED = "managed"
AUTONOMOUS = "autonomous"
MODES = frozenset({MANAGED, AUTONOMOUS})
"""The modes that an agent may name in Authenticate; a Go principal answers any other with UNKNOWN."""

VERSION_PREFIX = "argocd-agent-"
"""Stands before the version in the answer of VERSION, but not in those of AUTHENTICATE and REFRESH."""

AGENT_SOURCE = "agent://agent-managed"
"""The CloudEvents source that argocd-agent's agents send, in both modes; no receiver reads it."""
