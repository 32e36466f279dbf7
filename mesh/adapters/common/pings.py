"""HTTP/2 PINGs of a proxy towards the principal: whether the principal lets them."""

from typing import Final

from mesh.configuration.settings import Component
from mesh.durations import SECOND
from mesh.intent import Intent

GO_LIMIT: Final = 300 * SECOND
"""Nanoseconds; what an unset limit is in argocd-agent, by grpc-go's default. In meshtether unset is no limit."""

ARGOCD_AGENT: Final = "argocd-agent"
"""What argocd-agent's images have in their names."""


def may_ping(intent: Intent) -> bool:
    """Whether the intent wants PINGs, and its principal does not take them for an attack."""
    keepalive = intent.keepalive
    limit = keepalive.min_interval or (GO_LIMIT if ARGOCD_AGENT in intent.principal.image else 0)
    return keepalive.ping > 0 and limit < keepalive.ping


def limit_of(principal: Component) -> int | None:
    """Nanoseconds between PINGs that the principal asks for; 0 is no limit, None is not known."""
    limit = principal.given("keepalive-min-interval")
    if limit is None or limit.duration is None:
        return None
    return limit.duration or (GO_LIMIT if principal.is_argocd_agent else 0)
