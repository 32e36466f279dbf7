"""What every adapter must keep, as functions that its tests call.

from tests.mesh.adapters import contract

@pytest.mark.parametrize("intent", contract.INTENTS)
def test_...(intent): contract.assert_clean(ADAPTER, intent)
"""

import copy
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from mesh.adapters.base import Adapter, Change, Generated, write_stream
from mesh.findings import Finding
from mesh.intent import DEFAULT_INTENT, Intent
from mesh.manifests import Manifest, read_documents
from tests.mesh.adapters.intents import OPEN, OTHER

INTENTS = {"default": DEFAULT_INTENT, "other": OTHER, "open": OPEN}
"""On which the slow parts of the contract run."""

Path = tuple[str | int, ...]


def read_back(documents: list[Generated]) -> list[Manifest]:
    """The generated documents as they are read from their own YAML."""
    manifests, faults = read_documents(write_stream(documents), "generated.yaml")
    assert faults == []
    return manifests


def assert_clean(adapter: Adapter, intent: Intent) -> None:
    """What is generated verifies without a finding, as it is and when read from its YAML."""
    generated = adapter.generate(intent)
    assert generated
    manifests = read_back(generated)
    assert [each.data for each in manifests] == [each.data for each in generated]
    assert adapter.verify(intent, generated) == []
    assert adapter.verify(intent, manifests) == []
    if intent == DEFAULT_INTENT:
        # Without an intent, only what is odd in itself is found, and the default is not.
        assert adapter.verify(None, manifests) == []


def assert_stable(adapter: Adapter, intent: Intent) -> None:
    """The same intent gives the same bytes."""
    assert write_stream(adapter.generate(intent)) == write_stream(adapter.generate(copy.deepcopy(intent)))


@dataclass(frozen=True)
class Perturbed:
    """One change of one field."""

    kind: str
    name: str
    path: Path
    change: Change
    value: Any
    documents: list[Generated]

    def __str__(self) -> str:
        what = "without" if self.change == "delete" else f"with {self.value!r} at"
        return f"{self.kind} {self.name} {what} {self.path}"


def leaves(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Every scalar, empty list and empty mapping, with its path."""
    if isinstance(value, dict) and value:
        for key, inner in value.items():
            yield from leaves(inner, (*path, key))
    elif isinstance(value, list) and value:
        for position, inner in enumerate(value):
            yield from leaves(inner, (*path, position))
    else:
        yield path, value


def changed(value: Any) -> list[Any]:
    """Other values of the same type."""
    if isinstance(value, bool):
        return [not value]
    if isinstance(value, int):
        return [value + 1]
    if isinstance(value, float):
        return [value + 1.0]
    if isinstance(value, str):
        return [f"{value}x", f"x{value}"] if value else ["x"]
    return ["x"]


def perturbations(documents: list[Generated]) -> Iterator[Perturbed]:
    """Every deletion and every change of every leaf of every document, one at a time."""
    for position, document in enumerate(documents):
        for path, value in leaves(document.data):
            for change, new in [("delete", None), *(("change", other) for other in changed(value))]:
                data = copy.deepcopy(dict(document.data))
                _apply(data, path, change, new)
                others = [*documents[:position], Generated(data), *documents[position + 1 :]]
                yield Perturbed(document.ref.kind, document.ref.name, path, change, new, others)


def _apply(data: Any, path: Path, change: str, new: Any) -> None:
    for step in path[:-1]:
        data = data[step]
    if change == "delete":
        del data[path[-1]]
    else:
        data[path[-1]] = new


def unnoticed(adapter: Adapter, intent: Intent) -> list[str]:
    """Changes that no check notices and that are not listed as neutral; must be empty."""
    return [
        str(each)
        for each in perturbations(adapter.generate(intent))
        if not any(neutral.covers(each.kind, each.path, each.change) for neutral in adapter.neutral)
        and not adapter.verify(intent, each.documents)
    ]


def unused_neutrals(adapter: Adapter, intents: list[Intent]) -> list[str]:
    """Neutral entries that cover nothing, or only what is noticed after all; must be empty."""
    used = set()
    for intent in intents:
        for each in perturbations(adapter.generate(intent)):
            covering = [n for n in adapter.neutral if n.covers(each.kind, each.path, each.change)]
            if covering and not adapter.verify(intent, each.documents):
                used.update(covering)
    return [str(each) for each in adapter.neutral if each not in used]


def strangers(adapter: Adapter, intent: Intent) -> list[Finding]:
    """Findings about unknown fields in every mapping; must be empty."""
    found = []
    for position, document in enumerate(documents := adapter.generate(intent)):
        for path in _mappings(document.data):
            if _is_free(path):
                continue
            data = copy.deepcopy(dict(document.data))
            target = data
            for step in path:
                target = target[step]
            target["xUnknown"] = {"some": ["thing", 1, None]}
            found += adapter.verify(intent, [*documents[:position], Generated(data), *documents[position + 1 :]])
    return found


def _mappings(value: Any, path: Path = ()) -> Iterator[Path]:
    if isinstance(value, dict):
        yield path
        for key, inner in value.items():
            yield from _mappings(inner, (*path, key))
    elif isinstance(value, list):
        for position, inner in enumerate(value):
            yield from _mappings(inner, (*path, position))


FREE = frozenset(
    {"labels", "matchLabels", "annotations", "selector", "data", "stringData", "podSelector", "namespaceSelector"}
)
"""Mappings whose keys are the user's own, so that no key is unknown there."""


def _is_free(path: Path) -> bool:
    return bool(path) and path[-1] in FREE


HOSTILE = (None, 0, -1, 1.5, True, "", "x", [], {}, ["x"], [None], {"x": None}, 10**30, "\x00\u2028")
"""Values of every type, in place of any other."""

IN_THE_SET = 3
"""Each third of them is tried within the whole set too, which takes ten times as long; each place sees five, and each
value a third of all places. The fuzz target `verify` goes on from there."""


def hostile(adapter: Adapter, intent: Intent) -> None:
    """No leaf, list or mapping of another type raises anything."""
    documents = adapter.generate(intent)
    for position, document in enumerate(documents):
        places = {path for path, _ in leaves(document.data)} | {path for path in _mappings(document.data) if path}
        for number, path in enumerate(sorted(places, key=str)):
            for turn, value in enumerate(HOSTILE):
                data = copy.deepcopy(dict(document.data))
                _apply(data, path, "change", value)
                adapter.verify(None, [Generated(data)])
                if (number + turn) % IN_THE_SET == 0:
                    adapter.verify(intent, [*documents[:position], Generated(data), *documents[position + 1 :]])
