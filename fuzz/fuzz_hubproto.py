"""Any bytes are an event or an EventError; an event can be read again from what it is written as."""

from hubproto.events import EventError, ack, decode, encode

NAME = "hubproto events"


def target(data: bytes) -> None:
    """Decode; whatever was accepted must be written, read again, acknowledged and have its payload read or refused."""
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
    try:
        event.payload()
    except EventError:
        return
