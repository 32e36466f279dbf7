"""Collects the targets: each fuzz/fuzz_*.py has TARGETS, or one `target` and its NAME. SEEDS may say where to begin."""

import importlib
from collections.abc import Callable
from pathlib import Path

HERE = Path(__file__).parent


def all_targets() -> dict[str, Callable[[bytes], None]]:
    """Every target by name."""
    found: dict[str, Callable[[bytes], None]] = {}
    for path in sorted(HERE.glob("fuzz_*.py")):
        module = importlib.import_module(f"fuzz.{path.stem}")
        found.update(module.TARGETS if hasattr(module, "TARGETS") else {module.NAME: module.target})
    return found


def seeds(name: str) -> tuple[bytes, ...]:
    """What the fuzzer begins with for target `name`, beside what it has found before."""
    for path in sorted(HERE.glob("fuzz_*.py")):
        module = importlib.import_module(f"fuzz.{path.stem}")
        if name in (given := getattr(module, "SEEDS", {})):
            return tuple(given[name])
    return ()
