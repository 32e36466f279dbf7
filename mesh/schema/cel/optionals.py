"""Values that may be missing: `self.?field.orValue("")`."""

from typing import Any, Final

from mesh.schema.cel.budget import Budget
from mesh.schema.cel.function import Function, typed, untyped
from mesh.schema.cel.values import NONE, CelError, Optional, no_overload


def _value(_: Budget, optional: Optional) -> Any:
    if not optional.present:
        raise CelError("optional.none() dereference")
    return optional.value


def _or(_: Budget, optional: Any, other: Any) -> Any:
    if type(optional) is not Optional or type(other) is not Optional:
        raise no_overload()
    return optional if optional.present else other


def _or_value(_: Budget, optional: Any, other: Any) -> Any:
    if type(optional) is not Optional:
        raise no_overload()
    return optional.value if optional.present else other


def _of_non_zero(_: Budget, value: Any) -> Optional:
    return Optional(value, present=True) if value else NONE


NAMESPACES: Final[dict[str, Function]] = {
    "optional.of": untyped(lambda _, value: Optional(value, present=True), 1),
    "optional.none": untyped(lambda _: NONE, 0),
    "optional.ofNonZeroValue": untyped(_of_non_zero, 1),
}
METHODS: Final[dict[str, Function]] = {
    "hasValue": typed(lambda _, optional: optional.present, Optional),
    "value": typed(_value, Optional),
    "or": untyped(_or, 2),
    "orValue": untyped(_or_value, 2),
}
