"""Just enough DER to reach a certificate's subject as it was written: string types and order kept.

Libraries decode names into their own types and lose what Go's text form depends on. Strict as Go's cryptobyte: definite
lengths in their shortest form, tags below 31, nothing after the end.
"""

from collections.abc import Iterator
from typing import Final, NamedTuple

from principal.auth.errors import RefusedError

SEQUENCE: Final = 0x30
SET: Final = 0x31
OBJECT_IDENTIFIER: Final = 0x06
INTEGER: Final = 0x02
VERSION: Final = 0xA0

MAX_ARC: Final = 2**31 - 1
"""Largest number in an object identifier that Go reads (its int32)."""


class Element(NamedTuple):
    """One value: its tag and its content."""

    tag: int
    content: bytes


def elements(data: bytes) -> Iterator[Element]:
    """The values that stand one after another in `data`; RefusedError where that is not DER."""
    place = 0
    while place < len(data):
        tag = data[place]
        if tag & 0x1F == 0x1F:
            raise _refusal("a tag above 30")
        length, start = _length(data, place + 1)
        end = start + length
        if end > len(data):
            raise _refusal("a value that is cut off")
        yield Element(tag, data[start:end])
        place = end


def only(data: bytes, tag: int) -> bytes:
    """The content of the one value in `data`, which must have `tag`."""
    found = list(elements(data))
    if len(found) != 1 or found[0].tag != tag:
        raise _refusal(f"other than one value of tag {tag:#04x}")
    return found[0].content


def subject(certificate: bytes) -> bytes:
    """The content of the subject (an RDNSequence) of a certificate in DER."""
    parts = list(elements(only(certificate, SEQUENCE)))
    if not parts or parts[0].tag != SEQUENCE:
        raise _refusal("no TBSCertificate")
    fields = [part for part in elements(parts[0].content) if part.tag != VERSION]
    # After the version: serial number, algorithm, issuer, validity, subject (RFC 5280, 4.1).
    if [part.tag for part in fields[:5]] != [INTEGER, SEQUENCE, SEQUENCE, SEQUENCE, SEQUENCE]:
        raise _refusal("a TBSCertificate without subject")
    return fields[4].content


def object_identifier(content: bytes) -> str:
    """The dotted form of an object identifier."""
    arcs: list[int] = []
    value, fresh = 0, True
    for byte in content:
        if fresh and byte == 0x80:
            raise _refusal("an object identifier with a leading zero")
        value, fresh = value << 7 | byte & 0x7F, not byte & 0x80
        if value > MAX_ARC:
            raise _refusal("an object identifier with a huge number")
        if fresh:
            arcs.append(value)
            value = 0
    if not fresh or not arcs:
        raise _refusal("an object identifier that is cut off")
    first = min(arcs[0] // 40, 2)
    return ".".join(map(str, (first, arcs[0] - 40 * first, *arcs[1:])))


def _length(data: bytes, place: int) -> tuple[int, int]:
    """A length at `place`, and where the content begins."""
    if place >= len(data):
        raise _refusal("a value without length")
    short = data[place]
    if short < 0x80:
        return short, place + 1
    end = place + 1 + (short & 0x7F)
    digits = data[place + 1 : end]
    length = int.from_bytes(digits, "big")
    if not 1 <= len(digits) <= 4 or len(digits) != short & 0x7F or digits[0] == 0 or length < 0x80:
        raise _refusal("a length that is not in its shortest form")
    return length, end


def _refusal(fault: str) -> RefusedError:
    return RefusedError("certificate-unreadable", f"the certificate has {fault}; accepted: DER as RFC 5280 writes it")
