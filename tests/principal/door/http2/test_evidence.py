"""What is known of a connection's end."""

from principal.door.http2 import codes
from principal.door.http2.codes import ErrorCode
from principal.door.http2.evidence import Evidence, Goaway


def test_frames_are_counted_by_their_names() -> None:
    evidence = Evidence()
    evidence.frames_in[codes.DATA] += 2
    evidence.frames_in[codes.UNKNOWN] += 1
    assert evidence.frames() == {"DATA": 2, "unknown": 1}


def test_nothing_is_said_where_nobody_said_a_word() -> None:
    evidence = Evidence(goaway_sent=Goaway(ErrorCode.NO_ERROR, 5, "closing time"))
    assert (evidence.last_words(), evidence.reset_words()) == ("", None)


def test_both_sides_last_words_are_told() -> None:
    evidence = Evidence(
        goaway_sent=Goaway(ErrorCode.ENHANCE_YOUR_CALM, 5, "too_many_pings"),
        goaway_received=Goaway(0xBEEF, 0, ""),
        last_reset=(7, ErrorCode.CANCEL, "received"),
    )
    assert evidence.last_words() == "sent GOAWAY ENHANCE_YOUR_CALM: too_many_pings, received GOAWAY 0xbeef"
    assert evidence.reset_words() == "stream 7: CANCEL, received"
