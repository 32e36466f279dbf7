"""OpenAPI's keywords, each for the type of value that it is about."""

from collections.abc import Callable
from typing import Any, Final

from mesh.schema.cel.regexes import compiled
from mesh.schema.cel.values import CelError, hashable
from mesh.schema.formats import FORMATS
from mesh.schema.listtypes import compile_list_type
from mesh.schema.nodes import Schema, listing
from mesh.schema.problems import HERE, MAX_PROBLEMS, Kind, Problem, Problems, invalid, show

Check = Callable[[Any], Problems]

RANGES: Final = {"int32": (-(2**31), 2**31 - 1), "int64": (-(2**63), 2**63 - 1)}
"""What an integer of the format can be."""

_FORMATS: Final = {"integer": frozenset(RANGES), "number": frozenset({"float", "double"})}
_NAMED: Final = 8
"""Allowed values that a remedy lists."""


def types_of(schema: Schema) -> tuple[str, ...]:
    """The types that a schema allows; none when it says nothing."""
    if schema.get("x-kubernetes-int-or-string") is True:
        return ("integer", "string")
    kind = schema.get("type")
    return (kind,) if isinstance(kind, str) and kind else ()


def format_of(schema: Schema) -> str:
    """The format of a schema, if the API server knows it for the type."""
    form = schema.get("format")
    types = types_of(schema)
    if not isinstance(form, str) or len(types) > 1:
        return ""
    if not types or types == ("string",):
        return form if form.replace("-", "") in FORMATS else ""
    return form if form in _FORMATS.get(types[0], ()) else ""


def accepted(schema: Schema, value: Any = None) -> str:
    """What a schema takes, in words."""
    enum = listing(schema.get("enum"))
    if enum:
        more = "" if len(enum) <= _NAMED else f" and {len(enum) - _NAMED} more"
        return f"accepted: {', '.join(map(show, enum[:_NAMED]))}{more}"
    parts = [" or ".join(types_of(schema)) or "any value"]
    form = schema.get("format")
    parts += [f"in the form {form}"] if isinstance(form, str) and form else []
    parts += [f"matching {schema['pattern']}"] if isinstance(schema.get("pattern"), str) else []
    parts += [_between(schema, "minimum", "maximum", "")] if _is_bounded(schema, "minimum", "maximum") else []
    parts += [_between(schema, "minLength", "maxLength", " characters")] if _is_bounded(schema, "maxLength") else []
    text = f"accepted: {', '.join(parts)}"
    if types_of(schema) == ("string",) and isinstance(value, int | float):
        text += f"; write it as text, in quotes: {show(str(show(value)))}"
    if types_of(schema) in (("integer",), ("number",)) and isinstance(value, str):
        text += "; write the number without quotes"
    return text


def _is_bounded(schema: Schema, *keys: str) -> bool:
    return any(_bound(schema, key) is not None for key in keys)


def _between(schema: Schema, least: str, most: str, unit: str) -> str:
    words = [f"at least {show(schema[least])}"] if _bound(schema, least) is not None else []
    words += [f"at most {show(schema[most])}"] if _bound(schema, most) is not None else []
    return " and ".join(words) + unit


def _bound(schema: Schema, key: str) -> float | None:
    value = schema.get(key)
    return value if type(value) in (int, float) else None


def compile_string(schema: Schema) -> list[Check]:
    """Lengths, the pattern and the format of a text."""
    found = [check for make in (_length, _pattern) if (check := make(schema)) is not None]
    form = _format(schema)
    return [_first(found), *([form] if form else [])] if found else [form] if form else []


def _first(checks: list[Check]) -> Check:
    """The checks one after the other, up to the first that fails."""
    if len(checks) == 1:
        return checks[0]
    return lambda value: next((problems for check in checks if (problems := check(value))), None)


def _length(schema: Schema) -> Check | None:
    most, least = _bound(schema, "maxLength"), _bound(schema, "minLength")
    if most is None and least is None:
        return None

    def check(value: str) -> Problems:
        if most is not None and len(value) > most:
            detail = f"may not be more than {most} byte{'' if most == 1 else 's'}"
            return [Problem(Kind.BOUND, "Too long", detail, blocks=True)]
        if least is not None and len(value) < least:
            return invalid(Kind.BOUND, value, f"{HERE} in body should be at least {least} chars long")
        return None

    return check


def _pattern(schema: Schema) -> Check | None:
    pattern = schema.get("pattern")
    if not isinstance(pattern, str) or not pattern:
        return None

    def check(value: str) -> Problems:
        try:
            if compiled(pattern).search(value) is not None:
                return None
        except CelError as error:
            return invalid(
                Kind.FORM, value, f"{HERE} in body should match '{pattern}, but pattern is invalid: {error}'"
            )
        return invalid(Kind.FORM, value, f"{HERE} in body should match '{pattern}'")

    return check


def _format(schema: Schema) -> Check | None:
    form = format_of(schema)
    fits = FORMATS.get(form.replace("-", ""))
    if fits is None:
        return None

    def check(value: str) -> Problems:
        if fits(value):
            return None
        detail = f"{HERE} in body must be of type {form}: {show(value)}"
        return [Problem(Kind.FORM, f"Invalid value: {show(value)}", detail, blocks=True, remedy=accepted(schema))]

    return check


def compile_number(schema: Schema) -> list[Check]:
    """The range of a number's format, its bounds and what it is a multiple of."""
    makers = (_range, _maximum, _minimum, _multiple)
    return [check for make in makers if (check := make(schema)) is not None]


def _range(schema: Schema) -> Check | None:
    if types_of(schema) != ("integer",):
        return None
    form = format_of(schema)
    least, most = RANGES[form or "int64"]
    kind = f"with format {form}" if form else "(default format)"

    def check(value: float) -> Problems:
        if least <= value <= most and (type(value) is int or value.is_integer()):
            return None
        return invalid(Kind.BOUND, "", f"Checked value must be of type integer {kind} in {HERE}")

    return check


def _maximum(schema: Schema) -> Check | None:
    most, exclusive = _bound(schema, "maximum"), schema.get("exclusiveMaximum") is True
    if most is None:
        return None
    words = "less than" if exclusive else "less than or equal to"

    def check(value: float) -> Problems:
        if value < most or (value == most and not exclusive):
            return None
        return invalid(Kind.BOUND, value, f"{HERE} in body should be {words} {show(most)}", remedy=accepted(schema))

    return check


def _minimum(schema: Schema) -> Check | None:
    least, exclusive = _bound(schema, "minimum"), schema.get("exclusiveMinimum") is True
    if least is None:
        return None
    words = "greater than" if exclusive else "greater than or equal to"

    def check(value: float) -> Problems:
        if value > least or (value == least and not exclusive):
            return None
        return invalid(Kind.BOUND, value, f"{HERE} in body should be {words} {show(least)}", remedy=accepted(schema))

    return check


def _multiple(schema: Schema) -> Check | None:
    factor = _bound(schema, "multipleOf")
    if factor is None or factor <= 0:
        return None

    def check(value: float) -> Problems:
        if (value / factor).is_integer():
            return None
        return invalid(Kind.BOUND, value, f"{HERE} in body should be a multiple of {show(factor)}")

    return check


def compile_list(schema: Schema) -> list[Check]:
    """How many items, and which may be there once only."""
    return [check for make in (_items, _unique, compile_list_type) if (check := make(schema)) is not None]


def _items(schema: Schema) -> Check | None:
    most, least = _bound(schema, "maxItems"), _bound(schema, "minItems")
    if most is None and least is None:
        return None

    def check(value: list[Any]) -> Problems:
        if least is not None and len(value) < least:
            return invalid(Kind.BOUND, len(value), f"{HERE} in body should have at least {least} items")
        if most is not None and len(value) > most:
            return _too_many(len(value), most)
        return None

    return check


def _too_many(actual: int, most: float) -> Problems:
    detail = f"must have at most {most} item{'' if most == 1 else 's'}"
    return [Problem(Kind.BOUND, f"Too many: {actual}", detail, blocks=True)]


def _unique(schema: Schema) -> Check | None:
    if schema.get("uniqueItems") is not True:
        return None

    def check(value: list[Any]) -> Problems:
        if len(set(map(hashable, value))) == len(value):
            return None
        return invalid(Kind.DUPLICATE, "", f"{HERE} in body shouldn't contain duplicates")

    return check


def compile_enum(schema: Schema) -> list[Check]:
    """Which values are allowed at all."""
    if not listing(schema.get("enum")):
        return []
    return [lambda value: check_enum(schema, value)]


def check_enum(schema: Schema, value: Any) -> Problems:
    """Return the problem that `value` is not among those that are allowed."""
    enum = listing(schema.get("enum"))
    if not enum or any(each == value and isinstance(each, bool) == isinstance(value, bool) for each in enum):
        return None
    supported = ", ".join(f'"{each}"' if isinstance(each, str) else f'"{show(each)}"' for each in enum)
    label = f"Unsupported value: {show(value)}"
    problem = Problem(Kind.ENUM, label, f"supported values: {supported}", blocks=True, remedy=accepted(schema))
    return [problem]


def compile_map(schema: Schema) -> list[Check]:
    """How many fields, and which must be there."""
    return [check for make in (_sizes, _required) if (check := make(schema)) is not None]


def _sizes(schema: Schema) -> Check | None:
    most, least = _bound(schema, "maxProperties"), _bound(schema, "minProperties")
    if most is None and least is None:
        return None

    def check(value: dict[str, Any]) -> Problems:
        if least is not None and len(value) < least:
            return invalid(Kind.BOUND, len(value), f"{HERE} in body should have at least {least} properties")
        if most is not None and len(value) > most:
            return _too_many(len(value), most)
        return None

    return check


def _required(schema: Schema) -> Check | None:
    required = [each for each in listing(schema.get("required")) if isinstance(each, str)]
    if not required:
        return None

    def check(value: dict[str, Any]) -> Problems:
        lacking = [key for key in required if key not in value]
        if not lacking:
            return None
        found = lacking[:MAX_PROBLEMS]
        return [Problem(Kind.REQUIRED, "Required value", "", blocks=True, steps=[key]) for key in found]

    return check
