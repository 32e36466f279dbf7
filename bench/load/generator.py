"""The load generator: compiled into a folder of the caller's, run on a core of its own."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from hpack.huffman_constants import REQUEST_CODES, REQUEST_CODES_LENGTH

SOURCE: Final = Path(__file__).with_name("agentload.c")
SERVER_CORE: Final = 0
GENERATOR_CORE: Final = 1
ENDS_WITHIN: Final = 60.0
"""Seconds that a generator may take beyond its own."""


def compiler() -> str | None:
    """The C compiler, if there is one."""
    return shutil.which("gcc") or shutil.which("cc")


def build(folder: Path) -> Path:
    """Compile the generator; its path."""
    codes, bits = (", ".join(map(str, table[:256])) for table in (REQUEST_CODES, REQUEST_CODES_LENGTH))
    table = (
        f"static const unsigned huffman_code[256] = {{{codes}}};\nstatic const unsigned huffman_bits[256] = {{{bits}}};"
    )
    (folder / "huffman.h").write_text(table)
    binary = folder / "agentload"
    command = [compiler() or "gcc", "-O2", "-std=gnu11", "-Wall", "-I", str(folder), "-o", str(binary), str(SOURCE)]
    subprocess.run(command, check=True)
    return binary


def on_core(core: int) -> list[str]:
    """What a command starts with that shall run on one core; nothing where that can't be."""
    taskset = shutil.which("taskset")
    return [taskset, "-c", str(core)] if taskset else []


class Generator:
    """A running generator whose agents are open, or which could start them."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def go(self) -> None:
        """Begin what the mode does."""
        self._say("go")

    def stop(self) -> dict[str, Any]:
        """End a mode that does not end by itself; its result."""
        self._say("stop")
        return self.result()

    def result(self) -> dict[str, Any]:
        """What it has counted, once it has ended."""
        output, _ = self._process.communicate(timeout=10 * ENDS_WITHIN)
        result: dict[str, Any] = json.loads(output)
        return result

    def _say(self, word: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(word + "\n")
        self._process.stdin.flush()


@contextmanager
def generating(binary: Path, mode: str, **options: object) -> Iterator[Generator]:
    """Start the generator in a mode with its options, and wait until it is ready. `id_at` may be a pair."""
    command = [*on_core(GENERATOR_CORE), str(binary), mode]
    for name, value in options.items():
        for one in value if isinstance(value, tuple) else (value,):
            command += [f"--{name.replace('_', '-')}", str(one)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            if not line.startswith("ready"):
                raise RuntimeError(f"the generator did not start: {line!r}")
            yield Generator(process)
        finally:
            if process.poll() is None:
                process.kill()
