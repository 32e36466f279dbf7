"""The clients of the matrix, all driven alike: grpcio's two in this process, the others as processes of their own."""

import asyncio
import json
import os
import threading
from collections.abc import Awaitable, Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Protocol

import grpc
import grpc.aio

from tests.interop import tools
from tests.interop.cases import PARALLEL
from tests.interop.echo import KEY
from tests.interop.script import Outcome, Outcomes, Script, outcome, tally

PATIENCE: Final = 20.0
"""Seconds that a script may take; the longest takes two on a busy machine."""

LIMIT: Final = 64 * 1024 * 1024
"""Bytes of a message that a client takes."""

LINE_LIMIT: Final = 1024 * 1024
"""Bytes of a client process's line: thousands of outcomes that all differ."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where a client connects."""

    address: str
    """As gRPC names it: `127.0.0.1:80` or `unix:/path`."""
    roots: Path | None = None
    """PEM of the authority to trust; None is plaintext."""
    name: str = ""
    """The server's name in its certificate."""


class Client(Protocol):
    """Runs scripts over one channel."""

    async def run(self, script: Script) -> Outcomes:
        """Run a script."""

    async def cancel(self, key: str) -> None:
        """Cancel the calls of a script that runs."""

    async def close(self) -> None:
        """Close the channel."""


def _options() -> list[tuple[str, Any]]:
    return [
        ("grpc.max_receive_message_length", LIMIT),
        ("grpc.max_send_message_length", LIMIT),
        ("grpc.enable_http_proxy", 0),
        ("grpc.use_local_subchannel_pool", 1),
        ("grpc.max_metadata_size", 64 * 1024),
    ]


def _metadata(script: Script) -> tuple[tuple[str, Any], ...]:
    given = tuple((k, bytes.fromhex(v) if k.endswith("-bin") else v) for k, v in script.metadata)
    return ((KEY, script.key), *given)


def _call_options(script: Script) -> dict[str, Any]:
    compression = grpc.Compression.Gzip if script.gzip else None
    return {"metadata": _metadata(script), "timeout": script.deadline or None, "compression": compression}


def _tls(target: Target) -> tuple[grpc.ChannelCredentials | None, list[tuple[str, Any]]]:
    if target.roots is None:
        return None, _options()
    return (
        grpc.ssl_channel_credentials(target.roots.read_bytes()),
        [*_options(), ("grpc.ssl_target_name_override", target.name)],
    )


class AioClient:
    """grpc.aio."""

    def __init__(self, target: Target) -> None:
        credentials, options = _tls(target)
        self._channel = (
            grpc.aio.insecure_channel(target.address, options=options)
            if credentials is None
            else grpc.aio.secure_channel(target.address, credentials, options=options)
        )
        self._calls: dict[str, list[Any]] = {}

    async def run(self, script: Script) -> Outcomes:
        """Run a script."""
        self._calls[script.key] = []
        return tally(await asyncio.gather(*(self._call(script) for _ in range(script.parallel))))

    async def cancel(self, key: str) -> None:
        """Cancel the calls of a script that runs."""
        for call in self._calls[key]:
            call.cancel()

    async def close(self) -> None:
        """Close the channel."""
        await self._channel.close()

    async def _call(self, script: Script) -> Outcome:
        call = self._open(script)
        self._calls[script.key].append(call)
        received: list[bytes] = []
        sending = asyncio.create_task(self._send(script, call, received))
        try:
            if script.kind in ("unary", "client"):
                received.append(await call)
            else:
                async for message in call:
                    received.append(message)
                    if len(received) == script.cancel_after:
                        call.cancel()
        except (grpc.aio.AioRpcError, asyncio.CancelledError):
            pass  # the call's status says it
        finally:
            sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)
        code, details = await call.code(), await call.details()
        return outcome(code.value[0], details or "", received, await call.trailing_metadata() or ())

    def _open(self, script: Script) -> Any:
        options = _call_options(script)
        if script.kind == "unary":
            return self._channel.unary_unary(script.method)(next(script.bodies()), **options)
        if script.kind == "server":
            return self._channel.unary_stream(script.method)(next(script.bodies()), **options)
        multi = self._channel.stream_unary if script.kind == "client" else self._channel.stream_stream
        return multi(script.method)(**options)

    async def _send(self, script: Script, call: Any, received: list[bytes]) -> None:
        if script.kind in ("unary", "server"):
            return
        if script.headers_first:
            await call.initial_metadata()
        with suppress(grpc.aio.AioRpcError, asyncio.InvalidStateError):
            for number, body in enumerate(script.bodies()):
                while script.lockstep and len(received) < number:
                    await asyncio.sleep(0)
                await call.write(body)
            await call.done_writing()


class SyncClient:
    """grpcio's threads."""

    def __init__(self, target: Target) -> None:
        credentials, options = _tls(target)
        self._channel = (
            grpc.insecure_channel(target.address, options=options)
            if credentials is None
            else grpc.secure_channel(target.address, credentials, options=options)
        )
        self._threads = ThreadPoolExecutor(PARALLEL)
        self._calls: dict[str, list[Any]] = {}

    async def run(self, script: Script) -> Outcomes:
        """Run a script."""
        self._calls[script.key] = []
        loop = asyncio.get_running_loop()
        calls = (loop.run_in_executor(self._threads, self._call, script) for _ in range(script.parallel))
        return tally(await asyncio.gather(*calls))

    async def cancel(self, key: str) -> None:
        """Cancel the calls of a script that runs."""
        for call in self._calls[key]:
            call.cancel()

    async def close(self) -> None:
        """Close the channel."""
        self._threads.shutdown(cancel_futures=True)
        self._channel.close()

    def _call(self, script: Script) -> Outcome:
        received: list[bytes] = []
        arrived = _Counter()
        opened: Future[Any] = Future()
        requests = _requests(script, arrived, opened)
        options = _call_options(script)
        call: Any
        if script.kind == "unary":
            call = self._channel.unary_unary(script.method).future(next(script.bodies()), **options)
        elif script.kind == "client":
            call = self._channel.stream_unary(script.method).future(requests, **options)
        elif script.kind == "server":
            call = self._channel.unary_stream(script.method)(next(script.bodies()), **options)
        else:
            call = self._channel.stream_stream(script.method)(requests, **options)
        opened.set_result(call)
        self._calls[script.key].append(call)
        try:
            for message in [call.result()] if script.kind in ("unary", "client") else call:
                received.append(message)
                arrived.add()
                if len(received) == script.cancel_after:
                    call.cancel()
        except (grpc.RpcError, grpc.FutureCancelledError):
            pass  # the call's status says it
        finally:
            arrived.end()
        return outcome(call.code().value[0], call.details() or "", received, call.trailing_metadata() or ())


class _Counter:
    """How many answers have arrived, for the thread that sends."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._count = 0
        self._over = False

    def add(self) -> None:
        with self._condition:
            self._count += 1
            self._condition.notify()

    def end(self) -> None:
        with self._condition:
            self._over = True
            self._condition.notify()

    def wait(self, count: int) -> None:
        with self._condition:
            self._condition.wait_for(lambda: self._over or self._count >= count, PATIENCE)


def _requests(script: Script, arrived: _Counter, opened: "Future[Any]") -> Iterator[bytes]:
    if script.headers_first:
        opened.result(PATIENCE).initial_metadata()
    for number, body in enumerate(script.bodies()):
        if script.lockstep:
            arrived.wait(number)
        yield body


@dataclass
class ProcessClient:
    """A client in another language, as a process."""

    process: asyncio.subprocess.Process
    _waiting: dict[str, "asyncio.Future[Outcomes]"] = field(default_factory=dict)
    _reader: "asyncio.Task[None] | None" = None

    @classmethod
    async def start(cls, command: list[str], target: Target, environment: Mapping[str, str]) -> "ProcessClient":
        """Start `command`, which connects to `target`."""
        arguments = ["--target", target.address, "--name", target.name]
        if target.roots is not None:
            arguments += ["--roots", str(target.roots)]
        pipe = asyncio.subprocess.PIPE
        process = await asyncio.create_subprocess_exec(
            *command, *arguments, stdin=pipe, stdout=pipe, limit=LINE_LIMIT, env={**os.environ, **environment}
        )
        client = cls(process)
        client._reader = asyncio.create_task(client._read())
        return client

    async def run(self, script: Script) -> Outcomes:
        """Run a script."""
        future = self._waiting[script.key] = asyncio.get_running_loop().create_future()
        await self._say({"run": script.as_json()})
        return await future

    async def cancel(self, key: str) -> None:
        """Cancel the calls of a script that runs."""
        await self._say({"cancel": key})

    async def close(self) -> None:
        """End the process; it leaves when its input ends."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        try:
            await asyncio.wait_for(self.process.wait(), 5)
        except TimeoutError:
            self.process.kill()
            await self.process.wait()
        assert self._reader is not None
        await asyncio.gather(self._reader, return_exceptions=True)

    async def _say(self, order: dict[str, Any]) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(order).encode() + b"\n")
        await self.process.stdin.drain()

    async def _read(self) -> None:
        assert self.process.stdout is not None
        while line := await self.process.stdout.readline():
            answer = json.loads(line)
            outcomes: Outcomes = {}
            for each in answer["outcomes"]:
                times = each.pop("times")
                outcomes[Outcome.from_json(each)] = times
            self._waiting.pop(answer["key"]).set_result(outcomes)
        for future in self._waiting.values():
            future.set_exception(ConnectionError("the client process ended"))


async def _aio(target: Target) -> Client:
    return AioClient(target)


async def _sync(target: Target) -> Client:
    return SyncClient(target)


async def _go(target: Target) -> Client:
    return await ProcessClient.start([str(tools.go_client())], target, {})


async def _js(target: Target) -> Client:
    command = [tools.node(), str(tools.HERE / "js" / "client.js")]
    return await ProcessClient.start(command, target, {"NODE_PATH": str(tools.js_packages())})


CLIENTS: Final[dict[str, Callable[[Target], Awaitable[Client]]]] = {
    "grpcio-aio": _aio,
    "grpcio-sync": _sync,
    "grpc-go": _go,
    "grpc-js": _js,
}
