"""Runs the demo: a real mesh on loopback, a principal and agents as real processes, and a table of how they fare."""

import asyncio
import contextlib
import functools
import itertools
import math
import signal
import socket
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.live import Live

from mesh.lab import EnvoyMissing, Flavour, LabConfig, LabMesh, SidecarError, Timers, Workload
from meshtether import logs
from meshtether.demo import table
from meshtether.demo.controller import controlling
from meshtether.demo.observe import Observer, Scene
from meshtether.demo.plan import (
    NAMESPACE,
    PRINCIPAL_NAMESPACE,
    QUIET_AGENT,
    STREAM_IDLE,
    TRUST_DOMAIN,
    Command,
    DemoConfig,
    agent_command,
    application,
    live_agents,
    principal_command,
)
from meshtether.demo.processes import Process, ProcessError
from meshtether.demo.promises import Verdict, judge

DEFAULT_SECONDS: Final = 30.0
"""Seconds the demo runs where nobody can press Ctrl-C."""

ADMIN_PORT: Final = 8090
"""The admin API's own default, used when it is free, so that the commands of the README work as they stand."""

REFRESH: Final = 1.0
"""Seconds between two looks."""

PLAIN_EVERY: Final = 5
"""Looks between two tables where there is no terminal."""

EXIT_KEPT, EXIT_BROKEN, EXIT_FAILED = 0, 1, 3

KEPT: Final = "The demo kept its promises."
BROKEN: Final = "The demo did NOT keep its promises."
STOPPED: Final = "The demo was stopped before it had shown everything that it promises."
"""Its last words."""


def run(config: DemoConfig) -> int:
    """Run the demo; 0 when it showed what it promises, 1 when not, 3 when it could not run."""
    console = Console(file=sys.stdout, highlight=False, soft_wrap=config.plain or not sys.stdout.isatty())
    # The processes have logs of their own; here only what goes wrong with the lab is worth a line.
    logs.configure(["warning"], "text")
    try:
        return asyncio.run(_run(config, console))
    except EnvoyMissing as error:
        print(f"meshtether demo: {error}", file=sys.stderr)  # noqa: T201 - the command's own output
    except (SidecarError, ProcessError) as error:
        print(f"meshtether demo: {error}", file=sys.stderr)  # noqa: T201 - the command's own output
    except OSError as error:
        # Whatever the demo reads and writes is in its folder, which may be anywhere.
        told = f"{error.filename}: {error.strerror}" if error.filename else str(error)
        print(f"meshtether demo: {told}; --dir names another folder", file=sys.stderr)  # noqa: T201 - the same
    return EXIT_FAILED


async def _run(config: DemoConfig, console: Console) -> int:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    with _folder(config) as folder:
        async with contextlib.AsyncExitStack() as stack:
            stage = Stage(config, folder, console)
            await stage.build(stack)
            scene = await stage.watch(stop)
            return stage.conclude(scene, stopped=stop.is_set())


@contextlib.contextmanager
def _folder(config: DemoConfig) -> Iterator[Path]:
    if config.directory is not None:
        config.directory.mkdir(parents=True, exist_ok=True)
        yield config.directory.resolve()
        return
    with tempfile.TemporaryDirectory(prefix="meshtether-demo-") as name:
        yield Path(name)


class Stage:
    """One run of the demo, in one folder."""

    def __init__(self, config: DemoConfig, folder: Path, console: Console) -> None:
        self._config = config
        self._folder = folder
        self._console = console
        self._living = live_agents(config.agents)
        self._everyone = [*self._living, QUIET_AGENT]
        self._identities: dict[str, str] = {}
        self._observer: Observer | None = None
        self._live = console.is_terminal and not config.plain

    async def build(self, stack: contextlib.AsyncExitStack) -> None:
        """Start everything; what has been started ends with `stack`."""
        principal_port = _free_port()
        lab = LabMesh(
            LabConfig(
                principal_port=principal_port,
                agents=tuple(self._everyone),
                flavour=Flavour(self._config.mesh),
                trust_domain=TRUST_DOMAIN,
                namespace=NAMESPACE,
                principal=Workload(name="principal", namespace=PRINCIPAL_NAMESPACE),
                inbound=Timers(stream_idle=STREAM_IDLE),
                outbound=Timers(stream_idle=STREAM_IDLE),
            ),
            self._folder / "lab",
        )
        self._console.print(
            f"A mesh like {self._config.mesh} on loopback: {len(self._everyone) + 1} Envoy sidecars with mTLS, "
            f"a stream idle timer of {STREAM_IDLE:g} s in each."
        )
        await stack.enter_async_context(lab)
        self._identities = {name: lab.identity_of(name) for name in self._everyone}
        principal_store = self._applications()
        admin_port = await self._start_principal(stack, port=principal_port, store=principal_store)
        url = f"http://127.0.0.1:{admin_port}"
        for name in self._everyone:
            store = self._folder / "stores" / name
            store.mkdir(parents=True, exist_ok=True)
            await stack.enter_async_context(controlling(store))
            heartbeat = {} if name in self._living else {"heartbeat": None}
            await self._start(stack, agent_command(name, port=lab.agent_port(name), store=store, **heartbeat), "")
        self._observer = Observer(url=url, lab=lab, store=principal_store, agents=self._everyone)
        stack.push_async_callback(self._observer.close)
        kept = "" if self._config.directory is not None else " (goes away in the end; --dir DIR keeps it)"
        self._console.print(f"\nTry meanwhile: curl {url}/api/v1/agents", markup=False)
        self._console.print(f"Stores and logs: {self._folder}{kept}\n", markup=False)

    async def watch(self, stop: asyncio.Event) -> Scene:
        """Show the table until time is up or `stop` is set; the last scene."""
        seconds = self._config.seconds
        if seconds is None and not self._live:
            seconds = DEFAULT_SECONDS
        deadline = math.inf if seconds is None else asyncio.get_running_loop().time() + seconds
        if not self._live:
            return await self._look_until(stop, deadline, self._print)
        caption = "Ctrl-C ends the demo" if seconds is None else f"runs for {seconds:g} s; Ctrl-C ends it"
        with Live(console=self._console, auto_refresh=False) as screen:
            return await self._look_until(
                stop, deadline, lambda scene, _: screen.update(table.live(scene.rows, caption=caption), refresh=True)
            )

    def conclude(self, scene: Scene, *, stopped: bool) -> int:
        """Print each promise and whether it was kept; the exit status. `stopped`: somebody ended it by a signal."""
        verdicts = judge(scene.rows, self._identities)
        self._console.print()
        for verdict in verdicts:
            self._console.print(_line(verdict), markup=False)
        kept = all(verdict.kept for verdict in verdicts)
        self._console.print(f"\n{KEPT if kept else STOPPED if stopped else BROKEN}")
        return EXIT_KEPT if kept else EXIT_BROKEN

    async def _look_until(self, stop: asyncio.Event, deadline: float, show: Callable[[Scene, int], None]) -> Scene:
        """Look every REFRESH seconds; -1 for the number of the last look."""
        loop = asyncio.get_running_loop()
        for number in itertools.count():
            over = stop.is_set() or loop.time() >= deadline
            scene = await self._seen()
            show(scene, -1 if over else number)
            if over:
                return scene
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(REFRESH):
                    await stop.wait()
        raise AssertionError("itertools.count ended")

    def _print(self, scene: Scene, number: int) -> None:
        if number and (number < 0 or number % PLAIN_EVERY == 0):
            self._console.print(table.plain(scene.rows) + "\n", markup=False)

    async def _seen(self) -> Scene:
        if self._observer is None:
            raise ProcessError("the demo has not been built")
        return await self._observer.look()

    def _applications(self) -> Path:
        store = self._folder / "stores" / "principal"
        store.mkdir(parents=True, exist_ok=True)
        for name in self._living:
            (store / f"{name}.yaml").write_text(application(name), "utf-8")
        return store

    async def _start_principal(self, stack: contextlib.AsyncExitStack, *, port: int, store: Path) -> int:
        """Start the principal; its admin port, which another demo may take between our look and its start."""
        admin_port = _admin_port()
        command = functools.partial(principal_command, mesh=self._config.mesh, port=port, store=store)
        try:
            await self._start(stack, command(admin_port=admin_port), "principal ready")
        except ProcessError:
            if admin_port != ADMIN_PORT or (admin_port := _admin_port()) == ADMIN_PORT:
                raise
            self._console.print(f"Port {ADMIN_PORT} was taken meanwhile; once more with another:")
            await self._start(stack, command(admin_port=admin_port), "principal ready")
        return admin_port

    async def _start(self, stack: contextlib.AsyncExitStack, command: Command, until: str) -> None:
        self._console.print(f"$ {command.shown()}", markup=False, soft_wrap=True)
        logs = self._folder / "logs"
        logs.mkdir(exist_ok=True)
        process = Process(command, log_path=logs / f"{command.name}.log")
        await process.start()
        stack.push_async_callback(process.stop)
        if until:
            await process.wait_for(until)


def _line(verdict: Verdict) -> str:
    return f"[{'ok' if verdict.kept else 'NO'}] {verdict.promise}: {verdict.evidence}"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _admin_port() -> int:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", ADMIN_PORT))
        except OSError:
            return _free_port()
    return ADMIN_PORT
