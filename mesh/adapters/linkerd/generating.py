"""Linkerd's objects for an intent."""

import json
from collections.abc import Mapping
from typing import Any, Final

from mesh.adapters.base import Generated
from mesh.adapters.common.objects import shared_objects
from mesh.adapters.linkerd.facts import (
    ACCESS_POLICY,
    ADDITIONAL_ENV,
    CLIENT_ID,
    DENY,
    INBOUND_PORT,
    INJECT,
    ONE_PORT,
    POLICY,
    PROXY_ENV,
    PROXY_UID,
)
from mesh.adapters.linkerd.proxies import agent_variables, principal_variables
from mesh.adapters.linkerd.variables import ATTEST, PRINCIPAL_IDENTITY, SIDECAR_UID, with_variables
from mesh.adapters.writing import Path, fitting
from mesh.configuration.tls import LOOPBACK
from mesh.intent import Intent
from mesh.wiring import Wiring, agents_may_call, dialled

KIND_SERVER: Final = "Server"
KIND_AUTHENTICATION: Final = "MeshTLSAuthentication"


def identity(intent: Intent, account: str, namespace: str) -> str:
    """The name that Linkerd gives to a service account."""
    mesh, domain = intent.mesh.linkerd_namespace, intent.agents.trust_domain
    return f"{account}.{namespace}.serviceaccount.identity.{mesh}.{domain}"


def principal_identity(intent: Intent) -> str:
    """The principal's name in the mesh."""
    return identity(intent, intent.principal.service_account, intent.principal.namespace)


def callers(intent: Intent) -> list[str]:
    """Who calls the principal, as a MeshTLSAuthentication has it: names, or a `*.` with what they end in."""
    if intent.gateways:
        last = intent.gateways[-1]
        return [identity(intent, last.identity, last.namespace)]
    return [identity(intent, name, intent.agents.namespace) for name in intent.agents.names or ("*",)]


def wiring(intent: Intent) -> Wiring:
    """What Linkerd needs of the objects that every mesh has."""
    address, port = dialled(intent)
    loopback = intent.principal.listen_host in LOOPBACK
    # Of Linkerd's gateways alone: others don't say who called them.
    last = intent.gateways[-1] if intent.gateways else None
    behind = {}
    if last is not None and last.system == "linkerd":
        behind = {"trusted-gateway": identity(intent, last.identity, last.namespace)}
    return Wiring(
        auth=f"identity:{CLIENT_ID}:{identity(intent, '{agent}', intent.agents.namespace)}",
        listen_host=None if loopback else intent.principal.listen_host,
        server_address=address,
        server_port=port,
        principal_annotations=_annotations(intent, principal_variables(intent)),
        agent_annotations=_annotations(intent, agent_variables(intent)),
        extra_principal=behind,
        callers=((intent.gateways[-1].namespace, {}),) if intent.gateways else agents_may_call(intent),
        extra_ports=(INBOUND_PORT,) if intent.mesh.linkerd >= ONE_PORT else (),
    )


def _annotations(intent: Intent, variables: Mapping[str, str]) -> dict[str, str]:
    """Of pods: a proxy, and its variables where an annotation can set them."""
    annotations = {INJECT: "enabled"}
    if intent.mesh.linkerd >= ADDITIONAL_ENV:
        listed = [{"name": name, "value": value} for name, value in variables.items()]
        annotations[PROXY_ENV] = json.dumps(listed, separators=(",", ":"))
    return annotations


def generate(intent: Intent) -> list[Generated]:
    """All objects of `intent`, in the order in which they may be applied."""
    return [
        *(_completed(intent, each) for each in shared_objects(intent, wiring(intent))),
        server(intent),
        authentication(intent),
        authorization(intent),
    ]


_TEMPLATE: Final = ("spec", "template", "metadata", "annotations")

_NOTES: Final[Mapping[str, Mapping[Path, str]]] = {
    "NetworkPolicy": {
        ("spec", "ingress", 0, "ports", 1, "port"): "The proxy's own port: what comes from a meshed pod arrives there, "
        "whatever port was dialled (Linkerd 2.18 and later)."
    },
    "Deployment": {
        (*_TEMPLATE, PROXY_ENV): "Variables of the proxy. The kernel's probes wait for silence of the time given; how "
        "often and how many is the node's setting, which the user timeout cuts short."
    },
}


def _completed(intent: Intent, generated: Generated) -> Generated:
    """A shared object with Linkerd's comments, and a Deployment's with the variables that its proxy makes needed."""
    notes = fitting(_NOTES.get(generated.ref.kind, {}), generated.data)
    noted = Generated(generated.data, {**generated.comments, **notes})
    if generated.ref.kind != "Deployment":
        return noted
    is_principal = (generated.ref.name, generated.ref.namespace) == (intent.principal.name, intent.principal.namespace)
    if is_principal:
        return with_variables(
            noted,
            {ATTEST: "netns", SIDECAR_UID: str(PROXY_UID)},
            {
                ATTEST: "Every pod that gets past the proxy reaches this address: the kernel is asked who opened a "
                "connection, and only Linkerd's proxy in this pod (its user id) is believed."
            },
        )
    note = "Sent as l5d-require-id: the agent's proxy calls nobody else."
    # Through a gateway the proxy sees the gateway's name, not the principal's.
    pinned = principal_identity(intent) if not intent.gateways else None
    return with_variables(noted, {PRINCIPAL_IDENTITY: pinned}, {PRINCIPAL_IDENTITY: note}) if pinned else noted


def server(intent: Intent) -> Generated:
    """The principal's port, as policies speak of it."""
    spec: dict[str, Any] = {
        "podSelector": {"matchLabels": dict(intent.principal.labels)},
        "port": intent.principal.port,
        "proxyProtocol": "gRPC",
    }
    version = "v1beta1"
    if intent.mesh.linkerd >= ACCESS_POLICY:
        version, spec["accessPolicy"] = "v1beta3", DENY
    comments: dict[Path, str] = {
        ("spec", "port"): "Of the pod, not of the Service. Once there is a Server, nobody gets to this port whom no "
        "policy lets in.",
        (
            "spec",
            "proxyProtocol",
        ): "Stated, not guessed: on a port that is read as bytes there is no l5d-client-id, and "
        "one that a client wrote itself would pass.",
    }
    return _object(intent, version, KIND_SERVER, spec, comments)


def authentication(intent: Intent) -> Generated:
    """Who the callers are."""
    comments: dict[Path, str] = {
        ("spec", "identities"): "SERVICE-ACCOUNT.NAMESPACE.serviceaccount.identity.CONTROL-PLANE.TRUST-DOMAIN."
    }
    return _object(intent, "v1alpha1", KIND_AUTHENTICATION, {"identities": callers(intent)}, comments)


def authorization(intent: Intent) -> Generated:
    """Who may call the principal: the callers."""
    name = intent.principal.name
    spec = {
        "targetRef": {"group": POLICY, "kind": KIND_SERVER, "name": name},
        "requiredAuthenticationRefs": [{"group": POLICY, "kind": KIND_AUTHENTICATION, "name": name}],
    }
    comments: dict[Path, str] = {
        ("spec", "requiredAuthenticationRefs"): "All of them must be met. A policy that names one which is not there "
        "is ignored."
    }
    return _object(intent, "v1alpha1", "AuthorizationPolicy", spec, comments)


def _object(
    intent: Intent, version: str, kind: str, spec: Mapping[str, Any], comments: Mapping[Path, str]
) -> Generated:
    """An object of the principal's name, beside it."""
    metadata = {"name": intent.principal.name, "namespace": intent.principal.namespace}
    data = {"apiVersion": f"{POLICY}/{version}", "kind": kind, "metadata": metadata, "spec": spec}
    return Generated(data, comments)
