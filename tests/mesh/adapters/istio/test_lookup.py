import pytest

from mesh.adapters.istio.lookup import destination_rules, is_principal, policies, principal_hosts, selecting
from mesh.intent import DEFAULT_INTENT
from mesh.world import World
from tests.mesh.adapters.istio.edits import edited, generated, read

RULE = "{apiVersion: networking.istio.io/v1, kind: DestinationRule, metadata: {name: x, namespace: a}, spec: %s}"


def world(text: str = "") -> World:
    return World.of(read(text or generated()), None)


@pytest.mark.parametrize(
    ("host", "namespace", "known"),
    [
        ("argocd-agent-principal", "argocd", True),
        ("argocd-agent-principal", "", True),
        ("argocd-agent-principal", "other", False),
        ("argocd-agent-principal.argocd", "other", True),
        ("argocd-agent-principal.argocd.svc.cluster.local.", "other", True),
        ("argocd-agent-principal.argocd.svc.corp.example", "other", False),
        (None, "argocd", False),
    ],
)
def test_a_host_is_the_principals_by_every_name_of_its_service(host: str | None, namespace: str, known: bool) -> None:
    assert is_principal(world(), host, namespace) is known


def test_the_intent_speaks_of_a_service_that_is_not_there() -> None:
    assert not principal_hosts(World.of([], None))
    assert is_principal(World.of([], DEFAULT_INTENT), DEFAULT_INTENT.principal.host, "anywhere")


def test_rules_for_other_hosts_are_left_out_where_the_principals_is_known() -> None:
    assert [each.name for each in destination_rules(world())] == ["argocd-agent-principal"]
    other = edited(("host: argocd-agent-principal.argocd.svc.cluster.local", "host: other"))
    assert destination_rules(world(other)) == []
    assert [each.name for each in destination_rules(world(RULE % "{host: other}"))] == ["x"]


def test_ports_and_subsets_have_policies_of_their_own() -> None:
    spec = "{trafficPolicy: {portLevelSettings: [{port: {number: 1}}]}, subsets: [{name: s, trafficPolicy: {}}, {}]}"
    (rule,) = destination_rules(world(RULE % spec))
    assert [each.name for each in policies(rule)] == [
        "spec.trafficPolicy",
        "spec.trafficPolicy.portLevelSettings[0]",
        "spec.subsets[0].trafficPolicy",
    ]


@pytest.mark.parametrize(
    ("namespace", "labels", "held"),
    [
        ("argocd", "{}", True),
        ("argocd", "{app.kubernetes.io/name: argocd-agent-principal}", True),
        ("argocd", "{app.kubernetes.io/name: other}", False),
        ("istio-system", "{}", True),
        ("other", "{}", False),
    ],
)
def test_objects_hold_by_namespace_and_labels_and_everywhere_from_the_root(
    namespace: str, labels: str, held: bool
) -> None:
    found = world(f"{generated()}---\n{RULE.replace('namespace: a', f'namespace: {namespace}') % labels}")
    rules = [each for each in found.bundle.of("networking.istio.io", "DestinationRule") if each.name == "x"]
    assert (list(selecting(rules, found.principals[0], "spec")) == rules) is held
