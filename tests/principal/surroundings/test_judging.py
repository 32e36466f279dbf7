"""A principal's own pod, judged by the same checks as manifests: what is wrong shows, what it cannot see does not."""

from typing import Any

import pytest

from mesh.adapters import ADAPTERS
from mesh.findings import CATALOGUE
from mesh.intent import DEFAULT_INTENT, Intent
from principal.surroundings.facts import Facts
from principal.surroundings.judging import SOURCE, VISIBLE, findings
from tests.e2e.generated import environment
from tests.mesh.adapters.intents import OPEN, OTHER
from tests.principal.surroundings.pods import ISTIO, LINKERD, pod

INJECT = "sidecar.istio.io/inject"
INJECTED = {
    "istio": {"sidecar.istio.io/status": '{"revision":"default"}'},
    "linkerd": {"linkerd.io/proxy-version": "edge-26.11.1", "linkerd.io/created-by": "linkerd/proxy-injector"},
}
"""What injectors write into the pods that they have changed."""

PROXY = {"linkerd.io/inject": "enabled"}
POD = {"listen-host": "10.42.7.7"}

WRONG: dict[str, list[Facts]] = {
    "MT1809": [pod(uid=1337, annotations=INJECTED["istio"]), pod(uid=2102)],
    "MT1903": [pod(said={"auth": "header:x-forwarded-client-cert:^.*URI=spiffe://[^/]+/ns/[^/]+/sa/([^,;]+)"})],
    "MT1912": [pod(said={"listen-host": ""}, annotations=INJECTED["istio"])],
    "MT1923": [pod(said={**POD, "header-peers": "203.0.113.0/24"})],
    "MT1114": [
        pod(annotations={INJECT: "false"}),
        pod(labels={INJECT: "false"}),
        pod(labels={INJECT: "true"}, annotations={}),
        pod(),
    ],
    "MT1115": [
        pod(labels={INJECT: "true"}, annotations={"traffic.sidecar.istio.io/excludeInboundPorts": "8443"}),
        pod(labels={INJECT: "true"}, annotations={"sidecar.istio.io/interceptionMode": "NONE"}),
    ],
    "MT1116": [pod(labels={"istio.io/dataplane-mode": "ambient"})],
    "MT1119": [pod(labels={INJECT: "true"}, annotations={"proxy.istio.io/config": "gatewayTopology: {numTrusted: 1}"})],
    "MT1122": [
        pod(
            labels={INJECT: "true"},
            annotations={"proxy.istio.io/config": "proxyHeaders: {forwardedClientCert: ALWAYS_FORWARD_ONLY}"},
        )
    ],
    "MT1123": [pod(labels={INJECT: "true"}, said={"auth": LINKERD})],
    "MT1201": [pod(said={"auth": LINKERD}, annotations=PROXY | INJECTED["linkerd"])],
    "MT1202": [pod(said={**POD, "auth": ISTIO}, annotations=PROXY | INJECTED["linkerd"])],
    "MT1204": [
        pod(said={**POD, "auth": LINKERD}, annotations=PROXY | {"config.linkerd.io/skip-inbound-ports": "8000-9000"})
    ],
    "MT1205": [pod(said={**POD, "auth": LINKERD}, annotations={"linkerd.io/inject": "disabled"})],
    "MT1206": [
        pod(said={**POD, "auth": LINKERD}, annotations=PROXY | {"timeout.linkerd.io/request": "10s"}),
    ],
    "MT1218": [pod(said={**POD, "auth": LINKERD, "sidecar-uid": "1337"}, annotations=PROXY)],
}
"""Pods by the code that they must show; MT1114's last is one that nothing makes a sidecar's."""


@pytest.mark.parametrize(("code", "facts"), [(code, facts) for code, some in WRONG.items() for facts in some])
def test_what_is_wrong_with_the_own_pod_shows(code: str, facts: Facts) -> None:
    found = {each.code: each for each in findings(facts)}
    assert code in found, list(found)
    assert found[code].file == SOURCE


def test_every_code_that_may_show_is_one_that_does() -> None:
    assert set(WRONG) == VISIBLE
    assert not [code for code in VISIBLE if CATALOGUE[code].retired]


def generated(adapter: str, intent: Intent) -> Facts:
    """The facts of a principal that runs with what is generated, in a pod that got its sidecar."""
    documents = ADAPTERS[adapter].generate(intent)
    variables = environment(documents, "principal", pod_ip="10.42.7.7")
    from meshtether.commands.principal_settings import build_principal
    from meshtether.options.resolve import resolve
    from meshtether.options.table import PRINCIPAL

    config = build_principal(resolve(PRINCIPAL, (), {**variables, "MESHTETHER_STORE": "store"}))
    template: dict[str, Any] = {}
    for each in documents:
        if each.data.get("kind") == "Deployment" and each.data["metadata"]["name"] == intent.principal.name:
            template = each.data["spec"]["template"]["metadata"]
    return pod(
        said=dict(config.said),
        labels=template.get("labels", {}),
        annotations={**template.get("annotations", {}), **INJECTED.get(adapter, {})},
        # An Envoy beside the principal listens; nothing else tells of it.
        ports=frozenset({8443}) if adapter == "envoy" else frozenset(),
    )


@pytest.mark.parametrize("intent", [DEFAULT_INTENT, OTHER], ids=["default", "other"])
@pytest.mark.parametrize("adapter", sorted(ADAPTERS))
def test_what_is_generated_shows_nothing_in_its_own_pod(adapter: str, intent: Intent) -> None:
    assert [f"{each.code}: {each.message}" for each in findings(generated(adapter, intent))] == []


def test_a_principal_on_every_interface_is_told_of_it_in_passing() -> None:
    assert {(each.code, each.level.value) for each in findings(generated("istio", OPEN))} == {("MT1912", "info")}


@pytest.mark.parametrize("adapter", ["istio", "linkerd"])
def test_a_pod_that_never_got_its_sidecar_is_told_so(adapter: str) -> None:
    facts = generated(adapter, DEFAULT_INTENT)
    assert facts.annotations is not None
    bare = {key: text for key, text in facts.annotations.items() if key not in INJECTED[adapter]}
    facts = pod(said=dict(facts.said), labels=facts.labels, annotations=bare)
    assert [each.code for each in findings(facts)] == [{"istio": "MT1114", "linkerd": "MT1205"}[adapter]]


def test_without_the_downward_api_nothing_is_said_of_labels() -> None:
    assert findings(pod(labels=None)) == []
    assert [each.code for each in findings(pod(labels=None, uid=1337))] == ["MT1809"]


def test_without_the_downward_api_a_mesh_is_only_spoken_of_where_its_proxy_is_to_be_seen() -> None:
    behind_envoy = pod(labels=None, said={"auth": LINKERD}, ports=frozenset({9001}))
    assert findings(behind_envoy) == [], "the header may be written by any proxy"
    behind_linkerd = pod(labels=None, said={"auth": LINKERD}, ports=frozenset({4143, 4191}))
    assert [each.code for each in findings(behind_linkerd)] == ["MT1201"]


def test_where_somebody_else_listens_in_the_pod_no_mesh_is_guessed() -> None:
    assert findings(pod(ports=frozenset({8443, 9901}))) == []


def test_a_sidecar_is_known_by_its_injector_or_by_where_it_listens() -> None:
    seen = [
        pod(annotations=INJECTED["istio"]),
        pod(annotations=INJECTED["linkerd"]),
        pod(ports=frozenset({15006, 9000})),
        pod(ports=frozenset({4143})),
        pod(ports=frozenset({9901})),
        pod(ports=None),
    ]
    assert [each.sidecar for each in seen] == ["istio", "linkerd", "istio", "linkerd", "some", "none"]


@pytest.mark.parametrize("text", ["{", "[" * 500, "a: &a [*a]", "\x00", "x" * 100_000, "proxyHeaders: 7"])
def test_hostile_annotations_do_no_harm(text: str) -> None:
    names = ("proxy.istio.io/config", INJECT, "linkerd.io/inject", "config.linkerd.io/skip-inbound-ports")
    for auth in (ISTIO, LINKERD):
        found = findings(pod(said={"auth": auth}, annotations=dict.fromkeys(names, text)))
        assert all(each.code in VISIBLE for each in found)
