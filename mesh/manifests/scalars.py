"""What a plain scalar means: YAML 1.1 as Kubernetes reads it.

Kubernetes reads YAML with sigs.k8s.io/yaml, which is go-yaml v2 followed by a trip through JSON. So, for plain
scalars: `yes`, `on`, `y` and their like are booleans; `010` is 8, `0o10` too, `1_000` is 1000; `1e3` and `1.0` are
whole numbers; `12:30:45` and `2024-01-01` are strings (no sexagesimal numbers, no timestamps); so is `=`. Whole
numbers outside int64 become floats. What JSON cannot say (`.nan`, `.inf`) is refused. The rules were read from
goyaml.v2's resolve.go.
"""

import base64
import binascii
import math
from collections.abc import Callable
from typing import Any, Final

Scalar = str | int | float | bool | None

TAG: Final = "tag:yaml.org,2002:"
"""What `!!` stands for."""

MERGE: Final = "<<"
"""The plain key that takes in the entries of other mappings."""

MIN_INT: Final = -(2**63)
"""The smallest whole number that Kubernetes keeps as one (int64)."""

MAX_INT: Final = 2**63 - 1
"""The largest such number."""

MAX_DIGITS: Final = 309
"""Decimal digits of the largest double; a longer whole number has no value in JSON as Go reads it."""


class ScalarError(ValueError):
    """A scalar that has no JSON value."""


def _spellings(value: bool | None, *words: str) -> dict[str, Scalar]:
    return {form: value for word in words for form in (word, word.capitalize(), word.upper())}


WORDS: Final[dict[str, Scalar]] = {
    **_spellings(True, "true", "yes", "on", "y"),
    **_spellings(False, "false", "no", "off", "n"),
    **_spellings(None, "null", "", "~"),
}
"""Plain scalars with a meaning of their own."""

_NOT_FINITE: Final = frozenset(sign + word for sign in ("", "+", "-") for word in (".inf", ".Inf", ".INF")) | {
    ".nan",
    ".NaN",
    ".NAN",
}

HINTS: Final = frozenset("+-0123456789yYnNtTfFoO~.")
"""First characters of the plain scalars that may be something else than a string."""

_NUMBER_STARTS: Final = frozenset("+-0123456789.")
_FLOAT_CHARACTERS: Final = frozenset("0123456789+-.eE")
_BASES: Final = {"0x": 16, "0X": 16, "0o": 8, "0O": 8, "0b": 2, "0B": 2}
_DIGITS: Final = {
    16: frozenset("0123456789abcdefABCDEF"),
    10: frozenset("0123456789"),
    8: frozenset("01234567"),
    2: frozenset("01"),
}


def resolve(text: str) -> Scalar:
    """Return the value of the plain scalar `text`, the text itself when it means nothing else; ScalarError."""
    if text in WORDS:
        return WORDS[text]
    if text[0] not in _NUMBER_STARTS:
        return text
    if text in _NOT_FINITE:
        raise ScalarError(f"{text} has no value in JSON; write it in quotes if text is meant")
    if text[0] == ".":
        return _float(text, text)
    plain = text.replace("_", "")
    whole = _whole(plain)
    return _float(plain, text) if whole is None else whole


def tagged(tag: str, text: str) -> Scalar:
    """Return the value of the scalar `text` with the explicit `tag`; ScalarError when they do not go together.

    Unknown tags mean nothing, as in Kubernetes: the scalar is a string.
    """
    convert = _TAGS.get(tag.removeprefix(TAG)) if tag.startswith(TAG) else None
    return text if convert is None else convert(text)


def number(value: float) -> int | float:
    """Return `value` as Kubernetes keeps it: whole if it is whole and fits an int64, else a float; ScalarError."""
    if isinstance(value, int):
        if MIN_INT <= value <= MAX_INT:
            return value
        try:
            return float(value)
        except OverflowError:
            raise ScalarError("a number beyond the largest double") from None
    if not math.isfinite(value):
        raise ScalarError("a number that is infinite or none has no value in JSON")
    return int(value) if value.is_integer() and MIN_INT <= value <= MAX_INT else value


def whole(digits: str) -> int | float:
    """Return the number that decimal `digits`, perhaps with a sign, say; ScalarError when it is too large."""
    if len(digits) > MAX_DIGITS + 1:
        raise ScalarError("a number beyond the largest double")
    return number(int(digits))


def key_text(value: Scalar) -> str:
    """Return what a mapping's key becomes in JSON, where every key is text: `on:` is `"true"`; ScalarError for null."""
    if isinstance(value, str):
        return value
    if value is None:
        raise ScalarError("null cannot be a key; write it in quotes if text is meant")
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _whole(plain: str) -> int | float | None:
    sign, body = (plain[0], plain[1:]) if plain[0] in "+-" else ("", plain)
    base = _BASES.get(body[:2])
    if base is not None:
        body = body[2:]
    else:
        base = 8 if len(body) > 1 and body[0] == "0" else 10
    if not body or not _DIGITS[base].issuperset(body):
        return None
    if base == 10:
        return whole(sign + body)
    return number(int(sign + body, base))


def _float(plain: str, text: str) -> Scalar:
    if not _FLOAT_CHARACTERS.issuperset(plain):
        return text
    try:
        value = float(plain)
    except ValueError:
        return text
    return number(value) if math.isfinite(value) else text


def _of_type(*types: type) -> Callable[[str], Scalar]:
    def convert(text: str) -> Scalar:
        value = resolve(text) if text else None
        if type(value) not in types:
            raise ScalarError(f"the tag does not fit the value {text[:40]!r}")
        return value

    return convert


def _binary(text: str) -> str:
    try:
        return base64.b64decode("".join(text.split()), validate=True).decode("utf-8", "replace")
    except (binascii.Error, ValueError):
        raise ScalarError("the tag !!binary stands before something that is not base64") from None


_TAGS: Final[dict[str, Callable[[str], Any]]] = {
    "bool": _of_type(bool),
    "int": _of_type(int),
    "float": _of_type(int, float),
    "null": _of_type(type(None)),
    "binary": _binary,
}
