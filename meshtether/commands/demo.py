"""`meshtether demo`: a real mesh on loopback."""

from pathlib import Path
from typing import Any, Final

import click

from mesh.durations import DurationError, parse_duration, seconds

MAX_AGENTS: Final = 20
"""Each has an Envoy and a process of its own, and one machine has to hold them all."""


ABOVE_ZERO: Final = 'above zero, numbers with a unit (ns, us, ms, s, m, h), such as "30s", "1m30s" or "1.5h"'


class DurationType(click.ParamType[float]):
    """A Go duration above zero, in seconds."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Seconds of a text; click's BadParameter otherwise."""
        if isinstance(value, float):
            return value
        try:
            ns = parse_duration(str(value))
        except DurationError as error:
            self.fail(f"{value!r}: {error}; accepted: {ABOVE_ZERO}", param, ctx)
        if ns <= 0:
            self.fail(f"{value!r}: not above zero; accepted: {ABOVE_ZERO}", param, ctx)
        return seconds(ns)


@click.command(short_help="A real mesh on loopback, in one command.")
@click.option(
    "--mesh", type=click.Choice(["istio", "linkerd"]), default="istio", show_default=True, help="Which mesh to be like."
)
@click.option(
    "--agents", type=click.IntRange(1, MAX_AGENTS), default=3, show_default=True, help="Agents that send heartbeats."
)
@click.option(
    "--for",
    "for_seconds",
    type=DurationType(),
    metavar="DURATION",
    help="End after so long, as in 1m30s; without it on a terminal Ctrl-C ends it.",
)
@click.option(
    "--dir",
    "directory",
    type=click.Path(file_okay=False, path_type=Path),
    help="Keep stores, logs and the lab's files here; without it they go away in the end.",
)
@click.option("--plain", is_flag=True, help="Print lines, even on a terminal.")
def demo(*, mesh: str, agents: int, for_seconds: float | None, directory: Path | None, plain: bool) -> None:
    """Start one Envoy sidecar per workload with mTLS, a principal on 127.0.0.1 and agents, and show how they fare."""
    from meshtether.demo.plan import DemoConfig  # noqa: PLC0415 - only this command needs the lab
    from meshtether.demo.run import run  # noqa: PLC0415

    config = DemoConfig(mesh=mesh, agents=agents, seconds=for_seconds, directory=directory, plain=plain)
    raise SystemExit(run(config))
