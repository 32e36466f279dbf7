"""What a gRPC call says in its headers, and what we say in ours (grpc/doc/PROTOCOL-HTTP2.md).

Pure, and the same for every wire: field names and values have passed HTTP's own rules before they come here. The two
doors must agree on what a header says, or an identity would depend on the way in: metadata is read as grpcio reads it.
"""

import base64
import binascii
from collections.abc import Iterable
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from principal.door.wire import Headers
from principal.rpc import Code, Status

CONTENT_TYPE: Final = "application/grpc"
ENCODINGS: Final = ("identity", "gzip")
"""What messages may be encoded with, either way."""

ACCEPTED_ENCODINGS: Final = ",".join(ENCODINGS)

BINARY: Final = "-bin"
"""How the names of metadata end whose values are bytes, base64 on the wire."""

MAX_METADATA: Final = 512
"""Entries of one call's metadata, where a comma in a `-bin` field begins another: 60,000 of them fit into one header
list, for thirty bytes where HPACK's table repeats them, and would cost 50 ms and 4 MB."""

MAX_TIMEOUT_DIGITS: Final = 8
"""Digits of a timeout, by the protocol."""

MAX_DETAIL_BYTES: Final = 4096
"""Bytes of a percent-encoded grpc-message. Clients may refuse trailers of more than 8 KiB and would then report that
instead of the status, on which argocd-agent's agents don't reconnect."""

UNITS: Final = MappingProxyType({"n": 1e-9, "u": 1e-6, "m": 1e-3, "S": 1.0, "M": 60.0, "H": 3600.0})
"""Seconds of each unit of a timeout."""

OWNED: Final = frozenset(
    {
        ":method",
        ":scheme",
        ":path",
        ":authority",
        "te",
        "content-type",
        "grpc-timeout",
        "grpc-encoding",
        "grpc-accept-encoding",
        "grpc-message-type",
        "grpc-status",
        "grpc-message",
    }
)
"""Fields that belong to HTTP or to gRPC; no handler gets them. Other names with `grpc-` are reserved, but an error for
nobody: they are handed on, as every implementation does."""


class Refused(Exception):  # noqa: N818 - it reads as what happened
    """A request is no call that can be served. `status` is None where HTTP's status says it all."""

    def __init__(self, http_status: int, why: str, status: Status | None = None) -> None:
        super().__init__(why)
        self.http_status = http_status
        self.status = status


@dataclass(frozen=True, slots=True)
class Request:
    """The headers of one call."""

    method: str
    """Full path, as `/authapi.Authentication/Authenticate`. Any text: a service knows its methods."""
    metadata: tuple[tuple[str, str], ...]
    """In wire order, without what belongs to the protocol. Values of `-bin` names are bytes, read as latin-1."""
    timeout: float | None
    """Seconds that the caller waits; None is for ever."""
    encoding: str
    """One of ENCODINGS: how messages that are flagged as compressed are."""
    answer_encoding: str = "identity"
    """How ours may be: as the caller's are, unless it says that it takes none such."""


def read_request(headers: Headers) -> Request:
    """Read a request's fields; Refused when it is no call, or not one that can be served.

    `te: trailers` is not asked for. It is there to find proxies that lose trailers; a proxy that strips it as the
    hop-by-hop field that it is in HTTP/1.1 may pass trailers all the same, and the caller notices when they are lost.
    """
    fields: dict[str, str] = {}
    metadata: list[tuple[str, str]] = []
    decoded: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for field in headers:
        name, value = field
        if name in OWNED:
            known = fields.setdefault(name, value)
            if known is not value:
                fields[name] = _again(name, known, value)
        elif value.isascii() and not name.endswith(BINARY):
            metadata.append(field)
        else:
            # Once for equal fields: in HPACK one byte repeats four kilobytes, in memory an emoji makes sixteen of them.
            if field not in decoded:
                decoded[field] = _decoded(name, value)
            metadata += decoded[field]
            if len(metadata) > MAX_METADATA:
                raise _too_many(name)
    if fields.get(":method") != "POST":
        raise Refused(405, f"the method is {fields.get(':method')!r}; accepted: POST")
    _check_content_type(fields.get("content-type"))
    encoding = _encoding(fields.get("grpc-encoding", "identity"))
    return Request(
        fields.get(":path", ""),
        tuple(metadata),
        _timeout(fields.get("grpc-timeout")),
        encoding,
        encoding if encoding != "identity" and _takes(encoding, headers) else "identity",
    )


def parse_timeout(text: str) -> float:
    """Seconds of a `grpc-timeout`: one to eight digits and a unit, as `100m`; ValueError. 0: the deadline is over."""
    digits, unit = text[:-1], text[-1:]
    if not 1 <= len(digits) <= MAX_TIMEOUT_DIGITS or not (digits.isascii() and digits.isdigit()) or unit not in UNITS:
        raise ValueError(f"{text[:32]!r} is no timeout; accepted: 1 to 8 digits and one of {', '.join(UNITS)}")
    return int(digits) * UNITS[unit]


def response_headers(metadata: Iterable[tuple[str, str]] = (), *, encoding: str = "identity") -> Headers:
    """The headers before the first message. `encoding` is how those are compressed that are."""
    headers = [(":status", "200"), ("content-type", CONTENT_TYPE), ("grpc-accept-encoding", ACCEPTED_ENCODINGS)]
    if encoding != "identity":
        headers.append(("grpc-encoding", encoding))
    headers += map(_sendable, metadata)
    return headers


def trailers(status: Status) -> Headers:
    """The fields that end an answer."""
    headers = [("grpc-status", str(int(status.code)))]
    if status.message:
        headers.append(("grpc-message", percent_encode(status.message, most=MAX_DETAIL_BYTES)))
    headers += map(_sendable, status.trailers)
    return headers


def trailers_only(status: Status) -> Headers:
    """An answer that is nothing but its end."""
    return [(":status", "200"), ("content-type", CONTENT_TYPE), *trailers(status)]


def refusal_headers(refused: Refused) -> Headers:
    """The whole answer to a request that is refused: in gRPC's words where it speaks gRPC, in HTTP's where not."""
    if refused.status is not None:
        headers = trailers_only(refused.status)
        if refused.status.code is Code.UNIMPLEMENTED:
            headers.append(("grpc-accept-encoding", ACCEPTED_ENCODINGS))
        return headers
    # RFC 9110: a 405 tells the methods (§15.5.6), a 415 may tell the media types (§15.5.16).
    told = ("allow", "POST") if refused.http_status == 405 else ("accept", CONTENT_TYPE)
    return [(":status", str(refused.http_status)), told, ("content-length", "0")]


def percent_encode(text: str, *, most: int | None = None) -> str:
    """`text` as a grpc-message: UTF-8, of which all but printable ASCII is escaped, `%`, and spaces at the ends.

    With `most`, at most so many bytes: it is cut before a character that no longer fits. Half of a surrogate pair, for
    which UTF-8 has no bytes, becomes a question mark.
    """
    if most is not None:
        # Each character has one byte at least.
        text = text[:most]
    if text.isascii() and text.isprintable() and "%" not in text and text == text.strip(" "):
        return text
    out = [_PLAIN.get(char) or _escaped(char) for char in text]
    for end in (0, -1):
        if out[end] == " ":
            # HTTP fields neither begin nor end with a space (RFC 9113 §8.2.1).
            out[end] = "%20"
    return "".join(out) if most is None else _cut(out, most)


def percent_decode(text: str) -> str:
    """What a grpc-message says. Never an error: broken escapes stay as they are, what is no UTF-8 becomes U+FFFD."""
    if "%" not in text and text.isascii():
        return text
    first, *rest = text.encode("latin-1", "replace").split(b"%")
    out = bytearray(first)
    for part in rest:
        byte = _HEX.get(part[:2].lower())
        out += b"%" + part if byte is None else byte + part[2:]
    return out.decode("utf-8", "replace")


def bin_encode(value: bytes) -> str:
    """Bytes as the value of a `-bin` field, without padding."""
    return base64.b64encode(value).rstrip(b"=").decode("ascii")


def bin_decode(text: str) -> bytes:
    """Bytes of one value of a `-bin` field, padded or not; ValueError. Like grpcio: bits that say nothing must be 0."""
    bare = text[:-2] if text.endswith("==") else text.removesuffix("=")
    try:
        value = base64.b64decode(bare + "=" * (-len(bare) % 4), validate=True)
    except (binascii.Error, ValueError) as error:
        raise ValueError(f"no base64: {error}") from None
    if bin_encode(value) != bare:
        raise ValueError("no base64: bits are set beyond the last byte")
    return value


def _cut(parts: list[str], most: int) -> str:
    """As many `parts` from the start as `most` characters hold."""
    size = 0
    for index, part in enumerate(parts):
        size += len(part)
        if size > most:
            return "".join(parts[:index]).rstrip(" ")
    return "".join(parts)


def _escaped(char: str) -> str:
    return "".join(f"%{byte:02X}" for byte in char.encode("utf-8", "replace"))


_PLAIN: Final = MappingProxyType({chr(code): chr(code) for code in range(0x20, 0x7F) if chr(code) != "%"})
_HEX: Final = MappingProxyType({f"{byte:02x}".encode(): bytes([byte]) for byte in range(256)})


def _again(name: str, known: str, value: str) -> str:
    """A field of the protocol that comes a second time: where it counts, both must say the same."""
    if known != value and name != "grpc-accept-encoding":
        why = f"{name} says {known[:64]!r} and then {value[:64]!r}; accepted: one value"
        raise Refused(200, why, Status(Code.INTERNAL, why))
    return known


def _check_content_type(value: str | None) -> None:
    """Refused with 415 unless it is gRPC's, of any message format. gRPC-Web frames its messages otherwise."""
    kind = (value or "").partition(";")[0].strip().lower()
    if kind != CONTENT_TYPE and not kind.startswith(f"{CONTENT_TYPE}+"):
        raise Refused(415, f"the content-type is {(value or '')[:64]!r}; accepted: {CONTENT_TYPE}")


def _timeout(value: str | None) -> float | None:
    if value is None:
        return None
    try:
        return parse_timeout(value)
    except ValueError as error:
        raise Refused(200, f"grpc-timeout: {error}", Status(Code.INTERNAL, f"grpc-timeout: {error}")) from None


def _takes(encoding: str, headers: Headers) -> bool:
    """Whether a caller takes what it sends itself: it may say so, in one field or several, and need not."""
    listed = [part for name, value in headers if name == "grpc-accept-encoding" for part in value.split(",")]
    return not listed or encoding in (part.strip() for part in listed)


def _encoding(value: str) -> str:
    if value not in ENCODINGS:
        why = f"grpc-encoding {value[:32]!r} is not supported; accepted: {', '.join(ENCODINGS)}"
        raise Refused(200, why, Status(Code.UNIMPLEMENTED, why))
    return value


def _decoded(name: str, value: str) -> list[tuple[str, str]]:
    """The entries of a field that is binary, or not ASCII."""
    if not name.endswith(BINARY):
        return [(name, _text(value))]
    if value.count(",") >= MAX_METADATA:
        raise _too_many(name)
    return [(name, _binary(name, part)) for part in value.split(",")]


def _too_many(name: str) -> Refused:
    why = f"metadata {name[:64]}: more than {MAX_METADATA} values in one call"
    return Refused(200, why, Status(Code.RESOURCE_EXHAUSTED, why))


def _binary(name: str, value: str) -> str:
    try:
        return bin_decode(value.strip(" \t")).decode("latin-1")
    except ValueError as error:
        why = f"metadata {name[:64]}: {error}"
        raise Refused(200, why, Status(Code.INTERNAL, why)) from None


def _text(value: str) -> str:
    """A value that is not ASCII, as grpcio gives it: UTF-8 where it is that, latin-1 otherwise."""
    raw = value.encode("latin-1")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return value


def _sendable(pair: tuple[str, str]) -> tuple[str, str]:
    """Metadata of ours as a field: what a caller may have sent us can be sent back, and can't end the field."""
    name, value = pair
    if name.endswith(BINARY):
        return name, bin_encode(value.encode("latin-1"))
    if value.isascii() and value.isprintable():
        return name, value.strip(" ")
    raw = value.encode("utf-8", "replace").decode("latin-1")
    return name, "".join("?" if char < " " or char == "\x7f" else char for char in raw).strip(" ")
