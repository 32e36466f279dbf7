import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.causes import (
    MAX_DETAIL,
    NEEDS_A_PERSON,
    SENTENCES,
    Cause,
    Phase,
    Status,
    Verdict,
    judge,
    printable,
    pushback,
)

CONNECT_TO = "failed to connect to all addresses; last error: "

# As grpcio 1.85 and Envoy 1.36 to 1.40 were seen to say it.
TOLD = [
    ("OK", "", Cause.END_OF_STREAM),
    ("INTERNAL", "Stream removed (RST_STREAM (Received RST_STREAM with error code 2))", Cause.STREAM_RESET),
    ("INTERNAL", "Stream removed (RST_STREAM (Received RST_STREAM with error code 0))", Cause.STREAM_RESET),
    ("INTERNAL", "Received RST_STREAM with error code 2", Cause.STREAM_RESET),
    ("CANCELLED", "Received RST_STREAM with error code 8", Cause.STREAM_RESET),
    ("RESOURCE_EXHAUSTED", "Received RST_STREAM with error code 11", Cause.STREAM_RESET),
    ("UNKNOWN", "stream timeout", Cause.STREAM_TIMEOUT),
    ("UNKNOWN", "request timeout", Cause.REQUEST_TIMEOUT),
    ("UNAVAILABLE", "upstream request timeout", Cause.REQUEST_TIMEOUT),
    ("UNAVAILABLE", "Stream removed (Socket closed)", Cause.SOCKET_CLOSED),
    ("UNAVAILABLE", "recvmsg:Connection reset by peer", Cause.SOCKET_CLOSED),
    ("UNAVAILABLE", "Too many pings", Cause.TOO_MANY_PINGS),
    ("UNAVAILABLE", "GOAWAY received; Error code: 11; Debug Text: too_many_pings", Cause.TOO_MANY_PINGS),
    ("UNAVAILABLE", "Stream removed (ping timeout)", Cause.PING_TIMEOUT),
    ("UNAVAILABLE", "keepalive watchdog timeout", Cause.PING_TIMEOUT),
    ("UNAVAILABLE", "max connection age", Cause.CONNECTION_AGED),
    ("UNAVAILABLE", "Cancelling all calls", Cause.PRINCIPAL_SHUTDOWN),
    ("UNAVAILABLE", "the principal is shutting down", Cause.PRINCIPAL_SHUTDOWN),
    ("UNAVAILABLE", "session timed out: no heartbeat for 9.0 s, the limit is 3.0 s", Cause.SESSION_TIMEOUT),
    ("UNAVAILABLE", "superseded by a newer stream of the same agent", Cause.SUPERSEDED),
    ("UNAVAILABLE", f"{CONNECT_TO}UNKNOWN: ipv4:127.0.0.1:1: Connection refused", Cause.CONNECTION_REFUSED),
    ("UNAVAILABLE", f"{CONNECT_TO}UNAVAILABLE: ipv4:127.0.0.1:1: Socket closed", Cause.SOCKET_CLOSED),
    ("UNAVAILABLE", f"{CONNECT_TO}UNKNOWN: ipv4:10.0.0.1:1: No route to host", Cause.UNREACHABLE),
    (
        "UNAVAILABLE",
        (
            "upstream connect error or disconnect/reset before headers. reset reason: remote connection failure, "
            "transport failure reason: TLS error: CERTIFICATE_VERIFY_FAILED"
        ),
        Cause.UPSTREAM_UNREACHABLE,
    ),
    ("UNAVAILABLE", "no healthy upstream", Cause.UPSTREAM_UNREACHABLE),
    (
        "UNAVAILABLE",
        "errors resolving no-such-host.invalid:1: [field:hostname lookup error: Domain name not found]",
        Cause.NAME_RESOLUTION,
    ),
    (
        "UNAVAILABLE",
        (
            f"{CONNECT_TO}INTERNAL: ipv4:127.0.0.1:1: Failed parsing HTTP/2 (Expected SETTINGS frame as the first "
            "frame, got frame type 80) (Trying to connect an http1.x server (HTTP status 400))"
        ),
        Cause.NOT_HTTP2,
    ),
    (
        "UNAVAILABLE",
        (
            f"{CONNECT_TO}UNKNOWN: ipv4:127.0.0.1:1: Tls handshake failed (TSI_PROTOCOL_FAILURE): SSL_ERROR_SSL: "
            "error:100000f7:SSL routines:OPENSSL_internal:WRONG_VERSION_NUMBER: Invalid certificate verification"
        ),
        Cause.PLAINTEXT_UNEXPECTED,
    ),
    (
        "UNAVAILABLE",
        (
            f"{CONNECT_TO}UNKNOWN: ipv4:127.0.0.1:1: Tls handshake failed (TSI_PROTOCOL_FAILURE): SSL_ERROR_SSL: "
            "error:1000007d:SSL routines:OPENSSL_internal:CERTIFICATE_VERIFY_FAILED: self signed certificate"
        ),
        Cause.CERTIFICATE_REFUSED,
    ),
    (
        "UNAVAILABLE",
        (
            f"{CONNECT_TO}UNKNOWN: ipv4:127.0.0.1:1: Custom verification check failed with error: UNAUTHENTICATED: "
            "Hostname Verification Check failed."
        ),
        Cause.CERTIFICATE_REFUSED,
    ),
    (
        "UNAVAILABLE",
        f"{CONNECT_TO}UNKNOWN: ipv4:127.0.0.1:1: Cannot check peer: missing selected ALPN property.",
        Cause.CERTIFICATE_REFUSED,
    ),
    ("UNAUTHENTICATED", "authentication failed", Cause.AUTHENTICATION_REFUSED),
    ("UNAUTHENTICATED", "invalid authentication data", Cause.AUTHENTICATION_REFUSED),
    ("PERMISSION_DENIED", "RBAC: access denied", Cause.ACCESS_DENIED),
    ("FAILED_PRECONDITION", "version mismatch", Cause.VERSION_MISMATCH),
    ("UNIMPLEMENTED", "Method not found!", Cause.NO_PRINCIPAL),
    ("RESOURCE_EXHAUSTED", "CLIENT: Received message larger than max (9 vs. 4)", Cause.MESSAGE_TOO_LARGE),
    ("RESOURCE_EXHAUSTED", "too many sessions", Cause.OVERLOADED),
    ("UNAVAILABLE", "too-many-streams: 2 streams of this identity are open", Cause.OVERLOADED),
    ("UNAVAILABLE", "too many logins are waiting", Cause.OVERLOADED),
    ("UNAVAILABLE", 'required id Dns(Name("a.b")); found None', Cause.WRONG_PRINCIPAL),
    ("DEADLINE_EXCEEDED", "Deadline Exceeded", Cause.DEADLINE),
    ("CANCELLED", "", Cause.CANCELLED),
    ("UNKNOWN", "Data frame with END_STREAM flag received", Cause.UNKNOWN),
    ("DATA_LOSS", "", Cause.UNKNOWN),
]


@pytest.mark.parametrize(("code", "details", "cause"), TOLD, ids=[f"{c}-{d[:40]}" for c, d, _ in TOLD])
def test_what_grpc_tells_has_a_named_cause(code: str, details: str, cause: Cause) -> None:
    verdict = judge(Status(code, details))
    assert verdict.cause is cause
    assert verdict.detail.startswith(code)


def test_every_cause_has_a_sentence_and_a_stable_plain_value() -> None:
    assert set(SENTENCES) == set(Cause)
    for cause in Cause:
        assert SENTENCES[cause]
        assert set(cause.value) <= set(string.ascii_lowercase + string.digits + "-")


def test_causes_that_need_a_person_are_the_ones_that_a_setting_mends() -> None:
    assert Cause.VERSION_MISMATCH in NEEDS_A_PERSON
    assert Cause.AUTHENTICATION_REFUSED in NEEDS_A_PERSON
    assert not NEEDS_A_PERSON & {Cause.STREAM_RESET, Cause.CONNECTION_REFUSED, Cause.HEARTBEAT_UNANSWERED}


def test_an_unknown_failure_keeps_its_raw_text() -> None:
    assert judge(Status("UNKNOWN", "something odd")) == Verdict(Cause.UNKNOWN, "UNKNOWN: something odd")


@given(st.text(), st.text(), st.sampled_from(Phase))
def test_no_text_from_the_network_breaks_a_log_line(code: str, details: str, phase: Phase) -> None:
    verdict = judge(Status(code, details, phase=phase))
    assert len(verdict.detail) <= MAX_DETAIL
    assert all(" " <= char <= "~" for char in verdict.detail)


def test_long_text_is_cut_with_a_mark() -> None:
    assert printable("x" * 1000, 10) == "xxxxxxx..."


@pytest.mark.parametrize(
    ("values", "seconds"),
    [
        (["1500"], 1.5),
        (["0"], 0.0),
        ([], None),
        (["-1"], None),
        (["1.5"], None),
        (["soon"], None),
        (["9" * 30], None),
        (["\u0663"], None),
        (["5", "6"], None),
    ],
)
def test_pushback_is_read_when_it_is_one_plain_number(values: list[str], seconds: float | None) -> None:
    assert pushback((("other", "1"), *(("grpc-retry-pushback-ms", value) for value in values))) == seconds
