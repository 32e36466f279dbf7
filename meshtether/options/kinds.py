"""What an option's text may be: Go's booleans and durations, whole numbers within bounds, words, lists.

A kind reads a text into a value and prints the value back. It raises ValueError with the reason alone; who calls adds
where the text came from.
"""

import csv
import io
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from mesh import durations, networks
from meshtether.options import levels

Value = bool | int | str | tuple[str, ...]
"""A value that an option can have; a duration is an `int` of nanoseconds."""

MAX_PORT: Final = 65535
"""TCP's largest port number (RFC 9293: 16 bits)."""

MAX_DIGITS: Final = 19
"""Digits of a whole number that are looked at: what an int64, Go's own type for these, can have."""

_TRUE: Final = frozenset({"1", "t", "T", "TRUE", "true", "True"})
_FALSE: Final = frozenset({"0", "f", "F", "FALSE", "false", "False"})
_DIGITS: Final = frozenset("0123456789")


@dataclass(frozen=True, slots=True)
class Kind:
    """One type of option."""

    name: str
    """What follows the flag in help texts, as `PORT`; empty for a boolean."""
    accepted: str
    """What a person may write, for messages."""
    parse: Callable[[str], Value]
    """The value of a text; ValueError with the reason."""
    show: Callable[[Value], str]
    """The text of a value."""
    switch: bool = False
    """Whether the flag alone means true."""
    many: bool = False
    """Whether the flag may be given several times, each time adding to the list."""
    hint: Callable[[str], str] = lambda _: ""
    """What was probably meant by a refused text; empty when nobody knows."""


def _text(value: Value) -> str:
    return str(value)


def _parse_bool(text: str) -> bool:
    if text in _TRUE or text in _FALSE:
        return text in _TRUE
    raise ValueError("neither true nor false")


def _hint_bool(text: str) -> str:
    words = {"yes": "true", "on": "true", "y": "true", "no": "false", "off": "false", "n": "false"}
    return words.get(text.strip().lower(), "")


BOOL: Final = Kind(
    "",
    "true, false, and as in Go: 1, 0, t, f, T, F, TRUE, FALSE, True, False",
    _parse_bool,
    lambda value: "true" if value else "false",
    switch=True,
    hint=_hint_bool,
)

TEXT: Final = Kind("TEXT", "any text", str, _text)
HOST: Final = Kind("HOST", "a host name or an address", str, _text)
FILE: Final = Kind("FILE", "a path", str, _text)
FOLDER: Final = Kind("DIR", "a path", str, _text)


def whole(name: str, low: int, high: int, *, note: str = "") -> Kind:
    """A whole number from `low` to `high`, decimal digits only; `note` says what a special number means."""
    accepted = f"a whole number from {low} to {high}" + (f" ({note})" if note else "")

    def parse(text: str) -> int:
        digits = text[1:] if text.startswith(("-", "+")) else text
        if not digits or not _DIGITS.issuperset(digits):
            raise ValueError("not a whole number in decimal digits")
        if digits.startswith("0") and digits != "0":
            raise ValueError("a leading zero, which would be octal in Go")
        number = int(digits) if len(digits) <= MAX_DIGITS else high + 1
        number = -number if text.startswith("-") else number
        if not low <= number <= high:
            raise ValueError(f"out of range {low}…{high}")
        return number

    return Kind(name, accepted, parse, _text)


PORT: Final = whole("PORT", 1, MAX_PORT)
PORT_OR_ANY: Final = whole("PORT", 0, MAX_PORT, note="0 takes a free port")
PORT_OR_OFF: Final = whole("PORT", 0, MAX_PORT, note="0 switches it off")
COUNT: Final = whole("N", 1, 2**31 - 1)


def duration(*, least: int = 0, most: int = 0, step: int = 0, zero: str = "", reason: str = "") -> Kind:
    """A Go duration that is not negative and, unless it is 0 where `zero` says what that means, at least `least` ns.

    Also at most `most` ns, and a multiple of `step` ns, unless these are 0.
    """
    words = (("at least", least), ("at most", most), ("in steps of", step))
    limits = ", ".join(f"{word} {durations.format_duration(ns)}" for word, ns in words if ns)
    bounds = ", or ".join(each for each in (limits, zero and f"0: {zero}") if each)
    accepted = durations.ACCEPTED + (f"; {bounds}" if bounds else "")

    def parse(text: str) -> int:
        ns = durations.parse_duration(text)
        if ns < 0:
            raise ValueError("negative")
        if ns < least and not (ns == 0 and zero):
            raise ValueError(f"less than {durations.format_duration(least)}{reason and f', {reason}'}")
        if most and ns > most:
            raise ValueError(f"more than {durations.format_duration(most)}")
        if step and ns % step:
            raise ValueError(f"not in steps of {durations.format_duration(step)}")
        return ns

    return Kind("DURATION", accepted, parse, _show_duration, hint=_hint_duration)


def _show_duration(value: Value) -> str:
    return durations.format_duration(value) if isinstance(value, int) else str(value)


def _hint_duration(text: str) -> str:
    digits = text.strip()
    return f"{digits}s" if digits and _DIGITS.issuperset(digits) else ""


def choice(*words: str) -> Kind:
    """One of a few words, spelled exactly so."""

    def parse(text: str) -> str:
        if text not in words:
            raise ValueError("not one of the words this option takes")
        return text

    return Kind("|".join(words), ", ".join(words), parse, _text, hint=lambda text: _same_word(text, words))


def _same_word(text: str, words: Iterable[str]) -> str:
    return next((word for word in words if word == text.strip().lower()), "")


def _parse_list(text: str) -> tuple[str, ...]:
    """Split at commas as pflag's StringSlice does (CSV: quotes keep a comma); blanks around an item do not count."""
    text = text.strip()
    if "\n" in text or "\r" in text:
        raise ValueError("a list stands in one line")
    try:
        rows = list(csv.reader([text], strict=True, skipinitialspace=True))
    except csv.Error as error:
        raise ValueError(f"not a list: {error}") from None
    return tuple(item.strip() for row in rows for item in row if item.strip())


def _show_list(value: Value) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow(value if isinstance(value, tuple) else (value,))
    return line.getvalue()


LIST: Final = Kind("ITEM,…", "items with commas between them", _parse_list, _show_list, many=True)


MAX_UID: Final = 2**32 - 2
"""Linux's largest user id; the one above means "no change" (setreuid(2))."""

NOBODY: Final = 65534
"""What the kernel reports for every user that is unknown to our user namespace, so it names nobody."""


def _parse_uids(text: str) -> tuple[str, ...]:
    items = _parse_list(text)
    for item in items:
        if not _DIGITS.issuperset(item) or len(item) > MAX_DIGITS or int(item) > MAX_UID or str(int(item)) != item:
            raise ValueError(f"{item} is no user id")
        if int(item) == NOBODY:
            raise ValueError(f"{NOBODY} is what the kernel says for any user it cannot name")
    return items


UIDS: Final = Kind("UID,…", "user ids with commas between them, as 1337,2102", _parse_uids, _show_list, many=True)


def _parse_networks(text: str) -> tuple[str, ...]:
    return tuple(map(str, networks.parse_networks(text)))


NETWORKS: Final = Kind("CIDR,…", networks.ACCEPTED, _parse_networks, _show_list, many=True)


def _parse_levels(text: str) -> tuple[str, ...]:
    items = _parse_list(text)
    levels.parse_levels(items)
    return items


LOG_LEVELS: Final = Kind("LEVEL,…", levels.ACCEPTED, _parse_levels, _show_list, many=True)
