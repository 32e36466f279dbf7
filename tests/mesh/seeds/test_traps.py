"""Each trap of the specification has an example in which the codes that name it are found, or a reason why none can."""

import pytest

from mesh.adapters import ADAPTERS
from mesh.findings import CATALOGUE
from mesh.manifests import read_documents
from mesh.verify import verify
from tests.conftest import missing
from tests.mesh.schema.vectors import SHARED
from tests.mesh.seeds.traps import TRAPS, Trap

SPECIFICATION = SHARED / "spec" / "mesh.md"


def test_the_table_has_every_trap_of_the_specification() -> None:
    if not SPECIFICATION.exists():
        missing("the specification beside the project")
    rows = [line.split("|")[1].strip() for line in SPECIFICATION.read_text("utf-8").splitlines() if line[:3] == "| T"]
    assert rows == [f"T{each.number}" for each in TRAPS]


@pytest.mark.parametrize("trap", TRAPS, ids=lambda trap: f"T{trap.number}")
def test_a_trap_is_named_by_a_code_or_has_a_reason_why_no_manifest_shows_it(trap: Trap) -> None:
    assert trap.codes <= set(CATALOGUE)
    assert bool(trap.codes) == bool(trap.example)
    assert trap.codes or trap.unseen


@pytest.mark.parametrize("trap", [each for each in TRAPS if each.example], ids=lambda trap: f"T{trap.number}")
def test_an_examples_trap_is_found_and_told_with_what_to_do(trap: Trap) -> None:
    manifests, faults = read_documents(trap.example, "trap.yaml")
    assert faults == []
    found = verify(manifests, adapters=[ADAPTERS[name] for name in trap.adapters] or None)
    named = [each for each in found if each.code in trap.codes]
    assert {each.code for each in named} == trap.codes, found
    assert all(each.remedy and each.line for each in named)
