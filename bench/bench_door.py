"""The principal's own door, against the same hub on grpc.aio and a lean hub on grpc-go, in one run.

Server on one core, generator (bench/load/agentload.c) on the other; a fresh server for each measurement, the servers
in turn within each repetition; medians. Ratios of processor time are more trustworthy than those of rates: the latter
need both cores to be free. A ratio says how much better ours is: 2 is half the time, or half the memory.

`python -m bench.bench_door ROW...` measures some rows only: beats-100, beats-1000, memory, rate, fanout, acked, storm,
signed.
"""

import contextlib
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any, Final

from bench.load import prepared
from bench.load.generator import Generator, build, compiler, generating
from bench.load.servers import Kind, Server, go_hub, ours, serving

REPETITIONS: Final = 3
ONCE: Final = frozenset({"memory"})
"""Rows that are measured once: they hardly vary."""
SECONDS: Final = 3.0
IDLE_AGENTS: Final = 10_000
STORM_AGENTS: Final = 5000
SIGNED_AGENTS: Final = 1000
"""Of a storm with signed tokens: two RSA signatures each, which is most of it."""
STREAMS: Final = 1000
RATE: Final = 10_000
FAN_OUTS: Final = 40
FAN_OUT_PAUSE_MS: Final = 25
"""Between two events to all agents: 40,000 a second to 1,000 agents."""
CONNECTING_AT_ONCE: Final = 1000
STORM_SECONDS: Final = 60.0
OWN: Final = "own"
DESCRIPTORS: Final = IDLE_AGENTS + 500

Figures = Mapping[str, float]


def run() -> list[tuple[str, float, str]]:
    return list(measured(list(ROWS)))


def measured(rows: list[str]) -> Iterator[tuple[str, float, str]]:
    """Measure rows; for each figure and each peer what, the ratio, and both figures."""
    if compiler() is None:
        return
    with tempfile.TemporaryDirectory() as folder, _descriptors():
        place = Path(folder)
        kinds = [ours(OWN), ours("grpcio")]
        go = go_hub(place)
        kinds += [go] if go is not None else []
        bench = Bench(build(place), place)
        for row in rows:
            found: dict[str, list[Figures]] = {kind.name: [] for kind in kinds}
            for _ in range(1 if row in ONCE else REPETITIONS):
                for kind in kinds:
                    found[kind.name].append(ROWS[row](bench, kind))
            yield from _ratios(row, {name: _medians(figures) for name, figures in found.items()})


def _medians(found: list[Figures]) -> Figures:
    return {what: median(figures[what] for figures in found) for what in found[0]}


def _ratios(row: str, found: Mapping[str, Figures]) -> Iterator[tuple[str, float, str]]:
    for what, mine in found[OWN].items():
        for peer in found:
            if peer == OWN:
                continue
            theirs = found[peer][what]
            better, worse = (mine, theirs) if what.endswith("/s") else (theirs, mine)
            yield f"{row}: {what}, own / {peer}", better / worse if worse else 0.0, f"{mine:.4g}, {peer} {theirs:.4g}"


@contextlib.contextmanager
def _descriptors() -> Iterator[None]:
    """As many descriptors as the largest row needs, for the servers too."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = DESCRIPTORS if hard == resource.RLIM_INFINITY else min(DESCRIPTORS, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@dataclass(frozen=True, slots=True)
class Bench:
    """What every row needs."""

    generator: Path
    folder: Path

    @contextlib.contextmanager
    def load(self, server: Server, mode: str, count: int, **options: object) -> Iterator[Generator]:
        """Agents of a server, with Huffman-coded headers as real clients send."""
        agents = self.folder / f"agents-{count}"
        if not agents.exists():
            prepared.agents_file(agents, count, huffman=True)
        beat, ids = prepared.beat_file(self.folder / "beat")
        fixed = {"port": server.port, "agents": agents, "beat": beat, "id_at": ids, "count": count, "huffman": 1}
        with generating(self.generator, mode, **fixed, **options) as generator:
            yield generator


def _whole(result: Mapping[str, Any], count: int) -> None:
    """A figure of agents that were not there, or went, is no figure."""
    if result["open"] != count or result["dead"]:
        raise RuntimeError(f"{result['open']} of {count} agents are open, {result['dead']} went: {result['fault']}")


def _beats(count: int) -> Callable[[Bench, Kind], Figures]:
    def row(bench: Bench, kind: Kind) -> Figures:
        with serving(kind) as server, bench.load(server, "beats", count, seconds=SECONDS) as generator:
            before = server.cpu()
            generator.go()
            result = generator.result()
            used = server.cpu() - before
        _whole(result, count)
        return {"round trips/s": result["beats"] / result["seconds"], "CPU µs": used / result["beats"] * 1e6}

    return row


def _rate(bench: Bench, kind: Kind) -> Figures:
    options = {"seconds": SECONDS, "rate": RATE}
    with serving(kind) as server, bench.load(server, "rate", STREAMS, **options) as generator:
        before = server.cpu()
        generator.go()
        result = generator.result()
        used = server.cpu() - before
    _whole(result, STREAMS)
    return {"p50 µs": result["p50"], "p99 µs": result["p99"], "cores": used / SECONDS}


def _memory(bench: Bench, kind: Kind) -> Figures:
    with serving(kind) as server:
        base = server.memory()
        with bench.load(server, "idle", IDLE_AGENTS) as generator:
            total = server.memory()
            generator.go()
            _whole(generator.stop(), IDLE_AGENTS)
    return {"KB an agent": (total - base) / IDLE_AGENTS / 1024, "base MB": base / 2**20, "total MB": total / 2**20}


def _fan_out(*, acknowledged: bool) -> Callable[[Bench, Kind], Figures]:
    def row(bench: Bench, kind: Kind) -> Figures:
        options: dict[str, object] = {"expect": FAN_OUTS * STREAMS}
        if acknowledged:
            options["ack"], options["ack_at"] = prepared.ack_file(bench.folder / "ack")
        with serving(kind) as server, bench.load(server, "events", STREAMS, **options) as generator:
            generator.go()
            before = server.cpu()
            server.fan_out(FAN_OUTS, pause_ms=FAN_OUT_PAUSE_MS, size=prepared.EVENT_BYTES)
            result = generator.result()
            used = server.cpu() - before
        _whole(result, STREAMS)
        return {"CPU µs an agent": used / result["events"] * 1e6}

    return row


def _storm(tokens: str, count: int) -> Callable[[Bench, Kind], Figures]:
    def row(bench: Bench, kind: Kind) -> Figures:
        options = {"seconds": STORM_SECONDS, "in_flight": CONNECTING_AT_ONCE}
        with serving(kind, tokens) as server, bench.load(server, "storm", count, **options) as generator:
            before = server.cpu()
            generator.go()
            result = generator.result()
            used = server.cpu() - before
        _whole(result, count)
        return {"seconds": result["seconds"], "CPU µs an agent": used / count * 1e6}

    return row


ROWS: Final[Mapping[str, Callable[[Bench, Kind], Figures]]] = {
    "beats-100": _beats(100),
    "beats-1000": _beats(1000),
    "memory": _memory,
    "rate": _rate,
    "fanout": _fan_out(acknowledged=False),
    "acked": _fan_out(acknowledged=True),
    "storm": _storm("cheap", STORM_AGENTS),
    "signed": _storm("rs512", SIGNED_AGENTS),
}


def versions() -> str:
    """What was measured with what."""
    import grpc

    go = subprocess.run(["go", "version"], capture_output=True, text=True, check=False).stdout.strip()
    return f"Python {sys.version.split()[0]}, grpcio {grpc.__version__}, {go or 'no Go'}, {os.cpu_count()} cores"


if __name__ == "__main__":
    print(versions())
    for what, ratio, note in measured(sys.argv[1:] or list(ROWS)):
        print(f"{ratio:8.2f}  {what}  ({note})", flush=True)
