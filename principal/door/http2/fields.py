"""Header fields: what RFC 9113 §8 asks of a request's, and our own as header blocks, by the `hpack` library.

Our answers are encoded without the dynamic table, so that equal answers are equal bytes for every connection, and are
remembered.
"""

import functools
from typing import Final

from hpack import Encoder

from principal.door.wire import Headers

REMEMBERED_ANSWERS: Final = 256
"""Header blocks of our own that are remembered."""

REMEMBERED_NAMES: Final = 1024
REMEMBERED_CHARACTERS: Final = 64
"""How many names of fields are remembered with what is wrong with them, and how long they may be."""

TABLE_SIZE_ZERO: Final = b"\x20"
"""Dynamic table size update to 0: what an encoder says that will not use the table (RFC 7541 §6.3)."""


def encode(headers: Headers) -> bytes:
    """A header block that needs no table and leaves none behind: it fits every connection."""
    return _encode(tuple(headers))


@functools.lru_cache(maxsize=REMEMBERED_ANSWERS)
def _encode(headers: tuple[tuple[str, str], ...]) -> bytes:
    # "Sensitive" fields are never put into a table, ours or the peer's.
    fields = [(name.encode("latin-1"), value.encode("latin-1"), True) for name, value in headers]
    return Encoder().encode(fields, huffman=False)


_TOKEN: Final = b"!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz"
"""Characters of a field name: token characters of RFC 9110 without upper case (RFC 9113 §8.2.1)."""

_FORBIDDEN: Final = ("\0", "\n", "\r")
"""Characters that no value may hold (§8.2.1)."""

_PSEUDO: Final = frozenset({":method", ":scheme", ":path", ":authority"})

_CONNECTION: Final = frozenset({"connection", "proxy-connection", "keep-alive", "transfer-encoding", "upgrade"})
"""Fields of a connection: they mean nothing in HTTP/2 (§8.2.2)."""


def field_fault(name: str, value: str) -> str | None:
    """What is wrong with one field, wherever it stands (RFC 9113 §8.2); None when nothing is."""
    fault = (_remembered if len(name) <= REMEMBERED_CHARACTERS else _name_fault)(name)
    if fault is None and name == "te" and value != "trailers":
        fault = _of_connection(name)
    if fault is None and not (value.isascii() and value.isprintable()) and any(map(value.__contains__, _FORBIDDEN)):
        fault = f"the value of {_shown(name)} holds a control character"
    if fault is None and value != value.strip(" \t"):
        fault = f"the value of {_shown(name)} begins or ends with a blank"
    return fault


def request_fault(headers: Headers) -> str | None:
    """What is wrong with the pseudo-headers of a request (§8.3.1); None when nothing is."""
    pseudo: dict[str, str] = {}
    regular = False
    for name, value in headers:
        if name[:1] != ":":
            regular = True
        elif regular:
            return f"pseudo-header {_shown(name)} after a regular field"
        elif name not in _PSEUDO:
            return f"pseudo-header {_shown(name)}: :method, :scheme, :path and :authority are accepted"
        elif name in pseudo:
            return f"pseudo-header {_shown(name)} twice"
        else:
            pseudo[name] = value
    for name in (":method", ":scheme", ":path"):
        if not pseudo.get(name):
            return f"no {name}"
    return None


def trailer_fault(headers: Headers) -> str | None:
    """The pseudo-header that a request's trailers hold, in words; None when they hold none."""
    return next((f"pseudo-header {_shown(name)} in trailers" for name, _ in headers if name[:1] == ":"), None)


def _name_fault(name: str) -> str | None:
    if name[:1] == ":":
        return None  # which ones there may be, and where, is asked of the whole list
    if not name or name.encode("latin-1", "replace").translate(None, _TOKEN):
        return f"field name {_shown(name)}: lower-case token characters are accepted"
    return _of_connection(name) if name in _CONNECTION else None


_remembered: Final = functools.lru_cache(maxsize=REMEMBERED_NAMES)(_name_fault)


def _of_connection(name: str) -> str:
    return f"field {_shown(name)} belongs to a connection of HTTP/1.1"


def _shown(name: str) -> str:
    return ascii(name[:40])
