"""What the calls of one connection share."""

from principal.attest import REFUSED
from principal.door.serving import DEAF, IDENTITIES_REMEMBERED, YOUNG_RESETS, Resets, Serving
from principal.door.wire import Headers
from principal.rpc import Code, ConnectionInfo
from tests.principal.door.http2.client import POST
from tests.principal.door.pretending import FakeWire, Loop, Service, house

INFO = ConnectionInfo(id="c7", peer="ipv4:127.0.0.1:1", transport="h2c")


def headers(*more: tuple[str, str], path: str = "/s") -> Headers:
    return [(name, path if name == ":path" else value) for name, value in (*POST, *more)]


def test_a_call_is_begun_with_its_metadata_and_its_connection() -> None:
    service, wire = Service(), FakeWire()
    Serving(house(service, Loop()), INFO, refused=False).open(headers(("x-a", "1")), wire)
    [call] = service.calls
    assert call.connection is INFO
    assert call.values("x-a") == ("1",)


def test_no_call_of_a_refused_connection_reaches_the_service() -> None:
    service, wire = Service(), FakeWire()
    listener = Serving(house(service, Loop()), INFO, refused=True).open(headers(), wire)
    assert service.calls == []
    assert listener is DEAF
    [(_, trailers)] = wire.said
    assert (trailers["grpc-status"], trailers["grpc-message"]) == (str(int(Code.UNAUTHENTICATED)), REFUSED)


def test_what_is_no_call_of_grpc_is_answered_in_http() -> None:
    service, wire = Service(), FakeWire()
    wrong = [(name, "text/html" if name == "content-type" else value) for name, value in headers()]
    listener = Serving(house(service, Loop()), INFO, refused=False).open(wrong, wire)
    assert wire.said[0][1][":status"] == "415"
    listener.on_data(b"x")
    listener.on_half_closed()
    listener.on_writable()
    listener.on_reset("gone")
    assert (len(wire.said), service.calls) == (1, [])


def test_headers_too_large_are_answered_with_the_reason() -> None:
    wire = FakeWire()
    Serving(house(Service(), Loop()), INFO, refused=False).too_large(wire, "too many")
    [(_, trailers)] = wire.said
    assert trailers["grpc-status"] == str(int(Code.RESOURCE_EXHAUSTED))
    assert trailers["grpc-message"] == "too many"


def test_whoever_resets_too_fast_is_refused_and_nobody_else() -> None:
    resets = Resets("x-id")
    bad, good = (resets.owner([("a", "b"), ("x-id", name)], "c1") for name in ("bad", "good"))
    for _ in range(int(YOUNG_RESETS.burst)):
        assert not resets.refused(bad, 0.0)
        resets.note(bad, 0.0)
    assert resets.refused(bad, 0.0)
    assert not resets.refused(good, 0.0)
    assert not resets.refused(bad, 1.0), "ten a second are forgiven"


def test_to_ask_costs_nothing() -> None:
    resets = Resets("x-id")
    owner = resets.owner([("x-id", "a")], "c1")
    for _ in range(int(YOUNG_RESETS.burst) - 1):
        resets.note(owner, 0.0)
    assert not any(resets.refused(owner, 0.0) for _ in range(1000))


def test_who_has_no_name_counts_by_connection() -> None:
    for resets in (Resets(""), Resets("x-id")):
        assert resets.owner([("a", "b")], "c1") != resets.owner([("a", "b")], "c2")
        assert resets.owner([("a", "b")], "c1") == resets.owner([("c", "d")], "c1")


def test_of_many_identities_the_last_ones_are_remembered() -> None:
    resets = Resets("x-id")
    for number in range(IDENTITIES_REMEMBERED + 10):
        for _ in range(int(YOUNG_RESETS.burst)):
            resets.note(number, 0.0)
    assert not resets.refused(0, 0.0)
    assert resets.refused(IDENTITIES_REMEMBERED + 9, 0.0)
    assert len(resets._buckets) == IDENTITIES_REMEMBERED
