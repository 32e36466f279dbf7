"""The rules of a schema (`x-kubernetes-validations`) on an object that fits the schema otherwise.

Rules that compare with what was there before are passed over, since nothing was there before.
"""

import base64
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from mesh.durations import parse_duration
from mesh.schema.cel import Budget, CelError, CelSyntaxError, Program, compile_rule
from mesh.schema.cel.times import read_date, read_timestamp
from mesh.schema.cel.values import Duration
from mesh.schema.nodes import Node, converts, has_rules, listing, mapping
from mesh.schema.problems import MAX_PROBLEMS, Kind, MapKey, Problem, show

MAX_MESSAGE: Final = 5 * 1024
"""Characters of a message that a rule makes; the API server's limit."""

REMEMBERED: Final = 1000
"""Texts that are remembered for each field, since rules say the same of the same text."""

REMEMBERED_LENGTH: Final = 100
"""Characters of such a text: a duration, a name or an address."""

_LABELS: Final[Mapping[str, str]] = {"FieldValueForbidden": "Forbidden", "FieldValueRequired": "Required value"}


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule, ready to run."""

    text: str
    message: str
    reason: str
    field_path: str
    program: Program | None
    message_program: Program | None
    fault: str
    """Why it cannot be run; empty when it can."""


def evaluate(node: Node, value: Any, budget: Budget) -> list[Problem]:
    """Return what the rules at `node` and inside it have against `value`; TooCostlyError."""
    found: list[Problem] = []
    if value is None or not has_rules(node):
        return found
    rules = _rules(node)
    if rules:
        passed = _passed(node)
        if type(value) is not str or value not in passed:
            given = convert(node, value)
            for rule in rules:
                found += _run(rule, node, given, budget)
            if not found and type(value) is str and len(value) <= REMEMBERED_LENGTH and len(passed) < REMEMBERED:
                passed.add(value)
    for each in _alternatives(node):
        found += evaluate(each, value, budget)
    for step, child, item in _parts(node, value):
        for problem in evaluate(child, item, budget):
            problem.steps.append(step)
            found.append(problem)
        if len(found) >= MAX_PROBLEMS:
            break
    return found


def _passed(node: Node) -> set[str]:
    """Texts that have met all rules at `node`: the same few durations stand in thousands of objects."""
    found: set[str] | None = node.made.get("passed")
    if found is None:
        found = node.made["passed"] = set()
    return found


def _parts(node: Node, value: Any) -> Iterator[tuple[str | int, Node, Any]]:
    if type(value) is dict:
        for key, item in value.items():
            child = node.of(key)
            if child is not None and item is not None and has_rules(child):
                yield MapKey(key) if child is node.additional else key, child, item
    elif type(value) is list and node.items is not None and has_rules(node.items):
        for position, item in enumerate(value):
            yield position, node.items, item


def _alternatives(node: Node) -> list[Node]:
    found: list[Node] | None = node.made.get("all_of")
    if found is None:
        found = node.made["all_of"] = [Node(mapping(each)) for each in listing(node.schema.get("allOf"))]
    return found


def _rules(node: Node) -> list[Rule]:
    found: list[Rule] | None = node.made.get("rules")
    if found is None:
        written = listing(node.schema.get("x-kubernetes-validations"))
        found = node.made["rules"] = [rule for each in written if (rule := _compile(mapping(each))) is not None]
    return found


def _compile(written: Mapping[str, Any]) -> Rule | None:
    text = _text(written, "rule").strip()
    if not text:
        return None
    program = message_program = None
    fault = ""
    try:
        program = compile_rule(text)
    except CelSyntaxError as error:
        fault = str(error)
    expression = _text(written, "messageExpression")
    if expression:
        try:
            message_program = compile_rule(expression)
        except CelSyntaxError:
            message_program = None  # the rule's own message is used, as when the expression comes to nothing
    if program is not None and program.uses_old_self and written.get("optionalOldSelf") is not True:
        return None
    return Rule(
        text,
        _text(written, "message").strip(),
        _text(written, "reason"),
        _text(written, "fieldPath"),
        program,
        message_program,
        fault,
    )


def _text(written: Mapping[str, Any], key: str) -> str:
    value = written.get(key)
    return value if isinstance(value, str) else ""


def _run(rule: Rule, node: Node, value: Any, budget: Budget) -> list[Problem]:
    if rule.program is None:
        return [
            Problem(
                Kind.UNCHECKED, "", f"a rule of the CRD is not understood and not checked: {rule.text}: {rule.fault}"
            )
        ]
    try:
        if rule.program.evaluate(value, budget) is True:
            return []
    except CelError as error:
        return [_broken(node, rule, error)]
    detail = _message(rule, value, budget) or rule.message or f"failed rule: {rule.text}"
    structured = _kind(node) in ("object", "array")
    label = _LABELS.get(rule.reason, "Invalid value" if structured else f"Invalid value: {show(value)}")
    if rule.reason == "FieldValueDuplicate":
        label, detail = "Duplicate value" if structured else f"Duplicate value: {show(value)}", ""
    problem = _problem(label, detail)
    problem.steps.extend(reversed([step for step in rule.field_path.split(".") if step]))
    return [problem]


_UNFIT: Final = "call arguments did not match a supported operator, function or macro signature"


def _broken(node: Node, rule: Rule, error: CelError) -> Problem:
    """A rule that came to an error: the object has something that its writer did not think of."""
    about = rule.message or rule.text
    detail = f"{error} evaluating rule: {about}"
    if str(error).startswith("no such overload"):
        detail = f"'{error}': {_UNFIT} for rule: {about}"
    return _problem(f"Invalid value: {show(_kind(node))}", detail)


def _problem(label: str, detail: str) -> Problem:
    return Problem(Kind.RULE, label, detail)


def _kind(node: Node) -> str:
    kind = node.schema.get("type")
    return kind if isinstance(kind, str) else ""


def _message(rule: Rule, value: Any, budget: Budget) -> str:
    """What the rule's own expression says; empty when it comes to nothing that can be shown."""
    if rule.message_program is None:
        return ""
    try:
        text = rule.message_program.evaluate(value, budget)
    except CelError:
        return ""
    if not isinstance(text, str) or "\n" in text.strip() or len(text) > MAX_MESSAGE:
        return ""
    return text.strip()


def convert(node: Node, value: Any) -> Any:
    """Return `value` with the types that rules see: numbers as doubles, moments and durations as such."""
    if value is None or not converts(node):
        return value
    if type(value) is dict:
        return {key: item if (child := node.of(key)) is None else convert(child, item) for key, item in value.items()}
    if type(value) is list:
        return value if node.items is None else [convert(node.items, item) for item in value]
    kind = node.schema.get("type")
    if kind == "number" and type(value) is int:
        return float(value)
    if kind == "string" and type(value) is str:
        return _convert_text(value, node.schema.get("format"))
    return value


def _convert_text(text: str, form: Any) -> Any:
    try:
        match form:
            case "date-time":
                return read_timestamp(text.upper())
            case "date":
                return read_date(text)
            case "duration":
                return Duration(parse_duration(text))
            case "byte":
                return base64.b64decode(text)
    except ValueError:
        return text
    return text
