"""Generated fields of agentgateway's objects that may be changed without a finding."""

from typing import Final

from mesh.adapters.agentgateway.generating import KIND
from mesh.adapters.base import Neutral

NEUTRAL: Final[tuple[Neutral, ...]] = (
    Neutral(
        kind="Service",
        path=("spec", "ports", "*", "appProtocol"),
        reason="backend.http.version says the same",
    ),
    Neutral(
        kind=KIND,
        path=("metadata", "name"),
        reason="nothing refers to a policy by its name; it is found by its target",
        changes=frozenset({"change"}),
    ),
)
"""All of them."""
