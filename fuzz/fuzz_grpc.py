"""Any headers are a call or a refusal, any body is messages or an error, in whatever pieces it comes.

A target raises when a reader raises anything but its own error, when an answer could not be sent, when pieces change
what is read, or when more is inflated than may be.
"""

from collections.abc import Callable

from principal.door.messages import MessageError, MessageReader, frame
from principal.door.requests import (
    Refused,
    bin_decode,
    bin_encode,
    parse_timeout,
    percent_decode,
    percent_encode,
    read_request,
    refusal_headers,
    response_headers,
    trailers,
)
from principal.door.wire import Headers
from principal.rpc import Code, Status

CALL: Headers = [(":method", "POST"), (":path", "/a.B/C"), ("content-type", "application/grpc")]

MAX_MESSAGE = 4096
"""Bytes of a message: few, so that the limit is met."""


def headers(data: bytes) -> None:
    """Read the bytes as fields, a line each, alone and after those of a good call."""
    fields: Headers = []
    for line in data.decode("latin-1").split("\n"):
        name, _, value = line.partition("=")
        fields.append((name.lower(), value))
    for given in (fields, CALL + fields):
        try:
            request = read_request(given)
        except Refused as refused:
            _sendable(refusal_headers(refused))
            continue
        echoed = response_headers(request.metadata)
        _sendable(echoed)
        again = read_request(CALL + echoed[3:]).metadata
        if response_headers(again) != echoed:
            raise AssertionError(f"{echoed!r} became {again!r} by sending it back")


def words(data: bytes) -> None:
    """Read the bytes as each of the texts that fields hold, and write them as such."""
    text = data.decode("utf-8", "surrogatepass") if _decodes(data) else data.decode("latin-1")
    percent_decode(data.decode("latin-1"))
    _sendable(trailers(Status(Code.INTERNAL, text, (("a", text),))))
    plain = text.encode("utf-8", "replace").decode("utf-8")
    _same(percent_decode(percent_encode(text)), plain)
    most = len(text)
    cut = percent_encode(text, most=most)
    if len(cut) > most or not plain.startswith(percent_decode(cut)):
        raise AssertionError(f"{text!r} was cut to {cut!r}")
    _same(bin_decode(bin_encode(data)), data)
    for read in (parse_timeout, bin_decode):
        try:
            read(text)
        except ValueError:
            continue


def messages(data: bytes) -> None:
    """Read the bytes as a body, in one piece and in others; the first byte tells how long those are."""
    size, body = (data[0] if data else 0) + 1, data[1:]
    for encoding in ("gzip", "identity"):
        whole = _read([body], encoding)
        pieces = [body[start : start + size] for start in range(0, len(body), size)]
        _same(_read(pieces, encoding), whole)
        # Two bytes make a good prefix of the next ones: random lengths mean mostly the same, too big.
        prefixed = b"".join(bytes([piece[0] & 1, 0, 0, 0, len(piece) - 1]) + piece[1:] for piece in pieces if piece)
        _same(
            _read([prefixed[at : at + 7] for at in range(0, len(prefixed), 7)], encoding), _read([prefixed], encoding)
        )
    for packed in (False, True):
        _same(_read([frame(body[:MAX_MESSAGE], gzip=packed)], "gzip"), ([body[:MAX_MESSAGE]], None))


TARGETS: dict[str, Callable[[bytes], None]] = {
    "grpc headers": headers,
    "grpc words": words,
    "grpc messages": messages,
}


def _read(pieces: list[bytes], encoding: str) -> tuple[list[bytes], Code | None]:
    reader = MessageReader(max_message=MAX_MESSAGE, encoding=encoding)
    found: list[bytes] = []
    code = None
    try:
        for piece in pieces:
            found += reader.feed(piece)
            if reader.pending > MAX_MESSAGE + 5:
                raise AssertionError(f"{reader.pending} bytes are held")
        reader.finish()
    except MessageError as error:
        found += error.before
        code = error.status.code
    if any(len(message) > MAX_MESSAGE for message in found):
        raise AssertionError("a message is too big")
    return found, code


def _sendable(fields: Headers) -> None:
    for name, value in fields:
        value.encode("latin-1")
        if value != value.strip(" \t") or any(char in value for char in "\0\r\n"):
            raise AssertionError(f"{name}: {value!r} is no field")


def _decodes(data: bytes) -> bool:
    try:
        data.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return False
    return True


def _same(found: object, expected: object) -> None:
    if found != expected:
        raise AssertionError(f"{found!r} is not {expected!r}")
