"""The header `x-forwarded-client-cert`, read strictly.

Grammar (Envoy, "HTTP header manipulation", x-forwarded-client-cert): elements joined by `,`, one for each hop that
appended itself, nearest hop last; an element is pairs joined by `;`; a pair is `Key=value`, its key in any case, its
value quoted when it holds a delimiter. Whatever has two readings is refused, since By, URI and DNS are written raw from
a certificate and the front of the header may come from the caller: a quote that does not close, text after a closing
quote, a delimiter, space or backslash outside quotes, an empty pair or element, an unknown key, a second Hash.

Unknown keys are refused: Envoy has written the same seven since it has written the header, so another one is either
somebody else's text or a meaning that nobody here has weighed.

Reading takes time linear in the header's length: no position is looked at more than a fixed number of times.
"""

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from mesh.identity.element import (
    KEYS,
    MAX_ELEMENTS,
    MAX_XFCC_BYTES,
    REPEATABLE,
    RULES,
    XfccElement,
    XfccError,
    refusal,
)
from mesh.identity.errors import shown
from mesh.identity.quoting import QuotingError, closing_quote, quote, unquote

__all__ = [
    "KEYS",
    "MAX_ELEMENTS",
    "MAX_XFCC_BYTES",
    "REPEATABLE",
    "RULES",
    "XfccElement",
    "XfccError",
    "format_xfcc",
    "parse_xfcc",
]

_QUOTED = frozenset({"Cert", "Chain", "Subject"})
_CANONICAL: Mapping[str, str] = MappingProxyType({key.lower(): key for key in KEYS})
_LONGEST_KEY = max(map(len, KEYS))
_NOT_UNQUOTED = frozenset(' "=\\')
"""Printable characters that an unquoted value may not hold, besides the two delimiters that end it."""


def parse_xfcc(text: str) -> tuple[XfccElement, ...]:
    """The elements of the header's one value, in its order (nearest hop last); at least one. XfccError otherwise."""
    _check_text(text)
    elements: list[XfccElement] = []
    pairs: list[tuple[str, str]] = []
    at = 0
    while True:
        key, at = _read_key(text, at, first=not pairs)
        value, at = _read_value(text, at)
        pairs.append((key, value))
        ended = at == len(text)
        if ended or text[at] == ",":
            if len(elements) == MAX_ELEMENTS:
                raise refusal("xfcc-elements", "there are more elements")
            elements.append(XfccElement(tuple(pairs)))
            pairs = []
        if ended:
            return tuple(elements)
        at += 1


def format_xfcc(elements: Iterable[XfccElement]) -> str:
    """The header's text for `elements`, as Envoy writes it; other values than Envoy's are quoted where they must be."""
    return ",".join(";".join(f"{key}={_format_value(key, value)}" for key, value in each.pairs) for each in elements)


def _check_text(text: str) -> None:
    if not text:
        raise refusal("xfcc-empty", "the header is empty")
    if len(text) > MAX_XFCC_BYTES:
        raise refusal("xfcc-length", f"the header has {len(text)} bytes")
    if not (text.isascii() and text.isprintable()):
        place = next(place for place, each in enumerate(text) if not (each.isascii() and each.isprintable()))
        raise refusal("xfcc-character", f"character {place + 1} is {text[place]!a}")


def _read_key(text: str, at: int, *, first: bool) -> tuple[str, int]:
    """The key that begins at `at`, canonical, and where its value begins."""
    if at == len(text) or text[at] in ",;":
        # Nothing between two delimiters: an element is missing only when no pair of it was read.
        element = first and text[at : at + 1] != ";"
        raise refusal(f"xfcc-empty-{'element' if element else 'pair'}", f"nothing stands at character {at + 1}")
    # Bounded, so that a header of keys without values is not searched to its end for each of them.
    equals = text.find("=", at, at + _LONGEST_KEY + 1)
    key = _CANONICAL.get(text[at:equals].lower()) if equals > 0 else None
    if key is None:
        raise refusal("xfcc-unknown-key", f"{shown(text[at : at + _LONGEST_KEY + 1])} at character {at + 1} is no key")
    return key, equals + 1


def _read_value(text: str, at: int) -> tuple[str, int]:
    """The value that begins at `at`, unquoted, and where the delimiter after it (or the end) stands."""
    return _read_quoted(text, at) if text[at : at + 1] == '"' else _read_unquoted(text, at)


def _read_unquoted(text: str, at: int) -> tuple[str, int]:
    end = text.find(";", at)
    if end < 0:
        # To the end of the header: so far for one pair of each element at most, and there are few elements.
        end = len(text)
    comma = text.find(",", at, end)
    if comma >= 0:
        end = comma
    value = text[at:end]
    if not _NOT_UNQUOTED.isdisjoint(value):
        place = next(place for place, each in enumerate(value, start=at) if each in _NOT_UNQUOTED)
        raise refusal("xfcc-unquoted-character", f"character {place + 1} is {text[place]!r} outside quotes")
    return value, end


def _read_quoted(text: str, at: int) -> tuple[str, int]:
    end = closing_quote(text, at + 1)
    if end is None:
        raise refusal("xfcc-unterminated-quote", f"the quote at character {at + 1} does not close")
    try:
        value = unquote(text[at + 1 : end])
    except QuotingError as error:
        raise refusal(error.rule, f"after the quote at character {at + 1}, {error}") from None
    after = end + 1
    if after < len(text) and text[after] not in ",;":
        raise refusal("xfcc-text-after-quote", f"character {after + 1} follows a closing quote")
    return value, after


def _format_value(key: str, value: str) -> str:
    plain = value.isascii() and not any(each in _NOT_UNQUOTED or each in ",;" for each in value)
    return value if plain and key not in _QUOTED else quote(value)
