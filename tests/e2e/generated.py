"""What a generated set makes of the environment of its processes, as a cluster would."""

from collections.abc import Mapping, Sequence
from typing import Any

from mesh.configuration.options import ENVIRONMENT, KEYS, Side
from mesh.findings import Document


def environment(documents: Sequence[Document], side: Side, *, pod_ip: str) -> dict[str, str]:
    """The variables of the first container that runs `side`; without Deployments, those of the settings' ConfigMap.

    Every reference must lead somewhere, as the kubelet insists.
    """
    maps = {
        (each.data["metadata"]["namespace"], each.data["metadata"]["name"]): each.data["data"]
        for each in documents
        if each.data.get("kind") == "ConfigMap"
    }
    for document in documents:
        if document.data.get("kind") != "Deployment":
            continue
        namespace = document.data["metadata"]["namespace"]
        for container in document.data["spec"]["template"]["spec"]["containers"]:
            if container["args"] == [side]:
                return {each["name"]: _value(each, namespace, maps, pod_ip) for each in container["env"]}
    variables = {key: row.env for row in ENVIRONMENT[side].values() for key in row.keys}
    for settings in maps.values():
        if any(key.startswith(f"{side}.") for key in settings):
            assert set(settings) <= set(KEYS[side]), "each key is one that checks know"
            return {variables[key]: text for key, text in settings.items()}
    return {}


def _value(variable: Mapping[str, Any], namespace: str, maps: Mapping[Any, Any], pod_ip: str) -> str:
    if "value" in variable:
        return str(variable["value"])
    source = variable["valueFrom"]
    if "fieldRef" in source:
        assert source["fieldRef"] == {"fieldPath": "status.podIP"}
        return pod_ip
    reference = source["configMapKeyRef"]
    return str(maps[namespace, reference["name"]][reference["key"]])
