"""Whether a text is of a form that is known by reading it."""

from collections.abc import Callable


def is_readable(read: Callable[[str], object], text: str) -> bool:
    """Whether `read` takes the text; it raises a ValueError where it does not."""
    try:
        read(text)
    except ValueError:
        return False
    return True
