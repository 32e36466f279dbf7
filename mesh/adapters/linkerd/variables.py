"""Options of principal and agents that matter behind Linkerd's proxy alone, as flags or variables of their containers.

They are the principal's own checks of who opened a connection, which a principal needs that is not on loopback, and the
identity that an agent asks its proxy to hold the server to. Both are said beside the container, not in the ConfigMap:
they belong to the proxy in the same pod.
"""

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from mesh.adapters.base import Generated
from mesh.bundle import Field
from mesh.configuration.settings import Component

CONTAINER: Final = ("spec", "template", "spec", "containers", 0)
"""Where the one container of a generated Deployment is."""


@dataclass(frozen=True, slots=True)
class Option:
    """One option, by its flag and its variable."""

    flag: str
    variable: str


ATTEST: Final = Option("--attest", "MESHTETHER_ATTEST")
"""Whether the kernel is asked who opened each connection."""

SIDECAR_UID: Final = Option("--sidecar-uid", "MESHTETHER_SIDECAR_UID")
"""Whose connections alone are taken."""

PRINCIPAL_IDENTITY: Final = Option("--principal-identity", "MESHTETHER_PRINCIPAL_IDENTITY")
"""Whom an agent takes for the principal; behind Linkerd it becomes the header l5d-require-id."""


def with_variables(generated: Generated, variables: Mapping[Option, str], notes: Mapping[Option, str]) -> Generated:
    """A generated Deployment with further variables of its container, behind those it has."""
    data: Any = copy.deepcopy(dict(generated.data))
    container = data
    for step in CONTAINER:
        container = container[step]
    comments = dict(generated.comments)
    for option, text in variables.items():
        if option in notes:
            comments[(*CONTAINER, "env", len(container["env"]))] = notes[option]
        container["env"].append({"name": option.variable, "value": text})
    return Generated(data, comments)


def variable(component: Component, option: Option) -> Field | None:
    """Where the value of `option` is written: a flag, else a variable; None when it is not, or not in the manifests."""
    return _flag(component, option.flag) or _variable(component, option.variable)


def _flag(component: Component, flag: str) -> Field | None:
    for part in ("command", "args"):
        words = list(component.home.at(part).items())
        for position, word in enumerate(words):
            name, equals, value = (word.text or "").partition("=")
            if name == flag and equals:
                return Field(word.document, word.path, value)
            if name == flag and position + 1 < len(words):
                return words[position + 1]
    return None


def _variable(component: Component, name: str) -> Field | None:
    for each in component.home.at("env").items():
        if each.at("name").text == name:
            return None if each.at("valueFrom").exists else each.at("value")
    return None
