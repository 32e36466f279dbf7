"""Text of others in messages: short once it is escaped, whatever it was. Pure."""

from typing import Final

_QUOTES: Final = 2
"""Characters that `ascii` puts around."""


def fitting(text: str, most: int) -> str:
    """The longest beginning of `text` whose `ascii` form has at most `most` characters between its quotes.

    A character beyond the basic plane takes ten, so that cutting first and escaping then would make a message ten times
    as long as was meant.
    """
    if text.isascii() and text.isprintable() and "'" not in text and "\\" not in text:
        return text[:most]  # nothing in it is escaped
    room = most
    for position, character in enumerate(text[:most]):
        # A quote is escaped when both kinds are there.
        room -= len(ascii(character)) - _QUOTES + (character == "'")
        if room < 0:
            return text[:position]
    return text[:most]
