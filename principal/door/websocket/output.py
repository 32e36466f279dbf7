"""What waits to be written."""

from collections.abc import Callable


class Output:
    """Bytes in pieces, until the edge takes them."""

    def __init__(self, changed: Callable[[], None]) -> None:
        self.changed = changed
        """Tells the edge to look: at the output, at whether to pause, and at the next timer."""
        self.size = 0
        self._pieces: list[bytes] = []

    def write(self, data: bytes) -> None:
        """Add bytes."""
        self._pieces.append(data)
        self.size += len(data)
        if len(self._pieces) == 1:
            self.changed()

    def take(self) -> bytes:
        """All bytes; they are the edge's from now on."""
        pieces = self._pieces
        taken = pieces[0] if len(pieces) == 1 else b"".join(pieces)
        self.drop()
        return taken

    def drop(self) -> None:
        """Forget what waits."""
        self._pieces = []
        self.size = 0
