"""Runs every fuzz target under atheris for a while, each in a process of its own.

`make fuzz SECONDS=60`. A finding is written to build/fuzz/ with the target's name, and the exit status is 1.
"""

import argparse
import subprocess
import sys
from pathlib import Path

from fuzz.targets import all_targets, seeds

OUTPUT = Path("build/fuzz")
MAX_LENGTH = 8192
"""Bytes of an input: beyond the longest header or name, and enough for a manifest with some depth."""


def main() -> int:
    """Fuzz all targets, or run one as a child."""
    parser = argparse.ArgumentParser(prog="python -m fuzz", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="of the targets; all when none is given")
    parser.add_argument("--seconds", type=int, default=60, help="for each target")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child is not None:
        # Nothing may have been imported yet: only what is imported from here on is instrumented.
        _fuzz(arguments.child, arguments.seconds)
    targets = all_targets()
    unknown = sorted(set(arguments.names) - set(targets))
    if unknown:
        parser.error(f"no target {', '.join(unknown)}: there are {', '.join(targets)}")
    failed = [name for name in arguments.names or targets if not _run(name, arguments.seconds)]
    print(f"{len(failed)} targets failed: {', '.join(failed)}" if failed else "no target failed")
    return 1 if failed else 0


def _run(name: str, seconds: int) -> bool:
    OUTPUT.mkdir(parents=True, exist_ok=True)
    log = OUTPUT / f"{name.replace(' ', '-')}.log"
    with log.open("wb") as output:
        command = [sys.executable, "-m", "fuzz", "--child", name, "--seconds", str(seconds)]
        status = subprocess.run(command, stdout=output, stderr=output, check=False).returncode
    print(f"{'ok  ' if status == 0 else 'FAIL'} {name}: {log}", flush=True)
    return status == 0


def _fuzz(name: str, seconds: int) -> None:
    import atheris

    with atheris.instrument_imports(include=["mesh", "hubproto", "principal", "agent", "stores", "meshtether"]):
        target = all_targets()[name]
    corpus = OUTPUT / "corpus" / name.replace(" ", "-")
    corpus.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(seeds(name)):
        (corpus / f"seed-{number}").write_bytes(seed)
    limits = [f"-max_total_time={seconds}", f"-max_len={MAX_LENGTH}", f"-artifact_prefix={OUTPUT}/{name}-"]
    atheris.Setup([sys.argv[0], *limits, str(corpus)], target)
    atheris.Fuzz()


if __name__ == "__main__":
    sys.exit(main())
