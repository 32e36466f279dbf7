"""The codes about Gloo Gateway: MT15xx."""

from typing import Final

from mesh.findings.model import Code

CODES: Final[tuple[Code, ...]] = ()
