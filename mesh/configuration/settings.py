"""What a principal or an agent is set to, as far as manifests say: flag over environment over default.

A container's environment mostly points into a ConfigMap; a setting then has its place there. A ConfigMap to which no
container points is taken as a component of its own, about which only what it says is known.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Final, Literal

from mesh.bundle import Bundle, Field, Item, Workload, same_namespace, workloads
from mesh.configuration.options import ENVIRONMENT, FALSE, KEYS, PREFIXES, ROWS, TRUE, Row, Side
from mesh.durations import DurationError, parse_duration

POD_IP: Final = "status.podIP"
"""The field of the downward API that gives the pod's own address."""

SIDES: Final[tuple[Side, ...]] = ("principal", "agent")

Origin = Literal["flag", "environment", "ConfigMap", "default"]


@dataclass(frozen=True, slots=True)
class Setting:
    """One option's value, and where it is written."""

    row: Row
    origin: Origin
    place: Field
    """The argument, the variable or the ConfigMap's key; for a default, what would have to say otherwise."""
    text: str | None
    """None when the value is not in the manifests (a secret, another field of the pod)."""
    pod_ip: bool = False
    """Whether the value is the pod's own address, by the downward API."""

    @property
    def is_set(self) -> bool:
        """Whether anybody has set it."""
        return self.origin != "default"

    @property
    def duration(self) -> int | None:
        """Nanoseconds; None when the text is no duration."""
        try:
            return parse_duration(self.text) if self.text is not None else None
        except DurationError:
            return None

    @property
    def switch(self) -> bool | None:
        """True or false; None when the text is neither."""
        return True if self.text in TRUE else False if self.text in FALSE else None

    @property
    def port(self) -> int | None:
        """A port's number; None when the text is none."""
        text = self.text or ""
        number = int(text) if text.isascii() and text.isdecimal() and len(text) <= 5 else 0
        return number if 1 <= number <= 65535 else None

    @property
    def name(self) -> str:
        """How the option is called in its place."""
        if self.origin == "flag" or not self.is_set:
            return f"--{self.row.name}"
        return self.row.env if self.origin == "environment" else str(self.place.path[-1])

    @property
    def said(self) -> str:
        """The option with its value, for messages."""
        return f"{self.name} is {self.text!r}" if self.text is not None else f"{self.name} is set elsewhere"


@dataclass(frozen=True, slots=True)
class Dangling:
    """A variable that points at a ConfigMap, or at a key of one, that is not among the manifests."""

    row: Row
    place: Field
    """The reference."""
    config_map: Item | None
    """The ConfigMap, when it is there and only lacks the key."""


@dataclass(frozen=True, slots=True)
class Component:
    """One principal or agent."""

    side: Side
    item: Item
    """The Deployment or the like, or the ConfigMap."""
    home: Field
    """The container, or the ConfigMap's data."""
    settings: Mapping[str, Setting]
    """Every option that is set, by name."""
    workload: Workload | None
    """None for a ConfigMap alone."""
    dangling: Sequence["Dangling"] = ()
    """Variables that point at a ConfigMap or key that is not there."""

    @property
    def complete(self) -> bool:
        """Whether what is not set here is not set at all."""
        return self.workload is not None

    @property
    def image(self) -> str:
        """The container's image; empty for a ConfigMap."""
        return self.home.at("image").text or ""

    @property
    def is_argocd_agent(self) -> bool:
        """Whether the container runs argocd-agent's own program."""
        return "argocd-agent" in self.image

    def get(self, name: str) -> Setting:
        """The setting of the option `name`, or its default."""
        found = self.settings.get(name)
        return found or Setting(ROWS[self.side][name], "default", self.home, ROWS[self.side][name].default)

    def given(self, name: str) -> Setting | None:
        """The setting of the option `name` as far as it is known: None when it may be set elsewhere."""
        return self.get(name) if self.complete or name in self.settings else None

    def __str__(self) -> str:
        return f"the {self.side} in {self.item.ref}"


def components(bundle: Bundle) -> Sequence[Component]:
    """Every principal and agent in `bundle`: of containers first, then ConfigMaps to which none points."""
    return bundle.once(_components)


def _components(bundle: Bundle) -> Sequence[Component]:
    found = [made for workload in workloads(bundle) for made in _of_workload(bundle, workload)]
    used = {id(setting.place.document) for made in found for setting in made.settings.values()}
    unused = [item for item in bundle.of("", "ConfigMap") if id(item.document) not in used]
    return found + [made for item in unused for made in _of_config_map(item)]


def _of_config_map(item: Item) -> Iterator[Component]:
    data = item.at("data")
    for side in SIDES:
        if not any(key.startswith(PREFIXES[side]) for key in data.mapping):
            continue
        settings = {
            KEYS[side][key].name: Setting(KEYS[side][key], "ConfigMap", at, meant(at))
            for key, at in data.entries()
            if key in KEYS[side]
        }
        yield Component(side, item, data, settings, None)


def _of_workload(bundle: Bundle, workload: Workload) -> Iterator[Component]:
    for container in workload.containers():
        side = _side(container)
        if side is None:
            continue
        settings, dangling = _environment(bundle, workload, container, side)
        settings.update(_flags(container, side))
        yield Component(side, workload.item, container, settings, workload, dangling)


def _side(container: Field) -> Side | None:
    """Which program `container` runs: by its subcommand, else by its variables, else by its name."""
    words = [word for _, word in arguments(container)]
    # Behind the first flag a word may be a value: an agent dials a Service called argocd-agent-principal.
    program = list(takewhile(lambda word: not word.startswith("-"), words))
    for side in SIDES:
        if any(word == side or word.endswith(f"argocd-agent-{side}") for word in program):
            return side
    for side in SIDES:
        if side in words:
            return side
    variables = [each.at("name").text or "" for each in container.at("env").items()]
    for side in SIDES:
        if any(name in ENVIRONMENT[side] for name in variables):
            return side
    image, name = container.at("image").text or "", container.at("name").text or ""
    if "argocd-agent" not in image and "meshtether" not in image:
        return None
    return next((side for side in SIDES if name == side or name.endswith(f"-{side}")), None)


def _flags(container: Field, side: Side) -> dict[str, Setting]:
    """The options among the arguments; the last of one name holds, and lists add up."""
    found: dict[str, Setting] = {}
    words = arguments(container)
    for position, (place, word) in enumerate(words):
        name, equals, value = word.lstrip("-").partition("=")
        row = ROWS[side].get(name)
        if row is None or not word.startswith("-"):
            continue
        following = words[position + 1][1] if position + 1 < len(words) else None
        text = value if equals else "true" if row.kind == "switch" else following
        before = found[name].text if row.kind == "list" and name in found else None
        found[name] = Setting(row, "flag", place, f"{before},{text}" if before and text else text)
    return found


def arguments(container: Field) -> list[tuple[Field, str]]:
    """A container's command and arguments, each with its place; what is no text is told as its writer meant it."""
    places = [*container.at("command").items(), *container.at("args").items()]
    return [(place, meant(place) or "") for place in places]


def meant(place: Field) -> str | None:
    """The text that somebody meant who left out the quotes; None where nothing is written.

    `- --creds=header:` is a mapping in YAML, and `- 8443` a number.
    """
    pairs = list(place.mapping.items())
    if len(pairs) == 1 and pairs[0][1] is None:
        return f"{pairs[0][0]}:"
    return place.text if place.text is not None else place.shown if place.exists else None


def _environment(
    bundle: Bundle, workload: Workload, container: Field, side: Side
) -> tuple[dict[str, Setting], list[Dangling]]:
    """The options among the variables, and those of them that point nowhere."""
    found: dict[str, Setting] = {}
    dangling: list[Dangling] = []
    for variable in container.at("env").items():
        row = ENVIRONMENT[side].get(variable.at("name").text or "")
        if row is None:
            continue
        reference = variable.at("valueFrom", "configMapKeyRef")
        if not reference.exists:
            found[row.name] = _variable(row, variable)
            continue
        item = _config_map(bundle, workload, reference.at("name").text or "")
        at = item.at("data", reference.at("key").text or "") if item is not None else reference
        if item is not None and at.exists:
            found[row.name] = Setting(row, "ConfigMap", at, meant(at))
        elif not reference.at("optional").boolean:
            found[row.name] = Setting(row, "environment", reference, None)
            dangling.append(Dangling(row, reference, item))
    return found, dangling


def _config_map(bundle: Bundle, workload: Workload, name: str) -> Item | None:
    found = bundle.nearest("", "ConfigMap", namespace=workload.namespace, name=name)
    return found if found is not None and same_namespace(found.namespace, workload.namespace) else None


def _variable(row: Row, variable: Field) -> Setting:
    """The setting of a variable that has its value here, or from elsewhere than a ConfigMap."""
    value, source = variable.at("value"), variable.at("valueFrom")
    if value.exists or not source.exists:
        return Setting(row, "environment", value if value.exists else variable, meant(value) or "")
    return Setting(row, "environment", source, None, source.at("fieldRef", "fieldPath").text == POD_IP)
