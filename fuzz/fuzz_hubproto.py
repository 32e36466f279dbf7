"""Any bytes are an event or an EventError, a payload or an EventError; what was read can be written and read again."""

from hubproto.checksums import go_json
from hubproto.events import EventError, ack, decode, encode
from hubproto.payloads import read_json

NAME = "hubproto events"


def target(data: bytes) -> None:
    """Read the bytes as an event and as a payload."""
    as_event(data)
    as_payload(data)


def as_event(data: bytes) -> None:
    """Decode; whatever was accepted must be written, read again and acknowledged."""
    try:
        event = decode(data)
    except EventError:
        return
    again = decode(encode(event))
    if again != event:
        raise AssertionError(f"{event} was read again as {again}")
    answer = decode(encode(ack(event)))
    if (answer.resource_id, answer.event_id, answer.extra) != (event.resource_id, event.event_id, event.extra):
        raise AssertionError(f"{event} was acknowledged by {answer}")
    as_payload(event.data)


def as_payload(data: bytes) -> None:
    """Read JSON; whatever was accepted can be summed, and what that wrote stays as it is."""
    try:
        value = read_json(data)
    except EventError:
        return
    # Twice, because in Go too a float -0.0 is written as -0, which reads as the whole number 0.
    written = go_json(read_json(go_json(value)))
    if go_json(read_json(written)) != written:
        raise AssertionError(f"{data!r} was written as {written!r}, and then otherwise")
