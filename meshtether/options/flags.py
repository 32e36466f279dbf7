"""Reads a command line as argocd-agent's own reader (Go's pflag) does.

`--name=value`, `--name value`, `-n value`, `-nvalue`, `-n=value`; a boolean is `--name` or `--name=value` and never
takes the next word. Unlike there, a word that belongs to no flag is refused: in `--insecure-plaintext false` it would
have been ignored, and the boolean true.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from meshtether.options.model import Component, Option, Problem
from meshtether.options.nearest import nearest
from meshtether.options.table import other


@dataclass(frozen=True, slots=True)
class Flag:
    """One flag of a command line with its value."""

    option: Option
    written: str
    """As the user wrote its name, with dashes."""
    value: str


@dataclass(slots=True)
class CommandLine:
    """What a command line says."""

    flags: list[Flag] = field(default_factory=list)
    """In the order of the line."""
    problems: list[Problem] = field(default_factory=list)
    help: bool = False
    """Whether help was asked for."""


def read_flags(component: Component, arguments: Sequence[str]) -> CommandLine:
    """Every flag of `arguments`, and a problem for each word that cannot be used."""
    return _Reader(component, arguments).read()


class _Reader:
    """One command line, and how far it has been read."""

    def __init__(self, component: Component, arguments: Sequence[str]) -> None:
        self._component = component
        self._long = component.by_flag()
        self._short = {option.short: option for option in component.options if option.short}
        self._rest = list(arguments)
        self._line = CommandLine()

    def read(self) -> CommandLine:
        """Take word after word."""
        while self._rest:
            word = self._rest.pop(0)
            if word == "--":
                self._refuse_words(*self._rest)
                break
            self._reader_of(word)(word)
        return self._line

    def _reader_of(self, word: str) -> Callable[[str], None]:
        if word.startswith("--"):
            return self._read_long
        return self._read_short if len(word) > 1 and word.startswith("-") else self._refuse_words

    def _read_long(self, word: str) -> None:
        written, equals, value = word.partition("=")
        name = written[2:]
        option = self._long.get(name)
        if name == "help":
            self._line.help = True
        elif option is None:
            self._refuse_flag(written)
        else:
            self._take(option, written, value if equals else None)

    def _read_short(self, word: str) -> None:
        written, value = word[:2], word[2:]
        option = self._short.get(word[1])
        if word == "-h":
            self._line.help = True
        elif option is None:
            self._refuse_flag(word.partition("=")[0])
        else:
            self._take(option, written, value.removeprefix("=") if value else None)

    def _take(self, option: Option, written: str, value: str | None) -> None:
        if value is None and option.kind.switch:
            value = "true"
        elif value is None:
            if not self._rest:
                self._problem(f"flag {written}", "a value is missing", f"accepted: {option.kind.accepted}")
                return
            value = self._rest.pop(0)
        self._line.flags.append(Flag(option, written, value))

    def _refuse_flag(self, written: str) -> None:
        name = written.lstrip("-")
        elsewhere = other(self._component)
        if name in elsewhere.by_flag():
            remedy = f"it is an option of `meshtether {elsewhere.name}`"
        else:
            near = nearest(name, self._long)
            remedy = f"did you mean --{near}?" if near else f"see `meshtether {self._component.name} --help`"
        self._problem(f"flag {written[:80]}", f"`meshtether {self._component.name}` has no such flag", remedy)

    def _refuse_words(self, *words: str) -> None:
        for word in words:
            last = self._line.flags[-1] if self._line.flags else None
            after_switch = last is not None and last.option.kind.switch
            remedy = f"write {last.written}={word[:80]}" if last and after_switch else "values follow a flag"
            self._problem(f"{word[:80]!r}", "a word that belongs to no flag", remedy)

    def _problem(self, what: str, reason: str, remedy: str) -> None:
        self._line.problems.append(Problem(what, reason, remedy))
