r"""The quoted values of an XFCC header.

Envoy puts Subject between double quotes as OpenSSL prints it (RFC 2253): special characters behind a backslash, bytes
beyond ASCII as a backslash and two hex digits. Both are undone here, and nothing else is taken for an escape.
"""

import string

from mesh.identity.errors import IdentityError

_SPECIAL = frozenset('"\\,;+<>#= ')
"""What RFC 2253 and RFC 4514 put a backslash before."""

_HEX = frozenset(string.hexdigits)
_MUST_ESCAPE = frozenset('"\\,;+<>')


class QuotingError(IdentityError):
    """An escape that means nothing, or a value that is not printable text."""


def closing_quote(text: str, start: int) -> int | None:
    """Where the quoted value that begins at `start` ends: the next quote that no backslash escapes; None without."""
    at, quote_at = start, -1
    while True:
        if quote_at < at:
            quote_at = text.find('"', at)
            if quote_at < 0:
                return None
        backslash = text.find("\\", at, quote_at)
        if backslash < 0:
            return quote_at
        at = backslash + 2


def unquote(inner: str) -> str:
    """What the text between two quotes means; QuotingError for an unknown escape or a result that is not printable."""
    if "\\" not in inner:
        return inner
    out = bytearray()
    at = 0
    while (backslash := inner.find("\\", at)) >= 0:
        out += inner[at:backslash].encode("ascii")
        meaning, at = _escape(inner, backslash + 1)
        out.append(meaning)
    out += inner[at:].encode("ascii")
    try:
        value = out.decode("utf-8")
    except UnicodeDecodeError:
        raise QuotingError("xfcc-unprintable", "the value is not UTF-8") from None
    if not value.isprintable():
        raise QuotingError("xfcc-unprintable", "the value has a character that cannot be printed")
    return value


def quote(value: str) -> str:
    """`value` between quotes, escaped so that `unquote` gives it back."""
    return f'"{"".join(map(_escaped, value))}"'


def _escape(inner: str, at: int) -> tuple[int, int]:
    """The byte that the escape after a backslash means, and where the text goes on."""
    if inner[at] in _SPECIAL:
        return ord(inner[at]), at + 1
    pair = inner[at : at + 2]
    if len(pair) == 2 and _HEX.issuperset(pair):
        return int(pair, 16), at + 2
    raise QuotingError("xfcc-escape", f"the backslash before {inner[at]!r} escapes nothing")


def _escaped(character: str) -> str:
    if character in _MUST_ESCAPE:
        return f"\\{character}"
    return character if character.isascii() else "".join(f"\\{byte:02X}" for byte in character.encode("utf-8"))
