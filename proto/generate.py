#!/usr/bin/env python3
"""Make the message and service modules from the .proto files; with --check, say which checked-in ones differ.

The include root is the folder of this file, so that the import path of a generated module (`hubproto.auth_pb2`) mirrors
the path of its .proto file and no import needs rewriting afterwards.
"""

import argparse
import sys
import tempfile
from importlib.resources import files
from pathlib import Path

from grpc_tools import protoc  # type: ignore[import-untyped]

ROOT = Path(__file__).resolve().parent
PACKAGE = "hubproto"
SERVICES = ("auth", "eventstream", "version")
"""The files that define services: only these get a `_pb2_grpc` module."""
MESSAGES_ONLY = ("cloudevent",)
GENERATED = ("*_pb2.py", "*_pb2.pyi", "*_pb2_grpc.py", "*_pb2_grpc.pyi")


def generate(out: Path) -> None:
    """Write every generated module below `out`; the process ends with protoc's status when protoc refuses."""
    _protoc([*SERVICES, *MESSAGES_ONLY], f"--python_out={out}", f"--mypy_out=quiet:{out}")
    _protoc(SERVICES, f"--grpc_python_out={out}", f"--mypy_grpc_out=quiet:{out}")


def _protoc(names: list[str] | tuple[str, ...], *outputs: str) -> None:
    well_known = files("grpc_tools") / "_proto"
    # The mypy plug-ins are programs of the same environment, which need not be on PATH.
    plugins = [f"--plugin={program}" for program in sorted(Path(sys.executable).parent.glob("protoc-gen-mypy*"))]
    sources = [f"{PACKAGE}/{name}.proto" for name in names]
    status = protoc.main(["protoc", f"-I{ROOT}", f"-I{well_known}", *plugins, *outputs, *sources])
    if status:
        sys.exit(status)


def differences(fresh: Path, kept: Path) -> list[str]:
    """Name the generated files that are missing, left over or different, byte by byte."""
    names = {path.relative_to(root) for root in (fresh, kept) for glob in GENERATED for path in root.rglob(glob)}
    return [str(name) for name in sorted(names) if _content(fresh / name) != _content(kept / name)]


def _content(path: Path) -> bytes | None:
    return path.read_bytes() if path.exists() else None


def main(arguments: list[str] | None = None) -> int:
    """Run as a program: 0 when written or equal, 1 when --check found differences."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 when a checked-in file differs")
    if not parser.parse_args(arguments).check:
        generate(ROOT)
        return 0
    with tempfile.TemporaryDirectory() as folder:
        generate(Path(folder))
        wrong = differences(Path(folder), ROOT)
    for name in wrong:
        sys.stderr.write(f"proto/{name} differs from what the .proto files give; run: make proto\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
