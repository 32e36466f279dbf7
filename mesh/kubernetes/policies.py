"""What NetworkPolicies let through, as Kubernetes defines it: nothing else once one selects a pod."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from mesh.bundle import Bundle, Field, Item, Selector, Workload, label_selector_takes, same_namespace

GROUP: Final = "networking.k8s.io"
NAMESPACE_LABEL: Final = "kubernetes.io/metadata.name"
"""The label that every namespace has by itself."""

Direction = Literal["Ingress", "Egress"]

_PEERS: Final[Mapping[Direction, str]] = {"Ingress": "from", "Egress": "to"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """Who is at the other end: pods of a namespace, as far as they are known."""

    namespace: str
    labels: Mapping[str, str]
    namespace_labels: Mapping[str, str]
    """What the namespace is known to have beside its name."""


def peer(bundle: Bundle, namespace: str, labels: Mapping[str, str]) -> Peer:
    """The pods with `labels` of `namespace`, with what its Namespace object says, if it is there."""
    found = bundle.get("", "Namespace", namespace="", name=namespace)
    own = found.labels if found is not None else {}
    return Peer(namespace=namespace, labels=labels, namespace_labels={**own, NAMESPACE_LABEL: namespace})


@dataclass(frozen=True, slots=True)
class Policy:
    """A NetworkPolicy, its selector read."""

    item: Item
    selector: Selector
    types: tuple[str, ...]


def policies_of(bundle: Bundle, namespace: str, direction: Direction) -> Sequence[Policy]:
    """The policies of one direction that may be in `namespace`."""
    found = bundle.once(_policies)
    if not namespace:
        return [each for policies in found[direction].values() for each in policies]
    return [*found[direction].get(namespace, ()), *found[direction].get("", ())]


def _policies(bundle: Bundle) -> Mapping[Direction, Mapping[str, Sequence[Policy]]]:
    """The policies by direction and namespace."""
    found: dict[Direction, dict[str, list[Policy]]] = {"Ingress": {}, "Egress": {}}
    for item in bundle.of(GROUP, "NetworkPolicy"):
        policy = Policy(item, Selector.of(item.at("spec", "podSelector")), tuple(policy_types(item)))
        for direction, policies in found.items():
            if direction in policy.types:
                policies.setdefault(item.namespace, []).append(policy)
    return found


def selecting(bundle: Bundle, workload: Workload, direction: Direction) -> list[Item]:
    """The policies that hold for the pods of `workload` in one direction."""
    labels = workload.labels
    policies = policies_of(bundle, workload.namespace, direction)
    return [each.item for each in policies if each.selector.takes(labels)]


def policy_types(policy: Item) -> list[str]:
    """Policy types; when none is written: Ingress, and Egress where there are egress rules."""
    written = policy.at("spec", "policyTypes").texts
    return written or ["Ingress", *(["Egress"] if policy.at("spec", "egress").exists else [])]


def rules(policy: Item, direction: Direction) -> Iterator[Field]:
    """The rules of one direction."""
    yield from policy.at("spec", direction.lower()).items()


def rule_ports(rule: Field) -> Iterator[Field]:
    """The ports that a rule names; none means all."""
    yield from rule.at("ports").items()


def takes_port(rule: Field, number: int, names: Iterable[str] = (), protocol: str = "TCP") -> bool:
    """Whether `rule` is about the port `number`, which a pod may also call by `names`."""
    ports = list(rule_ports(rule))
    if not ports:
        return not rule.at("ports").exists or rule.at("ports").value == []
    return any(_is_port(port, number, frozenset(names), protocol) for port in ports)


def _is_port(port: Field, number: int, names: frozenset[str], protocol: str) -> bool:
    if (port.at("protocol").text if port.at("protocol").exists else "TCP") != protocol:
        return False
    at = port.at("port")
    if not at.exists:
        return True
    end = port.at("endPort").number
    if at.number is not None:
        return at.number <= number <= (end if end is not None else at.number)
    return at.text in names


def takes_peer(rule: Field, direction: Direction, other: Peer, own_namespace: str) -> bool:
    """Whether `rule` is about `other`; an address block may always be."""
    peers = rule.at(_PEERS[direction])
    members = list(peers.items())
    if not members:
        return not peers.exists or peers.value == []
    return any(_is_peer(member, other, own_namespace) for member in members)


def _is_peer(member: Field, other: Peer, own_namespace: str) -> bool:
    if member.at("ipBlock").exists:
        return True
    namespaces, pods = member.at("namespaceSelector"), member.at("podSelector")
    if namespaces.exists:
        inside = label_selector_takes(namespaces, other.namespace_labels) or _is_unknown(namespaces, other)
    else:
        inside = same_namespace(other.namespace, own_namespace)
    return inside and (not pods.exists or label_selector_takes(pods, other.labels))


def _is_unknown(selector: Field, other: Peer) -> bool:
    """Whether the selector asks for labels of a namespace that only the cluster knows."""
    asked = set(selector.at("matchLabels").mapping) | {
        expression.at("key").text for expression in selector.at("matchExpressions").items()
    }
    wanted = selector.at("matchLabels").mapping
    known = all(value == wanted.get(key, value) for key, value in other.namespace_labels.items())
    return known and bool(asked - set(other.namespace_labels))
