"""Generated fields of kgateway's objects that may be changed without a finding."""

from typing import Final

from mesh.adapters.base import Neutral

NEUTRAL: Final[tuple[Neutral, ...]] = tuple(
    Neutral(
        kind=kind,
        path=("metadata", "name"),
        reason="nothing refers to a policy by its name; it is found by its target",
        changes=frozenset({"change"}),
    )
    for kind in ("ListenerPolicy", "TrafficPolicy", "BackendConfigPolicy")
)
"""All of them."""
