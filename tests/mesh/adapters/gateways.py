"""What the tests of the three gateways' adapters share: reading, verifying, rendering and checking against CRDs."""

from mesh.adapters import ADAPTERS
from mesh.adapters.base import Generated
from mesh.findings import Finding, Level
from mesh.intent import DEFAULT_INTENT, Intent
from mesh.manifests import Manifest, read_documents
from mesh.verify import verify
from tests.examples.rendering import EXAMPLES, rendered


def read(text: str) -> list[Manifest]:
    """The documents in `text`, which has no faults."""
    documents, faults = read_documents(text, "sample.yaml")
    assert faults == []
    return documents


def findings(name: str, text: str, intent: Intent | None = None) -> list[Finding]:
    """What the adapter `name` finds in `text`."""
    return verify(read(text), intent=intent, adapters=[ADAPTERS[name]])


def codes(name: str, text: str) -> set[str]:
    """The codes of those that are more than worth knowing, except a missing namespace and name."""
    found = findings(name, text)
    return {each.code for each in found if each.level is not Level.INFO} - {"MT1002", "MT1004"}


def edited(documents: list[Generated], old: str, new: str) -> str:
    """The documents as one text, with one part replaced."""
    text = "".join(f"---\n{each.yaml}" for each in documents)
    assert old in text
    return text.replace(old, new)


def assert_overlay_is_clean(name: str) -> None:
    """What kubectl renders of an overlay has no finding, and is what is generated."""
    manifests = rendered(EXAMPLES / "overlays" / name)
    assert verify(manifests, intent=DEFAULT_INTENT, adapters=[ADAPTERS[name]]) == []
    generated = ADAPTERS[name].generate(DEFAULT_INTENT)
    wanted = sorted(str(each.ref) for each in generated)
    assert (
        sorted(f"{m.data['kind']} {m.data['metadata']['namespace']}/{m.data['metadata']['name']}" for m in manifests)
        == wanted
    )
