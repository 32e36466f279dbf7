"""Whether Istio is meant: the evidence for it, and what speaks against it."""

import pytest

from mesh.adapters import ADAPTERS
from mesh.adapters.istio.guessing import is_known, is_likely
from mesh.bundle import Bundle
from mesh.configuration.settings import components
from mesh.findings import Level
from mesh.intent import DEFAULT_INTENT
from mesh.manifests import read_documents
from mesh.verify import applying, verify
from tests.mesh.texts import pod

AUTH = "identity:x-forwarded-client-cert:spiffe://cluster.local/ns/argocd-agents/sa/{agent}"
SETTINGS = f"""\
apiVersion: v1
kind: ConfigMap
metadata: {{name: params, namespace: argocd}}
data:
  principal.listen.host: 127.0.0.1
  principal.tls.insecure-plaintext: "true"
  principal.auth: "{AUTH}"
"""
SETS = ("--listen-host=127.0.0.1", "--insecure-plaintext", f"--auth={AUTH}")
POD = pod("principal", *SETS)
BESIDE = POD.replace("containers: [", "containers: [{name: envoy, image: envoyproxy/envoy}, ")
NATIVE = pod(
    "principal", *SETS, spec="initContainers: [{name: envoy, image: envoyproxy/envoy, restartPolicy: Always}],"
)
BEFORE = pod("principal", *SETS, spec="initContainers: [{name: wait, image: busybox}],")
AGENT = """\
apiVersion: v1
kind: ConfigMap
metadata: {name: agent, namespace: agents}
data: {agent.server.address: %s}
"""
NAMESPACE = "apiVersion: v1\nkind: Namespace\nmetadata: {name: argocd, labels: {%s}}\n"


def bundle(*texts: str) -> Bundle:
    documents, faults = read_documents("---\n".join(texts), "x.yaml")
    assert faults == []
    return Bundle(documents)


def levels(*texts: str) -> list[Level]:
    return [each.level for each in verify(bundle(*texts)) if each.code == "MT1101"]


@pytest.mark.parametrize(
    ("texts", "likely"),
    [
        ([SETTINGS], True),
        ([POD], True),
        ([BEFORE], True),
        ([SETTINGS, AGENT % "principal.argocd.svc"], True),
        ([SETTINGS.replace("x-forwarded-client-cert", "x-other")], False),
        ([SETTINGS + "  meshtether.header-peers: 10.0.0.0/8\n"], False),
        ([BESIDE], False),
        ([NATIVE], False),
        ([SETTINGS, AGENT % "127.0.0.1"], False),
        ([POD, AGENT % "localhost"], False),
        ([AGENT % "principal.argocd.svc"], False),
        ([], False),
    ],
)
def test_istio_is_likely_unless_something_speaks_against_it(texts: list[str], likely: bool) -> None:
    assert is_likely(bundle(*texts)) is likely
    assert [each.name for each in applying(bundle(*texts))] == (["istio"] if likely else [])


def test_a_namespace_that_asks_for_istio_tells_whose_the_header_is_whatever_else_is_in_the_pod() -> None:
    assert is_likely(bundle(BESIDE, NAMESPACE % "istio-injection: enabled"))
    assert not is_likely(bundle(BESIDE, NAMESPACE % "istio-injection: disabled"))


@pytest.mark.parametrize(
    ("texts", "level"),
    [
        ([SETTINGS], Level.WARNING),
        ([SETTINGS, NAMESPACE % "team: a"], Level.WARNING),
        ([SETTINGS, NAMESPACE % "istio-injection: enabled"], Level.ERROR),
        ([SETTINGS, NAMESPACE % "istio.io/rev: stable"], Level.ERROR),
        ([POD], Level.ERROR),
    ],
)
def test_a_principal_on_loopback_is_an_error_where_more_than_a_header_tells_istio(
    texts: list[str], level: Level
) -> None:
    assert set(levels(*texts)) == {level}


def test_objects_of_istios_tell_it_for_every_principal() -> None:
    rule = "".join(
        each.yaml for each in ADAPTERS["istio"].generate(DEFAULT_INTENT) if each.ref.kind == "DestinationRule"
    )
    found = bundle(SETTINGS, rule)
    (principal,) = components(found)
    assert is_known(found, principal)
    assert levels(SETTINGS, rule) == [Level.ERROR]
