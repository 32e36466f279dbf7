"""Which requests open a tunnel, and what its call is told of them (spec hub-protocol §4.5, RFC 6455 §4.2)."""

import base64
import binascii
from http import HTTPStatus
from typing import Final

from websockets.utils import accept_key

from principal.door.websocket.answers import SPOKEN, RequestError, head_of
from principal.door.websocket.head import Head
from principal.door.wire import Headers

SUBPROTOCOL: Final = "grpc-ws"
FLAG: Final = "--enable-websocket"
VERSION: Final = "13"
KEY_BYTES: Final = 16
MAX_SHOWN: Final = 100
"""Characters of a header that an answer repeats: more than any host's name that is not made up."""

_NOT_PASSED: Final = frozenset(
    {
        "host",  # is :authority
        "connection", "upgrade", "keep-alive", "proxy-connection",  # were about this connection
        "content-length",  # of a GET, which has none
        "te",  # is said anew below
    }
)  # fmt: skip
"""Headers that don't become metadata."""

_WEBSOCKET: Final = "sec-websocket-"

_LIKE_THIS: Final = (
    "A tunnel is opened by `GET /package.Service/Method HTTP/1.1` with `Connection: Upgrade`, `Upgrade: websocket`, "
    "`Sec-WebSocket-Version: 13`, `Sec-WebSocket-Key` and `Sec-WebSocket-Protocol: grpc-ws`."
)


def upgrade(head: Head, *, enabled: bool) -> tuple[bytes, Headers]:
    """The response that opens a tunnel, and the headers of its call; RequestError when the request opens none."""
    if head.values("transfer-encoding") or head.values("content-length") not in ((), ("0",)):
        raise _bad("it has a body: what would follow could be read as another request")
    if head.values("sec-websocket-protocol") != (SUBPROTOCOL,):
        raise _no_tunnel(head)
    if not enabled:
        raise RequestError(
            HTTPStatus.NOT_IMPLEMENTED, f"gRPC in a WebSocket is off on this principal: {FLAG} switches it on."
        )
    if head.method != "GET":
        raise RequestError(
            HTTPStatus.METHOD_NOT_ALLOWED, f"A WebSocket is opened by GET. {_LIKE_THIS}", (("Allow", "GET"),)
        )
    _check(head)
    host = _only(head, "host")
    if not host:
        raise _bad("its Host is empty")
    _check_origin(head, host)
    accept = accept_key(_key(head))
    # No sub-protocol and no extension: the library's client expects neither, and refuses what it has not offered.
    response = head_of(
        HTTPStatus.SWITCHING_PROTOCOLS,
        (("Upgrade", "websocket"), ("Connection", "Upgrade"), ("Sec-WebSocket-Accept", accept)),
    )
    return response, _call_headers(head, host)


def _check(head: Head) -> None:
    if _only(head, "connection").lower() != "upgrade":
        raise _bad("its Connection is not the one word `upgrade`")
    if _only(head, "upgrade").lower() != "websocket":
        raise _bad("its Upgrade is not `websocket`")
    if _only(head, "sec-websocket-version") != VERSION:
        raise RequestError(
            HTTPStatus.UPGRADE_REQUIRED,
            f"Only version {VERSION} of WebSocket is spoken here (RFC 6455).",
            (("Upgrade", "websocket"), ("Sec-WebSocket-Version", VERSION)),
        )


def _check_origin(head: Head, host: str) -> None:
    """A page in somebody's browser may not open tunnels to us: an Origin is another's unless it names this host."""
    origins = head.values("origin")
    if not origins:
        return
    scheme, separator, rest = origins[0].partition("://")
    if len(origins) > 1 or not scheme or not separator or rest.lower() != host.lower():
        raise RequestError(
            HTTPStatus.FORBIDDEN,
            f"The request's Origin {_shown(', '.join(origins))} is not its Host {_shown(host)}: pages of other sites "
            "open no tunnel.",
        )


def _shown(value: str) -> str:
    """A value of the request's, in an answer and in logs: not for as long as somebody likes."""
    return repr(value[:MAX_SHOWN])


def _key(head: Head) -> str:
    key = _only(head, "sec-websocket-key")
    try:
        if len(base64.b64decode(key, validate=True)) == KEY_BYTES:
            return key
    except (binascii.Error, ValueError):
        pass  # said below: whatever is wrong with it, it is no key
    raise _bad(f"its Sec-WebSocket-Key is not the base64 of {KEY_BYTES} bytes")


def _only(head: Head, name: str) -> str:
    """The value of a header that must be there once."""
    values = head.values(name)
    if len(values) != 1:
        raise _bad(f"it has {len(values)} headers {name}, where exactly one is needed")
    return values[0]


def _call_headers(head: Head, host: str) -> Headers:
    """What the call reads, as if the request had come over HTTP/2: a POST, with the metadata in wire order."""
    passed = [
        (name, value) for name, value in head.headers if name not in _NOT_PASSED and not name.startswith(_WEBSOCKET)
    ]
    # Proxies drop `te`, which is about one hop. What it promises, that trailers pass, the tunnel's framing ensures.
    return [
        (":method", "POST"), (":scheme", "http"), (":path", head.target), (":authority", host),
        *passed, ("te", "trailers"),
    ]  # fmt: skip


def _bad(what: str) -> RequestError:
    return RequestError(HTTPStatus.BAD_REQUEST, f"The request opens no tunnel: {what}. {_LIKE_THIS}")


def _no_tunnel(head: Head) -> RequestError:
    """Why an ordinary request is not served, in words for whoever sees the answer."""
    if any(name.startswith(_WEBSOCKET) for name, _ in head.headers):
        return _bad(f"its Sec-WebSocket-Protocol is not exactly `{SUBPROTOCOL}`")
    kinds = [value.lower() for value in head.values("content-type")]
    if any(kind.startswith("application/grpc-web") for kind in kinds):
        return RequestError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f"gRPC-Web is not spoken here. {SPOKEN}")
    if any(kind.startswith("application/grpc") for kind in kinds):
        return RequestError(
            HTTPStatus.UPGRADE_REQUIRED,
            "This is gRPC over HTTP/1.1, which cannot carry it: a proxy in front does not speak HTTP/2 with this port. "
            f"{SPOKEN}",
            (("Upgrade", "websocket"),),
        )
    if head.method not in {"GET", "HEAD"}:
        return RequestError(
            HTTPStatus.METHOD_NOT_ALLOWED, f"{head.method} is not served here. {SPOKEN}", (("Allow", "GET"),)
        )
    return RequestError(HTTPStatus.UPGRADE_REQUIRED, SPOKEN, (("Upgrade", "websocket"),))
