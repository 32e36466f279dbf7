"""What Istio's adapter generates, with a text of it replaced, and what one module's checks find in it."""

from collections.abc import Sequence

from mesh.adapters import ADAPTERS
from mesh.adapters.istio.generating import wiring
from mesh.findings import Finding
from mesh.intent import DEFAULT_INTENT, Intent
from mesh.manifests import Manifest, read_documents
from mesh.world import Check, World, run_checks


def generated(intent: Intent = DEFAULT_INTENT) -> str:
    """All objects of an intent, comments and all."""
    return "---\n".join(each.yaml for each in ADAPTERS["istio"].generate(intent))


def edited(*edits: tuple[str, str], intent: Intent = DEFAULT_INTENT) -> str:
    """The objects with texts replaced, each of which must be there."""
    text = generated(intent)
    for old, new in edits:
        assert old in text, old
        text = text.replace(old, new)
    return text


def read(text: str) -> list[Manifest]:
    manifests, faults = read_documents(text, "x.yaml")
    assert faults == []
    return manifests


def findings(checks: Sequence[Check], text: str, intent: Intent | None = None) -> list[Finding]:
    """What `checks` find in `text`."""
    return run_checks(checks, World.of(read(text), intent, wiring(intent) if intent is not None else None))


def codes(checks: Sequence[Check], text: str, intent: Intent | None = None) -> list[str]:
    """Their codes."""
    return [each.code for each in findings(checks, text, intent)]
