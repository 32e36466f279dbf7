"""The configuration against the intent: every option that the shared ConfigMaps would set."""

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from mesh.bundle import CLUSTER_SUFFIX, service_names, shown
from mesh.configuration.expected import settings_of
from mesh.configuration.options import FALSE, TRUE
from mesh.configuration.settings import Component, Setting
from mesh.durations import DurationError, parse_duration
from mesh.findings import Finding
from mesh.networks import parse_networks, within
from mesh.world import Check, World

MAX_PATTERNS: Final = 20
"""Patterns with `*` in a list of namespaces; each is compared with every agent's name."""


def differing(world: World) -> Iterator[Finding]:
    """MT1915: settings that are others than the intent's."""
    if world.intent is None or world.wiring is None:
        return
    wanted = settings_of(world.intent, world.wiring)
    for component in (*world.principals, *world.agents):
        yield from _different(component, wanted[component.side])
        if component.side == "principal" and world.wiring.listen_host is None:
            yield from _not_pod_ip(component)


def _different(component: Component, wanted: Mapping[str, str]) -> Iterator[Finding]:
    for option, text in wanted.items():
        setting = component.given(option)
        if setting is None or (setting.text is None and not setting.pod_ip) or _same(component, setting, text):
            continue
        said = f"{setting.name} is {shown(setting.text)}" if setting.is_set else f"--{option} is not set"
        if setting.pod_ip:
            said = f"{setting.name} is the pod's own address"
        key = setting.row.keys[0]
        yield setting.place.finding(
            "MT1915", f"{said}; the intent has {shown(text)}.", remedy=f'Write {key}: "{text}".'
        )


def _not_pod_ip(component: Component) -> Iterator[Finding]:
    host = component.given("listen-host")
    if host is not None and not host.pod_ip:
        said = f"{host.name} is {shown(host.text)}" if host.is_set else "--listen-host is not set"
        remedy = (
            f"Give the container the variable {host.row.env} with valueFrom: {{fieldRef: {{fieldPath: status.podIP}}}}."
        )
        yield host.place.finding("MT1915", f"{said}; the mesh leads to the pod's own address.", remedy=remedy)


def _same(component: Component, setting: Setting, wanted: str) -> bool:
    """Whether a setting means the same as the text `wanted`."""
    if setting.text is None:
        return False
    row = setting.row
    compare = _COMPARE.get(row.name) or _COMPARE.get(row.kind)
    return compare(setting.text, wanted, component.item.namespace) if compare else setting.text == wanted


def _same_duration(text: str, wanted: str, _: str) -> bool:
    try:
        return parse_duration(text) == parse_duration(wanted)
    except DurationError:
        return False


def _same_switch(text: str, wanted: str, _: str) -> bool:
    return text in (TRUE if wanted in TRUE else FALSE)


def _same_host(text: str, wanted: str, namespace: str) -> bool:
    """Whether `text` names the host `wanted`, if need be by a Service's shorter names."""
    if not wanted.endswith(CLUSTER_SUFFIX):
        return text == wanted
    name, _, rest = wanted.removesuffix(CLUSTER_SUFFIX).partition(".")
    return text in service_names(name, rest, seen_from=namespace)


def _allows_all(text: str, wanted: str, _: str) -> bool:
    """Whether the namespace patterns in `text` take every one in `wanted`."""
    names = frozenset(each.strip() for each in text.split(","))
    patterns = [each for each in names if "*" in each][:MAX_PATTERNS]
    return all(each in names or any(_takes(pattern, each) for pattern in patterns) for each in wanted.split(","))


def _narrows(text: str, wanted: str, _: str) -> bool:
    """Whether every network in `text` is within one of `wanted`; the narrower, the better."""
    try:
        wider = parse_networks(wanted)
        return bool(text) and all(any(within(each, one) for one in wider) for each in parse_networks(text))
    except ValueError:
        return False


_COMPARE: Final[Mapping[str, Callable[[str, str, str], bool]]] = {
    "duration": _same_duration,
    "switch": _same_switch,
    "server-address": _same_host,
    "allowed-namespaces": _allows_all,
    "header-peers": _narrows,
}
"""How values are compared, by the option's name or kind: what is written, what is wanted, the namespace it is in."""


def _takes(pattern: str, name: str) -> bool:
    """Whether argocd-agent's namespace pattern takes `name`: `*` stands for any text; a name for itself."""
    first, *middle, last = pattern.split("*")
    if not name.startswith(first) or not name[len(first) :].endswith(last):
        return False
    rest = name[len(first) : len(name) - len(last)] if last else name[len(first) :]
    for part in middle:
        at = rest.find(part)
        if at < 0:
            return False
        rest = rest[at + len(part) :]
    return True


CHECKS: Final[tuple[Check, ...]] = (differing,)
"""The checks of this file."""
