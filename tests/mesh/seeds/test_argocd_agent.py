"""The samples of argocd-agent's networking documents, verbatim: each is read, and its traps are named.

The traps are numbered as in the project's specification of meshes: T1 and T2 loopback, T3 the idle timeout, T7 the
agent's `insecure`, T8 the Service's port, T10 and T18 the regexes, T11 the service account, T12 the Deployments, T20
STRICT for the namespace.
"""

import pytest

from mesh.findings import Finding, Level
from mesh.manifests import read_documents
from mesh.verify import verify
from tests.conftest import missing
from tests.mesh.seeds.samples import SEEDS, Sample, fenced

MESH_DOCUMENT = SEEDS / "argocd-agent-networking-and-service-mesh.md"
PLAIN_DOCUMENT = SEEDS / "argocd-agent-networking.txt"

EXPECTED = {
    "Principal Configuration for Istio": {"MT1101", "MT1903"},  # T1, T10
    "Agent Configuration for Istio": {"MT1804", "MT1901"},  # T8, T7
    "Istio DestinationRule": {"MT1105"},  # T3
    "Istio PeerAuthentication": {"MT1110"},  # T20
    "Principal Configuration for Linkerd": {"MT1903"},  # T18; T2 is the Linkerd adapter's
    "Agent Configuration for Linkerd": {"MT1901"},  # T7
    "Principal Deployment": {"MT1101", "MT1801", "MT1803", "MT1806", "MT1808", "MT1903"},  # T1, T12, T11, T10
    # T12, T8, T11, T7; and `- --creds=header:` without quotes is a mapping.
    "Agent Deployment": {"MT1801", "MT1804", "MT1806", "MT1808", "MT1819", "MT1901"},
    "Istio Resources": {"MT1105", "MT1110"},  # T3, T20
}
"""Heading -> the codes of its sample, those of the Linkerd adapter apart."""


@pytest.fixture(scope="module")
def samples() -> dict[str, Sample]:
    if not MESH_DOCUMENT.exists():
        missing("the user's documents beside the project")
    return {each.heading: each for each in fenced(MESH_DOCUMENT) if "kind:" in each.text}


def findings(text: str) -> list[Finding]:
    manifests, faults = read_documents(text, "sample.yaml")
    assert faults == []
    return [each for each in verify(manifests) if not each.code.startswith("MT12")]


def test_every_sample_is_in_the_table(samples: dict[str, Sample]) -> None:
    assert set(samples) == set(EXPECTED)


@pytest.mark.parametrize("heading", EXPECTED)
def test_a_sample_has_the_findings_that_name_its_traps(heading: str, samples: dict[str, Sample]) -> None:
    assert {each.code for each in findings(samples[heading].text)} == EXPECTED[heading]


@pytest.mark.parametrize("heading", EXPECTED)
def test_every_finding_says_where_it_is_and_what_to_do(heading: str, samples: dict[str, Sample]) -> None:
    text = samples[heading].text
    for finding in findings(text):
        assert finding.file == "sample.yaml"
        assert 1 <= finding.line <= len(text.splitlines())
        assert finding.object is not None
        assert finding.object.name
        assert finding.message.endswith(".")
        assert finding.remedy


def test_the_complete_example_together_has_no_further_trap(samples: dict[str, Sample]) -> None:
    parts = ("Principal Deployment", "Agent Deployment", "Istio Resources")
    together = findings("---\n".join(samples[each].text for each in parts))
    assert {each.code for each in together} == set().union(*(EXPECTED[each] for each in parts))
    assert any(each.level is Level.ERROR for each in together)


def test_lines_are_those_of_the_document(samples: dict[str, Sample]) -> None:
    sample = samples["Istio DestinationRule"]
    (finding,) = findings(sample.text)
    line = MESH_DOCUMENT.read_text("utf-8").splitlines()[sample.line - 1 + finding.line - 1]
    assert "idleTimeout: 300s" in line


def test_the_plain_document_has_no_manifest() -> None:
    if not PLAIN_DOCUMENT.exists():
        missing("the user's documents beside the project")
    assert "kind:" not in PLAIN_DOCUMENT.read_text("utf-8")
