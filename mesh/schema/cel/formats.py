"""Kubernetes' `format.dns1123Label().validate(text)`: no value when the text fits, else what is wrong with it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from mesh.schema.cel.budget import Budget
from mesh.schema.cel.function import Function, typed, untyped
from mesh.schema.cel.values import NONE, Optional
from mesh.schema.names import NAMED


@dataclass(frozen=True, slots=True)
class Format:
    """A named form that texts may have."""

    name: str
    check: Callable[[str], bool]


FORMATS: Final = {name: Format(name, check) for name, check in NAMED.items()}
"""By name, as in `format.named("dns1123Label")`."""


def _validate(budget: Budget, form: Format, text: str) -> Optional:
    budget.spend_length(len(text))
    return NONE if form.check(text) else Optional([f"does not fit the format {form.name}"], present=True)


def _named(_: Budget, name: str) -> Optional:
    form = FORMATS.get(name)
    return NONE if form is None else Optional(form, present=True)


def _constant(form: Format) -> Callable[..., Any]:
    return lambda _: form


NAMESPACES: Final[dict[str, Function]] = {
    **{f"format.{name}": untyped(_constant(form), 0) for name, form in FORMATS.items()},
    "format.named": typed(_named, str),
}
METHODS: Final[dict[str, Function]] = {"validate": typed(_validate, Format, str)}
