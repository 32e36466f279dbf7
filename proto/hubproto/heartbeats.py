"""Answers to heartbeats without reading them field by field: an agent's heartbeats differ in their ids only.

Reading an event and writing its acknowledgement takes some thirty times as long as comparing it with the last one. So
a heartbeat that was answered by `decode`, `ack` and `encode` leaves its shape here: the bytes around its two ids and
around the round trip that it reports. A message of the same length with the same bytes around them is the same
protobuf with other texts, for what lies between is the content of a length-delimited string; and its acknowledgement
is the earlier one with those texts. Whatever fits no shape is None, and is read in full.
"""

from typing import Final, TypeAlias

from hubproto.events import Event
from hubproto.vocabulary import RTT_MS

MAX_SIZE: Final = 512
"""Bytes of a heartbeat whose shape is kept: ours have about 230."""

MAX_SHAPES: Final = 8
"""Shapes of one length: argocd-agent writes its three attributes in any order, which makes six."""

MAX_LENGTHS: Final = 32
"""Lengths of which shapes are kept: a round trip in milliseconds has 5 to 11 characters, and senders differ."""

_Shape: TypeAlias = tuple[int, int, int, int, tuple[bytes, bytes, bytes, bytes], tuple[bytes, bytes, bytes, bytes]]
"""Start and end of the first id, start and end of the round trip; the bytes around, in message and acknowledgement."""


class HeartbeatAnswers:
    """The shapes of heartbeats that were answered lately. They hold no agent's ids, so all agents share them."""

    def __init__(self) -> None:
        self._shapes: dict[int, list[_Shape]] = {}

    def answer(self, message: bytes) -> tuple[bytes, str] | None:
        """The serialised acknowledgement of a heartbeat, and the round trip it reports ("" without one).

        None when the message has no shape that is known: that says nothing about it.
        """
        for start, end, rtt_start, rtt_end, (m0, m1, m2, m3), (a0, a1, a2, a3) in self._shapes.get(len(message), ()):
            name, rtt = message[start:end], message[rtt_start:rtt_end]
            # ASCII is always good UTF-8, which is the one thing that protobuf asks of a text.
            if b"".join((m0, name, m1, name, m2, rtt, m3)) == message and name.isascii() and rtt.isascii():
                return b"".join((a0, name, a1, name, a2, rtt, a3)), rtt.decode("ascii")
        return None

    def learn(self, message: bytes, event: Event, acknowledgement: bytes) -> None:
        """Keep the shape of a heartbeat that was read as `event` and answered by `acknowledgement`, if it has one."""
        if len(message) > MAX_SIZE or not event.is_heartbeat or event.resource_id != event.event_id:
            return
        name = event.event_id.encode("utf-8")
        rtt = next((value.encode("utf-8") for key, value in event.extra if key == RTT_MS), b"")
        mine, theirs = _around(message, name, rtt), _around(acknowledgement, name, rtt)
        if mine is None or theirs is None:
            return
        start, after = len(mine[0]), len(message) - len(mine[3])
        shape = (start, start + len(name), after - len(rtt), after, mine, theirs)
        shapes = self._shapes.setdefault(len(message), [])
        if shape not in shapes:
            shapes.append(shape)
        del shapes[:-MAX_SHAPES]
        while len(self._shapes) > MAX_LENGTHS:
            del self._shapes[next(iter(self._shapes))]


def _around(message: bytes, name: bytes, rtt: bytes) -> tuple[bytes, bytes, bytes, bytes] | None:
    """The bytes around the two places of `name` and, behind them, the one of `rtt`; None when they are not that many.

    Two attributes have the value `name`, so if it occurs twice, these are the places; likewise for the round trip.
    """
    first = message.find(name)
    second = message.find(name, first + 1)
    if second < first + len(name) or message.find(name, second + 1) >= 0:
        return None
    behind = second + len(name)
    if not rtt:
        return message[:first], message[first + len(name) : second], message[behind:], b""
    place = message.find(rtt)
    if place < behind or message.find(rtt, place + 1) >= 0:
        return None
    between = message[first + len(name) : second]
    return message[:first], between, message[behind:place], message[place + len(rtt) :]
