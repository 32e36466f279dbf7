"""Reading Envoy's configuration: both spellings of keys, numbers that are texts, types in an Any.

Envoy takes `stream_idle_timeout` and `streamIdleTimeout`; its dumps write 64-bit numbers as texts.
"""

from collections.abc import Iterator

from mesh.adapters.envoy.facts import TYPE, TYPES, duration
from mesh.bundle import Field
from mesh.findings import path_text

ABOVE = ("typed_config", "typedConfig")
"""Keys that tell nothing about what is below."""

MAX_DIGITS = 20
"""Digits of a number; Envoy's have 64 bits at most."""


def camel(name: str) -> str:
    """A field's other spelling: `stream_idle_timeout` is `streamIdleTimeout`."""
    first, *rest = name.split("_")
    return first + "".join(each.capitalize() for each in rest)


def get(field: Field, *steps: str | int) -> Field:
    """The field `steps` further down, each key in whichever spelling is written; snake case when neither is."""
    for step in steps:
        written = field.at(step)
        if isinstance(step, str) and not written.exists:
            other = field.at(camel(step))
            written = other if other.exists else written
        field = written
    return field


def items(field: Field, *steps: str | int) -> Iterator[Field]:
    """The members of the list at `steps`."""
    yield from get(field, *steps).items()


def number(field: Field) -> int | None:
    """A whole number, also one that is written as a text."""
    if field.text is not None:
        text = field.text.removeprefix("-")
        fits = text.isascii() and text.isdecimal() and len(text) <= MAX_DIGITS
        return int(field.text) if fits else None
    return field.number


def as_number(field: Field) -> Field:
    """The field with its number as a number, for those who do not know that it may be a text."""
    value = number(field)
    return field if value is None else Field(field.document, field.path, value)


def begun(text: str) -> str:
    """A text at the beginning of a sentence."""
    return text[:1].upper() + text[1:]


def label(field: Field) -> str:
    """The last two steps of the field's path, for messages: the whole is long, and told beside them."""
    keys = [position for position, step in enumerate(field.path) if isinstance(step, str)]
    if len(keys) > 1 and field.path[keys[-2]] not in ABOVE:
        return path_text(field.path[keys[-2] :])
    return path_text(field.path[keys[-1] :]) if keys else field.name


def ns(field: Field) -> int | None:
    """Nanoseconds of a duration; None when nothing readable is set."""
    return duration(field.text)


def is_of(field: Field, name: str) -> bool:
    """Whether an Any is of the type `name`."""
    return field.at(TYPE).text == f"{TYPES}{name}"


def typed(field: Field, name: str) -> Field | None:
    """The typed_config of an extension when it is of the type `name`."""
    config = get(field, "typed_config")
    return config if is_of(config, name) else None


def word(field: Field, words: tuple[str, ...]) -> str | None:
    """An enum's value by its name, also when its number is written; the first when nothing is."""
    if not field.exists:
        return words[0]
    position = field.number
    if position is not None:
        return words[position] if 0 <= position < len(words) else None
    return field.text if field.text in words else None
