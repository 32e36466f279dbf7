import pytest

from mesh.manifests import read_documents
from mesh.schema import Schemas
from mesh.schema import rules as module
from mesh.schema.cel import Program
from mesh.schema.cel.budget import Budget
from tests.mesh.schema.crds import crd, thing

SPEC = """{type: object, properties: {
  after: {type: string, x-kubernetes-validations: [{rule: "duration(self) >= duration('1s')", message: at least 1s}]},
  times: {type: array, items: {type: integer, x-kubernetes-validations: [{rule: self < 5}]}}}}
"""


def messages(schemas: Schemas, spec: str) -> list[str]:
    return [each.message for each in schemas.validate(read_documents(thing(spec), "x.yaml")[0][0])]


def fresh() -> Schemas:
    return Schemas.from_documents(read_documents(crd(SPEC), "crd.yaml")[0])


def test_a_text_that_met_the_rules_is_not_asked_again_and_one_that_broke_them_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[object] = []
    run = Program.evaluate

    def counting(self: Program, value: object, budget: Budget) -> object:
        asked.append(value)
        return run(self, value, budget)

    monkeypatch.setattr(Program, "evaluate", counting)
    schemas = fresh()
    assert [len(messages(schemas, f"{{after: {each}}}")) for each in ("5s", "5s", "0s", "5s", "0s")] == [0, 0, 1, 0, 1]
    assert asked == ["5s", "0s", "0s"]


def test_numbers_are_asked_each_time_since_some_are_equal_to_others() -> None:
    schemas = fresh()
    assert [len(messages(schemas, f"{{times: {each}}}")) for each in ("[1]", "[1, 5]", "[5, 6]")] == [0, 1, 2]


def test_only_so_many_and_so_long_texts_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "REMEMBERED", 2)
    monkeypatch.setattr(module, "REMEMBERED_LENGTH", 3)
    schemas = fresh()
    for _ in range(2):
        assert all(messages(schemas, f"{{after: {each}}}") == [] for each in ("1s", "2s", "3s", "1000s"))
    assert len(messages(schemas, "{after: 0s}")) == 1
