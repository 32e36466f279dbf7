import pytest

from principal.door.websocket.limits import HEAD_SECONDS
from tests.principal.door.websocket.driving import ACCEPT, PATH, Driver, request

PLAIN = "GET / HTTP/1.1\r\nHost: h\r\n\r\n"


def test_the_answer_is_101_without_a_sub_protocol_or_an_extension() -> None:
    driver = Driver().say(request("Sec-WebSocket-Extensions: permessage-deflate"))
    lines = driver.hear().decode().split("\r\n")
    assert lines[0] == "HTTP/1.1 101 Switching Protocols"
    assert sorted(lines[1:]) == ["", "", "Connection: Upgrade", f"Sec-WebSocket-Accept: {ACCEPT}", "Upgrade: websocket"]


def test_the_call_reads_the_request_as_if_it_had_come_over_http2() -> None:
    driver = Driver().open("Authorization: token", "X-Forwarded-Client-Cert: a,b", "X-Data-Bin: AAEC", "X-Two: 2")
    assert driver.call.headers == [
        (":method", "POST"),
        (":scheme", "http"),
        (":path", PATH),
        (":authority", "hub.example:8443"),
        ("content-type", "application/grpc"),
        ("authorization", "token"),
        ("x-forwarded-client-cert", "a,b"),
        ("x-data-bin", "AAEC"),
        ("x-two", "2"),
        ("te", "trailers"),
    ]


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("connection", "Connection: UPGRADE"),
        ("upgrade", "Upgrade: WebSocket"),
        ("te", "X: y"),
        ("x", "Origin: https://hub.example:8443"),
        ("x", "Origin: http://HUB.example:8443"),
        ("x", "Content-Length: 0"),
    ],
)
def test_what_varies_between_clients_is_taken(name: str, line: str) -> None:
    Driver().say(request(line, without=name)).call.wire.hold()


@pytest.mark.parametrize(
    ("name", "line", "status", "says"),
    [
        ("connection", "", 400, "connection"),
        ("connection", "Connection: keep-alive, Upgrade", 400, "Connection"),
        ("x", "Connection: Upgrade", 400, "2 headers connection"),
        ("upgrade", "", 400, "upgrade"),
        ("upgrade", "Upgrade: h2c", 400, "Upgrade"),
        ("sec-websocket-version", "Sec-WebSocket-Version: 8", 426, "13"),
        ("sec-websocket-version", "", 400, "sec-websocket-version"),
        ("sec-websocket-key", "", 400, "sec-websocket-key"),
        ("sec-websocket-key", "Sec-WebSocket-Key: abc", 400, "base64"),
        ("sec-websocket-key", "Sec-WebSocket-Key: AAAA", 400, "16 bytes"),
        ("sec-websocket-protocol", "Sec-WebSocket-Protocol: grpc-ws, chat", 400, "grpc-ws"),
        ("sec-websocket-protocol", "Sec-WebSocket-Protocol: GRPC-WS", 400, "grpc-ws"),
        ("x", "Sec-WebSocket-Protocol: grpc-ws", 400, "grpc-ws"),
        ("sec-websocket-protocol", "", 400, "grpc-ws"),
        ("host", "", 400, "host"),
        ("x", "Host: other", 400, "host"),
        ("host", "Host:", 400, "Host"),
        ("x", "Origin: https://other.example", 403, "Origin"),
        ("x", "Origin: hub.example:8443", 403, "Origin"),
        ("x", "Origin: null", 403, "Origin"),
        ("x", "Transfer-Encoding: chunked", 400, "body"),
        ("x", "Content-Length: 5", 400, "body"),
        ("x", "Content-Length: +0", 400, "body"),
    ],
)
def test_a_request_that_breaks_a_rule_is_told_which(name: str, line: str, status: int, says: str) -> None:
    driver = Driver().say(request(*([line] if line else []), without=name))
    head, _, body = driver.hear().decode().partition("\r\n\r\n")
    assert head.startswith(f"HTTP/1.1 {status} ")
    assert "Connection: close" in head
    assert f"Content-Length: {len(body)}" in head
    assert says in body
    assert driver.http.closing
    assert not driver.calls
    assert str(status) in driver.http.ended


@pytest.mark.parametrize("method", ["POST", "HEAD", "OPTIONS"])
def test_only_get_opens_a_tunnel(method: str) -> None:
    answer = Driver().say(request(first=f"{method} {PATH} HTTP/1.1")).hear()
    assert answer.startswith(b"HTTP/1.1 405 ")
    assert b"\r\nAllow: GET\r\n" in answer


def test_a_principal_without_websocket_names_the_flag() -> None:
    answer = Driver(enabled=False).say(request()).hear()
    assert answer.startswith(b"HTTP/1.1 501 ")
    assert b"--enable-websocket" in answer


@pytest.mark.parametrize("enabled", [True, False])
def test_a_browser_and_a_probe_are_told_what_this_port_speaks(enabled: bool) -> None:
    answer = Driver(enabled=enabled).say(PLAIN.encode()).hear()
    assert answer.startswith(b"HTTP/1.1 426 Upgrade Required\r\nUpgrade: websocket\r\n")
    assert b"gRPC: over HTTP/2" in answer


def test_grpc_that_a_proxy_made_http_1_of_is_told_so() -> None:
    data = b"POST /a.B/C HTTP/1.1\r\nHost: h\r\nContent-Type: application/grpc\r\nTe: trailers\r\n\r\n"
    answer = Driver().say(data).hear()
    assert answer.startswith(b"HTTP/1.1 426 ")
    assert b"a proxy in front does not speak HTTP/2" in answer


def test_grpc_web_is_named_as_what_is_not_served() -> None:
    answer = (
        Driver().say(PLAIN.replace("\r\n\r\n", "\r\nContent-Type: application/grpc-web+proto\r\n\r\n").encode()).hear()
    )
    assert answer.startswith(b"HTTP/1.1 415 ")
    assert b"gRPC-Web" in answer


def test_tls_on_a_plaintext_port_is_closed_and_named() -> None:
    driver = Driver().say(bytes.fromhex("160301020001"))
    assert driver.http.closing
    assert driver.hear() == b""
    assert "TLS" in driver.http.ended


def test_other_bytes_are_answered_once() -> None:
    driver = Driver().say(b"hello\r\n")
    assert driver.hear().startswith(b"HTTP/1.1 400 ")
    driver.say(b"GET / HTTP/1.1\r\n\r\n")
    assert driver.hear() == b""
    assert driver.http.closing
    assert not driver.http.aborted


def test_an_answer_does_not_repeat_what_is_long() -> None:
    driver = Driver().say(request("Origin: https://" + "x" * 60_000))
    assert len(driver.hear()) < 1000
    assert len(driver.http.ended) < 500


def test_a_slow_head_is_answered_by_408_and_the_clock_does_not_start_anew() -> None:
    driver = Driver()
    for byte in request()[: int(HEAD_SECONDS) - 1]:
        driver.wait(1)
        driver.say(bytes([byte]))
    assert not driver.http.closing
    driver.wait(1)
    assert driver.hear().startswith(b"HTTP/1.1 408 ")
    assert driver.http.closing


def test_a_connection_on_which_nothing_comes_is_closed_without_a_word() -> None:
    driver = Driver()
    driver.wait(HEAD_SECONDS)
    assert driver.http.closing
    assert driver.hear() == b""
    assert "nothing" in driver.http.ended


def test_shutdown_refuses_a_request_that_is_not_complete_yet() -> None:
    driver = Driver().say(b"GET ")
    driver.http.shutdown(driver.now, "the principal is shutting down")
    assert driver.hear().startswith(b"HTTP/1.1 503 ")
    assert driver.http.closing
    silent = Driver()
    silent.http.shutdown(silent.now, "the principal is shutting down")
    assert silent.http.closing
    assert silent.hear() == b""


def test_no_timer_is_left_once_the_connection_closes() -> None:
    driver = Driver().say(PLAIN.encode())
    assert driver.http.next_timer() is None
