"""Every check of this room, in the order in which findings about one place are listed."""

from typing import Final

from mesh.configuration import identity, intended, peers, reading, timing, tls
from mesh.world import Check

CHECKS: Final[tuple[Check, ...]] = (
    *reading.CHECKS,
    *identity.CHECKS,
    *tls.CHECKS,
    *peers.CHECKS,
    *timing.CHECKS,
    *intended.CHECKS,
)
"""All of them."""
