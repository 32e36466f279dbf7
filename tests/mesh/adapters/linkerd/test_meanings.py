import pytest

from mesh.adapters.linkerd.authentications import Caller
from mesh.adapters.linkerd.meanings import EVERYBODY, NOBODY, of_authentication, of_grant
from mesh.bundle import Bundle
from mesh.world import World
from tests.mesh.texts import world

AGENT = Caller("agent-a.agents.serviceaccount.identity.linkerd.cluster.local")
AUTHENTICATION = (
    "{apiVersion: policy.linkerd.io/v1alpha1, kind: MeshTLSAuthentication, metadata: {name: m, namespace: argocd}, "
    "spec: %s}"
)
GRANT = "{apiVersion: policy.linkerd.io/%s, kind: %s, metadata: {name: g, namespace: argocd}, spec: %s}"


@pytest.mark.parametrize(
    ("spec", "taken"),
    [
        ("{}", False),
        ("{identities: ['*']}", True),
        ("{identities: ['*.linkerd.cluster.local']}", True),
        ("{identities: ['*.corp.example']}", False),
        ("{identities: [agent-a.agents.serviceaccount.identity.linkerd.cluster.local]}", True),
        ("{identities: [agent-a]}", False),
        ("{identityRefs: [{kind: ServiceAccount, name: agent-a, namespace: agents}]}", True),
        ("{identityRefs: [{kind: ServiceAccount, name: agent-a}]}", False),
        ("{identityRefs: [{kind: ServiceAccount, namespace: agents}]}", True),
        ("{identityRefs: [{kind: ServiceAccount, group: core, name: agent-a, namespace: agents}]}", False),
        ("{identityRefs: [{kind: Namespace, name: agents}]}", True),
        ("{identityRefs: [{kind: Namespace, name: other}]}", False),
        ("{identityRefs: [{kind: Namespace}]}", True),
        ("{identityRefs: [x, 1, {kind: [Namespace]}], identities: {a: b}}", False),
    ],
)
def test_an_authentication_means_whom_linkerd_means(spec: str, taken: bool) -> None:
    assert of_authentication(world(AUTHENTICATION % spec).bundle.items[0]).takes(AGENT) is taken


def takes(known: World) -> bool:
    meanings = of_grant(known, known.bundle.items[0])
    return all(each.takes(AGENT) for each in meanings)


@pytest.mark.parametrize(
    ("references", "taken"),
    [
        ("[]", True),
        ("[{kind: ServiceAccount, name: agent-a, namespace: agents}]", True),
        ("[{kind: ServiceAccount, name: agent-a}]", False),
        ("[{kind: MeshTLSAuthentication, group: policy.linkerd.io, name: m}]", True),
        ("[{kind: MeshTLSAuthentication, group: policy.linkerd.io, name: missing}]", False),
        ("[{kind: MeshTLSAuthentication, group: policy.linkerd.io, name: m, namespace: other}]", False),
        ("[{kind: MeshTLSAuthentication, name: m}]", False),
        ("[{kind: MeshTLSAuthentication, group: policy.linkerd.io, name: m}, {kind: ServiceAccount, name: x}]", False),
    ],
)
def test_a_policy_asks_for_all_of_its_authentications(references: str, taken: bool) -> None:
    grant = GRANT % ("v1alpha1", "AuthorizationPolicy", f"{{requiredAuthenticationRefs: {references}}}")
    assert takes(world(grant, AUTHENTICATION % "{identities: ['*']}")) is taken


@pytest.mark.parametrize(
    ("client", "taken"),
    [
        ("{unauthenticated: true}", True),
        ("{meshTLS: {unauthenticatedTLS: true}}", True),
        ("{meshTLS: {identities: ['*.cluster.local']}}", True),
        ("{meshTLS: {serviceAccounts: [{name: agent-a, namespace: agents}]}}", True),
        ("{meshTLS: {serviceAccounts: [{name: agent-a}, {namespace: agents}]}}", False),
        ("{}", False),
    ],
)
def test_an_older_policy_says_it_of_its_clients(client: str, taken: bool) -> None:
    assert takes(world(GRANT % ("v1beta1", "ServerAuthorization", f"{{client: {client}}}"))) is taken


def test_asking_costs_as_much_as_there_are_endings() -> None:
    (item,) = Bundle(world(AUTHENTICATION % "{identities: ['*.a', '*.b', c]}").bundle).items
    assert of_authentication(item).steps == NOBODY.steps + 2
    assert EVERYBODY.takes(AGENT)
    assert not NOBODY.takes(AGENT)
