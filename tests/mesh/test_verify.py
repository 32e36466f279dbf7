import time
from collections import Counter

import pytest

from mesh.adapters import ADAPTERS
from mesh.bundle import Bundle
from mesh.findings import Finding, Level
from mesh.intent import DEFAULT_INTENT
from mesh.manifests import Manifest, read_documents
from mesh.verify import applying, unreadable, verify
from tests.mesh.hostile_manifests import EACH, SHAPES, entangled

LOOPBACK = """\
apiVersion: v1
kind: ConfigMap
metadata: {name: params, namespace: argocd}
data:
  principal.listen.host: "127.0.0.1"
  principal.tls.insecure-plaintext: "true"
  principal.auth: "identity:x-forwarded-client-cert:spiffe://cluster.local/ns/argocd-agents/sa/{agent}"
"""

RULE = """\
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: r, namespace: argocd}
spec: {host: argocd-agent-principal, trafficPolicy: {tls: {mode: DISABLE}}}
"""


def read(*texts: str) -> list[Manifest]:
    found: list[Manifest] = []
    for number, text in enumerate(texts):
        manifests, faults = read_documents(text, f"{number}.yaml")
        assert faults == []
        found += manifests
    return found


ENVOYS_AGENT = """\
apiVersion: v1
kind: ConfigMap
metadata: {name: agent-params, namespace: agents}
data:
  agent.server.address: 127.0.0.1
  agent.server.port: "15443"
  agent.tls.insecure-plaintext: "true"
  agent.creds: "header:"
"""


def test_a_lone_rule_on_envoys_header_is_taken_for_istios_and_warned_of() -> None:
    assert [each.name for each in applying(Bundle(read(LOOPBACK)))] == ["istio"]
    assert [(each.code, each.level) for each in verify(read(LOOPBACK))] == [("MT1101", Level.WARNING)]


def test_the_settings_of_two_envoys_are_taken_for_nobody_elses() -> None:
    assert applying(Bundle(read(LOOPBACK, ENVOYS_AGENT))) == []
    assert verify(read(LOOPBACK, ENVOYS_AGENT)) == []


@pytest.mark.parametrize(
    ("address", "expected"), [("gateway.argocd.svc", []), ("127.0.0.1", ["MT1902"]), ("localhost", ["MT1902"])]
)
def test_agents_that_speak_tls_to_nobody_knows_what_are_left_alone(address: str, expected: list[str]) -> None:
    text = ENVOYS_AGENT.replace("127.0.0.1", address).replace('"true"', '"false"')
    assert [each.code for each in verify(read(text))] == expected


@pytest.mark.parametrize("name", ["kgateway", "gloo", "agentgateway", "linkerd", "envoy"])
def test_the_settings_alone_of_what_is_generated_have_no_error(name: str) -> None:
    settings = [each for each in ADAPTERS[name].generate(DEFAULT_INTENT) if each.ref.kind == "ConfigMap"]
    assert len(settings) >= 2
    assert [each for each in verify(settings) if each.level is not Level.INFO] == []


def test_manifests_of_no_mesh_get_the_shared_checks_only() -> None:
    text = LOOPBACK.replace("identity:x-forwarded-client-cert", "identity:x-somebody")
    assert applying(Bundle(read(text))) == []
    assert verify(read(text)) == []
    assert [each.code for each in verify(read(text.replace('"true"', '"maybe"')))] == ["MT1911"]


def test_only_the_named_adapters_run() -> None:
    assert "MT1106" in [each.code for each in verify(read(RULE))]
    assert verify(read(RULE), adapters=[]) == []


def test_findings_are_in_the_order_of_files_and_lines_and_missing_objects_come_last() -> None:
    found = verify(read(RULE, LOOPBACK), intent=DEFAULT_INTENT)
    places = [(each.file, each.line) for each in found if each.file]
    assert places == sorted(places)
    assert {each.file for each in found[len(places) :]} == {""}
    assert found[-1].object is not None


def test_what_several_adapters_find_is_told_once() -> None:
    istio = ADAPTERS["istio"]
    found = verify(read(LOOPBACK), adapters=[istio, istio])
    assert Counter(found).most_common(1)[0][1] == 1


def test_a_schemas_findings_are_among_the_others() -> None:
    class Refusing:
        def validate(self, manifest: object) -> list[Finding]:
            assert isinstance(manifest, Manifest)
            (finding,) = verify(read(LOOPBACK))
            return [finding] if manifest.data["kind"] == "DestinationRule" else []

    found = verify(read(RULE), adapters=[], schemas=Refusing())
    assert [each.code for each in found] == ["MT1101"]


def test_faults_of_reading_are_findings() -> None:
    _, faults = read_documents("a: 1\nb: [", "broken.yaml")
    (finding,) = unreadable(faults)
    assert (finding.code, finding.level, finding.file) == ("MT1001", Level.ERROR, "broken.yaml")
    assert finding.line >= 1
    assert finding.doc == "docs/findings/MT1001.md"


@pytest.mark.parametrize("intent", [None, DEFAULT_INTENT], ids=["alone", "intent"])
def test_what_concerns_each_other_is_verified_in_bounded_time(intent: object) -> None:
    rounds, seconds = 150, 30.0
    manifests = read(entangled(rounds))
    assert len(manifests) == rounds * EACH
    begun = time.monotonic()
    found = verify(manifests, intent=intent)  # type: ignore[arg-type]
    # It takes two seconds; compared each with each it would take many minutes.
    assert time.monotonic() - begun < seconds
    assert len(found) < 20 * len(manifests)
    assert "MT1006" in {each.code for each in found}


def test_the_same_manifests_give_the_same_findings() -> None:
    manifests = read(entangled(3))
    assert verify(manifests) == verify(manifests)


@pytest.mark.parametrize("shape", SHAPES)
def test_one_fat_object_beside_many_is_verified_in_bounded_time(shape: str) -> None:
    count, seconds = 300, 20.0
    manifests = read("---\n".join(SHAPES[shape](count)))
    begun = time.process_time()
    verify(manifests, adapters=ADAPTERS.values())
    # One or two seconds; compared each with each it is a minute and more.
    assert time.process_time() - begun < seconds
