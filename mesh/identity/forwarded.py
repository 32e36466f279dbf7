"""The header `Forwarded` (RFC 7239), from which a Linkerd multicluster gateway's caller is read.

The gateway ends the caller's mTLS and begins its own, so that `l5d-client-id` names the gateway; it appends
`by=GATEWAY;for=CALLER;host=...;proto=https` as one value more and keeps the values that were there, which are the
caller's own. So only the last element is looked at, and only where a gateway is trusted: its `by` must be that gateway.
Names are written raw, SPIFFE IDs too, which the RFC would have in quotes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import final

from mesh.identity.errors import IdentityError, shown
from mesh.identity.linkerd import LinkerdId, parse_client_id
from mesh.identity.options import IdentityOptions
from mesh.identity.quoting import closing_quote
from mesh.identity.spiffe import SpiffeId
from mesh.identity.verdict import Trail

FORWARDED = "forwarded"

MAX_FORWARDED_BYTES = 8 * 1024
"""Bytes of all values: an element of two long SPIFFE IDs takes 4 KiB, one of Linkerd's names 300 bytes."""

MAX_ELEMENTS = 32
"""Elements that are read: one for each proxy on the way."""

RULES: Mapping[str, str] = MappingProxyType(
    {
        "forwarded-missing": "Forwarded, which a Linkerd gateway appends, to say who called the trusted gateway",
        "forwarded-length": f"at most {MAX_FORWARDED_BYTES} bytes and {MAX_ELEMENTS} elements of Forwarded",
        "forwarded-character": "printable ASCII",
        "forwarded-pair": "key=value, joined by ';' in an element; quotes that close, and nothing raw that delimits",
        "forwarded-repeated-key": "each key once in an element",
        "forwarded-by": "a last element whose by= is the gateway that called",
        "forwarded-for": "for= in the gateway's element, with the caller's Linkerd name or SPIFFE ID",
        "forwarded-gateway": "a caller in front of the trusted gateways; a gateway itself is nobody's agent",
    }
)
"""Each rule that refuses Forwarded, with what would be accepted."""

_KEY = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-")
_BLANK = " \t"
_NOT_RAW = frozenset(' "=\\,;')


class ForwardedError(IdentityError):
    """A Forwarded header that does not say who called the gateway; `rule` is one of RULES."""


@final
@dataclass(frozen=True, slots=True)
class ForwardedElement:
    """What one proxy said: keys in lower case, each once."""

    pairs: tuple[tuple[str, str], ...]

    def get(self, key: str) -> str | None:
        """The value of `key`; None without."""
        return next((value for each, value in self.pairs if each == key), None)


def behind_gateways(
    gateway: SpiffeId | LinkerdId, values: Sequence[str], options: IdentityOptions, trail: Trail
) -> SpiffeId | LinkerdId:
    """Who called the trusted `gateway`, through further trusted ones; IdentityError when the header does not say.

    `values` is every value of Forwarded in this call's metadata, in order.
    """
    elements = parse_forwarded(values)
    if not elements:
        raise _refusal("forwarded-missing", f"{gateway} called, and there is no Forwarded")
    identity, place = gateway, len(elements)
    while identity in options.trusted_gateways:
        trail.note("gateway", f"{identity} is trusted to say who called it")
        if not place:
            raise _refusal("forwarded-gateway", "Forwarded names gateways only")
        place -= 1
        identity = _caller_of(identity, elements[place])
        trail.note("forwarded", f"for={identity}")
    return identity


def parse_forwarded(values: Sequence[str]) -> tuple[ForwardedElement, ...]:
    """The elements of all values in order, the nearest proxy's last; ForwardedError for what has no one reading."""
    if sum(map(len, values)) > MAX_FORWARDED_BYTES:
        raise _refusal("forwarded-length", f"there are {sum(map(len, values))} bytes")
    found: list[ForwardedElement] = []
    for value in values:
        if not (value.isascii() and value.replace("\t", " ").isprintable()):
            raise _refusal("forwarded-character", f"a value is {shown(value)}")
        found += _elements(value, room=MAX_ELEMENTS - len(found))
    return tuple(found)


def _caller_of(gateway: SpiffeId | LinkerdId, element: ForwardedElement) -> SpiffeId | LinkerdId:
    if element.get("by") != str(gateway):
        raise _refusal("forwarded-by", f"by is {shown(element.get('by') or '')} where {gateway} called")
    caller = element.get("for")
    if not caller:
        raise _refusal("forwarded-for", "there is no for")
    return parse_client_id(caller)


def _elements(value: str, *, room: int) -> list[ForwardedElement]:
    found: list[ForwardedElement] = []
    pairs: list[tuple[str, str]] = []
    at = 0
    while True:
        key, at = _read_key(value, _skip(value, at))
        if key in dict(pairs):
            raise _refusal("forwarded-repeated-key", f"{key} stands twice in an element")
        text, at = _read_value(value, at)
        pairs.append((key, text))
        at = _skip(value, at)
        ended = at == len(value)
        if ended or value[at] == ",":
            if len(found) == room:
                raise _refusal("forwarded-length", "there are more elements")
            found.append(ForwardedElement(tuple(pairs)))
            pairs = []
        elif value[at] != ";":
            raise _refusal("forwarded-pair", f"character {at + 1} follows a value")
        if ended:
            return found
        at += 1


def _skip(value: str, at: int) -> int:
    while value[at : at + 1] and value[at] in _BLANK:
        at += 1
    return at


def _read_key(value: str, at: int) -> tuple[str, int]:
    end = at
    while value[end : end + 1].lower() in _KEY:
        end += 1
    if end == at or value[end : end + 1] != "=":
        raise _refusal("forwarded-pair", f"no key= stands at character {at + 1}")
    return value[at:end].lower(), end + 1


def _read_value(value: str, at: int) -> tuple[str, int]:
    if value[at : at + 1] == '"':
        end = closing_quote(value, at + 1)
        if end is None:
            raise _refusal("forwarded-pair", f"the quote at character {at + 1} does not close")
        return _unquoted(value[at + 1 : end]), end + 1
    end = at
    while end < len(value) and value[end] not in _NOT_RAW and value[end] != "\t":
        end += 1
    if end == at:
        raise _refusal("forwarded-pair", f"no value stands at character {at + 1}")
    return value[at:end], end


def _unquoted(inner: str) -> str:
    """The text between two quotes: a backslash stands for the character after it (RFC 9110 section 5.6.4)."""
    out: list[str] = []
    at = 0
    while at < len(inner):
        at += inner[at] == "\\"
        out.append(inner[at])
        at += 1
    return "".join(out)


def _refusal(rule: str, fault: str) -> ForwardedError:
    return ForwardedError(rule, f"{fault}; accepted: {RULES[rule]}")
