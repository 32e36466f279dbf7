"""The codes about Istio: MT11xx."""

from typing import Final

from mesh.findings.model import Code

CODES: Final[tuple[Code, ...]] = ()
