"""What the API server would say to an object, from the CRDs at hand."""

from collections.abc import Iterable, Mapping
from typing import Any, Final, Self

from mesh.findings import Document, Finding, Level, found
from mesh.manifests import Fault, Manifest
from mesh.schema.cel import Budget, TooCostlyError
from mesh.schema.checking import check
from mesh.schema.definitions import Definition, Version, definitions_of, scan
from mesh.schema.meta import check_metadata
from mesh.schema.nodes import Node
from mesh.schema.preparing import Unknown, prepare
from mesh.schema.problems import MAX_PROBLEMS, Kind, Problem, plain_path
from mesh.schema.rules import evaluate

OBJECT_UNITS: Final = 500_000
"""What the rules may cost on one object; about a second. Real objects take some hundreds."""

TOTAL_UNITS: Final = 20_000_000
"""What the rules may cost in all; some ten seconds. A thousand real objects take some hundred thousand."""

BUILT_IN: Final = frozenset(
    {"", "apps", "autoscaling", "batch", "extensions", "policy"}
    | {
        f"{name}.k8s.io"
        for name in ("networking", "rbac.authorization", "storage", "apiextensions", "admissionregistration")
    }
    | {
        f"{name}.k8s.io"
        for name in ("apiregistration", "certificates", "coordination", "discovery", "events", "flowcontrol.apiserver")
    }
    | {
        f"{name}.k8s.io"
        for name in ("node", "resource", "scheduling", "authentication", "authorization", "kustomize.config")
    }
)
"""Groups that no CRD defines."""


class Schemas:
    """The kinds that are known, each compiled when it is first met."""

    def __init__(self, definitions: Iterable[Definition] = ()) -> None:
        self._definitions: dict[tuple[str, str], list[Definition]] = {}
        self._nodes: dict[tuple[int, str], Node] = {}
        self._units = TOTAL_UNITS
        self._told: set[tuple[str, ...]] = set()
        for each in definitions:
            self._definitions.setdefault((each.group, each.kind), []).append(each)

    @classmethod
    def from_documents(cls, manifests: Iterable[Manifest]) -> Self:
        """The kinds that the CRDs among `manifests` define."""
        return cls(definitions_of(manifests))

    @classmethod
    def from_texts(cls, texts: Iterable[tuple[str, str]]) -> tuple[Self, list[Fault]]:
        """The kinds that files of CRDs define, given as source and text, and what is wrong with the files."""
        definitions: list[Definition] = []
        faults: list[Fault] = []
        for source, text in texts:
            more, wrong = scan(text, source)
            definitions += more
            faults += wrong
        return cls(definitions), faults

    def validate(self, manifest: Document) -> list[Finding]:
        """What is wrong with an object as its CRD sees it; nothing when no CRD defines its kind."""
        api_version, kind = manifest.data.get("apiVersion"), manifest.data.get("kind")
        if not isinstance(api_version, str) or not isinstance(kind, str):
            return []
        group, _, version = api_version.rpartition("/")
        definitions = self._definitions.get((group, kind))
        if not definitions:
            return self._unknown_kind(manifest, group, kind)
        # CRDs of several releases may lie side by side: what one of them takes is taken.
        best: list[Finding] | None = None
        for definition in definitions:
            result = self._validate(manifest, definition, version)
            if best is None or _errors(result) < _errors(best):
                best = result
            if not _errors(best):
                break
        return [finding for finding in best or () if self._is_news(finding)]

    def _is_news(self, finding: Finding) -> bool:
        """Whether a finding is about this object, or about all of its kind and not said yet."""
        if finding.code != _UNCHECKED:
            return True
        fact = (finding.code, finding.message)
        news = fact not in self._told
        self._told.add(fact)
        return news

    def _unknown_kind(self, manifest: Document, group: str, kind: str) -> list[Finding]:
        if not self._definitions or group in BUILT_IN or (group, kind) in self._told:
            return []
        self._told.add((group, kind))
        elsewhere = sorted(other for other, name in self._definitions if name == kind)
        hint = f"; {kind} is defined in {', '.join(elsewhere)}" if elsewhere else ""
        message = (
            f"no CRD at hand defines {kind} in {group}{hint}; objects of this kind are not checked against a schema"
        )
        return [found("MT1711", manifest, ("apiVersion",), message, level=Level.WARNING if elsewhere else None)]

    def _validate(self, manifest: Document, definition: Definition, name: str) -> list[Finding]:
        version = definition.versions.get(name)
        if version is None or not version.served:
            return [_no_version(manifest, definition, name)]
        findings = _deprecated(manifest, definition, version)
        node = self._node(definition, version)
        problems = check_metadata(manifest.data)
        unknown: Unknown = []
        value = prepare(node, _without_status(manifest.data, version), unknown, root=True)
        problems += [_unknown_field(path) for path in unknown]
        problems += check(node, value) or []
        if not any(problem.blocks for problem in problems):
            problems += self._evaluate(node, value)
        return findings + [_finding(manifest, problem) for problem in problems[:MAX_PROBLEMS]]

    def _node(self, definition: Definition, version: Version) -> Node:
        key = (id(definition), version.name)
        node = self._nodes.get(key)
        if node is None:
            node = self._nodes[key] = Node(version.schema)
        return node

    def _evaluate(self, node: Node, value: Any) -> list[Problem]:
        budget = Budget(min(OBJECT_UNITS, self._units))
        given = budget.left
        try:
            return evaluate(node, value, budget)
        except TooCostlyError:
            return [
                Problem(
                    Kind.UNCHECKED, "Rules not checked", "the rules of the CRD would take too long on objects as large"
                )
            ]
        finally:
            self._units = max(0, self._units - (given - budget.left))


def _errors(findings: list[Finding]) -> int:
    return sum(finding.level is Level.ERROR for finding in findings)


_UNCHECKED: Final = Kind.UNCHECKED.value


def _without_status(data: Mapping[str, Any], version: Version) -> dict[str, Any]:
    """Return the object as it is created: the status is somebody else's."""
    return {key: value for key, value in data.items() if key != "status" or not version.has_status}


def _no_version(manifest: Document, definition: Definition, name: str) -> Finding:
    served = [version.name for version in definition.versions.values() if version.served]
    message = (
        f'no matches for kind "{definition.kind}" in version "{definition.group}/{name}": '
        f"the CRD at {definition.source} serves {', '.join(served) or 'no version'}"
    )
    remedy = f"Write apiVersion: {definition.group}/{served[-1]}" if served else ""
    return found("MT1710", manifest, ("apiVersion",), message, remedy=remedy)


def _deprecated(manifest: Document, definition: Definition, version: Version) -> list[Finding]:
    if not version.deprecated:
        return []
    name = f"{definition.group}/{version.name}"
    message = version.warning or f"{name} {definition.kind} is deprecated"
    return [found("MT1713", manifest, ("apiVersion",), message)]


def _unknown_field(path: list[str | int]) -> Problem:
    problem = Problem(Kind.UNKNOWN, "", "", steps=path)
    problem.detail = f'unknown field "{plain_path(problem.path)}"'
    return problem


def _finding(manifest: Document, problem: Problem) -> Finding:
    return found(problem.kind.value, manifest, problem.path, problem.text, remedy=problem.remedy)
