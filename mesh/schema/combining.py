"""Schemas made of schemas: allOf, anyOf, oneOf and not."""

from collections.abc import Callable
from typing import Any

from mesh.schema.nodes import Node, Schema, listing, mapping
from mesh.schema.problems import HERE, Kind, Problems, invalid, joined

Check = Callable[[Any], Problems]
CheckNode = Callable[[Node, Any], Problems]


def compile_all(schema: Schema, check: CheckNode) -> list[Check]:
    """The checks of a schema's combinations."""
    found: list[Check] = []
    for key, make in (("anyOf", _any_of), ("oneOf", _one_of), ("allOf", _all_of)):
        nodes = [Node(mapping(each)) for each in listing(schema.get(key))]
        if nodes:
            found.append(make(nodes, check))
    if isinstance(schema.get("not"), dict):
        found.append(_not(Node(schema["not"]), check))
    return found


def _any_of(nodes: list[Node], check: CheckNode) -> Check:
    def any_of(value: Any) -> Problems:
        failures: list[Problems] = []
        for node in nodes:
            problems = check(node, value)
            if not problems:
                return None
            failures.append(problems)
        return joined(_combination(f'"{HERE}" must validate at least one schema (anyOf)'), _nearest(nodes, failures))

    return any_of


def _one_of(nodes: list[Node], check: CheckNode) -> Check:
    def one_of(value: Any) -> Problems:
        results = [check(node, value) for node in nodes]
        fitting = sum(not problems for problems in results)
        if fitting == 1:
            return None
        many = f"Found {fitting} valid alternatives" if fitting else "Found none valid"
        problems = _combination(f'"{HERE}" must validate one and only one schema (oneOf). {many}')
        return problems if fitting else joined(problems, _nearest(nodes, results))

    return one_of


def _all_of(nodes: list[Node], check: CheckNode) -> Check:
    def all_of(value: Any) -> Problems:
        found: Problems = None
        failed = 0
        for node in nodes:
            problems = check(node, value)
            failed += bool(problems)
            found = joined(found, problems)
        if not failed:
            return None
        none = ". None validated" if failed == len(nodes) else ""
        return joined(found, _combination(f'"{HERE}" must validate all the schemas (allOf){none}'))

    return all_of


def _not(node: Node, check: CheckNode) -> Check:
    def negated(value: Any) -> Problems:
        return None if check(node, value) else _combination(f'"{HERE}" must not validate the schema (not)')

    return negated


def _combination(detail: str) -> Problems:
    return invalid(Kind.COMBINATION, "", detail)


def _nearest(nodes: list[Node], failures: list[Problems]) -> Problems:
    """The problems of the alternative that comes nearest: the one that says most and is least contradicted."""
    scored = [
        (_weigh(node.schema) - len(problems), problems)
        for node, problems in zip(nodes, failures, strict=True)
        if problems
    ]
    return max(scored, key=lambda each: each[0])[1] if scored else None


def _weigh(schema: Any) -> int:
    """How much a schema says."""
    if isinstance(schema, dict):
        return sum(1 + _weigh(value) for value in schema.values())
    return sum(map(_weigh, schema)) if isinstance(schema, list) else 0
