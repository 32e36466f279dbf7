"""What can be wrong with what a peer sent, or with what it shall be sent."""


class EventError(ValueError):
    """Bytes that are no event, an event unfit for this protocol, or a payload that is not what it should be."""

    rule: str
    """A short constant name of the rule that was broken, for logs and counters."""

    def __init__(self, rule: str, message: str) -> None:
        super().__init__(message)
        self.rule = rule


class ChecksumError(ValueError):
    """A value that has no checksum: JSON cannot say it, or the part that is summed is missing."""
