"""A rule that is ready to run."""

from dataclasses import dataclass
from typing import Any

from mesh.schema.cel.budget import Budget
from mesh.schema.cel.compiling import Run, compile_tree
from mesh.schema.cel.parser import parse


@dataclass(frozen=True, slots=True)
class Program:
    """A compiled rule. It keeps nothing between runs."""

    text: str
    uses_old_self: bool
    """Whether it compares with what was there before."""
    run: Run
    slots: int

    def evaluate(self, value: Any, budget: Budget, *, old: Any = None) -> Any:
        """Return what the rule comes to when `self` is `value`; CelError, TooCostlyError."""
        frame: list[Any] = [None] * self.slots
        frame[0], frame[1], frame[2] = budget, value, old
        return self.run(frame)


def compile_rule(text: str) -> Program:
    """Return the rule `text` ready to run; CelSyntaxError when it is none, or calls what is not there."""
    compiled = compile_tree(parse(text))
    return Program(text, compiled.uses_old_self, compiled.run, compiled.slots)
