"""Every check of this room, in the order in which findings about one place are listed."""

from typing import Final

from mesh.kubernetes import accounts, believed, networkpolicies, pods, services, texts
from mesh.world import Check

CHECKS: Final[tuple[Check, ...]] = (
    *pods.CHECKS,
    *services.CHECKS,
    *accounts.CHECKS,
    *networkpolicies.CHECKS,
    *believed.CHECKS,
    *texts.CHECKS,
)
"""All of them."""
