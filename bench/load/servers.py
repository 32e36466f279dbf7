"""The servers that are measured, each in a fresh process on one core, and what they cost."""

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench.load.generator import SERVER_CORE, on_core

GO_HUB: Final = Path(__file__).parents[1] / "gohub"
PROTOS: Final = Path(__file__).parents[2] / "proto"
PROTO_FILES: Final = ("auth", "cloudevent", "eventstream")
GO_PACKAGE: Final = "meshtether/bench/gohub/pb"


@dataclass(frozen=True, slots=True)
class Kind:
    """A server that can be started with one kind of tokens, `cheap` or `rs512`."""

    name: str
    command: Callable[[str], list[str]]


def ours(door: str) -> Kind:
    """The hub behind one of its doors."""
    return Kind(door, lambda tokens: [sys.executable, "-m", "bench.load.hubserver", door, tokens])


def go_hub(folder: Path) -> Kind | None:
    """The lean hub on grpc-go, built in a folder of the caller's; None where Go is not at hand."""
    if not shutil.which("go"):
        return None
    module = Path(shutil.copytree(GO_HUB, folder / "gohub"))
    plugin, binary = folder / "protoc-gen-go", folder / "gohub-server"
    _run(["go", "build", "-o", str(plugin), "google.golang.org/protobuf/cmd/protoc-gen-go"], module)
    files = [f"hubproto/{name}.proto" for name in PROTO_FILES]
    places = [f"--go_opt=M{file}={GO_PACKAGE}" for file in files]
    protoc = [sys.executable, "-m", "grpc_tools.protoc", f"--plugin=protoc-gen-go={plugin}", f"-I{PROTOS}"]
    _run([*protoc, f"--go_out={module}", "--go_opt=module=meshtether/bench/gohub", *places, *files], module)
    _run(["go", "build", "-o", str(binary), "."], module)
    return Kind("go", lambda tokens: [str(binary), "-tokens", tokens])


def _run(command: list[str], folder: Path) -> None:
    subprocess.run(command, cwd=folder, check=True)


class Server:
    """A running server."""

    def __init__(self, process: "subprocess.Popen[str]", port: int) -> None:
        self.port = port
        self._process = process
        self.pid = process.pid

    def cpu(self) -> float:
        """Seconds of processor time that all its threads have used."""
        tasks = Path(f"/proc/{self.pid}/task").iterdir()
        return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e9

    def memory(self) -> int:
        """Bytes of its own, and its share of those that it shares (PSS)."""
        lines = Path(f"/proc/{self.pid}/smaps_rollup").read_text().splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))

    def fan_out(self, count: int, *, pause_ms: int, size: int) -> None:
        """Put events into every agent's queue; returns when the last one is in."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"fanout {count} {pause_ms} {size}\n")
        self._process.stdin.flush()
        if self._process.stdout.readline() != "done\n":
            raise RuntimeError("the server did not finish its fan-out")


@contextmanager
def serving(kind: Kind, tokens: str = "cheap") -> Iterator[Server]:
    """Start a server, and end it."""
    command = [*on_core(SERVER_CORE), *kind.command(tokens)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield Server(process, int(process.stdout.readline()))
        finally:
            process.kill()
