"""Serves the admin API with uvicorn inside the principal's own event loop."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Iterator
from typing import Final

import uvicorn
from fastapi import FastAPI

from principal.rpc import DoorError

BACKLOG: Final = 128
"""Connections waiting to be accepted."""

IDLE_TIMEOUT: Final = 10
"""Seconds a kept-alive HTTP connection may lie idle: people and scrapers come back, sockets don't pile up."""

MAX_CONNECTIONS: Final = 256
"""Open connections above which new requests get 503, so that the API can't starve the agents' streams."""


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals to the principal, which stops this server in its turn."""
        yield


@contextlib.asynccontextmanager
async def serving(app: FastAPI, *, host: str, port: int) -> AsyncIterator[str]:
    """Serve `app` while the block runs; gives the URL. DoorError when the address is taken or not ours."""
    listener = _listen(host, port)
    name, bound = listener.getsockname()[:2]
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_keep_alive=IDLE_TIMEOUT,
        limit_concurrency=MAX_CONNECTIONS,
        lifespan="off",
        ws="none",
    )
    server = _Server(config)
    task = asyncio.create_task(server.serve(sockets=[listener]), name="admin server")
    try:
        yield f"http://{f'[{name}]' if ':' in name else name}:{bound}"
    finally:
        server.should_exit = True
        # Open requests are short reads; one that hangs must not hold the principal's stop up.
        server.force_exit = True
        await task
        listener.close()


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        message = f"the admin API can't listen on {host}:{port}: {error.strerror} (--admin-port chooses another port)"
        raise DoorError(message) from error
    return listener
