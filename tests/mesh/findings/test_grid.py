"""The grid: each code has a page, a good fixture without it, and a bad fixture with it.

The pages are made of the catalogue and the fixtures: `python -m tests.mesh.findings.fixtures` writes them anew. What
stands behind `## More` in one is written by hand and kept.

Fixtures are tests/mesh/findings/<CODE>/good*.yaml and bad*.yaml. A first line `# intent: default` (or a file's name
beside it) verifies against an intent; `# adapters: istio linkerd` with these adapters only; `# schemas: FOLDER` against
the CRDs in that folder beside the file. `# sources: PATH …` reads these as the command line would, instead of the file
itself; `# bound: NAME=NUMBER` lowers a bound of that reading. Good fixtures have no finding of their code, bad ones at
least one; a line of a bad fixture that ends in `# <CODE>` must be where one is.
"""

from pathlib import Path
from typing import Any

import pytest

from mesh.adapters import ADAPTERS
from mesh.findings import CATALOGUE, Finding
from mesh.intent import DEFAULT_INTENT, Intent, read_intent
from mesh.manifests import expand_lists, read_documents
from mesh.sources import files
from mesh.verify import unreadable, verify
from tests.mesh.findings.fixtures import FOLDER, PAGES, fixtures, index_text, page_of

ACTIVE = [code for code, about in CATALOGUE.items() if not about.retired]
FIXTURES = sorted(path for path in FOLDER.glob("MT????/*.yaml") if path.stem.startswith(("good", "bad")))


def headers(text: str) -> dict[str, str]:
    """The `# key: value` lines at the top."""
    found = {}
    for line in text.splitlines():
        key, colon, value = line.removeprefix("# ").partition(":")
        if not line.startswith("# ") or not colon:
            break
        found[key] = value.strip()
    return found


def intent_of(path: Path, name: str | None) -> Intent | None:
    if name is None or name == "default":
        return DEFAULT_INTENT if name else None
    manifests, faults = read_documents((path.parent / name).read_text(), name)
    assert faults == []
    return read_intent(manifests[0])


def schemas_of(path: Path, name: str | None) -> Any:
    if name is None:
        return None
    from mesh.schema import Schemas

    documents = []
    for file in sorted((path.parent / name).glob("*.yaml")):
        documents += read_documents(file.read_text(), file.name)[0]
    return Schemas.from_documents(documents)


def findings_of(path: Path) -> list[Finding]:
    text = path.read_text("utf-8")
    head = headers(text)
    if "sources" in head:
        return findings_of_sources(path, head)
    documents, faults = read_documents(text, path.name)
    manifests, more = expand_lists(documents)
    adapters = [ADAPTERS[name] for name in head["adapters"].split()] if "adapters" in head else None
    found = verify(
        manifests,
        intent=intent_of(path, head.get("intent")),
        adapters=adapters,
        schemas=schemas_of(path, head.get("schemas")),
    )
    return unreadable([*faults, *more]) + found


def findings_of_sources(path: Path, head: dict[str, str]) -> list[Finding]:
    with pytest.MonkeyPatch.context() as patch:
        if "bound" in head:
            name, _, number = head["bound"].partition("=")
            patch.setattr(files, name, int(number))
        loaded = files.read_paths([str(path.parent / each) for each in head["sources"].split()])
    return loaded.findings + verify(loaded.manifests)


@pytest.mark.parametrize("path", FIXTURES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_a_fixture_has_what_its_name_says(path: Path) -> None:
    code = path.parent.name
    found = findings_of(path)
    codes = {finding.code for finding in found}
    if path.stem.startswith("good"):
        assert code not in codes, [f for f in found if f.code == code]
        return
    assert code in codes, found
    marked = {n for n, line in enumerate(path.read_text().splitlines(), 1) if line.rstrip().endswith(f"# {code}")}
    assert marked <= {finding.line for finding in found if finding.code == code}


@pytest.mark.parametrize("code", ACTIVE)
def test_each_code_has_a_good_and_a_bad_fixture_and_a_page(code: str) -> None:
    assert fixtures(code, "good"), f"tests/mesh/findings/{code}/good.yaml is missing"
    assert fixtures(code, "bad"), f"tests/mesh/findings/{code}/bad.yaml is missing"
    page = PAGES / f"{code}.md"
    assert page.is_file(), "write it with: python -m tests.mesh.findings.fixtures"
    assert page.read_text("utf-8") == page_of(code), "write it anew with: python -m tests.mesh.findings.fixtures"


def test_the_list_of_codes_is_complete() -> None:
    assert (PAGES / "index.md").read_text("utf-8") == index_text()


def test_no_fixture_and_no_page_is_of_an_unknown_code() -> None:
    assert {path.parent.name for path in FIXTURES} <= set(CATALOGUE)
    assert {path.stem for path in PAGES.glob("MT*.md")} <= set(CATALOGUE)
