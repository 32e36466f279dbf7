"""The reference pages that are checked in are what the table gives."""

from pathlib import Path

import pytest

from meshtether.options.model import Component
from meshtether.options.reference import page, write
from meshtether.options.table import COMPONENTS
from tests.meshtether.shared import ROOT


@pytest.mark.parametrize("component", COMPONENTS, ids=lambda each: each.name)
def test_the_page_is_up_to_date(component: Component) -> None:
    path = ROOT / "docs" / "reference" / f"{component.name}.md"
    assert path.read_bytes() == page(component).encode(), "run `make docs`"


@pytest.mark.parametrize("component", COMPONENTS, ids=lambda each: each.name)
def test_the_page_lists_every_option_once(component: Component) -> None:
    rows = [line for line in page(component).splitlines() if line.startswith("| ")]
    assert len([row for row in rows if not row.startswith("| Flag")]) == len(component.options)


def test_pages_are_written_where_asked(tmp_path: Path) -> None:
    write(tmp_path / "new" / "folder")
    assert {path.name for path in (tmp_path / "new" / "folder").iterdir()} == {"principal.md", "agent.md"}
