"""What is known of Linkerd's releases, objects and annotations, in one place."""

from typing import Final

from mesh.durations import HOUR, MILLISECOND, MINUTE, SECOND
from mesh.intent import Version

POLICY: Final = "policy.linkerd.io"
PROFILES: Final = "linkerd.io"
GATEWAY_API: Final = "gateway.networking.k8s.io"

SERVED: Final[dict[str, tuple[str, ...]]] = {
    "Server": ("v1beta3", "v1beta2", "v1beta1", "v1alpha1"),
    "ServerAuthorization": ("v1beta1", "v1alpha1"),
    "AuthorizationPolicy": ("v1alpha1",),
    "MeshTLSAuthentication": ("v1alpha1",),
    "NetworkAuthentication": ("v1alpha1",),
    "ServiceProfile": ("v1alpha2", "v1alpha1"),
}
"""API versions that the control plane serves, the stored one first."""

ACCESS_POLICY: Final = Version(2, 16)
"""Since when a Server is v1beta3 and has an accessPolicy."""

ONE_PORT: Final = Version(2, 18)
"""Since when proxies send everything for a meshed pod to its proxy's own port, whatever port was dialled."""

ADDITIONAL_ENV: Final = Version(2, 20)
"""Since when a workload's annotation can set variables of its proxy."""

INBOUND_PORT: Final = 4143
"""Where a proxy takes what is for its pod."""

PROXY_UID: Final = 2102
"""The user id of the proxy."""

CLIENT_ID: Final = "l5d-client-id"
"""The header in which the inbound proxy says who called."""

REQUIRE_ID: Final = "l5d-require-id"
"""The header by which a client says whom it takes for the server."""

INJECT: Final = "linkerd.io/inject"
CONFIG: Final = "config.linkerd.io/"
OPAQUE_PORTS: Final = f"{CONFIG}opaque-ports"
SKIP_INBOUND: Final = f"{CONFIG}skip-inbound-ports"
SKIP_OUTBOUND: Final = f"{CONFIG}skip-outbound-ports"
DEFAULT_POLICY: Final = f"{CONFIG}default-inbound-policy"
PROXY_ENV: Final = f"{CONFIG}proxy-additional-env"
TIMEOUT: Final = "timeout.linkerd.io/"
RETRY: Final = "retry.linkerd.io/"

DEFAULT_OPAQUE: Final = frozenset({25, 587, 3306, 4444, 5432, 6379, 9300, 11211})
"""Ports that are opaque unless an annotation lists others (proxy.opaquePorts in the chart)."""

STREAM_PROTOCOLS: Final = frozenset({"gRPC", "HTTP/2", "unknown"})
"""A Server's protocols with which the inbound proxy reads gRPC; `unknown` is told by the first bytes."""

PROTOCOLS: Final = frozenset({*STREAM_PROTOCOLS, "HTTP/1", "opaque", "TLS"})
"""All of them."""

OPAQUE_PROTOCOLS: Final = frozenset({"linkerd.io/opaque", "linkerd.io/tcp"})
"""A Service port's appProtocols that are forwarded as bytes."""

POLICIES: Final[dict[str, bool]] = {
    "all-unauthenticated": True,
    "cluster-unauthenticated": True,
    "audit": True,
    "all-authenticated": False,
    "cluster-authenticated": False,
    "deny": False,
}
"""Default policies, and whether each lets in clients without an identity."""

DENY: Final = "deny"

UNITS: Final = {"ms": MILLISECOND, "s": SECOND, "m": MINUTE, "h": HOUR, "d": 24 * HOUR}
"""Nanoseconds of the units in Linkerd's durations."""

DURATION: Final = "a whole number with one of ms, s, m, h, d, such as 30s; or 0"
"""What Linkerd takes for a duration, for messages."""

MAX_DIGITS: Final = 18
"""Digits of a duration; more do not fit Linkerd's 64 bits either."""


def duration(text: str | None) -> int | None:
    """Nanoseconds of one of Linkerd's durations; None when it is none. Unlike Go's it has one unit and no fraction."""
    digits = (text or "").strip()
    unit = digits.lstrip("0123456789")
    number = digits.removesuffix(unit) if unit else digits
    if not number.isascii() or not number.isdecimal() or len(number) > MAX_DIGITS:
        return None
    if not unit:
        return 0 if int(number) == 0 else None
    return int(number) * UNITS[unit] if unit in UNITS else None


def port_ranges(text: str | None) -> list[tuple[int, int]] | None:
    """The ports in a list such as `25,8000-8010`, from and to; None when the text is no such list."""
    ranges = []
    for part in (text or "").split(","):
        if not part.strip():
            continue
        first, dash, last = part.strip().partition("-")
        bounds = [each.strip() for each in (first, last if dash else first)]
        if not all(each.isascii() and each.isdecimal() and len(each) <= 5 for each in bounds):
            return None
        low, high = map(int, bounds)
        if not 0 <= low <= high <= 65535:
            return None
        ranges.append((low, high))
    return ranges
