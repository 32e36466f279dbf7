"""What the commands about meshes read: manifests, CRDs and an intent."""

import sys
from dataclasses import dataclass
from pathlib import Path

from mesh.findings import Finding
from mesh.intent import DEFAULT_INTENT, Intent, IntentError, read_intent
from mesh.manifests import Manifest
from mesh.schema import Schemas
from mesh.schema.definitions import Definition, definitions_of, scan
from mesh.sources.files import read_paths, read_texts
from mesh.sources.loaded import Loaded
from meshtether.commands.failing import BAD_USAGE, fail


@dataclass(frozen=True, slots=True)
class Sources:
    """Where the user says that manifests and CRDs are."""

    paths: tuple[str, ...]
    crds: tuple[Path, ...]
    cluster: bool
    kubeconfig: Path | None
    context: str | None
    namespaces: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Read:
    """What was there."""

    manifests: list[Manifest]
    findings: list[Finding]
    """What could not be read."""
    schemas: Schemas | None
    """None when there is no CRD at all."""


def read_sources(sources: Sources) -> Read:
    """Read everything; what cannot be read is a finding."""
    loaded, definitions = _read_crds(sources.crds)
    if sources.paths:
        loaded.add(read_paths(sources.paths, stdin=sys.stdin.buffer))
    if sources.cluster:
        from mesh.sources.kube import read_cluster  # noqa: PLC0415 - the client takes half a second to import

        cluster = read_cluster(kubeconfig=sources.kubeconfig, context=sources.context, namespaces=sources.namespaces)
        loaded.add(cluster.loaded)
        definitions += cluster.definitions
    definitions += definitions_of(loaded.manifests)
    return Read(loaded.manifests, loaded.findings, Schemas(definitions) if definitions else None)


def _read_crds(paths: tuple[Path, ...]) -> tuple[Loaded, list[Definition]]:
    texts, loaded = read_texts(paths)
    definitions: list[Definition] = []
    for source, text in texts:
        found, faults = scan(text, source)
        definitions += found
        loaded.say_faults(faults)
    if paths and not definitions and not loaded.findings:
        loaded.say("MT1008", " ".join(map(str, paths)), "no CustomResourceDefinition is there")
    return loaded, definitions


def load_intent(command: str, path: Path | None) -> Intent:
    """Return the intent in `path`, the default one without a path; ends the process when it cannot be read."""
    if path is None:
        return DEFAULT_INTENT
    loaded = read_paths([str(path)], stdin=sys.stdin.buffer)
    if loaded.findings:
        fail(command, *(_sentence(each) for each in loaded.findings), status=BAD_USAGE)
    if len(loaded.manifests) != 1:
        fail(command, f"{path}: {len(loaded.manifests)} documents where one intent is needed", status=BAD_USAGE)
    try:
        return read_intent(loaded.manifests[0])
    except IntentError as error:
        fail(command, str(error), status=BAD_USAGE)


def _sentence(finding: Finding) -> str:
    place = f"{finding.file}:{finding.line}" if finding.line else finding.file
    return f"{place}: {finding.message}"
