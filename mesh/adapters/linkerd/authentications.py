"""Whom Linkerd's authentications mean: names of the mesh, by themselves, by what they end in, or by account.

A caller is a name as a proxy's certificate has it. Of agents of which only manifests are known the trust domain is not:
it is taken from the principal's identity rule, else from the names that are listed, else the usual one.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from mesh.adapters.linkerd.facts import POLICY, SERVED
from mesh.adapters.linkerd.generating import callers as intended_callers
from mesh.adapters.linkerd.lookup import meshed
from mesh.bundle import Field, Item, same_namespace, service_names
from mesh.configuration.identity import header_rule
from mesh.identity.template import LinkerdTemplate
from mesh.identity.template_rule import TemplateRule
from mesh.kubernetes.services import principal_services
from mesh.world import World

USUAL_MESH: Final = "linkerd.cluster.local"
"""Control plane's namespace and trust domain where nobody says otherwise."""

MARKER: Final = ".serviceaccount.identity."

SOMEBODY: Final = "somebody"
ELSEWHERE: Final = "somewhere-else"
"""A service account and a namespace that nobody means."""


@dataclass(frozen=True, slots=True)
class Caller:
    """One identity of the mesh."""

    name: str

    @property
    def account(self) -> tuple[str, str]:
        """Namespace and service account."""
        workload, _, _ = self.name.partition(MARKER)
        account, _, namespace = workload.rpartition(".")
        return namespace, account


def callers(world: World) -> Sequence[Caller]:
    """Who must get in: as the intent says, else the agents among the manifests; each once."""
    return world.once(_callers)


def _callers(world: World) -> Sequence[Caller]:
    if world.intent is not None:
        return [Caller(each.replace("*", "any-agent")) for each in intended_callers(world.intent)]
    # Who dials something else, a gateway for one, does not get here by itself.
    names = {
        name
        for each in principal_services(world)
        for name in service_names(each.name, each.namespace, seen_from=each.namespace)
    }
    found = []
    for component, pod in meshed(world):
        if component.side != "agent":
            continue
        address = component.get("server-address").text
        if address is None or not names or address in names:
            found.append(Caller(f"{pod.service_account}.{pod.namespace}{MARKER}{world.once(_mesh)}"))
    return list(dict.fromkeys(found))


def strangers(world: World) -> list[Caller]:
    """Who must stay out: somebody of another namespace, in the same mesh."""
    return [Caller(f"{SOMEBODY}.{ELSEWHERE}{MARKER}{world.once(_mesh)}")]


def _mesh(world: World) -> str:
    """The control plane's namespace and the trust domain, as names end."""
    if world.intent is not None:
        return f"{world.intent.mesh.linkerd_namespace}.{world.intent.agents.trust_domain}"
    for rule in map(header_rule, world.principals):
        if isinstance(rule, TemplateRule) and isinstance(rule.template, LinkerdTemplate):
            return f"{rule.template.sample.control_plane}.{rule.template.sample.trust_domain}"
    listed = [each for item in world.bundle.of(POLICY, "MeshTLSAuthentication") for each in entries(item)]
    endings = {(each.text or "").partition(MARKER)[2] for each in listed} - {""}
    return endings.pop() if len(endings) == 1 else USUAL_MESH


def matches(pattern: str, name: str) -> bool:
    """Linkerd's matching of identities: `*` for all, `*.` with what follows for an ending, else the whole name."""
    if pattern == "*":
        return True
    return name.endswith(pattern[1:]) if pattern.startswith("*.") else pattern == name


def entries(item: Item) -> Iterator[Field]:
    """What a MeshTLSAuthentication lists: names and references."""
    yield from item.at("spec", "identities").items()
    yield from item.at("spec", "identityRefs").items()


def means(item: Item, entry: Field, caller: Caller) -> bool:
    """Whether one entry of a MeshTLSAuthentication means `caller`."""
    if entry.text is not None:
        return matches(entry.text, caller.name)
    if entry.at("group").text:
        return False
    namespace, account = caller.account
    kind, name = entry.at("kind").text, entry.at("name")
    if kind == "Namespace":
        return not name.exists or name.text == namespace
    within = entry.at("namespace").text or item.namespace
    return kind == "ServiceAccount" and same_namespace(within, namespace) and name.text in {account, None}


def resolve(world: World, policy: Item, reference: Field) -> Item | None:
    """The authentication that a policy refers to."""
    kind, name = reference.at("kind").text or "", reference.at("name").text
    if reference.at("group").text != POLICY or kind not in {"MeshTLSAuthentication", "NetworkAuthentication"}:
        return None
    namespace = reference.at("namespace").text or policy.namespace
    found = world.bundle.nearest(POLICY, kind, namespace=namespace, name=name or "")
    if found is None or found.version not in SERVED[kind] or not same_namespace(found.namespace, namespace):
        return None
    return found
