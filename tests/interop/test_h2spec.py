"""h2spec's generic, HTTP/2 and HPACK suites, strict cases included, against the core and against the whole door."""

import asyncio
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

from tests.conftest import missing
from tests.interop import tools
from tests.interop.standalone import Standalone, standalone

pytestmark = pytest.mark.process

CASES: Final = 146
"""Cases of the version that is pinned: fewer would mean that a suite did not run."""

PATIENCE: Final = 100.0
"""Seconds; each of some ten cases waits two for a frame that does not come."""

NO_BODY: Final = "the answer to what is no gRPC has no body, and h2spec wants to see DATA"
AT_ONCE: Final = "what is no gRPC is answered as soon as its headers are there, so that the stream is closed by then"

EXCEPTIONS: Final = {
    "core": {},
    "own": {
        "generic/2/2": NO_BODY,
        "generic/2/3": NO_BODY,
        "http2/3.5/2": "text that is no preface is answered as HTTP/1.1, which this port speaks too; closed after 5 s",
        "http2/5.1.2/1": f"{AT_ONCE}, and no limit of open streams is reached",
        "http2/6.5.3/1": NO_BODY,
        "http2/6.9.1/1": NO_BODY,
        "http2/6.9.2/1": NO_BODY,
        "http2/6.9.2/2": NO_BODY,
    },
}
"""Server -> cases that don't pass, each with its reason. One that passes meanwhile must leave."""

RACES: Final = {
    "core": frozenset[str](),
    "own": frozenset({"http2/5.1", "http2/6.1", "http2/6.9", "http2/8.1", "http2/8.1.2.1", "http2/8.1.2.6"}),
}
"""Server -> sections with cases that open a request and do wrong after it. Whether that comes before the answer, which
closes the stream, is chance; before the core, which waits for the whole request, all of them pass."""


@pytest.mark.parametrize("server", EXCEPTIONS)
async def test_every_case_passes_or_is_listed_with_its_reason(server: str, tmp_path: Path) -> None:
    program = _tool(tools.h2spec)
    async with standalone(server) as door:
        cases = await _run(str(program), door, tmp_path / "report.xml")
    assert len(cases) == CASES
    failed = {case for case, passed in cases.items() if not passed}
    steady = {case for case in failed if case.rpartition("/")[0] not in RACES[server]}
    assert steady == EXCEPTIONS[server].keys()


async def _run(program: str, door: Standalone, report: Path) -> dict[str, bool]:
    """Run h2spec; case -> whether it passed (a skipped one has not)."""
    options = ["--strict", "--host", door.host, "--port", str(door.port), "--junit-report", str(report)]
    nothing = asyncio.subprocess.DEVNULL
    process = await asyncio.create_subprocess_exec(program, *options, stdout=nothing)
    async with asyncio.timeout(PATIENCE):
        await process.wait()
    return {
        f"{suite.get('package')}/{number}": not len(case)
        for suite in ET.parse(report).getroot()
        for number, case in enumerate(suite, 1)
    }


def _tool(find: Callable[[], Path]) -> Path:
    try:
        return find()
    except tools.ToolMissing as error:
        missing(str(error))
        raise
