"""The codes about schema validation (CRDs, CEL rules): MT17xx."""

from typing import Final

from mesh.findings.model import Code

CODES: Final[tuple[Code, ...]] = ()
