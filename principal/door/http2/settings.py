"""What each side has said by SETTINGS (RFC 9113 §6.5)."""

from dataclasses import dataclass
from typing import Final

from principal.door.http2.codes import DEFAULT_FRAME, DEFAULT_WINDOW, MAX_FRAME, MAX_WINDOW, ErrorCode, Setting
from principal.door.http2.faults import ConnectionFault

STREAM_WINDOW: Final = 256 * 1024
"""Bytes that a peer may send on a new stream before we take any: many events, and one round trip of most of them."""

CONNECTION_WINDOW: Final = 1024 * 1024
"""The same for a connection at its beginning: a sidecar pools many streams on it."""


@dataclass(slots=True)
class PeerSettings:
    """What the peer has said, or the defaults."""

    smallest_table: int = 4096
    """Bytes: the smallest HPACK table that it has ever asked for. Our encoder uses none, and says so once it must."""
    initial_window: int = DEFAULT_WINDOW
    max_frame: int = DEFAULT_FRAME
    max_header_list: int | None = None


def check_setting(setting: int, value: int) -> None:
    """ConnectionFault when a known setting says what it may not."""
    if setting == Setting.ENABLE_PUSH and value > 1:
        raise ConnectionFault(ErrorCode.PROTOCOL_ERROR, f"ENABLE_PUSH is {value}: 0 and 1 are accepted")
    if setting == Setting.INITIAL_WINDOW_SIZE and value > MAX_WINDOW:
        text = f"INITIAL_WINDOW_SIZE is {value}: at most {MAX_WINDOW} is accepted"
        raise ConnectionFault(ErrorCode.FLOW_CONTROL_ERROR, text)
    if setting == Setting.MAX_FRAME_SIZE and not DEFAULT_FRAME <= value <= MAX_FRAME:
        text = f"MAX_FRAME_SIZE is {value}: {DEFAULT_FRAME} to {MAX_FRAME} is accepted"
        raise ConnectionFault(ErrorCode.PROTOCOL_ERROR, text)
