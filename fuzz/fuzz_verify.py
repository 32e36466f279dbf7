"""Any bytes are manifests, CRDs or a rule, and findings come out, never an error; what takes long is ended by a budget.

A target raises when something below it raises anything but its own error, or when a report cannot be read back.
"""

import copy
import functools
import json
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from mesh.adapters import ADAPTERS
from mesh.findings import Finding
from mesh.intent import DEFAULT_INTENT, Version
from mesh.manifests import decode_text, expand_lists, read_documents, write_document
from mesh.report import FORMATS, Report
from mesh.schema import Schemas
from mesh.schema.cel import Budget, CelError, CelSyntaxError, TooCostlyError, compile_rule
from mesh.schema.definitions import scan
from mesh.verify import unreadable, verify
from tests.mesh.schema.crds import crd, thing

UNITS = 20_000
"""What a rule may cost: some milliseconds."""

SPEC = """{type: object, properties: {
  a: {type: string, pattern: '^[a-z]+$', maxLength: 9}, b: {type: integer, minimum: 1, format: int32},
  c: {type: array, x-kubernetes-list-type: set, items: {type: string}, maxItems: 5},
  d: {type: object, additionalProperties: {type: boolean}}, e: {x-kubernetes-int-or-string: true},
  f: {type: object, oneOf: [{required: [x]}, {required: [y]}], properties: {x: {type: number}, y: {nullable: true}}},
  g: {type: array, x-kubernetes-list-type: map, x-kubernetes-list-map-keys: [k], items: {type: object, properties: {
    k: {type: string, default: z}}}, x-kubernetes-validations: [{rule: 'self.all(x, self.exists_one(y, y == x))'}]},
  h: {type: object, x-kubernetes-preserve-unknown-fields: true}, i: {type: string, format: date-time}},
  x-kubernetes-validations: [{rule: '!has(self.a) || self.a != string(self.b)', messageExpression: string(self.b)}]}
"""


def manifests(data: bytes) -> None:
    """Verify the bytes as manifests, alone, against the default intent, and report what was found."""
    text, faults = decode_text(data, "fuzz.yaml")
    documents, more = read_documents(text, "fuzz.yaml")
    objects, items = expand_lists(documents)
    findings = unreadable([*faults, *more, *items])
    findings += verify(objects)
    findings += verify(objects, intent=DEFAULT_INTENT)
    _report(findings, len(objects))


def mutated(data: bytes) -> None:
    """Verify what an adapter generates, or a code's fixture, with fields replaced: the bytes say which, and by what."""
    if len(data) < 5:
        return
    samples = _samples()
    documents = json.loads(samples[int.from_bytes(data[:2], "big") % len(samples)])
    for at in range(2, len(data) - 2, 3):
        document = documents[data[at] % len(documents)]
        paths = list(_paths(document))
        *path, last = paths[data[at + 1] % len(paths)]
        place = document
        for step in path:
            place = place[step]
        place[last] = copy.deepcopy(REPLACEMENTS[data[at + 2] % len(REPLACEMENTS)])
    text = "---\n".join(write_document(document) for document in documents)
    objects, faults = read_documents(text, "fuzz.yaml")
    findings = unreadable(faults) + verify(objects, intent=DEFAULT_INTENT) + verify(objects)
    findings += verify(objects, intent=EVERYTHING, adapters=ADAPTERS.values())
    _report(findings, len(objects))


EVERYTHING = replace(
    DEFAULT_INTENT,
    keepalive=replace(DEFAULT_INTENT.keepalive, downstream=True),
    mesh=replace(DEFAULT_INTENT.mesh, istio=Version(1, 28), envoy=Version(1, 36)),
)
"""What generates the objects that the default leaves out."""

FIXTURES = Path(__file__).parents[1] / "tests" / "mesh" / "findings"

REPLACEMENTS: tuple[Any, ...] = (
    None, True, False, 0, 1, -1, 2**40, 1.5, "", "x", "*", "0s", "1h", "-1s", "spiffe://x/y", "{agent}", "127.0.0.1",
    [], [None], ["x", 1], {}, {"x": None}, {"a": {"b": [1]}}, "\x07", "a" * 300, [[]], {"": ""},
)  # fmt: skip


@functools.cache
def _samples() -> tuple[str, ...]:
    """Sets of documents, as JSON: what every adapter generates, and the fixtures of all findings."""
    sets = [
        [dict(each.data) for each in adapter.generate(intent)]
        for adapter in ADAPTERS.values()
        for intent in (DEFAULT_INTENT, EVERYTHING)
    ]
    fixtures = (read_documents(path.read_text(), path.name)[0] for path in sorted(FIXTURES.glob("*/*.yaml")))
    sets += [[dict(each.data) for each in documents if each.data] for documents in fixtures]
    return tuple(json.dumps(each) for each in sets if each)


def _paths(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    for key, item in value.items() if isinstance(value, dict) else enumerate(value):
        yield (*path, key)
        if isinstance(item, dict | list):
            yield from _paths(item, (*path, key))


def objects(data: bytes) -> None:
    """Validate the bytes as the spec of an object."""
    _validate(crd(SPEC), thing(_flow(data)))


def schemas(data: bytes) -> None:
    """Use the bytes as the schema of a kind, and as a file of CRDs."""
    for spec in ("3", "x", "{a: 1, b: [x, null]}", "[1, {a: x}]"):
        _validate(crd(_flow(data)), thing(spec))
    for definition in scan(data.decode("utf-8", "replace"), "crds.yaml")[0]:
        assert definition.versions is not None


def rules(data: bytes) -> None:
    """Compile the bytes as a rule, and run it on a few values."""
    try:
        program = compile_rule(data.decode("utf-8", "replace"))
    except CelSyntaxError:
        return
    for value in (None, 1, "a", [1, "b"], {"a": {"b": [1.5, True]}}):
        try:
            program.evaluate(value, Budget(UNITS))
        except (CelError, TooCostlyError):
            continue


TARGETS: dict[str, Callable[[bytes], None]] = {
    "verify manifests": manifests,
    "verify mutated": mutated,
    "verify objects": objects,
    "verify schemas": schemas,
    "verify rules": rules,
}


def _flow(data: bytes) -> str:
    """The bytes as one value in flow style: YAML that is a fault elsewhere would end every run before it begins."""
    return " ".join(data.decode("utf-8", "replace").split("\n"))


def _validate(definition: str, text: str) -> None:
    definitions, _ = read_documents(definition, "crd.yaml")
    found, _ = read_documents(text, "fuzz.yaml")
    known = Schemas.from_documents(definitions)
    _report([finding for each in found for finding in known.validate(each)], len(found))


def _report(findings: list[Finding], documents: int) -> None:
    report = Report(findings=tuple(findings), documents=documents, sources=("fuzz.yaml",))
    for name, write in FORMATS.items():
        text = write(report)
        if name in ("json", "sarif"):
            json.loads(text)
        elif name == "junit":
            ET.fromstring(text)
