"""Input made to hurt, through the whole of `mesh verify`: findings in ten seconds and half a gigabyte, never an error.

The requirement is reliability H11. Each runs in a process of its own, whose memory the kernel measures and bounds.
"""

import json
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

SECONDS = 10.0
"""Of the processor: what else the machine does meanwhile is not this program's."""

MEGABYTES = 500
LIMIT = 4 * 2**30
"""Bytes of address space: a runaway ends here, and not with the machine."""

SERVICE = "apiVersion: v1\nkind: Service\nmetadata: {name: s%d, namespace: n}\n"
RULE = "apiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata: {name: r%d, namespace: n}\nspec: %s\n"


def bomb(folder: Path) -> None:
    lines = ["a: &a [x, x, x, x, x, x, x, x, x]"]
    lines += [f"{b}: &{b} [{', '.join([f'*{a}'] * 9)}]" for a, b in zip("abcdefgh", "bcdefghi", strict=True)]
    for number in range(5):
        (folder / f"{number}.yaml").write_text("\n".join(lines))


def many_documents(folder: Path) -> None:
    for number in range(10):
        text = "---\n".join(SERVICE % n for n in range(number * 10_000, (number + 1) * 10_000))
        (folder / f"{number}.yaml").write_text(text)


def one_file_of_many_documents(folder: Path) -> None:
    (folder / "a.yaml").write_text("---\n".join(SERVICE % n for n in range(100_000)))


def empty_documents(folder: Path) -> None:
    (folder / "a.yaml").write_text("---\n" * 1_000_000)


def duplicate_keys(folder: Path) -> None:
    (folder / "a.yaml").write_text(RULE % (1, "{" + ", ".join(["host: a"] * 100_000) + "}"))


def depth(folder: Path) -> None:
    (folder / "block.yaml").write_text(RULE % (1, "{a: " * 10_000 + "}" * 10_000))
    (folder / "flow.yaml").write_text(RULE % (1, "[" * 10_000 + "]" * 10_000))
    (folder / "deep.json").write_text('{"a":' * 10_000 + "1" + "}" * 10_000)


def wide(folder: Path) -> None:
    (folder / "a.yaml").write_text(RULE % (1, "{" + ", ".join(f"k{n}: {n}" for n in range(300_000)) + "}"))


def long_texts(folder: Path) -> None:
    (folder / "a.yaml").write_text(RULE % (1, f"{{host: '{'x' * 10_000_000}'}}"))


def many_findings(folder: Path) -> None:
    wrong = "{host: 3, trafficPolicy: {tls: {mode: 4}, connectionPool: {tcp: [1], http: 2}}, exportTo: 5, x: {}}"
    for number in range(4):
        text = "---\n".join(RULE % (n, wrong) for n in range(number * 1000, (number + 1) * 1000))
        (folder / f"{number}.yaml").write_text(text)


def binary(folder: Path) -> None:
    (folder / "a.yaml").write_bytes(bytes(range(256)) * 10_000)
    (folder / "b.yaml").write_bytes(b"\xff\xfe" + "a: 1\n".encode("utf-16-le"))
    (folder / "c.yaml").write_bytes(b"\0" * 1_000_000)


INPUTS = (
    bomb, many_documents, one_file_of_many_documents, empty_documents, duplicate_keys, depth, wide, long_texts,
    many_findings, binary,
)  # fmt: skip


def bounded() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (LIMIT, LIMIT))


@pytest.mark.process
@pytest.mark.parametrize("make", INPUTS, ids=lambda make: make.__name__)
def test_it_ends_soon_with_findings_and_little_memory(make: Callable[[Path], None], tmp_path: Path) -> None:
    folder = tmp_path / "manifests"
    folder.mkdir()
    make(folder)
    crds = Path(__file__).parents[1] / "mesh" / "findings" / "crds"
    code = (
        "import resource, sys\n"
        "from meshtether.cli import main\n"
        "try:\n    main()\n"
        "finally:\n"
        "    used = resource.getrusage(resource.RUSAGE_SELF)\n"
        "    print(used.ru_utime + used.ru_stime, used.ru_maxrss, file=sys.stderr)\n"
    )
    command = [sys.executable, "-c", code, "mesh", "verify", str(folder), "--crds", str(crds), "-o", "json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=110, preexec_fn=bounded, check=False)
    assert "Traceback" not in done.stderr, done.stderr[-2000:]
    assert done.returncode in (1, 2)
    assert json.loads(done.stdout)["findings"]
    seconds, kilobytes = map(float, done.stderr.split()[-2:])
    assert seconds < SECONDS
    assert kilobytes / 1024 < MEGABYTES
