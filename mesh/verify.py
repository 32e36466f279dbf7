"""Verification: manifests against an intent, by every adapter that they are about.

Pure glue. What every mesh needs of Kubernetes' own objects and of the configuration is checked once; each adapter adds
its own checks; schemas, when they are at hand, say what the API server would refuse.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from mesh.adapters import ADAPTERS, Adapter
from mesh.adapters.common.shared import shared_findings
from mesh.adapters.istio.guessing import is_likely
from mesh.bundle import Bundle
from mesh.findings import Document, Finding, found
from mesh.intent import Intent
from mesh.manifests import Fault
from mesh.world import World


class Schemas(Protocol):
    """Whatever knows the schemas of kinds."""

    def validate(self, manifest: Document) -> list[Finding]:
        """What the API server would refuse in `manifest`."""


def verify(
    manifests: Sequence[Document],
    *,
    intent: Intent | None = None,
    adapters: Iterable[Adapter] | None = None,
    schemas: Schemas | None = None,
) -> list[Finding]:
    """Everything found in `manifests`, each finding once, in the order of files and lines.

    Without `adapters`, those that the manifests are about. Findings about what is missing altogether come last.
    """
    bundle = Bundle.made_of(manifests)
    chosen = applying(bundle) if adapters is None else list(adapters)
    findings = shared_findings(World(bundle, intent, bare=True)) if not chosen else []
    findings += [finding for adapter in chosen for finding in adapter.verify(intent, bundle)]
    if schemas is not None:
        findings += [finding for each in manifests for finding in schemas.validate(each)]
    places = {source: position for position, source in enumerate(dict.fromkeys(each.source for each in manifests))}
    return sorted(dict.fromkeys(findings), key=lambda each: _place(each, places))


def applying(bundle: Bundle, adapters: Mapping[str, Adapter] = ADAPTERS) -> list[Adapter]:
    """The adapters that the manifests in `bundle` are about; where none is, Istio's may be meant."""
    found = [adapter for adapter in adapters.values() if adapter.applies(bundle)]
    return found if found or not is_likely(bundle) else [adapters["istio"]]


def unreadable(faults: Iterable[Fault]) -> list[Finding]:
    """What could not be read, as findings."""
    return [
        Finding(
            code=about.code,
            level=about.level,
            message=fault.message,
            file=fault.source,
            line=fault.line,
            object=None,
            path="",
            remedy=about.remedy,
            doc=about.doc,
        )
        for about in (found("MT1001", None, (), ""),)
        for fault in faults
    ]


def _place(finding: Finding, places: Mapping[str, int]) -> tuple[int, int, str, str]:
    return places.get(finding.file, len(places)), finding.line, finding.code, finding.path
