"""A certificate's subject as Go writes it: `pkix.Name.String()`, which argocd-agent's regexes were written against.

That is nearly RFC 2253, and not quite. Go sorts nine attributes it knows into fields (several of a kind become one part
joined by `+`; of common name and serial number the last one wins), writes the fields in a fixed order from the end of
its own list, and puts all other attributes after them, last one first, as `OID=#` and the hex of the value encoded
anew. A string type that Go does not read makes the whole certificate unreadable, here as there.
"""

import string
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from principal.auth import der
from principal.auth.errors import RefusedError

COMMON_NAME: Final = "2.5.4.3"
SERIAL_NUMBER: Final = "2.5.4.5"

FIELDS: Final[Mapping[str, str]] = MappingProxyType(
    {
        SERIAL_NUMBER: "SERIALNUMBER",
        COMMON_NAME: "CN",
        "2.5.4.11": "OU",
        "2.5.4.10": "O",
        "2.5.4.17": "POSTALCODE",
        "2.5.4.9": "STREET",
        "2.5.4.7": "L",
        "2.5.4.8": "ST",
        "2.5.4.6": "C",
    }
)
"""The attributes that Go knows, in the order in which it writes them."""

_ONCE: Final = frozenset({SERIAL_NUMBER, COMMON_NAME})
"""Fields that hold one text: a later one replaces an earlier one, and an empty one is not written."""

_PRINTABLE: Final = frozenset(string.ascii_letters + string.digits + " '()+,-./:=?")
"""PrintableString's own alphabet, which Go writes."""

_PRINTABLE_READ: Final = _PRINTABLE | frozenset("*&")
"""What Go reads as PrintableString: two more, which real certificates have."""

_NUMERIC: Final = frozenset(string.digits + " ")

_ESCAPED: Final = frozenset(',+"\\<>;')

Attribute = tuple[str, str]
"""Object identifier in dotted form, and value."""


def attributes(subject: bytes) -> list[Attribute]:
    """The attributes of a subject (the content of an RDNSequence) in order; RefusedError where Go would not read it."""
    found: list[Attribute] = []
    for part in der.elements(subject):
        _expect(part, der.SET)
        for attribute in der.elements(part.content):
            _expect(attribute, der.SEQUENCE)
            pair = list(der.elements(attribute.content))
            if len(pair) != 2:
                raise _unreadable("an attribute that is no pair")
            _expect(pair[0], der.OBJECT_IDENTIFIER)
            found.append((der.object_identifier(pair[0].content), _text(pair[1])))
    return found


def common_name(found: list[Attribute]) -> str:
    """The common name as Go has it: the last one; empty if there is none."""
    return next((value for name, value in reversed(found) if name == COMMON_NAME), "")


def written(found: list[Attribute]) -> str:
    """The attributes as `pkix.Name.String()` writes them."""
    known = [_field(name, [value for each, value in found if each == name]) for name in FIELDS]
    others = [f"{name}=#{_encoded(value).hex()}" for name, value in reversed(found) if name not in FIELDS]
    return ",".join([part for part in known if part] + others)


def _field(name: str, values: list[str]) -> str:
    if name in _ONCE:
        values = [value for value in values[-1:] if value]
    return "+".join(f"{FIELDS[name]}={_escaped(value)}" for value in values)


def _escaped(value: str) -> str:
    last = len(value) - 1
    return "".join(
        f"\\{each}"
        if each in _ESCAPED or (each == " " and place in (0, last)) or (each == "#" and place == 0)
        else each
        for place, each in enumerate(value)
    )


def _encoded(value: str) -> bytes:
    """DER of a text, as Go's asn1.Marshal writes it."""
    data = value.encode()
    tag = 0x13 if _PRINTABLE.issuperset(value) else 0x0C
    if len(data) < 0x80:
        return bytes((tag, len(data))) + data
    size = (len(data).bit_length() + 7) // 8
    return bytes((tag, 0x80 | size)) + len(data).to_bytes(size, "big") + data


def _text(element: der.Element) -> str:
    read = _STRINGS.get(element.tag)
    if read is None:
        raise _unreadable(f"a text of type {element.tag:#04x}")
    try:
        return read(element.content)
    except ValueError as error:
        raise _unreadable(f"a text that its type {element.tag:#04x} cannot hold") from error


def _alphabet(allowed: frozenset[str]) -> Callable[[bytes], str]:
    def read(content: bytes) -> str:
        text = content.decode("ascii")
        if not allowed.issuperset(text):
            raise ValueError("a character outside the alphabet")
        return text

    return read


def _basic_plane(content: bytes) -> str:
    """A BMPString: two bytes a character, one NUL at the end ignored, no surrogates and no noncharacters."""
    if len(content) % 2:
        raise ValueError("half a character")
    text = content.removesuffix(b"\0\0").decode("utf-16-be", "surrogatepass")
    for each in map(ord, text):
        if each in (0xFFFE, 0xFFFF) or 0xFDD0 <= each <= 0xFDEF or 0xD800 <= each <= 0xDFFF or each > 0xFFFF:
            raise ValueError("a reserved character")
    return text


_STRINGS: Final[Mapping[int, Callable[[bytes], str]]] = MappingProxyType(
    {
        0x0C: lambda content: content.decode("utf-8"),
        0x12: _alphabet(_NUMERIC),
        0x13: _alphabet(_PRINTABLE_READ),
        # T.61, read as Latin-1: what Go and BoringSSL do.
        0x14: lambda content: content.decode("latin-1"),
        0x16: lambda content: content.decode("ascii"),
        0x1E: _basic_plane,
    }
)
"""String types that Go reads, by tag: UTF8, Numeric, Printable, T61, IA5 and BMPString."""


def _expect(element: der.Element, tag: int) -> None:
    if element.tag != tag:
        raise _unreadable(f"a value of type {element.tag:#04x} in place of {tag:#04x}")


def _unreadable(fault: str) -> RefusedError:
    return RefusedError(
        "certificate-unreadable", f"the certificate's subject has {fault}; accepted: a name that Go reads"
    )
