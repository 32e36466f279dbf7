"""The codes about Envoy bootstraps: MT13xx."""

from typing import Final

from mesh.findings.model import Code

CODES: Final[tuple[Code, ...]] = ()
