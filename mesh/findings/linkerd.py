"""The codes about Linkerd: MT12xx."""

from typing import Final

from mesh.findings.model import Code

CODES: Final[tuple[Code, ...]] = ()
