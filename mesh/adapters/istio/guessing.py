"""Whether Istio is meant: by what there is of it, or because nothing else is, and Envoy's header is read."""

from typing import Final

from mesh.adapters.istio.facts import DATAPLANE, INJECT, INJECTION, NETWORKING, REVISION, SECURITY, XFCC
from mesh.bundle import Bundle, workloads
from mesh.configuration.identity import header_rule
from mesh.configuration.peers import header_peers
from mesh.configuration.settings import Component, components
from mesh.configuration.tls import LOOPBACK

ASKING: Final = {INJECTION: "enabled", DATAPLANE: "ambient"}
"""Labels of a namespace with which all of its pods ask to be in the mesh; any value of REVISION does as well."""


def is_there(bundle: Bundle) -> bool:
    """Whether there are objects of Istio's, or pods that ask for its sidecar."""
    if bundle.groups & {NETWORKING, SECURITY}:
        return True
    return any(INJECT in each.labels or INJECT in each.annotations for each in workloads(bundle))


def is_likely(bundle: Bundle) -> bool:
    """Whether a principal among manifests of no system is to be looked at as if it were in Istio.

    Every Envoy can write x-forwarded-client-cert. Istio's is the likeliest, unless something speaks against it: a
    principal that believes peers beyond its pod has a gateway; one with another container beside it may have that for
    its proxy; and an agent that dials loopback has an Envoy of its own, while a sidecar takes what goes to the Service.
    """
    found = components(bundle)
    if any(each.side == "agent" and each.get("server-address").text in LOOPBACK for each in found):
        return False
    return any(_may_be_meshed(bundle, each) for each in found if each.side == "principal")


def is_known(bundle: Bundle, principal: Component) -> bool:
    """Whether more than a header's name says that a principal is in Istio.

    Its pod does: nothing in there but a sidecar that is injected could write the header. A ConfigMap alone does not: it
    may be read on a machine without Kubernetes.
    """
    return principal.workload is not None or bundle.once(is_there) or _is_asked_for(bundle, principal)


def _may_be_meshed(bundle: Bundle, principal: Component) -> bool:
    rule = header_rule(principal)
    if rule is None or rule.header != XFCC or header_peers(principal):
        return False
    return _is_alone(principal) or _is_asked_for(bundle, principal)


def _is_alone(principal: Component) -> bool:
    """Whether no container is known that runs beside the principal, and may be its proxy."""
    if principal.workload is None:
        return True
    before = principal.workload.pod.at("spec", "initContainers").items()
    beside = [each for each in before if each.at("restartPolicy").text == "Always"]
    return len([*principal.workload.containers(), *beside]) == 1


def _is_asked_for(bundle: Bundle, principal: Component) -> bool:
    """Whether the principal's namespace asks for Istio."""
    namespace = bundle.get("", "Namespace", namespace="", name=principal.item.namespace)
    labels = namespace.labels if namespace is not None else {}
    return REVISION in labels or any(labels.get(name) == value for name, value in ASKING.items())
