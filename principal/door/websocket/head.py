"""The head of an HTTP/1.1 request, read strictly: what two readers could understand differently is refused.

RFC 9112 lets servers be lenient with line ends, folded lines and spaces. Every such leniency is how requests have been
smuggled past proxies, and nobody who speaks to this port needs one.
"""

from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from principal.door.websocket.answers import RequestError
from principal.door.websocket.limits import Limits

_END: Final = b"\r\n\r\n"
_TOKEN: Final = frozenset("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
"""Characters of a header's name and a method (RFC 9110 §5.6.2)."""

_TARGET: Final = frozenset(chr(code) for code in range(0x21, 0x7F) if chr(code) not in '"#<>\\^`{|}')
"""Characters of a target in origin form (RFC 3986)."""

_VALUE: Final = frozenset(chr(code) for code in (9, *range(0x20, 0x7F), *range(0x80, 0x100)))
"""Characters of a header's value (RFC 9110 §5.5): no controls but the tab."""

_SPACES: Final = " \t"


@dataclass(frozen=True, slots=True)
class Head:
    """A request's head: names in lower case, values as latin-1 without the spaces around them, in wire order."""

    method: str
    target: str
    headers: tuple[tuple[str, str], ...]

    def values(self, name: str) -> tuple[str, ...]:
        """Every value of header `name` (lower case)."""
        return tuple(value for key, value in self.headers if key == name)


class HeadReader:
    """Gathers bytes until a request's head is complete."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._buffer = bytearray()
        self._searched = 0

    def feed(self, data: bytes) -> tuple[Head, bytes] | None:
        """The head and what came after it, once it is complete; RequestError when it is none that we read."""
        self._buffer += data
        end = self._buffer.find(_END, self._searched)
        if end < 0 and len(self._buffer) <= self._limits.max_head:
            self._searched = max(0, len(self._buffer) - len(_END) + 1)
            return None
        if end < 0 or end + len(_END) > self._limits.max_head:
            raise RequestError(
                HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
                f"The request's head is longer than {self._limits.max_head} bytes.",
            )
        head, rest = bytes(self._buffer[:end]), bytes(self._buffer[end + len(_END) :])
        self._buffer.clear()
        return parse_head(head, self._limits), rest


def parse_head(data: bytes, limits: Limits) -> Head:
    """A head from its lines, without the empty one that ends them; RequestError when it breaks a rule."""
    first, *lines = data.decode("latin-1").split("\r\n")
    if len(lines) > limits.max_headers:
        raise RequestError(
            HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
            f"The request has {len(lines)} header lines; {limits.max_headers} are taken.",
        )
    method, target = _request_line(first, limits)
    return Head(method, target, tuple(_field(line, number) for number, line in enumerate(lines, start=2)))


def _request_line(line: str, limits: Limits) -> tuple[str, str]:
    parts = line.split(" ")
    if len(parts) != 3:
        raise _bad("the request line is not `METHOD TARGET VERSION` with single spaces between")
    method, target, version = parts
    if not method or not _TOKEN.issuperset(method):
        raise _bad("the method has characters that no method has")
    if version != "HTTP/1.1":
        if version in {"HTTP/1.0", "HTTP/0.9", "HTTP/2.0", "HTTP/3.0"}:
            raise RequestError(HTTPStatus.HTTP_VERSION_NOT_SUPPORTED, f"{version} is not spoken here: HTTP/1.1 is.")
        raise _bad("the request line does not end in `HTTP/1.1`")
    if len(target) > limits.max_target:
        raise RequestError(HTTPStatus.REQUEST_URI_TOO_LONG, f"The target is longer than {limits.max_target} bytes.")
    if not target.startswith("/") or not _TARGET.issuperset(target):
        raise _bad("the target is not a path: a `/` and visible ASCII characters are")
    return method, target


def _field(line: str, number: int) -> tuple[str, str]:
    name, colon, value = line.partition(":")
    if line[:1] in _SPACES:
        raise _bad(f"line {number} begins with a space: folded lines are not taken")
    if not colon or not name or not _TOKEN.issuperset(name):
        raise _bad(f"line {number} is not `Name: value`")
    value = value.strip(_SPACES)
    if not _VALUE.issuperset(value):
        raise _bad(f"line {number} has control characters, or lines end otherwise than by CR LF")
    return name.lower(), value


def _bad(what: str) -> RequestError:
    return RequestError(HTTPStatus.BAD_REQUEST, f"The request is not HTTP/1.1 as this port reads it: {what}.")
