"""One call: bytes of a request in, the service asked, its answer out."""

from collections.abc import Callable

import pytest
import structlog

from principal.door.call import FREE_FRAGMENTS, MIN_FRAGMENT, WORTH_GZIP, Call, Gathered
from principal.door.http2.codes import ErrorCode
from principal.door.messages import MessageReader, frame
from principal.door.requests import Request
from principal.outlet import END_GRACE, HIGH_WATER_BYTES
from principal.rpc import OK, CallInfo, Code, ConnectionInfo, Kind, RpcError, Sink, Status
from tests.principal.door.pretending import LIMITS, FakeWire, Handler, Loop, Service


class Scene:
    """A call with everything around it."""

    def __init__(
        self, path: str, *, timeout: float | None = None, encoding: str = "identity", service: Service | None = None
    ) -> None:
        self.loop, self.wire, self.service = Loop(), FakeWire(), service or Service()
        self.gathered = Gathered(1 << 20)
        request = Request(path, (), timeout, encoding, answer_encoding=encoding)
        info = CallInfo(metadata=(), connection=ConnectionInfo(id="c1", peer="", transport="h2c"))
        pools = dict.fromkeys(Kind, self.gathered)
        self.call = Call(self.service, request, self.wire, info, limits=LIMITS, gathered=pools, runtime=self.loop)
        self.call.start()

    @property
    def handler(self) -> Handler:
        [handler] = self.service.handlers
        return handler


def code(scene: Scene) -> Code:
    assert scene.wire.status is not None
    return Code(int(scene.wire.status))


def test_a_unary_call_is_answered_once_its_request_is_complete() -> None:
    scene = Scene("/u")
    scene.call.on_data(frame(b"hello"))
    assert scene.loop.tasks == []
    scene.call.on_half_closed()
    scene.loop.run()
    assert [kind for kind, _ in scene.wire.said] == ["headers", "message", "trailers"]
    assert scene.wire.said[1][1] == frame(b"hello")
    assert code(scene) is Code.OK
    assert (scene.call.messages_in, scene.call.messages_out) == (1, 1)


def test_a_unary_call_that_is_refused_ends_with_trailers_alone() -> None:
    scene = Scene("/u")

    def refuse(_request: bytes) -> bytes:
        raise RpcError(Code.NOT_FOUND, "none", (("a", "b"),))

    scene.service.unary_act = refuse
    scene.call.on_data(frame(b""))
    scene.call.on_half_closed()
    scene.loop.run()
    [(kind, trailers)] = scene.wire.said
    assert kind == "trailers"
    assert (trailers[":status"], trailers["grpc-status"], trailers["a"]) == ("200", "5", "b")


def test_a_defect_of_the_service_is_an_internal_error_and_tells_the_caller_nothing() -> None:
    scene = Scene("/u")
    scene.service.unary_act = lambda _request: b"%d" % (1 // 0)
    scene.call.on_data(frame(b""))
    scene.call.on_half_closed()
    with structlog.testing.capture_logs() as lines:
        scene.loop.run()
    assert code(scene) is Code.INTERNAL
    assert scene.wire.said[0][1]["grpc-message"] == "internal error"
    assert [line["event"] for line in lines] == ["a call failed"]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"", Code.UNIMPLEMENTED),
        (frame(b"a") + frame(b"b"), Code.UNIMPLEMENTED),
        (frame(b"a")[:3], Code.INTERNAL),
        (frame(bytes(LIMITS.max_unary + 1)), Code.RESOURCE_EXHAUSTED),
        (b"\x01" + frame(b"a")[1:], Code.INTERNAL),
    ],
    ids=["none", "two", "a piece", "too large", "flagged"],
)
def test_a_unary_call_of_anything_but_one_message_is_refused(body: bytes, expected: Code) -> None:
    scene = Scene("/u")
    if body:
        scene.call.on_data(body)
    scene.call.on_half_closed()
    scene.loop.run()
    assert code(scene) is expected
    assert scene.service.asked == []
    scene.call.on_data(frame(b"late"))
    scene.call.on_half_closed()
    assert len(scene.wire.said) == 1


def test_an_unknown_method_is_unimplemented_and_named_in_short() -> None:
    scene = Scene("/" + "x" * 10_000)
    assert code(scene) is Code.UNIMPLEMENTED
    assert len(scene.wire.said[0][1]["grpc-message"]) < 200
    scene.call.on_data(frame(b""))
    scene.call.on_half_closed()
    scene.call.on_reset("gone")
    assert len(scene.wire.said) == 1


def test_a_stream_has_its_headers_at_once_and_its_messages_as_they_come() -> None:
    scene = Scene("/s")
    assert [kind for kind, _ in scene.wire.said] == ["headers"]
    for byte in frame(b"one") + frame(b"two"):
        scene.call.on_data(bytes([byte]))
    assert scene.handler.messages == [b"one", b"two"]
    scene.call.send(b"three")
    assert scene.wire.said[1:] == [("message", frame(b"three"))]


def test_a_stream_that_its_service_ends_is_told_so_in_the_next_turn_and_sends_no_more() -> None:
    scene = Scene("/s")
    scene.call.end(Status(Code.ABORTED, "enough"))
    scene.call.send(b"late")
    scene.call.end(OK)
    assert code(scene) is Code.ABORTED
    assert scene.handler.closed == []
    scene.loop.wait(0)
    assert len(scene.handler.closed) == 1
    scene.call.on_reset("gone")
    assert len(scene.handler.closed) == 1


def test_a_peer_that_does_not_take_the_rest_is_given_some_seconds() -> None:
    scene = Scene("/s")
    scene.wire.waiting = 10
    scene.call.end(OK)
    scene.loop.wait(END_GRACE - 0.1)
    assert scene.handler.closed == []
    scene.loop.wait(0.1)
    assert ("reset", ErrorCode.CANCEL) in scene.wire.said
    assert len(scene.handler.closed) == 1


def test_a_half_close_is_told_after_all_messages_and_once() -> None:
    scene = Scene("/s")
    scene.call.on_data(frame(b"a"))
    scene.call.on_half_closed()
    assert (scene.handler.messages, scene.handler.half_closed) == ([b"a"], 1)
    scene.call.on_half_closed()
    assert scene.handler.half_closed == 1
    assert code(scene) is Code.OK


def test_messages_before_a_bad_one_are_handed_on() -> None:
    scene = Scene("/s")
    scene.call.on_data(frame(b"good") + b"\x07\0\0\0\0")
    assert scene.handler.messages == [b"good"]
    assert code(scene) is Code.INTERNAL


def fail(_what: object) -> None:
    raise ZeroDivisionError


@pytest.mark.parametrize("what", ["message", "half closed", "writable"])
def test_a_handler_that_fails_costs_its_stream_alone(what: str) -> None:
    service = Service()
    service.act = lambda each: fail(each) if each == what else None
    scene = Scene("/s", service=service)
    with structlog.testing.capture_logs() as lines:
        tell: dict[str, Callable[[], None]] = {
            "message": lambda: scene.call.on_data(frame(b"x")),
            "half closed": scene.call.on_half_closed,
            "writable": scene.call.on_writable,
        }
        tell[what]()
    assert [line["log_level"] for line in lines] == ["error"]
    assert code(scene) is Code.INTERNAL
    scene.loop.wait(0)
    assert len(scene.handler.closed) == 1


def test_a_handler_that_fails_as_it_is_closed_is_logged_and_no_more() -> None:
    service = Service()
    service.act = fail
    scene = Scene("/s", service=service)
    with structlog.testing.capture_logs() as lines:
        scene.call.on_reset("gone")
    assert scene.handler.closed == ["gone"]
    assert len(lines) == 1


@pytest.mark.parametrize(
    ("error", "expected"), [(RpcError(Code.UNAVAILABLE, "no"), Code.UNAVAILABLE), (KeyError("x"), Code.INTERNAL)]
)
def test_a_stream_that_cannot_be_opened_is_refused(error: Exception, expected: Code) -> None:
    service = Service()

    def refuse(_sink: Sink) -> None:
        raise error

    service.open_act = refuse
    with structlog.testing.capture_logs():
        scene = Scene("/s", service=service)
    assert code(scene) is expected
    assert ":status" in scene.wire.said[0][1], "trailers alone"


def test_a_stream_that_is_ended_as_it_is_opened_is_closed_all_the_same() -> None:
    service = Service()
    service.open_act = lambda sink: sink.end(Status(Code.ABORTED, "at once"))
    scene = Scene("/s", service=service)
    scene.loop.wait(0)
    assert code(scene) is Code.ABORTED
    assert len(scene.handler.closed) == 1


@pytest.mark.parametrize("path", ["/u", "/s"])
def test_a_deadline_ends_a_call_and_is_forgotten_once_it_has_ended(path: str) -> None:
    scene = Scene(path, timeout=3.0)
    scene.call.on_data(frame(b""))
    scene.loop.wait(3.0)
    assert code(scene) is Code.DEADLINE_EXCEEDED
    other = Scene(path, timeout=3.0)
    other.call.on_reset("gone")
    assert other.loop.armed == 0
    other.loop.wait(5)
    assert other.wire.status is None


def test_a_deadline_stops_the_service_too() -> None:
    scene = Scene("/u", timeout=3.0)
    scene.call.on_data(frame(b""))
    scene.call.on_half_closed()
    [task] = scene.loop.tasks
    scene.loop.wait(3.0)
    assert task.cancelled
    assert code(scene) is Code.DEADLINE_EXCEEDED


def test_a_unary_call_that_is_cancelled_stops_its_task() -> None:
    scene = Scene("/u")
    scene.call.on_data(frame(b""))
    scene.call.on_half_closed()
    [task] = scene.loop.tasks
    scene.call.on_reset("gone")
    assert task.cancelled
    assert scene.wire.said == []


def test_whoever_takes_no_answers_is_not_listened_to() -> None:
    scene = Scene("/s")
    scene.wire.waiting = HIGH_WATER_BYTES - 1
    scene.call.send(b"x")
    assert not scene.wire.held
    assert scene.call.writable()
    scene.wire.waiting = HIGH_WATER_BYTES
    scene.call.send(b"x")
    assert scene.wire.held
    assert not scene.call.writable()
    scene.wire.waiting = 0
    scene.call.on_writable()
    assert not scene.wire.held
    assert scene.handler.writable == 1


def test_a_message_in_far_too_many_pieces_costs_its_stream() -> None:
    scene = Scene("/s")
    scene.call.on_data(frame(bytes(4000))[:5])
    for _ in range(FREE_FRAGMENTS + 1000 // MIN_FRAGMENT + 20):
        scene.call.on_data(b"x")
    assert ("reset", ErrorCode.ENHANCE_YOUR_CALM) in scene.wire.said
    assert len(scene.handler.closed) == 1


def test_pieces_of_a_decent_size_may_be_as_many_as_they_like() -> None:
    scene = Scene("/s")
    for _ in range(200):
        whole = frame(bytes(4000))
        for at in range(0, len(whole), 100):
            scene.call.on_data(whole[at : at + 100])
    assert len(scene.handler.messages) == 200


def test_large_answers_are_compressed_for_whoever_compresses() -> None:
    scene = Scene("/s", encoding="gzip")
    for size in (10, WORTH_GZIP):
        scene.call.send(bytes(size))
    small, large = (said for kind, said in scene.wire.said if kind == "message")
    assert small == frame(bytes(10))
    assert large[0] == 1
    assert len(large) < 100
    assert MessageReader(max_message=4096, encoding="gzip").feed(large) == [bytes(WORTH_GZIP)]


def test_a_unary_call_gathers_until_its_request_is_complete() -> None:
    scene = Scene("/u")
    assert scene.call.gathering
    scene.call.on_data(frame(b""))
    assert scene.call.gathering
    scene.call.on_half_closed()
    assert not scene.call.gathering
    scene.call.on_reset("gone")
    assert not Scene("/s").call.gathering
    assert not Scene("/nothing").call.gathering
    slow = Scene("/u")
    slow.call.too_slow(10)
    assert code(slow) is Code.DEADLINE_EXCEEDED


def test_what_is_not_whole_is_counted_for_all_and_given_back_when_it_is() -> None:
    scene = Scene("/s")
    scene.call.on_data(frame(bytes(1000))[:900])
    assert scene.gathered.held == 900
    scene.call.on_data(frame(bytes(1000))[900:])
    assert scene.gathered.held == 0
    assert [len(message) for message in scene.handler.messages] == [1000]


def test_the_call_that_makes_it_too_much_is_refused_and_the_others_go_on() -> None:
    scene, other = Scene("/s"), Scene("/s")
    scene.gathered.most = 1500
    scene.gathered.held = 1000
    scene.call.on_data(frame(bytes(1000))[:900])
    assert code(scene) is Code.RESOURCE_EXHAUSTED
    assert scene.gathered.held == 1000
    other.call.on_data(frame(b"hello"))
    assert other.handler.messages == [b"hello"]


def test_what_a_call_held_is_given_back_when_it_is_cancelled() -> None:
    scene = Scene("/u")
    scene.call.on_data(frame(bytes(1000))[:900])
    scene.call.on_reset("cancelled")
    assert scene.gathered.held == 0
