"""How this room refuses: every refusal is a `ValueError` that carries the name of the rule which was broken."""

from mesh.shortening import fitting

SHOWN = 80
"""Characters, once escaped, of a caller's text in a message: enough to recognise it, too few to flood a log."""


class IdentityError(ValueError):
    """A text that names nobody. `rule` is the name of the broken rule; the message says what would be accepted."""

    def __init__(self, rule: str, message: str) -> None:
        # Both go into `args`, so that the error survives copying and pickling.
        super().__init__(rule, message)
        self.rule = rule

    def __str__(self) -> str:
        return str(self.args[1])


class RuleError(ValueError):
    """An identity rule's text that cannot be used; `fault` names what is wrong, the message what would be accepted."""

    def __init__(self, fault: str, message: str) -> None:
        super().__init__(fault, message)
        self.fault = fault

    def __str__(self) -> str:
        return str(self.args[1])


def shown(text: str) -> str:
    """`text` as a message may repeat it: quoted, plain ASCII, control characters escaped, at most SHOWN characters."""
    begun = fitting(text, SHOWN)
    return ascii(text) if begun == text else f"{begun!a}... ({len(text)} characters)"


def first_outside(text: str, allowed: frozenset[str]) -> str:
    """The first character of `text` that is not in `allowed`, in words; there must be one."""
    place, character = next((place, each) for place, each in enumerate(text) if each not in allowed)
    return f"{character!a} (U+{ord(character):04X}) at character {place + 1}"
