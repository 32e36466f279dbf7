"""A principal under agents that come and go in every way there is, watched for what it does not give back.

    python -m bench.soak --seconds 600

A real `meshtether principal` with its own door serves some hundred agents which log in, send heartbeats, and leave: by
FIN, TCP reset, RST_STREAM, half a stream, half a connection, silence, and connections that never finish their preface.
It fails when memory grows after the warm-up, and when descriptors, tasks or the objects of streams and connections are
not back at their number from before once the last agent has gone.
"""

import argparse
import contextlib
import itertools
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from bench.load import prepared
from bench.load.generator import build, generating

AGENTS: Final = 300
SAMPLE_EVERY: Final = 2.0
WARM_UP: Final = 0.4
"""Share of the time in which memory may grow: until every agent has as many deaths and round trips as are kept."""
STEADY_FROM: Final = 300.0
"""Seconds from which a run is long enough to tell growth from noise."""
MAX_GROWTH: Final = 6 * 2**20
"""Bytes that memory may grow from the end of the warm-up on, by the straight line through its samples: what the
allocator's rounding moves it by. A leak of 100 bytes for each of the hundred connections a second is ten times that."""
ALIKE: Final = 15
"""Samples in a row, three seconds, with as many descriptors: the principal has started."""

SETTLES_WITHIN: Final = 60.0
"""Seconds until everything of the last agent is gone: END_GRACE, TLS and preface time-outs are below ten."""
STARTS_WITHIN: Final = 30.0
READY: Final = "principal ready"


@dataclass(frozen=True, slots=True)
class Sample:
    """What the principal holds at one moment."""

    at: float
    rss: int
    fds: int
    held: dict[str, int]
    """Tasks, and objects by class."""


class Principal:
    """A principal in a process of its own."""

    def __init__(self, folder: Path) -> None:
        store = folder / "store"
        store.mkdir()
        self._log = folder / "principal.log"
        flags = {
            "listen-host": "127.0.0.1",
            "listen-port": "0",
            "admin-port": "0",
            "auth": prepared.AUTH_RULE,
            "protocol-version": prepared.VERSION,
            "store": str(store),
            "log-level": "info",
            "log-format": "json",
        }
        command = [sys.executable, "-m", "bench.load.probed", "principal", "--insecure-plaintext"]
        command += [part for name, value in flags.items() for part in (f"--{name}", value)]
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [*command, "--insecure-jwt-generate"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        self._started = time.monotonic()
        self.port = self._ready()

    def sample(self) -> Sample:
        """Look at it."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        held = json.loads(self._process.stdout.readline())
        place = Path(f"/proc/{self._process.pid}")
        fields = dict(line.split(":", 1) for line in (place / "status").read_text().splitlines())
        rss, fds = int(fields["VmRSS"].split()[0]) * 1024, len(list((place / "fd").iterdir()))
        return Sample(time.monotonic() - self._started, rss, fds, held)

    def stop(self) -> int:
        """Ask it to end; its exit status."""
        self._process.terminate()
        try:
            return self._process.wait(STARTS_WITHIN)
        finally:
            self._process.kill()
            self._process.communicate()

    def complaints(self) -> list[str]:
        """Lines of its log about things that went wrong in itself."""
        return [line for line in self._log.read_text().splitlines() if '"error"' in line or "Traceback" in line]

    def _ready(self) -> int:
        deadline = time.monotonic() + STARTS_WITHIN
        while time.monotonic() < deadline and self._process.poll() is None:
            for line in self._log.read_text().splitlines():
                if READY in line:
                    listen: str = json.loads(line)["listen"]
                    return int(listen.rsplit(":", 1)[1])
            time.sleep(0.05)
        self._process.kill()
        raise RuntimeError(f"the principal did not start:\n{self._log.read_text()[-4000:]}")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a soak has shown."""

    samples: list[Sample]
    before: Sample
    after: Sample
    load: dict[str, Any]
    status: int
    complaints: list[str]

    def faults(self) -> list[str]:
        """Why it failed; empty when it did not."""
        found = [f"the principal logged {line}" for line in self.complaints[:5]]
        if self.status:
            found.append(f"the principal ended with status {self.status}")
        if self.load["beats"] == 0:
            found.append("no heartbeat was answered")
        if self.after.fds > self.before.fds:
            found.append(f"{self.after.fds} descriptors are open, {self.before.fds} before")
        for kind, number in self.before.held.items():
            if self.after.held[kind] > number:
                found.append(f"{self.after.held[kind]} of {kind} are alive, {number} before")
        if self.samples and self.samples[-1].at > STEADY_FROM and self.growth() > MAX_GROWTH:
            found.append(f"memory grew by {self.growth() / 2**20:.1f} MiB after the warm-up")
        return found

    def growth(self) -> float:
        """Bytes by which memory grew after the warm-up, by the straight line of least squares."""
        steady = [one for one in self.samples if one.at > WARM_UP * self.samples[-1].at]
        middle, level = (sum(values) / len(steady) for values in zip(*((s.at, s.rss) for s in steady), strict=True))
        across = sum((one.at - middle) ** 2 for one in steady)
        slope = sum((one.at - middle) * (one.rss - level) for one in steady) / across if across else 0.0
        return slope * (steady[-1].at - steady[0].at)


def soak(folder: Path, *, seconds: float, agents: int = AGENTS) -> Outcome:
    """Run it."""
    generator, principal = build(folder), Principal(folder)
    status = -1
    try:
        before = _started(principal)
        samples: list[Sample] = []
        beat, ids = prepared.beat_file(folder / "beat")
        bytes_of_agents = prepared.agents_file(folder / "agents", agents, huffman=True)
        options = {"agents": bytes_of_agents, "beat": beat, "id_at": ids, "count": agents, "huffman": 1}
        with generating(generator, "churn", port=principal.port, seconds=seconds, **options) as load:
            load.go()
            for _ in _ticks(seconds):
                samples.append(principal.sample())
                _show(samples[-1])
            result = load.result()
        after = _settled(principal, before)
        _show(after)
    finally:
        status = principal.stop()
    return Outcome(samples, before, after, result, status, principal.complaints())


def _ticks(seconds: float) -> Iterator[None]:
    start = time.monotonic()
    for number in itertools.count(1):
        due = start + number * SAMPLE_EVERY
        if due > start + seconds:
            return
        time.sleep(max(0.0, due - time.monotonic()))
        yield


def _started(principal: Principal) -> Sample:
    """A sample of a principal that opens nothing more: its watchers of files begin after it says that it is ready."""
    last, alike = principal.sample(), 0
    while alike < ALIKE:
        time.sleep(0.2)
        sample = principal.sample()
        alike = alike + 1 if sample.fds == last.fds else 0
        last = sample
    return last


def _settled(principal: Principal, before: Sample) -> Sample:
    """The first sample that holds no more than before, or the last one when there is none in time."""
    deadline = time.monotonic() + SETTLES_WITHIN
    while True:
        sample = principal.sample()
        back = sample.fds <= before.fds and all(sample.held[kind] <= number for kind, number in before.held.items())
        if back or time.monotonic() > deadline:
            return sample
        time.sleep(0.2)


def _show(sample: Sample) -> None:
    held = "  ".join(f"{kind} {number}" for kind, number in sample.held.items())
    print(f"{sample.at:7.1f} s  {sample.rss / 2**20:7.1f} MiB  {sample.fds:5} fds  {held}", flush=True)


def main() -> int:
    """Soak, and say what came of it."""
    parser = argparse.ArgumentParser(prog="python -m bench.soak", description=__doc__)
    parser.add_argument("--seconds", type=float, default=600.0)
    parser.add_argument("--agents", type=int, default=AGENTS)
    chosen = parser.parse_args()
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        outcome = soak(folder, seconds=chosen.seconds, agents=chosen.agents)
    load = outcome.load
    print(f"{load['connects']} connections, {load['beats']} answers, {load['dead']} ended by the principal")
    print(f"memory after the warm-up: {outcome.growth() / 2**20:+.1f} MiB")
    for fault in outcome.faults():
        print(f"FAILED: {fault}")
    return 1 if outcome.faults() else 0


if __name__ == "__main__":
    sys.exit(main())
