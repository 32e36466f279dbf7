"""The fixtures and pages of all codes. `python -m tests.mesh.findings.fixtures` writes the pages anew."""

from pathlib import Path

from mesh.findings import CATALOGUE
from mesh.findings.pages import index, page

FOLDER = Path(__file__).parent
PAGES = Path(__file__).parents[3] / "docs" / "findings"


def fixtures(code: str, stem: str) -> list[Path]:
    """The fixtures of `code` whose names begin with `stem` (`good` or `bad`)."""
    return sorted((FOLDER / code).glob(f"{stem}*.yaml"), key=lambda path: path.stem)


def page_of(code: str) -> str:
    """The page of `code` as it should be."""
    path = PAGES / f"{code}.md"
    return page(
        CATALOGUE[code],
        bad=[each.read_text("utf-8") for each in fixtures(code, "bad")],
        good=[each.read_text("utf-8") for each in fixtures(code, "good")],
        before=path.read_text("utf-8") if path.exists() else "",
    )


def index_text() -> str:
    """The list of codes as it should be."""
    return index(list(CATALOGUE.values()))


def write_pages() -> None:
    """Write every page, and the list of them."""
    PAGES.mkdir(exist_ok=True)
    for code in CATALOGUE:
        (PAGES / f"{code}.md").write_text(page_of(code), "utf-8")
    (PAGES / "index.md").write_text(index_text(), "utf-8")


if __name__ == "__main__":
    write_pages()
