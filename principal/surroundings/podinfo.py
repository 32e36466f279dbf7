"""Labels and annotations as Kubernetes' downward API writes them into files: `key="value"` a line, quoted as in Go.

Pure. Kubernetes writes `fmt.Sprintf("%v=%q", key, value)` in the order of the keys (pkg/fieldpath). Files are our own
pod's, but whoever may annotate it fills them, so everything is bounded and nothing raises: what cannot be read is said.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

MAX_BYTES: Final = 2 * 1024 * 1024
"""Bytes of a file that are read. Kubernetes takes 256 KiB of annotations, of which quoting makes four times as much."""

MAX_ENTRIES: Final = 10_000
"""Lines that are read."""

MAX_FAULTS: Final = 10
"""Lines that cannot be read and are told of."""

_SIMPLE: Final = {
    "a": "\a",
    "b": "\b",
    "f": "\f",
    "n": "\n",
    "r": "\r",
    "t": "\t",
    "v": "\v",
    "\\": "\\",
    '"': '"',
}
"""Go's escapes of one character (strconv.Quote)."""

_HEXADECIMAL: Final = {"x": 2, "u": 4, "U": 8}
"""Go's escapes by number, with how many digits each has."""

_DIGITS: Final = frozenset("0123456789abcdefABCDEF")


@dataclass(frozen=True, slots=True)
class PodInfo:
    """What one file says."""

    entries: Mapping[str, str]
    faults: tuple[str, ...]
    """What could not be read, each with its line."""


def parse(data: bytes) -> PodInfo:
    """The pairs in one file; of a key that comes twice, the first."""
    faults = [f"more than {MAX_BYTES} bytes"] if len(data) > MAX_BYTES else []
    lines = data[:MAX_BYTES].decode("utf-8", "replace").split("\n")
    if len(lines) > MAX_ENTRIES:
        faults.append(f"more than {MAX_ENTRIES} lines")
    found: dict[str, str] = {}
    for number, line in enumerate(lines[:MAX_ENTRIES], start=1):
        if not line:
            continue
        key, equals, quoted = line.partition("=")
        value = unquoted(quoted)
        if not key or not equals or value is None:
            faults.append(f'line {number} is not key="value"')
        else:
            found.setdefault(key, value)
    return PodInfo(found, tuple(faults[:MAX_FAULTS]))


def unquoted(text: str) -> str | None:
    """The value of a text that Go has quoted; None when it is none."""
    if len(text) < 2 or text[0] != '"' or text[-1] != '"':
        return None
    out = bytearray()
    rest = iter(text[1:-1])
    for character in rest:
        if character == '"':
            return None
        if character != "\\":
            out += character.encode("utf-8", "replace")
            continue
        name = next(rest, "")
        if name in _SIMPLE:
            out += _SIMPLE[name].encode("ascii")
            continue
        digits = "".join(next(rest, "") for _ in range(_HEXADECIMAL.get(name, 0)))
        piece = _numbered(name, digits)
        if piece is None:
            return None
        out += piece
    return out.decode("utf-8", "replace")


def _numbered(name: str, digits: str) -> bytes | None:
    """The bytes of an escape by number: `x` is one byte, `u` and `U` are characters."""
    if name not in _HEXADECIMAL or len(digits) != _HEXADECIMAL[name] or not _DIGITS.issuperset(digits):
        return None
    number = int(digits, 16)
    if name == "x":
        return bytes([number])
    return chr(number).encode("utf-8", "replace") if number <= 0x10FFFF else None
