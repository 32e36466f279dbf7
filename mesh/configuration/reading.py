"""Settings that cannot be read or found: texts that are no values, and variables that point nowhere."""

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from mesh.configuration.options import KEYS, Kind
from mesh.configuration.settings import Setting
from mesh.durations import ACCEPTED
from mesh.findings import Finding, Level
from mesh.world import Check, World

_READABLE: Final[Mapping[Kind, tuple[Callable[[Setting], bool], str]]] = {
    "duration": (lambda setting: (setting.duration or 0) >= 0 and setting.duration is not None, ACCEPTED),
    "switch": (lambda setting: setting.switch is not None, "true or false"),
    "port": (lambda setting: setting.port is not None, "1 to 65535"),
}
"""Whether a setting of a kind can be read, and what could."""


def readable(world: World) -> Iterator[Finding]:
    """MT1911: texts that are no values of their options."""
    for component in world.components:
        for setting in component.settings.values():
            check, accepted = _READABLE.get(setting.row.kind, (None, ""))
            if check is not None and setting.text is not None and not check(setting):
                yield setting.place.finding(
                    "MT1911", f"{setting.name} is {setting.place.shown}, which cannot be read; accepted: {accepted}."
                )


def dangling(world: World) -> Iterator[Finding]:
    """MT1814: variables that point at a ConfigMap, or a key of one, that is not there."""
    for component in world.components:
        for each in component.dangling:
            name, key = each.place.at("name").shown, each.place.at("key").shown
            if each.config_map is not None:
                message = f"{each.row.env} points at the key {key}, which the ConfigMap {name} does not have."
                yield each.place.finding("MT1814", message)
            else:
                message = f"{each.row.env} points at the ConfigMap {name}, which is not among the manifests."
                level = Level.WARNING if world.intent else Level.INFO
                yield each.place.finding("MT1814", message, level=level)


def crossed(world: World) -> Iterator[Finding]:
    """MT1921: variables that point at the key of another option."""
    for component in world.components:
        for variable in component.home.at("env").items():
            key = variable.at("valueFrom", "configMapKeyRef", "key")
            row = KEYS[component.side].get(key.text or "")
            if row is not None and variable.at("name").text != row.env:
                message = f"The variable {variable.at('name').shown} takes {key.text}, which is the key of {row.env}."
                yield variable.finding("MT1921", message)


CHECKS: Final[tuple[Check, ...]] = (readable, dangling, crossed)
"""The checks of this file."""
