"""Runs every benchmark and prints one line a measurement: what, the ratio, what it was measured against."""

import argparse
import importlib
import platform
import sys
from pathlib import Path

HERE = Path(__file__).parent


def main() -> int:
    """Run the benchmarks that were named, or all."""
    names = sorted(path.stem for path in HERE.glob("bench_*.py"))
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(names)}; all when none is given")
    # `door` is `bench_door`.
    given = [name if name in names else f"bench_{name}" for name in parser.parse_args().names]
    chosen = given or names
    unknown = sorted(set(chosen) - set(names))
    if unknown:
        parser.error(f"no benchmark {', '.join(unknown)}: there are {', '.join(names)}")
    print(f"Python {platform.python_version()}, {platform.system()} {platform.machine()}")
    print("Times on a shared machine prove nothing; the ratios were measured in one run each.\n")
    for name in chosen:
        for what, ratio, note in importlib.import_module(f"bench.{name}").run():
            print(f"{ratio:8.2f}  {what}  ({note})", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
