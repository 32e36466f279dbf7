"""What a peer does wrong: it costs a stream, or, where the connection's own framing is broken, the connection."""

from principal.door.http2.codes import ErrorCode


class ConnectionFault(Exception):  # noqa: N818 - the specification calls it an error of the connection
    """The connection ends with GOAWAY of `code`; the text becomes its debug data."""

    def __init__(self, code: ErrorCode, text: str) -> None:
        super().__init__(text)
        self.code = code
        self.text = text


class StreamFault(Exception):  # noqa: N818 - as above
    """One stream ends with RST_STREAM of `code`; the text is kept as evidence."""

    def __init__(self, stream_id: int, code: ErrorCode, text: str) -> None:
        super().__init__(text)
        self.stream_id = stream_id
        self.code = code
        self.text = text
