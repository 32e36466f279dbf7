"""Header fields: what RFC 9113 §8 asks of a request's, and our own as header blocks, by the `hpack` library.

Our answers are encoded without the dynamic table, so that equal answers are equal bytes for every connection, and are
remembered.
"""

import functools
from collections.abc import Iterable
from typing import Final

from hpack import Encoder

from principal.door.http2.decoding import FIELD_OVERHEAD
from principal.door.wire import Headers

REMEMBERED_ANSWERS: Final = 256
"""Header blocks of our own that are remembered."""

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


def list_bytes(fields: Iterable[tuple[bytes, bytes]]) -> int:
    """Size of a header list as RFC 9113 §6.5.2 counts it."""
    return sum(len(name) + len(value) + FIELD_OVERHEAD for name, value in fields)


_TOKEN: Final = bytes(sorted(set(b"!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz")))
"""Characters of a field name: token characters of RFC 9110 without upper case (RFC 9113 §8.2.1)."""

_FORBIDDEN: Final = bytes((0, 10, 13))
"""Bytes that no value may hold: NUL, LF, CR (§8.2.1)."""

_PSEUDO: Final = frozenset({b":method", b":scheme", b":path", b":authority"})

_CONNECTION: Final = frozenset({b"connection", b"proxy-connection", b"keep-alive", b"transfer-encoding", b"upgrade"})
"""Fields of a connection: they mean nothing in HTTP/2 (§8.2.2)."""


def request_fault(fields: list[tuple[bytes, bytes]]) -> str | None:
    """What makes a request malformed (§8.1.1), None when it is well formed."""
    pseudo: dict[bytes, bytes] = {}
    regular = False
    for name, value in fields:
        if name[:1] == b":":
            if regular:
                return f"pseudo-header {_shown(name)} after a regular field"
            if name not in _PSEUDO:
                return f"pseudo-header {_shown(name)}: :method, :scheme, :path and :authority are accepted"
            if name in pseudo:
                return f"pseudo-header {_shown(name)} twice"
            pseudo[name] = value
        else:
            regular = True
            fault = _name_fault(name, value)
            if fault is not None:
                return fault
        if _bad_value(value):
            return f"the value of {_shown(name)} holds a control character or begins or ends with a blank"
    return _pseudo_fault(pseudo)


def trailer_fault(fields: list[tuple[bytes, bytes]]) -> str | None:
    """What makes a request's trailers malformed, None when they are well formed."""
    for name, value in fields:
        if name[:1] == b":":
            return f"pseudo-header {_shown(name)} in trailers"
        fault = _name_fault(name, value)
        if fault is not None:
            return fault
        if _bad_value(value):
            return f"the value of {_shown(name)} holds a control character or begins or ends with a blank"
    return None


def text(fields: Iterable[tuple[bytes, bytes]]) -> Headers:
    """Fields as text."""
    return [(str(name, "latin-1"), str(value, "latin-1")) for name, value in fields]


def _name_fault(name: bytes, value: bytes) -> str | None:
    if not name or name.translate(None, _TOKEN):
        return f"field name {_shown(name)}: lower-case token characters are accepted"
    if name in _CONNECTION or (name == b"te" and value != b"trailers"):
        return f"field {_shown(name)} belongs to a connection of HTTP/1.1"
    return None


def _bad_value(value: bytes) -> bool:
    return (
        len(value) != len(value.translate(None, _FORBIDDEN))
        or value[:1] in (b" ", b"\t")
        or value[-1:] in (b" ", b"\t")
    )


def _pseudo_fault(pseudo: dict[bytes, bytes]) -> str | None:
    for name in (b":method", b":scheme", b":path"):
        if not pseudo.get(name):
            return f"no {name.decode()}"
    return None


def _shown(name: bytes) -> str:
    return ascii(str(name[:40], "latin-1"))
