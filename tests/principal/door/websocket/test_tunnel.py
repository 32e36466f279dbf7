import pytest
from websockets.frames import BINARY, CLOSE, CONT, PING, PONG, TEXT, Close, Frame

from principal.door.http2.limits import REQUEST_SECONDS
from principal.door.websocket.limits import (
    CLOSE_SECONDS,
    FREE_FRAGMENTS,
    FREE_PINGS,
    MAX_MESSAGE_BYTES,
    MESSAGE_SECONDS,
    UNREAD_SECONDS,
    Limits,
)
from principal.outlet import HIGH_WATER_BYTES
from tests.principal.door.websocket.driving import (
    END,
    Driver,
    close,
    fields_of,
    frame,
    frames_of,
    grpc,
    message,
    request,
)

OK = [("grpc-status", "0"), ("grpc-message", "")]


def closes(frames: list[Frame]) -> Close:
    """The close frame that ends `frames`."""
    assert frames[-1].opcode is CLOSE
    return Close.parse(bytes(frames[-1].data))


def opened(limits: Limits | None = None) -> Driver:
    return Driver(limits=limits).open()


def test_a_message_reaches_the_call_with_its_prefix() -> None:
    driver = opened().say(message(b"hello"), message(b"packed", flags=1), message(b""))
    assert driver.call.told == [("data", grpc(b"hello")), ("data", grpc(b"packed", 1)), ("data", grpc(b""))]


def test_the_end_of_the_clients_messages_is_a_half_close_and_no_end() -> None:
    driver = opened().say(frame(END))
    assert driver.call.told == [("half closed", None)]
    driver.wire.send_message(grpc(b"still here"))
    assert [bytes(each.data) for each in driver.frames()] == [grpc(b"still here")]


def test_an_answer_is_headers_messages_trailers_and_a_close_of_1000() -> None:
    driver = opened()
    driver.wire.send_headers([(":status", "200"), ("content-type", "application/grpc"), ("x-bin-bin", "AAE")])
    driver.wire.send_message(grpc(b"one"))
    driver.wire.send_message(grpc(b"two"))
    driver.wire.send_trailers([("grpc-status", "5"), ("grpc-message", "no%20such"), ("x-y-bin", "AA")])
    headers, one, two, trailers, end = driver.frames()
    assert all(each.opcode is BINARY and each.fin for each in (headers, one, two, trailers))
    assert fields_of(bytes(headers.data)) == {"Content-Type": "application/grpc", "X-Bin-Bin": "AAE"}
    assert (bytes(one.data), bytes(two.data)) == (grpc(b"one"), grpc(b"two"))
    assert fields_of(bytes(trailers.data)) == {"Grpc-Status": "5", "Grpc-Message": "no%20such", "X-Y-Bin": "AA"}
    assert closes([end]) == Close(1000, "")


def test_the_connection_closes_once_the_client_has_answered_the_close_frame() -> None:
    driver = opened()
    driver.wire.send_trailers(OK)
    driver.hear()
    driver.say(message(b"on its way"), frame(b"x", PING))
    assert not driver.http.closing
    driver.say(close())
    assert driver.http.closing
    assert not driver.http.aborted
    assert driver.hear() == b""
    assert driver.call.told == [("reset", "the call is complete")]


def test_a_client_that_does_not_answer_the_close_frame_is_cut_off() -> None:
    driver = opened()
    driver.wire.send_trailers(OK)
    driver.hear()
    driver.wait(CLOSE_SECONDS)
    assert driver.http.closing
    assert driver.http.aborted


def test_an_answer_of_trailers_only_is_one_frame() -> None:
    driver = opened()
    driver.wire.send_trailers(
        [(":status", "200"), ("content-type", "application/grpc"), ("grpc-status", "16"), ("grpc-message", "who")]
    )
    only, end = driver.frames()
    assert fields_of(bytes(only.data)) == {
        "Content-Type": "application/grpc",
        "Grpc-Status": "16",
        "Grpc-Message": "who",
    }
    assert closes([end]).code == 1000


@pytest.mark.parametrize(("http", "status"), [("415", "2"), ("405", "2"), ("400", "13"), ("503", "14")])
def test_an_answer_that_has_only_a_status_of_http_gets_one_of_grpc(http: str, status: str) -> None:
    driver = opened()
    driver.wire.send_trailers([(":status", http), ("content-type", "text/plain"), ("x-why", "so")])
    fields = fields_of(bytes(driver.frames()[0].data))
    assert fields == {
        "X-Why": "so",
        "Content-Type": "application/grpc",
        "Grpc-Status": status,
        "Grpc-Message": f"HTTP {http}",
    }


def test_no_value_can_end_its_line() -> None:
    driver = opened()
    driver.wire.send_trailers([("grpc-status", "0"), ("x", "a\r\nGrpc-Status: 7\x00b")])
    assert fields_of(bytes(driver.frames()[0].data)) == {"Grpc-Status": "0", "X": "a  Grpc-Status: 7 b"}


def test_nothing_follows_the_end_of_an_answer() -> None:
    driver = opened()
    driver.wire.send_trailers(OK)
    driver.hear()
    driver.wire.send_headers(OK)
    driver.wire.send_message(grpc(b"late"))
    driver.wire.send_trailers(OK)
    driver.wire.reset(8, "late")
    driver.wire.hold()
    assert driver.hear() == b""
    assert not driver.http.paused


def test_an_abandoned_call_closes_with_1011_and_the_reason() -> None:
    driver = opened()
    driver.wire.reset(2, "x" * 200)
    assert driver.call.told == []
    assert closes(driver.frames()) == Close(1011, "x" * 123)
    assert driver.call.resets == ["x" * 200]


BROKEN = {
    "text": (frame(b"hello", TEXT), 1003, "binary"),
    "too short for a frame": (frame(b"abc"), 1011, "too short"),
    "shorter than announced": (frame(grpc(b"abc")[:-1]), 1011, "announces 3 bytes and has 2"),
    "longer than announced": (frame(grpc(b"abc") + b"d"), 1011, "announces 3 bytes and has 4"),
    "two in one": (frame(grpc(b"a") * 2), 1011, "announces"),
    "unknown flags": (message(b"x", flags=2), 1011, "0x02"),
    "metadata of a client": (message(b"X: y\r\n", flags=0x80), 1011, "0x80"),
    "a message after the end": (frame(END) + message(b"x"), 1008, "after the end"),
    "an end after the end": (frame(END) * 2, 1008, "after the end"),
    "no mask": (frame(grpc(b"x"), mask=False), 1002, "mask"),
    "a reserved bit": (b"\xc2" + message(b"x")[1:], 1002, "reserved"),
    "an unknown opcode": (b"\x83" + message(b"x")[1:], 1002, "opcode"),
    "a stray continuation": (frame(b"x", CONT), 1002, "continuation"),
    "a message within another": (frame(b"x", fin=False) + message(b"x"), 1002, "within"),
    "a long ping": (b"\x89\xfe\x00\x7e" + bytes(130), 1002, "control frame"),
    "a ping in pieces": (b"\x09\x80\0\0\0\0", 1002, "fragmented control"),
    "a close frame of one byte": (frame(b"x", CLOSE), 1002, "short"),
    "a close code that is none": (frame(b"\x03\xed", CLOSE), 1002, "status code"),
    "a reason that is no UTF-8": (frame(b"\x03\xe8\xff", CLOSE), 1007, "UTF-8"),
}


@pytest.mark.parametrize(("data", "code", "says"), BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_rule_ends_the_call_with_the_code_that_names_it(data: bytes, code: int, says: str) -> None:
    driver = opened().say(data)
    end = closes(driver.frames())
    assert end.code == code
    assert says in end.reason
    assert driver.call.resets == [end.reason]
    assert driver.http.ended == end.reason
    driver.say(message(b"more"), b"\xff" * 10)
    assert driver.call.told[-1] == ("reset", end.reason)
    driver.wait(CLOSE_SECONDS)
    assert driver.http.closing


def test_a_clients_close_frame_cancels_the_call_and_is_repeated() -> None:
    driver = opened().say(close(1001, "going"))
    assert closes(driver.frames()) == Close(1001, "going")
    assert driver.call.resets == ["the peer closed its WebSocket: 1001 (going away) going"]
    assert driver.http.closing
    assert not driver.http.aborted


def test_a_close_frame_without_a_code_is_repeated_as_it_is() -> None:
    driver = opened().say(frame(b"", CLOSE))
    assert bytes(driver.frames()[0].data) == b""


@pytest.mark.parametrize("data", [b"", message(b"hello")[:4]], ids=["between messages", "within one"])
def test_a_connection_that_ends_cancels_the_call(data: bytes) -> None:
    driver = opened().say(data)
    driver.http.eof(driver.now)
    driver.http.eof(driver.now)
    assert driver.call.resets == ["the connection ended without a close frame"]
    assert driver.http.closing
    assert driver.hear() == b""


def test_a_message_in_fragments_is_one_message_and_pings_pass_between() -> None:
    whole = grpc(b"hello")
    driver = opened().say(frame(whole[:3], fin=False), frame(b"?", PING), frame(b"", CONT, fin=False))
    assert [(each.opcode, bytes(each.data)) for each in driver.frames()] == [(PONG, b"?")]
    driver.say(frame(whole[3:], CONT), message(b"next"))
    assert driver.call.told == [("data", whole), ("data", grpc(b"next"))]


def test_pings_are_answered_and_a_flood_of_them_ends_the_tunnel() -> None:
    driver = opened().say(*[frame(b"%d" % number, PING) for number in range(FREE_PINGS)])
    assert [bytes(each.data) for each in driver.frames()] == [b"%d" % number for number in range(FREE_PINGS)]
    driver.wait(1)
    driver.say(frame(b"", PONG))
    assert driver.frames() == []
    driver.say(frame(b"", PING))
    assert closes(driver.frames()).code == 1008
    assert len(driver.call.resets) == 1


def test_many_fragments_are_taken_if_they_are_not_small() -> None:
    count = 10 * FREE_FRAGMENTS
    driver = opened().say(frame(grpc(bytes(count * 512))[:5], fin=False))
    driver.say(*[frame(bytes(512), CONT, fin=number == count - 1) for number in range(count)])
    assert driver.call.told == [("data", grpc(bytes(count * 512)))]


def test_a_flood_of_small_fragments_ends_the_tunnel() -> None:
    driver = opened().say(frame(b"\0", fin=False))
    driver.say(*[frame(b"", CONT, fin=False) for _ in range(FREE_FRAGMENTS - 1)])
    assert driver.frames() == []
    driver.say(frame(b"", CONT, fin=False))
    assert closes(driver.frames()).code == 1008


@pytest.mark.parametrize(
    "data",
    [frame(grpc(bytes(996))), frame(grpc(bytes(996)))[:4], frame(bytes(600), fin=False) + frame(bytes(401), CONT)],
    ids=["whole", "only announced", "in fragments"],
)
def test_a_message_over_the_limit_is_answered_by_a_status_and_1009(data: bytes) -> None:
    driver = opened(Limits(max_message=995)).say(data)
    only, end = driver.frames()
    fields = fields_of(bytes(only.data))
    assert fields["Grpc-Status"] == "8"
    assert "longer than 1000 bytes" in fields["Grpc-Message"]
    assert closes([end]).code == 1009
    assert len(driver.call.resets) == 1


def test_a_message_of_exactly_the_limit_is_taken() -> None:
    driver = opened(Limits(max_message=995)).say(frame(grpc(bytes(995))))
    assert driver.call.told == [("data", grpc(bytes(995)))]


def test_how_long_a_message_may_be_is_asked_of_the_call() -> None:
    def most(headers: list[tuple[str, str]]) -> int:
        assert (":path", "/eventstreamapi.EventStream/Subscribe") in headers
        return 10

    assert Driver(most=most).open().say(message(bytes(10))).call.told == [("data", grpc(bytes(10)))]
    driver = Driver(most=most).open().say(message(bytes(11)))
    assert "longer than 15 bytes" in driver.call.resets[0]


def test_no_more_is_promised_than_a_websocket_of_the_library_carries() -> None:
    assert Limits(max_message=200 * 1024 * 1024).message_bytes == MAX_MESSAGE_BYTES


def test_a_message_that_the_client_could_not_read_ends_the_call_with_a_status() -> None:
    driver = opened()
    driver.wire.send_headers([(":status", "200")])
    driver.wire.send_message(bytes(MAX_MESSAGE_BYTES + 1))
    assert driver.call.told == [], "the call is told when it is not in the midst of sending"
    _, trailers, end = driver.frames()
    assert fields_of(bytes(trailers.data))["Grpc-Status"] == "8"
    assert closes([end]).code == 1009
    assert len(driver.call.resets) == 1


def test_a_message_must_be_complete_in_time() -> None:
    driver = opened().say(message(b"x" * 50)[:10])
    driver.wait(MESSAGE_SECONDS - 1)
    assert driver.frames() == []
    driver.wait(1)
    assert closes(driver.frames()).code == 1008
    assert len(driver.call.resets) == 1


def test_the_time_of_a_message_begins_with_it() -> None:
    data = message(b"x" * 50)
    driver = opened().say(data[:10])
    for _ in range(5):
        driver.wait(MESSAGE_SECONDS / 2)
        driver.say(data[10:] + data[:10])
    assert driver.frames() == []
    driver.say(data[10:])
    assert driver.http.next_timer() is None


def test_a_unary_call_whose_request_does_not_come_is_answered_so() -> None:
    driver = Driver(unary=True).open()
    driver.wait(REQUEST_SECONDS - 0.1)
    assert driver.frames() == []
    driver.wait(0.2)
    assert driver.call.told == [("too slow", REQUEST_SECONDS)]
    trailers, end = driver.frames()
    assert fields_of(bytes(trailers.data))["Grpc-Status"] == "4"
    assert closes([end]).code == 1000
    driver.wait(CLOSE_SECONDS)
    assert driver.http.closing
    assert driver.http.next_timer() is None


def test_a_unary_call_whose_request_trickles_has_no_more_time() -> None:
    driver, data = Driver(unary=True).open(), message(b"x" * 100)
    for at in range(20):
        driver.say(data[at : at + 1])
        driver.wait(REQUEST_SECONDS / 15)
    assert ("too slow", REQUEST_SECONDS) in driver.call.told


def test_a_unary_call_that_has_its_request_may_take_its_time() -> None:
    driver = Driver(unary=True).open().say(message(b"x"), frame(END))
    driver.call.gathering = False
    driver.wait(10 * REQUEST_SECONDS)
    assert driver.call.told == [("data", grpc(b"x")), ("half closed", None)]
    assert driver.frames() == []


def test_a_call_that_holds_hears_nothing_until_it_releases() -> None:
    driver, three = opened(), message(b"three")
    driver.call.on_message = lambda _message: driver.wire.hold()
    driver.say(message(b"one") + message(b"two") + frame(b"", PING) + three[:4])
    assert driver.call.told == [("data", grpc(b"one"))]
    assert driver.http.paused
    assert driver.http.next_timer() is None, "what is not read can't be late"
    driver.call.on_message = lambda _message: None
    driver.wire.release()
    assert driver.call.told == [("data", grpc(b"one")), ("data", grpc(b"two"))]
    assert not driver.http.paused
    driver.say(three[4:])
    assert driver.call.told[-1] == ("data", grpc(b"three"))


def test_a_call_may_release_while_it_is_told_of_a_message() -> None:
    driver = opened()

    def flip(_message: bytes) -> None:
        driver.wire.hold()
        driver.wire.release()

    driver.call.on_message = flip
    driver.say(message(b"one") + message(b"two"))
    assert driver.call.told == [("data", grpc(b"one")), ("data", grpc(b"two"))]


def test_the_edge_is_told_when_a_call_writes_holds_or_releases_by_itself() -> None:
    driver = opened()
    before = driver.hinted
    driver.wire.send_message(grpc(b"x"))
    driver.wire.hold()
    driver.wire.release()
    assert driver.hinted == before + 3


def test_what_the_edge_has_not_taken_is_counted_and_the_call_told_when_it_is() -> None:
    driver = opened()
    driver.wire.send_message(grpc(bytes(HIGH_WATER_BYTES)))
    assert driver.wire.unsent() >= HIGH_WATER_BYTES
    driver.hear()
    assert driver.wire.unsent() == 0
    assert driver.call.told == [("writable", None)]
    driver.wire.send_message(grpc(b"little"))
    driver.hear()
    assert driver.call.told == [("writable", None)]


def test_output_that_nobody_takes_ends_the_tunnel_without_waiting_further() -> None:
    driver = opened()
    driver.wire.send_message(grpc(b"x"))
    driver.wait(UNREAD_SECONDS - 1)
    assert not driver.http.closing
    driver.wait(1)
    assert driver.http.closing
    assert driver.http.aborted
    assert driver.call.resets == ["the peer has read nothing for 60 s"]
    assert driver.hear() == b""


def test_output_that_is_taken_in_time_starts_the_time_anew() -> None:
    driver = opened()
    for _ in range(3):
        driver.wire.send_message(grpc(b"x"))
        driver.wait(UNREAD_SECONDS - 1)
        assert len(driver.frames()) == 1
    assert not driver.http.closing


def test_an_end_that_is_not_taken_is_given_up_when_the_call_says_so() -> None:
    driver = opened()
    driver.wire.send_trailers(OK)
    driver.wire.reset(8, "the rest was not taken")
    assert driver.http.closing
    assert driver.http.aborted
    assert driver.hear() == b""
    assert driver.http.ended == "the rest was not taken"
    driver.http.eof(driver.now)
    assert driver.call.resets == ["the rest was not taken"]


def test_frames_right_behind_the_request_are_read() -> None:
    driver = Driver().say(request() + message(b"early"))
    assert driver.call.told == [("data", grpc(b"early"))]


def test_an_answer_given_at_once_follows_the_response_to_the_upgrade() -> None:
    driver = Driver().say(request())
    driver.wire.send_trailers(OK)
    head, separator, rest = driver.hear().partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 101 ")
    assert separator
    assert len(frames_of(rest)) == 2


def test_shutdown_leaves_a_running_call_to_whoever_serves_it() -> None:
    driver = opened()
    driver.http.shutdown(driver.now, "the principal is shutting down")
    driver.say(message(b"x"))
    assert driver.call.told == [("data", grpc(b"x"))]
    assert not driver.http.closing


def test_what_passes_is_counted() -> None:
    driver = opened().say(message(b"x"), message(b"y"), frame(b"", PING))
    driver.wire.send_message(grpc(b"z"))
    driver.hear()
    stats = driver.http.stats
    assert (stats.messages_in, stats.messages_out, stats.frames_in, stats.pings_in) == (2, 1, 3, 1)
    assert stats.bytes_in == len(request()) + 2 * len(message(b"x")) + len(frame(b"", PING))
    assert stats.bytes_out == len(driver.received)
