"""What was done with the last event, for the next caller that wants the same.

A fan-out puts one event into a thousand queues, which stamp it and write it at about the same time. Events never
change, so one stamped copy and one serialisation serve all of them. Each memo keeps one event alive, no more.
"""

from dataclasses import replace

from hubproto.events import Event, encode


class Stamper:
    """`replace(event, sent_at=stamp)`."""

    def __init__(self) -> None:
        self._event: Event | None = None
        self._stamp = ""
        self._stamped: Event | None = None

    def stamped(self, event: Event, stamp: str) -> Event:
        """The event with `stamp` as its `sent_at`; the same object as before for the same event and stamp."""
        last = self._stamped
        if last is None or event is not self._event or stamp != self._stamp:
            last = self._stamped = replace(event, sent_at=stamp)
            self._event, self._stamp = event, stamp
        return last


class Encoder:
    """`encode(event)`."""

    def __init__(self) -> None:
        self._event: Event | None = None
        self._message = b""

    def encoded(self, event: Event) -> bytes:
        """The serialised event; the same object as before for the same event. EventError as `encode`."""
        if event is not self._event:
            self._message = encode(event)
            self._event = event
        return self._message
