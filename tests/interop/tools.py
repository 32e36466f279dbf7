"""What the suite needs that is not Python: built or installed once into a cache folder, pinned by hashes kept here.

`python -m tests.interop.tools` prepares all of it, so that a first build is not counted as some test's time.
"""

import functools
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

HERE: Final = Path(__file__).parent

PATIENCE: Final = 400
"""Seconds for one build or install with everything yet to fetch; half a minute is usual."""


class ToolMissing(Exception):  # noqa: N818 - read as a state, not a fault, like EnvoyMissing
    """A tool can't be had here; the message says what would bring it."""


def cache() -> Path:
    """Where tools are kept between runs."""
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    folder = Path(base) / "meshtether" / "interop"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@functools.cache
def go_client() -> Path:
    """The client in tests/interop/go, built."""
    return _go_build("go", ".")


@functools.cache
def h2spec() -> Path:
    """The conformance tester for HTTP/2 servers, at the version that tests/interop/h2spec/go.mod pins."""
    return _go_build("h2spec", "github.com/summerwind/h2spec/cmd/h2spec")


@functools.cache
def js_packages() -> Path:
    """The folder `node_modules` with what tests/interop/js/package-lock.json pins."""
    npm = _program("npm", "npm")
    source = HERE / "js"
    folder = cache() / f"js-{_digest(source / 'package.json', source / 'package-lock.json')}"
    if not (folder / "complete").exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        for name in ("package.json", "package-lock.json"):
            shutil.copy(source / name, folder)
        _run([npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"], folder)
        (folder / "complete").touch()
    return folder / "node_modules"


@functools.cache
def node() -> str:
    """Node.js."""
    return _program("node", "Node.js")


@functools.cache
def nghttp() -> str:
    """nghttp2's client."""
    return _program("nghttp", "nghttp2-client (Debian)")


@functools.cache
def h2load() -> str:
    """nghttp2's load generator."""
    return _program("h2load", "nghttp2-client (Debian)")


def _go_build(folder: str, package: str) -> Path:
    go = _program("go", "Go 1.26 or later")
    source = HERE / folder
    built = cache() / f"{folder}-{_digest(*sorted(source.glob('*.*')))}"
    if not built.exists():
        making = built.with_name(f"{built.name}.{os.getpid()}")
        _run([go, "build", "-mod=readonly", "-buildvcs=false", "-o", str(making), package], source)
        making.rename(built)
    return built


def _program(name: str, comes_with: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise ToolMissing(f"no `{name}` on PATH; it comes with {comes_with}")
    return found


def _run(command: list[str], folder: Path) -> None:
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=PATIENCE, check=False)
    except subprocess.TimeoutExpired as error:
        raise ToolMissing(f"{' '.join(command[:3])} took longer than {PATIENCE} s") from error
    if done.returncode:
        raise ToolMissing(f"{' '.join(command[:3])} failed:\n{done.stderr[-2000:]}")


def _digest(*files: Path) -> str:
    total = hashlib.sha256()
    for file in files:
        total.update(file.read_bytes())
    return total.hexdigest()[:16]


@functools.cache
def websocket_bridge() -> Path:
    """Carries gRPC calls over WebSocket as grpc-http1 does, built."""
    return _go_build("websocket", ".")


TOOLS: Final[tuple[Callable[[], object], ...]] = (
    go_client,
    websocket_bridge,
    h2spec,
    js_packages,
    node,
    nghttp,
    h2load,
)


def main() -> int:
    """Prepare every tool; 1 when one is missing."""
    status = 0
    for tool in TOOLS:
        name = tool.__wrapped__.__name__  # type: ignore[attr-defined]
        try:
            sys.stdout.write(f"{name}: {tool()}\n")
        except ToolMissing as error:
            sys.stdout.write(f"{name}: missing: {error}\n")
            status = 1
    return status


if __name__ == "__main__":
    sys.exit(main())
