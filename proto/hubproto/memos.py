"""What was done with the last events, for the next caller that wants the same.

A fan-out puts one event into a thousand queues, which stamp it and write it at about the same time, and a thousand
agents acknowledge it with the same bytes. Events never change, so one object serves all of them.
"""

from dataclasses import replace
from functools import lru_cache
from typing import Final

from hubproto.events import Event, decode, encode

READ_BYTES: Final = 512
READ_KEPT: Final = 64
"""Messages that are remembered with what they say, and how long they may be: acknowledgements have about 250 bytes, and
those of one event differ by when it was sent, to the millisecond."""


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


class Decoder:
    """`decode(message)`."""

    def __init__(self) -> None:
        self._remembered = lru_cache(maxsize=READ_KEPT)(decode)

    def decoded(self, message: bytes) -> Event:
        """The event; perhaps the same object as before for an equal message. EventError as `decode`."""
        return self._remembered(message) if len(message) <= READ_BYTES else decode(message)
