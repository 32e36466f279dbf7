"""Why an attempt failed or a stream ended: from what gRPC says to a named cause and a sentence for a person.

One table, first match wins. What each killer on the path looks like to a gRPC client was measured with a real Envoy
(1.36 to 1.40) and grpcio 1.85; behind a sidecar nearly all of it arrives as UNAVAILABLE, INTERNAL or UNKNOWN, and only
the text tells them apart. Texts come from the network: they are matched by plain search, escaped and cut before they
are shown.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from hubproto.methods import RETRY_PUSHBACK

MAX_DETAIL: Final = 300
"""Characters of foreign text that a log line repeats: enough for Envoy's longest reset reason."""


class Phase(StrEnum):
    """How far an attempt had come."""

    CONNECT = "connect"
    """Opening the connection: nothing of HTTP/2 has been answered."""
    LOGIN = "login"
    """Authenticate and Version."""
    STREAM = "stream"
    """Subscribe."""


class Cause(StrEnum):
    """What ended an attempt or a stream. Values are stable: they go to the principal and into metrics."""

    STREAM_RESET = "stream-reset"
    STREAM_TIMEOUT = "stream-timeout"
    REQUEST_TIMEOUT = "request-timeout"
    SOCKET_CLOSED = "socket-closed"
    TOO_MANY_PINGS = "too-many-pings"
    PING_TIMEOUT = "ping-timeout"
    HEARTBEAT_UNANSWERED = "heartbeat-unanswered"
    CONNECTION_REFUSED = "connection-refused"
    CONNECTION_AGED = "connection-aged"
    UPSTREAM_UNREACHABLE = "upstream-unreachable"
    TLS_UNEXPECTED = "tls-where-plaintext-was-expected"
    PLAINTEXT_UNEXPECTED = "plaintext-where-tls-was-expected"
    NOT_HTTP2 = "not-http2"
    CERTIFICATE_REFUSED = "certificate-refused"
    WRONG_PRINCIPAL = "wrong-principal"
    AUTHENTICATION_REFUSED = "authentication-refused"
    ACCESS_DENIED = "access-denied"
    VERSION_MISMATCH = "version-mismatch"
    CREDENTIALS_UNREADABLE = "credentials-unreadable"
    BAD_TOKEN = "bad-token"  # noqa: S105 - a cause, no password
    NO_PRINCIPAL = "no-principal-here"
    MESSAGE_TOO_LARGE = "message-too-large"
    OVERLOADED = "overloaded"
    PRINCIPAL_SHUTDOWN = "principal-shutdown"
    SESSION_TIMEOUT = "session-timeout"
    SUPERSEDED = "superseded"
    END_OF_STREAM = "end-of-stream"
    NAME_RESOLUTION = "name-resolution"
    UNREACHABLE = "unreachable"
    DEADLINE = "deadline"
    CANCELLED = "cancelled"
    STOPPED = "stopped"
    INTERNAL_ERROR = "internal-error"
    UNKNOWN = "unknown"


SENTENCES: Final[dict[Cause, str]] = {
    Cause.STREAM_RESET: "a proxy on the path reset the stream: on a quiet stream that is a stream idle timer, "
    "after a fixed life a maximum stream duration, else a proxy that went away",
    Cause.STREAM_TIMEOUT: "a proxy's stream idle timer ended the stream before the principal's first answer",
    Cause.REQUEST_TIMEOUT: "a proxy's request or route timeout ended the call before the principal's first answer",
    Cause.SOCKET_CLOSED: "the connection to the next hop closed: a sidecar or principal that stopped, "
    "or a TCP idle timer",
    Cause.TOO_MANY_PINGS: "the next hop refuses so many HTTP/2 pings: raise --keep-alive-ping-interval, "
    "or lower --keepalive-min-interval of the principal",
    Cause.PING_TIMEOUT: "the next hop did not answer an HTTP/2 ping: it hangs, or packets to it are lost",
    Cause.HEARTBEAT_UNANSWERED: "a heartbeat was not answered in time: the principal or the path to it is dead",
    Cause.CONNECTION_REFUSED: "nothing listens at the server address: the sidecar or the principal is not up",
    Cause.CONNECTION_AGED: "the next hop ended the connection because of its age, as it is set to",
    Cause.UPSTREAM_UNREACHABLE: "the sidecar answered, but it cannot reach the principal: its peer is down, "
    "or mutual TLS between the sidecars failed",
    Cause.TLS_UNEXPECTED: "the server speaks TLS, and this agent plaintext: set --insecure-plaintext=false, "
    "or give the address of the sidecar",
    Cause.PLAINTEXT_UNEXPECTED: "the server speaks plaintext, and this agent TLS: set --insecure-plaintext "
    "if a sidecar does the TLS",
    Cause.NOT_HTTP2: "the server answers, but not in HTTP/2: the address is another service's, "
    "or a proxy that does HTTP/1 only",
    Cause.CERTIFICATE_REFUSED: "the TLS handshake failed over a certificate: check --root-ca-path, the server's name "
    "and the client certificate",
    Cause.WRONG_PRINCIPAL: "who answers is not the principal that --principal-identity names",
    Cause.AUTHENTICATION_REFUSED: "the principal does not accept this agent's identity: its own log says why",
    Cause.ACCESS_DENIED: "something on the path denies access: look for the mesh's authorization policies",
    Cause.VERSION_MISMATCH: "the principal claims another version: start one side with --protocol-version set to "
    "the other's",
    Cause.CREDENTIALS_UNREADABLE: "this agent's credentials cannot be read",
    Cause.BAD_TOKEN: "the principal's token cannot be read: is it a principal that answers?",
    Cause.NO_PRINCIPAL: "the server is no principal: it does not know this service",
    Cause.MESSAGE_TOO_LARGE: "a message or its headers are larger than one side allows",
    Cause.OVERLOADED: "the principal or a proxy refuses further work at the moment",
    Cause.PRINCIPAL_SHUTDOWN: "the principal is shutting down",
    Cause.SESSION_TIMEOUT: "the principal had not heard this agent's heartbeats for too long",
    Cause.SUPERSEDED: "another stream of the same agent name took over: is a second agent running under this identity?",
    Cause.END_OF_STREAM: "the principal ended the stream without an error",
    Cause.NAME_RESOLUTION: "the server's name cannot be resolved",
    Cause.UNREACHABLE: "no connection to the server address",
    Cause.DEADLINE: "no answer in time",
    Cause.CANCELLED: "the call was cancelled, not by this agent",
    Cause.STOPPED: "this agent was told to stop",
    Cause.INTERNAL_ERROR: "a fault of this agent's own",
    Cause.UNKNOWN: "the call failed",
}
"""What a person is told, one sentence a cause, with what to do about it where there is something."""

NEEDS_A_PERSON: Final = frozenset(
    {
        Cause.WRONG_PRINCIPAL,
        Cause.AUTHENTICATION_REFUSED,
        Cause.ACCESS_DENIED,
        Cause.VERSION_MISMATCH,
        Cause.CREDENTIALS_UNREADABLE,
        Cause.BAD_TOKEN,
        Cause.NO_PRINCIPAL,
        Cause.TLS_UNEXPECTED,
        Cause.PLAINTEXT_UNEXPECTED,
        Cause.NOT_HTTP2,
        Cause.CERTIFICATE_REFUSED,
        Cause.MESSAGE_TOO_LARGE,
        Cause.SUPERSEDED,
        Cause.INTERNAL_ERROR,
    }
)
"""Causes that trying again soon will hardly mend: attempts after them start further apart."""


@dataclass(frozen=True, slots=True)
class Status:
    """How a call ended, as the transport tells it."""

    code: str
    """Name of a gRPC status code, as `UNAVAILABLE`."""
    details: str = ""
    trailers: tuple[tuple[str, str], ...] = ()
    phase: Phase = Phase.STREAM


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a Status means."""

    cause: Cause
    detail: str = ""
    """The raw text, printable and of bounded length."""
    pushback: float | None = None
    """Seconds that the server asks to wait before the next attempt."""

    @property
    def sentence(self) -> str:
        """What to tell a person."""
        return SENTENCES[self.cause]


@dataclass(frozen=True, slots=True)
class _Rule:
    cause: Cause
    codes: frozenset[str] = frozenset()
    """Any of these codes; empty is every code."""
    words: tuple[str, ...] = ()
    """Any of these texts within the details, compared in lower case; empty is every text."""
    phases: frozenset[Phase] = field(default_factory=lambda: frozenset(Phase))

    def fits(self, status: Status, text: str) -> bool:
        return (
            (not self.codes or status.code in self.codes)
            and (not self.words or any(word in text for word in self.words))
            and status.phase in self.phases
        )


def _rule(cause: Cause, codes: str = "", *words: str, phases: tuple[Phase, ...] = tuple(Phase)) -> _Rule:
    return _Rule(cause, frozenset(codes.split()), words, frozenset(phases))


RULES: Final[tuple[_Rule, ...]] = (
    _rule(Cause.END_OF_STREAM, "OK"),
    # Words of our own principal, before the proxies': its texts are specific.
    _rule(Cause.PRINCIPAL_SHUTDOWN, "UNAVAILABLE", "principal is shutting down", "cancelling all calls"),
    _rule(Cause.SESSION_TIMEOUT, "UNAVAILABLE", "session timed out"),
    _rule(Cause.SUPERSEDED, "UNAVAILABLE", "superseded by a newer stream"),
    _rule(Cause.OVERLOADED, "UNAVAILABLE", "too-many-", "too many logins"),
    # Linkerd's sidecar, where l5d-require-id names somebody else than it found.
    _rule(Cause.WRONG_PRINCIPAL, "", "required id"),
    # Connections.
    _rule(Cause.TOO_MANY_PINGS, "", "too many pings", "too_many_pings"),
    _rule(Cause.PING_TIMEOUT, "", "ping timeout", "keepalive timeout", "keepalive watchdog timeout"),
    _rule(Cause.CONNECTION_AGED, "UNAVAILABLE", "max connection age", "max_age", "max idle time", "max_idle"),
    _rule(Cause.NAME_RESOLUTION, "", "errors resolving", "dns resolution failed", "domain name not found"),
    _rule(Cause.UPSTREAM_UNREACHABLE, "", "upstream connect error", "no healthy upstream", "upstream unavailable"),
    _rule(Cause.REQUEST_TIMEOUT, "", "request timeout"),
    _rule(Cause.STREAM_TIMEOUT, "", "stream timeout"),
    _rule(Cause.PLAINTEXT_UNEXPECTED, "", "wrong_version_number", "http_request"),
    _rule(Cause.CERTIFICATE_REFUSED, "", "certificate", "hostname verification", "tls handshake failed"),
    _rule(Cause.CERTIFICATE_REFUSED, "", "ssl_error", "missing selected alpn"),
    _rule(Cause.NOT_HTTP2, "", "http1.x server", "failed parsing http/2", "expected settings frame"),
    _rule(Cause.CONNECTION_REFUSED, "", "connection refused"),
    _rule(Cause.STREAM_RESET, "", "rst_stream", "stream removed (rst", "stream terminated by rst"),
    _rule(Cause.SOCKET_CLOSED, "", "socket closed", "connection reset", "broken pipe", "transport closed"),
    _rule(Cause.SOCKET_CLOSED, "", "goaway", "stream removed", "endpoint closing", "recvmsg"),
    _rule(Cause.UNREACHABLE, "", "failed to connect to all addresses", "no route to host", "network is unreachable"),
    # What the principal, or somebody in its place, answered.
    _rule(Cause.VERSION_MISMATCH, "FAILED_PRECONDITION"),
    _rule(Cause.AUTHENTICATION_REFUSED, "UNAUTHENTICATED"),
    _rule(Cause.ACCESS_DENIED, "PERMISSION_DENIED"),
    _rule(Cause.NO_PRINCIPAL, "UNIMPLEMENTED NOT_FOUND"),
    _rule(Cause.MESSAGE_TOO_LARGE, "RESOURCE_EXHAUSTED", "larger than max", "limit", "metadata size"),
    _rule(Cause.OVERLOADED, "RESOURCE_EXHAUSTED"),
    _rule(Cause.DEADLINE, "DEADLINE_EXCEEDED"),
    _rule(Cause.CANCELLED, "CANCELLED"),
)
"""Read from the top; what fits none is Cause.UNKNOWN with its raw text."""

MAX_PUSHBACK_DIGITS: Final = 9
"""Digits of a pushback that are read: eleven days in milliseconds, far above what Backoff grants."""


def judge(status: Status) -> Verdict:
    """Name what a Status means."""
    text = status.details.lower()
    cause = next((rule.cause for rule in RULES if rule.fits(status, text)), Cause.UNKNOWN)
    raw = f"{status.code}: {status.details}" if status.details else status.code
    return Verdict(cause, printable(raw), pushback(status.trailers))


def pushback(trailers: tuple[tuple[str, str], ...]) -> float | None:
    """Seconds that the server asks to wait; None when it asks nothing that can be read."""
    values = [value for name, value in trailers if name == RETRY_PUSHBACK]
    if len(values) != 1 or not (values[0].isascii() and values[0].isdigit()):
        return None
    return int(values[0]) / 1000 if len(values[0]) <= MAX_PUSHBACK_DIGITS else None


def printable(text: str, limit: int = MAX_DETAIL) -> str:
    """Foreign text made fit for a log line: ASCII without control characters, at most `limit` characters."""
    cut = text if len(text) <= limit else text[: limit - 3] + "..."
    return "".join(char if " " <= char <= "~" else "?" for char in cut)
