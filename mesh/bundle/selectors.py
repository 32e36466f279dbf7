"""Selectors: which objects they take by their labels, as Kubernetes defines it. Read once, asked often."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

from mesh.bundle.fields import Field

_OPERATORS: Final[Mapping[str, Callable[[str | None, frozenset[str]], bool]]] = {
    "In": lambda label, values: label in values,
    "NotIn": lambda label, values: label not in values,
    "Exists": lambda label, values: label is not None,
    "DoesNotExist": lambda label, values: label is None,
}
"""Kubernetes' `matchExpressions`; a label that is not there is None."""


@dataclass(frozen=True, slots=True)
class Selector:
    """A Kubernetes LabelSelector: `matchLabels` and `matchExpressions`."""

    labels: Mapping[str, Any]
    expressions: tuple[tuple[str, str, frozenset[str]], ...]
    """Label, operator and values."""
    written: bool
    """Whether there is one: an absent selector takes nothing, an empty one everything."""

    @classmethod
    def of(cls, place: Field) -> Self:
        """The selector at `place`."""
        expressions = tuple(
            (each.at("key").text or "", each.at("operator").text or "", frozenset(each.at("values").texts))
            for each in place.at("matchExpressions").items()
        )
        return cls(place.at("matchLabels").mapping, expressions, isinstance(place.value, Mapping))

    @property
    def steps(self) -> int:
        """What asking once costs at most, in comparisons of a label."""
        return 1 + len(self.labels) + len(self.expressions)

    def takes(self, labels: Mapping[str, str]) -> bool:
        """Whether it takes an object with `labels`; an expression with an unknown operator takes nothing."""
        if not self.written or not selects(self.labels, labels):
            return False
        return all(
            operator in _OPERATORS and _OPERATORS[operator](labels.get(key), values)
            for key, operator, values in self.expressions
        )


def selects(selector: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    """Whether every label of `selector` (a `matchLabels`) is among `labels`; an empty selector takes everything."""
    return all(labels.get(key) == value for key, value in selector.items())


def label_selector_takes(selector: Field, labels: Mapping[str, str]) -> bool:
    """Whether the LabelSelector at `selector` takes an object with `labels`, for one that is asked once."""
    return Selector.of(selector).takes(labels)
