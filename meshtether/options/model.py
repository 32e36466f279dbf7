"""Options as data: what there is, where a value came from, and what is wrong with one."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Final, TypeVar

from mesh.durations import seconds
from meshtether.options.kinds import Kind, Value

_T = TypeVar("_T", bool, int, str)

HIDDEN: Final = "(hidden)"
"""Stands where a secret's value would."""

SHOWN: Final = 120
"""Characters of a value that a message repeats: enough to recognise it, too few to flood a log."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One row of the table: a flag, an environment variable and ConfigMap keys that mean the same."""

    name: str
    """The flag without its dashes."""
    kind: Kind
    theme: str
    """Heading that help texts and the reference put it under."""
    help: str
    """What it does, a sentence or two."""
    default: str = ""
    """The default, as a user would write it."""
    env: str = ""
    """Environment variable; empty when there is none."""
    keys: tuple[str, ...] = ()
    """ConfigMap keys, argocd-agent's own spelling first."""
    short: str = ""
    """One-letter flag without its dash; empty when there is none."""
    later: str = ""
    """What this option belongs to, when that is not built yet; setting the option gives one warning."""
    secret: bool = False
    """Whether its value must not be shown."""
    flag: bool = True
    """Whether there is a flag; a few settings are environment variables only."""

    @property
    def title(self) -> str:
        """How messages call it: the flag, or the environment variable if there is no flag."""
        return f"--{self.name}" if self.flag else self.env

    @property
    def ways(self) -> str:
        """Every way to set it, in words."""
        ways = [f"--{self.name}"] if self.flag else []
        ways += [f"the environment variable {self.env}"] if self.env else []
        ways += [f"the ConfigMap key {self.keys[0]}"] if self.keys else []
        return ways[0] if len(ways) == 1 else f"{', '.join(ways[:-1])} or {ways[-1]}"

    def shown(self, text: str) -> str:
        """`text` as a message may repeat it: quoted, control characters escaped, not too long, never a secret."""
        if self.secret:
            return HIDDEN
        return repr(text) if len(text) <= SHOWN else f"{text[:SHOWN]!r}… ({len(text)} characters)"


@dataclass(frozen=True, slots=True)
class Component:
    """A program's part that has options: `principal` or `agent`."""

    name: str
    options: tuple[Option, ...]

    def by_flag(self) -> dict[str, Option]:
        """Options by the name of their flag."""
        return {option.name: option for option in self.options if option.flag}

    def by_key(self) -> dict[str, Option]:
        """Options by each of their ConfigMap keys."""
        return {key: option for option in self.options for key in option.keys}

    def with_option(self, option: Option) -> "Component":
        """The same with one option more."""
        return Component(self.name, (*self.options, option))


class Origin(StrEnum):
    """The kinds of place a value comes from, strongest first."""

    FLAG = "flag"
    ENVIRONMENT = "environment"
    CONFIG = "config"
    DEFAULT = "default"


@dataclass(frozen=True, slots=True)
class Source:
    """Where a value came from."""

    origin: Origin
    name: str = ""
    """The flag as written, the variable's name, or the ConfigMap key."""
    place: str = ""
    """`file:line` of a ConfigMap key."""

    def __str__(self) -> str:
        match self.origin:
            case Origin.FLAG:
                return f"flag {self.name}"
            case Origin.ENVIRONMENT:
                return f"environment variable {self.name}"
            case Origin.CONFIG:
                return f"ConfigMap key {self.name} at {self.place}"
            case Origin.DEFAULT:
                return "default"


@dataclass(frozen=True, slots=True)
class Setting:
    """An option's value and where it came from."""

    option: Option
    value: Value
    source: Source

    @property
    def text(self) -> str:
        """The value as a user would write it; a secret is not shown."""
        text = self.option.kind.show(self.value)
        return HIDDEN if self.option.secret and text else text


@dataclass(frozen=True, slots=True)
class Problem:
    """Why what was given cannot be used."""

    what: str
    """The source and the option, and the value if there is one."""
    reason: str
    remedy: str
    """What would be accepted, or what to do; empty when the reason says it."""

    def __str__(self) -> str:
        return f"{self.what}: {self.reason}" + (f"; {self.remedy}" if self.remedy else "")


class OptionsError(Exception):
    """Options cannot be used; every problem that was found is in `problems`."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__(*problems)
        self.problems = problems

    def __str__(self) -> str:
        return "\n".join(map(str, self.problems))


@dataclass(frozen=True, slots=True)
class Notice:
    """Something that a user should know and that stops nothing."""

    message: str
    """What it is, a constant text."""
    facts: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """Its particulars, for the log's key words."""

    def __str__(self) -> str:
        return f"{self.message}: " + ", ".join(f"{key} {value}" for key, value in self.facts.items())


@dataclass(frozen=True, slots=True)
class Resolved:
    """The settings of one component, all of them, and what there is to say about them."""

    component: Component
    settings: Mapping[str, Setting]
    """By option name, in the table's order."""
    notices: tuple[Notice, ...] = ()

    def given(self, name: str) -> bool:
        """Whether somebody set the option, be it to its default."""
        return self.settings[name].source.origin is not Origin.DEFAULT

    def flag(self, name: str) -> bool:
        """The value of a boolean option."""
        return self._typed(name, bool)

    def number(self, name: str) -> int:
        """The value of an option that is a whole number."""
        return self._typed(name, int)

    def seconds(self, name: str) -> float:
        """The value of an option that is a duration, in seconds."""
        return seconds(self._typed(name, int))

    def text(self, name: str) -> str:
        """The value of an option that is a text."""
        return self._typed(name, str)

    def items(self, name: str) -> tuple[str, ...]:
        """The value of an option that is a list."""
        value = self.settings[name].value
        if not isinstance(value, tuple):
            raise TypeError(f"option {name} is no list")
        return value

    def _typed(self, name: str, kind: type[_T]) -> _T:
        value = self.settings[name].value
        if type(value) is not kind:
            raise TypeError(f"option {name} is no {kind.__name__}")
        return value
