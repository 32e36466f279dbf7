"""The table of every option; flags, environment, ConfigMap keys, help texts and reference come from it.

Names, variables and keys are argocd-agent's, with other spellings that its documents and Helm chart use. What is our
own has `MESHTETHER_…` variables and `meshtether.…` keys.
"""

from typing import Final

from meshtether.options import (
    agent_later,
    agent_table,
    own,
    principal_identity,
    principal_later,
    principal_sockets,
    principal_table,
    principal_tls,
)
from meshtether.options.model import Component, Option


def _component(name: str, *options: Option) -> Component:
    """A component with its options in the order of help texts: by theme, what works before what comes later."""
    ordered = sorted(options, key=lambda option: (own.THEMES.index(option.theme), bool(option.later)))
    return Component(name, tuple(ordered))


PRINCIPAL: Final = _component(
    "principal",
    *principal_table.BUILT,
    *principal_identity.IDENTITY,
    *principal_sockets.SOCKETS,
    *principal_tls.TLS,
    *own.OWN,
    *principal_later.LATER,
    *own.VARIABLES,
)
AGENT: Final = _component("agent", *agent_table.BUILT, *own.OWN, *agent_later.LATER, *own.VARIABLES)

COMPONENTS: Final = (PRINCIPAL, AGENT)

KEYS: Final = frozenset(key for component in COMPONENTS for key in component.by_key())
"""Every ConfigMap key that either component knows."""


def other(component: Component) -> Component:
    """The component that `component` is not."""
    return AGENT if component.name == PRINCIPAL.name else PRINCIPAL
