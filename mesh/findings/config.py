"""The codes about the principal's and the agents' configuration: MT19xx."""

from typing import Final

from mesh.findings.model import Code

CODES: Final[tuple[Code, ...]] = ()
