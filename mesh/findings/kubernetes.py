"""The codes about Kubernetes' own objects (Service, Deployment, NetworkPolicy, Pod): MT18xx."""

from typing import Final

from mesh.findings.model import Code

CODES: Final[tuple[Code, ...]] = ()
