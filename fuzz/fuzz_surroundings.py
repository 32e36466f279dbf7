"""What a principal reads of its own pod, and the networks it is told to believe: any bytes are values or reasons.

Labels and annotations are written by whoever may change the pod; whatever they hold must end in findings.
"""

from collections.abc import Callable, Mapping

from mesh.networks import LEAST_PREFIX, parse_networks, shown
from principal.surroundings import listeners, podinfo
from principal.surroundings.facts import Facts
from principal.surroundings.judging import VISIBLE, findings

RULES = (
    "identity:x-forwarded-client-cert:spiffe://cluster.local/ns/argocd-agents/sa/{agent}",
    "identity:l5d-client-id:{agent}.argocd-agents.serviceaccount.identity.linkerd.cluster.local",
)
NAMES = (
    "sidecar.istio.io/inject",
    "proxy.istio.io/config",
    "traffic.sidecar.istio.io/excludeInboundPorts",
    "linkerd.io/inject",
    "config.linkerd.io/skip-inbound-ports",
    "config.linkerd.io/proxy-additional-env",
)
"""Annotations whose texts are read."""


def files(data: bytes) -> None:
    """Read the bytes as a file of the downward API, and judge a pod with what is in it."""
    info = podinfo.parse(data)
    _judge(info.entries, RULES[len(data) % 2])


def annotations(data: bytes) -> None:
    """Judge a pod whose annotations all have this text."""
    text = data.decode("utf-8", "replace")
    for rule in RULES:
        _judge(dict.fromkeys(NAMES, text), rule)


def tables(data: bytes) -> None:
    """Read the bytes as the kernel's table of sockets."""
    if any(not 0 <= port <= 0xFFFF for port in listeners.listening(data.decode("latin-1"))):
        raise AssertionError("a port that is none")


def networks(data: bytes) -> None:
    """Read the bytes as a list of networks."""
    try:
        found = parse_networks(data.decode("utf-8", "replace"))
    except ValueError:
        return
    if any(each.prefixlen < LEAST_PREFIX[each.version] for each in found) or parse_networks(shown(found)) != found:
        raise AssertionError(f"{data!r} became {shown(found)}")


TARGETS: dict[str, Callable[[bytes], None]] = {
    "surroundings files": files,
    "surroundings annotations": annotations,
    "surroundings tables": tables,
    "networks": networks,
}


def _judge(entries: Mapping[str, str], rule: str) -> None:
    pairs, none = dict(entries), dict[str, str]()
    said = {"listen-host": "10.42.7.7", "insecure-plaintext": "true", "auth": rule}
    for labels, notes in ((pairs, none), (none, pairs)):
        facts = Facts(
            said=said, namespace="argocd", name="p", uid=10001, labels=labels, annotations=notes, ports=frozenset()
        )
        for each in findings(facts):
            if each.code not in VISIBLE or not each.message.isprintable():
                raise AssertionError(f"{each.code}: {each.message!r}")
