"""Numbers of HTTP/2 (RFC 9113): frame types, flags, settings, error codes.

Frame types and flags are plain integers: they are compared for every frame.
"""

from enum import IntEnum
from typing import Final

PREFACE: Final = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
"""What a client's connection begins with (§3.4)."""

DATA: Final = 0
HEADERS: Final = 1
PRIORITY: Final = 2
RST_STREAM: Final = 3
SETTINGS: Final = 4
PUSH_PROMISE: Final = 5
PING: Final = 6
GOAWAY: Final = 7
WINDOW_UPDATE: Final = 8
CONTINUATION: Final = 9
UNKNOWN: Final = 10
"""Stands for every type that is not known, where frames are counted."""

FRAME_NAMES: Final = (
    "DATA", "HEADERS", "PRIORITY", "RST_STREAM", "SETTINGS", "PUSH_PROMISE", "PING", "GOAWAY", "WINDOW_UPDATE",
    "CONTINUATION", "unknown",
)  # fmt: skip
"""By type."""

END_STREAM: Final = 0x1
ACK: Final = 0x1
END_HEADERS: Final = 0x4
PADDED: Final = 0x8
PRIORITISED: Final = 0x20
"""The PRIORITY flag of HEADERS."""

DEFAULT_WINDOW: Final = 65_535
"""Bytes of every flow-control window until something is said (§6.9.2)."""

MAX_WINDOW: Final = 2**31 - 1
"""Bytes that a window may reach (§6.9.1)."""

DEFAULT_FRAME: Final = 16_384
"""Bytes of a frame's payload until something is said, and the least that a peer may allow (§6.5.2)."""

MAX_FRAME: Final = 2**24 - 1
"""Bytes of a frame's payload that its length field can say."""

MAX_STREAM_ID: Final = 2**31 - 1


class ErrorCode(IntEnum):
    """Why a stream or a connection ends (§7)."""

    NO_ERROR = 0x0
    PROTOCOL_ERROR = 0x1
    INTERNAL_ERROR = 0x2
    FLOW_CONTROL_ERROR = 0x3
    SETTINGS_TIMEOUT = 0x4
    STREAM_CLOSED = 0x5
    FRAME_SIZE_ERROR = 0x6
    REFUSED_STREAM = 0x7
    CANCEL = 0x8
    COMPRESSION_ERROR = 0x9
    CONNECT_ERROR = 0xA
    ENHANCE_YOUR_CALM = 0xB
    INADEQUATE_SECURITY = 0xC
    HTTP_1_1_REQUIRED = 0xD


def error_name(code: int) -> str:
    """The code's name, or its number where it has none: codes that are not known have no special meaning (§7)."""
    try:
        return ErrorCode(code).name
    except ValueError:
        return f"0x{code:x}"


class Setting(IntEnum):
    """What SETTINGS may say (§6.5.2)."""

    HEADER_TABLE_SIZE = 0x1
    ENABLE_PUSH = 0x2
    MAX_CONCURRENT_STREAMS = 0x3
    INITIAL_WINDOW_SIZE = 0x4
    MAX_FRAME_SIZE = 0x5
    MAX_HEADER_LIST_SIZE = 0x6
