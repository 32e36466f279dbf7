"""Generated fields of Gloo's objects that may be changed without a finding."""

from typing import Final

from mesh.adapters.base import Neutral

NEUTRAL: Final[tuple[Neutral, ...]] = (
    Neutral(
        kind="Service",
        path=("spec", "ports", "*", "appProtocol"),
        reason="useHttp2 of the Upstream says the same",
    ),
)
"""All of them."""
