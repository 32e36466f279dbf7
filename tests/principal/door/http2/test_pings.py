"""How often a peer may ping, and what ours tell."""

import pytest

from principal.door.http2.codes import ErrorCode
from principal.door.http2.faults import ConnectionFault
from principal.door.http2.limits import PINGS
from principal.door.http2.pings import MAX_STRIKES, TOO_MANY, Pings


def test_pings_too_soon_after_another_end_the_connection_in_the_end() -> None:
    pings = Pings(10.0)
    for number in range(MAX_STRIKES + 1):
        pings.came(100.0 + number)
    with pytest.raises(ConnectionFault) as raised:
        pings.came(110.0)
    assert (raised.value.code, raised.value.text) == (ErrorCode.ENHANCE_YOUR_CALM, TOO_MANY)


def test_pings_at_their_interval_are_never_too_many() -> None:
    pings = Pings(10.0)
    for number in range(1000):
        pings.came(10.0 * number)
    assert (pings.strikes, pings.received, pings.last_gap) == (0, 1000, 10.0)


def test_data_of_ours_forgives() -> None:
    pings = Pings(10.0)
    for number in range(100):
        pings.came(100.0 + number)
        pings.forgive()
    assert pings.strikes == 0


def test_without_an_interval_only_a_flood_is_too_many() -> None:
    pings = Pings(0.0)
    for _ in range(int(PINGS.burst)):
        pings.came(100.0)
    with pytest.raises(ConnectionFault, match="flood"):
        pings.came(100.0)


def test_an_answer_tells_how_long_it_took_and_only_once() -> None:
    pings = Pings(0.0)
    first, second = pings.goes(1.0), pings.goes(2.0)
    assert first != second
    assert pings.answered(first, 1.5)
    assert pings.rtt == 0.5
    assert not pings.answered(first, 9.0)
    assert not pings.answered(b"whatever", 9.0)
    assert (pings.rtt, pings.sent) == (0.5, 2)
