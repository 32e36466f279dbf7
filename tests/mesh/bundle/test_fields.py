from typing import Any

import pytest

from mesh.bundle import ABSENT, Field, shown
from mesh.bundle.fields import MAX_SHOWN
from mesh.manifests import read_documents

TEXT = """\
kind: X
metadata: {name: n}
spec:
  ports:
  - port: 80
    name: grpc
  idle: 1m30s
  float: 3.0
  flag: true
"""


def root(text: str = TEXT) -> Field:
    return Field.root(read_documents(text, "x.yaml")[0][0])


def test_a_field_knows_its_value_and_its_place() -> None:
    port = root().at("spec", "ports", 0, "port")
    assert port.number == 80
    assert port.name == "spec.ports[0].port"
    finding = port.finding("MT1002", "m")
    assert (finding.file, finding.line, finding.path) == ("x.yaml", 5, "spec.ports[0].port")


def test_what_is_not_there_is_absent_and_has_its_ancestors_line() -> None:
    field = root().at("spec", "ports", 0, "appProtocol", "deeper", 3)
    assert field.value is ABSENT
    assert not field.exists
    assert field.finding("MT1002", "m").line == 5


@pytest.mark.parametrize(
    "path", [("kind", "x"), ("kind", 0), ("spec", 0), ("spec", "ports", "x"), ("spec", "ports", 9)]
)
def test_a_step_that_does_not_fit_the_type_is_absent(path: tuple[Any, ...]) -> None:
    assert root().at(*path).value is ABSENT


def test_values_are_read_by_type_or_not_at_all() -> None:
    spec = root().at("spec")
    assert spec.at("idle").duration == 90 * 10**9
    assert spec.at("idle").number is None
    assert spec.at("float").number == 3
    assert spec.at("flag").boolean is True
    assert spec.at("flag").number is None
    assert spec.at("ports").mapping == {}
    assert list(spec.items()) == []
    assert [key for key, _ in spec.at("ports", 0).entries()] == ["port", "name"]


@pytest.mark.parametrize(
    ("value", "expected"),
    [(ABSENT, "not set"), (None, "null"), (True, "true"), ("a\nb", "a\\nb"), ([], "a list"), ({}, "a mapping")],
)
def test_a_value_is_shown_in_one_line(value: Any, expected: str) -> None:
    assert shown(value) == expected


def test_a_long_value_is_cut() -> None:
    assert shown("x" * 500).endswith("... (500 characters)")


@pytest.mark.parametrize("value", ["\U000e0001" * 500, "\x07" * 500, "a" * 119 + "\n" * 9])
def test_what_must_be_escaped_is_cut_by_its_escaped_length(value: str) -> None:
    begun, _, rest = shown(value).partition("... (")
    assert begun.isprintable()
    assert len(begun) <= MAX_SHOWN
    assert rest == f"{len(value)} characters)"
    assert value.startswith(begun.encode().decode("unicode_escape"))
