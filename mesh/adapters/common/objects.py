"""The objects that every mesh has: service accounts, ConfigMaps, Deployments, the Service, the NetworkPolicy.

What a mesh adds to them is in its `Wiring`. The checks of mesh.kubernetes and mesh.configuration read them back.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from mesh.adapters.base import Generated
from mesh.adapters.common.pings import ARGOCD_AGENT
from mesh.adapters.writing import Path
from mesh.configuration.expected import setting_notes, settings_of
from mesh.configuration.options import ROWS, Side
from mesh.intent import Intent
from mesh.wiring import PORT_NAME, SERVICE_PORT_NAME, Wiring

NAME_LABEL: Final = "app.kubernetes.io/name"
"""By which agents' pods are told from others in their namespace."""

AGENT_LABEL: Final = "argocd-agent.argoproj-labs.io/agent"
"""By which one agent's pods are told from another's."""

PRINCIPAL_PARAMS: Final = "argocd-agent-principal-params"
AGENT_PARAMS: Final = "argocd-agent-params"
"""Names of the ConfigMaps; two, so that principal and agents may share a namespace."""

LISTEN_HOST: Final = "listen-host"


def shared_objects(intent: Intent, wiring: Wiring) -> list[Generated]:
    """All of them, in the order in which they may be applied."""
    agents = intent.agents
    accounts = [service_account(intent.principal.service_account, intent.principal.namespace)]
    accounts += [service_account(name, agents.namespace, agent=True) for name in agents.names]
    return [
        *accounts,
        config_map(intent, wiring, "principal"),
        *([config_map(intent, wiring, "agent")] if agents.names else []),
        principal_deployment(intent, wiring),
        *(agent_deployment(intent, wiring, name) for name in agents.names),
        service(intent, wiring),
        network_policy(intent, wiring),
    ]


def service_account(name: str, namespace: str, *, agent: bool = False) -> Generated:
    """One service account; an agent's has the agent's name."""
    data = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": name, "namespace": namespace}}
    comment = "The mesh makes an agent's identity of its service account: one each, named as the agent."
    return Generated(data, {("metadata", "name"): comment} if agent else {})


def config_map(intent: Intent, wiring: Wiring, side: Side) -> Generated:
    """The settings of one side."""
    settings = settings_of(intent, wiring)[side]
    is_principal = side == "principal"
    notes = {**setting_notes(intent, wiring, side), **wiring.notes}
    keys = {option: ROWS[side][option].keys[0] for option in settings}
    data = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            "name": PRINCIPAL_PARAMS if is_principal else AGENT_PARAMS,
            "namespace": intent.principal.namespace if is_principal else intent.agents.namespace,
        },
        "data": {keys[option]: text for option, text in settings.items()},
    }
    return Generated(data, {("data", keys[option]): notes[option] for option in settings if option in notes})


def principal_deployment(intent: Intent, wiring: Wiring) -> Generated:
    """The principal's Deployment."""
    principal = intent.principal
    selector = dict(principal.labels)
    pod = {
        "metadata": _pod_metadata({**selector, **wiring.principal_labels}, wiring.principal_annotations),
        "spec": {
            "serviceAccountName": principal.service_account,
            "enableServiceLinks": False,
            "securityContext": _pod_security(principal.uid),
            "containers": [
                {
                    "name": "principal",
                    "image": principal.image,
                    "args": ["principal"],
                    "env": _environment(intent, wiring, "principal"),
                    "ports": [{"name": PORT_NAME, "containerPort": principal.port}],
                    **({"volumeMounts": [_PODINFO_MOUNT]} if _looks(intent) else {}),
                    "securityContext": _container_security(),
                }
            ],
            **({"volumes": [_PODINFO]} if _looks(intent) else {}),
        },
    }
    made = _deployment(principal.name, principal.namespace, selector, pod)
    comment = "The pod's own labels and annotations: the principal verifies them at start and logs what is wrong."
    place = ("spec", "template", "spec", "volumes")
    return replace(made, comments={**made.comments, place: comment}) if _looks(intent) else made


def _looks(intent: Intent) -> bool:
    """Whether the principal verifies its own pod; argocd-agent's does not."""
    return ARGOCD_AGENT not in intent.principal.image


_PODINFO_MOUNT: Final = {"name": "podinfo", "mountPath": "/etc/podinfo", "readOnly": True}

_PODINFO: Final = {
    "name": "podinfo",
    "downwardAPI": {
        "items": [
            {"path": "labels", "fieldRef": {"fieldPath": "metadata.labels"}},
            {"path": "annotations", "fieldRef": {"fieldPath": "metadata.annotations"}},
        ]
    },
}
"""What `--podinfo` of the principal reads, in the place where it looks unless told otherwise."""


def agent_deployment(intent: Intent, wiring: Wiring, name: str) -> Generated:
    """The Deployment of the agent `name`."""
    agents = intent.agents
    selector = {NAME_LABEL: agents.label, AGENT_LABEL: name}
    pod = {
        "metadata": _pod_metadata({**selector, **wiring.agent_labels}, wiring.agent_annotations),
        "spec": {
            "serviceAccountName": name,
            "enableServiceLinks": False,
            "securityContext": _pod_security(agents.uid),
            "containers": [
                {
                    "name": "agent",
                    "image": agents.image,
                    "args": ["agent"],
                    "env": _environment(intent, wiring, "agent"),
                    "securityContext": _container_security(),
                }
            ],
        },
    }
    return _deployment(name, agents.namespace, selector, pod)


def service(intent: Intent, wiring: Wiring) -> Generated:
    """The principal's Service."""
    principal = intent.principal
    port = {
        "name": SERVICE_PORT_NAME,
        "port": principal.service_port,
        "targetPort": PORT_NAME,
        "appProtocol": wiring.app_protocol,
    }
    data = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": principal.name, "namespace": principal.namespace},
        "spec": {"selector": dict(principal.labels), "ports": [port]},
    }
    comments: dict[Path, str] = {
        ("spec", "ports", 0, "name"): "The protocol stands before the dash. Named `https` or `tls`, the port would be "
        "forwarded as bytes, without an identity header.",
        ("spec", "ports", 0, "appProtocol"): "Wins over the name: HTTP/2 in plaintext, as gRPC is behind a proxy.",
    }
    return Generated(data, comments)


def network_policy(intent: Intent, wiring: Wiring) -> Generated:
    """Who may open connections to the principal's pods."""
    principal = intent.principal
    callers = [_caller(namespace, labels) for namespace, labels in wiring.callers]
    ports = [{"protocol": "TCP", "port": number} for number in (principal.port, *wiring.extra_ports)]
    data = {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": principal.name, "namespace": principal.namespace},
        "spec": {
            "podSelector": {"matchLabels": dict(principal.labels)},
            "policyTypes": ["Ingress"],
            "ingress": [{"from": callers, "ports": ports}],
        },
    }
    comments: dict[Path, str] = {
        ("spec", "ingress"): "Everything else that calls these pods is refused; metrics need a rule of their own.",
        ("spec", "ingress", 0, "ports", 0, "port"): "The pod's own port, also behind a sidecar: the redirection to the "
        "proxy happens inside the pod, where no NetworkPolicy looks.",
    }
    return Generated(data, comments)


def _caller(namespace: str, labels: Mapping[str, str]) -> dict[str, Any]:
    peer: dict[str, Any] = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}}}
    if labels:
        peer["podSelector"] = {"matchLabels": dict(labels)}
    return peer


def _pod_metadata(labels: Mapping[str, str], annotations: Mapping[str, str]) -> dict[str, Any]:
    metadata: dict[str, Any] = {"labels": dict(labels)}
    if annotations:
        metadata["annotations"] = dict(annotations)
    return metadata


def _deployment(name: str, namespace: str, selector: Mapping[str, str], pod: Mapping[str, Any]) -> Generated:
    data = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"selector": {"matchLabels": dict(selector)}, "template": pod},
    }
    spec = ("spec", "template", "spec")
    comments: dict[Path, str] = {
        (*spec, "enableServiceLinks"): "Otherwise a Service's name can become a variable that reads as a setting, such "
        "as MESHTETHER_ADMIN_PORT=tcp://...",
        (*spec, "securityContext", "runAsUser"): "Not the proxy's user id, whose traffic the mesh leaves alone.",
        (*spec, "serviceAccountName"): "What the mesh makes the identity of.",
    }
    return Generated(data, comments)


def _environment(intent: Intent, wiring: Wiring, side: Side) -> list[dict[str, Any]]:
    """Variables that point into the ConfigMap, one for each setting, and the pod's address where that is bound."""
    name = PRINCIPAL_PARAMS if side == "principal" else AGENT_PARAMS
    variables: list[dict[str, Any]] = []
    if side == "principal" and wiring.listen_host is None:
        variables.append(
            {
                "name": ROWS[side][LISTEN_HOST].env,
                "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}},
            }
        )
    for option in settings_of(intent, wiring)[side]:
        row = ROWS[side][option]
        variables.append({"name": row.env, "valueFrom": {"configMapKeyRef": {"name": name, "key": row.keys[0]}}})
    return variables


def _pod_security(uid: int) -> dict[str, Any]:
    return {"runAsNonRoot": True, "runAsUser": uid, "seccompProfile": {"type": "RuntimeDefault"}}


def _container_security() -> dict[str, Any]:
    return {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
