"""The hub behind one of its doors, in a process of its own: `python -m bench.load.hubserver own|grpcio cheap|rs512`.

It writes its port, and takes lines: `fanout COUNT PAUSE_MS BYTES` puts so many events into every agent's queue, a pause
between them, and is answered by `done`. It ends with its standard input.
"""

import asyncio
import base64
import hashlib
import hmac
import json
import logging
import os
import sys
from typing import Final

import structlog
import uvloop

from bench.load.prepared import AUTH_RULE, VERSION, fan_out_event
from mesh.identity.rules import parse_rule
from principal.auth.header import HeaderMethod
from principal.clock import LoopClock
from principal.collecting import quieten
from principal.hub import Hub
from principal.login import Login
from principal.rpc import Door
from principal.tokens import Bearer, Claims, Issuer, TokenError, TokenPair, generate_key

TOKEN_SIZE: Final = 700
"""Characters that a cheap token is filled up to: a signed one has about as many."""

MAX_MESSAGE: Final = 4 * 1024 * 1024

NEVER: Final = 2**40
"""When a cheap token expires."""


class CheapIssuer(Issuer):
    """Tokens that cost next to nothing, so that the rest of a login can be seen beside the peer's."""

    def __init__(self) -> None:
        super().__init__(generate_key())
        self._secret = os.urandom(32)

    def issue(self, bearer: Bearer, *, now: float) -> TokenPair:
        body = base64.b64encode(json.dumps([bearer.agent, bearer.mode, bearer.method, bearer.identity]).encode())
        token = f"{body.decode()}.{self._mac(body)}."
        token += "x" * (TOKEN_SIZE - len(token))
        return TokenPair(token, token)

    def check(self, token: str, audience: str, *, now: float) -> Claims:
        body, mac, _ = token.split(".")
        if not hmac.compare_digest(self._mac(body.encode()), mac):
            raise TokenError("not ours")
        agent, mode, method, identity = json.loads(base64.b64decode(body))
        return Claims(Bearer(agent=agent, mode=mode, method=method, identity=identity), NEVER)

    def _mac(self, body: bytes) -> str:
        return hmac.new(self._secret, body, hashlib.sha256).hexdigest()


def own_door(hub: Hub) -> Door:
    from principal.door.options import DoorOptions
    from principal.door.server import OwnDoor

    options = DoorOptions(max_message=MAX_MESSAGE, identity_header="x-forwarded-client-cert")
    return OwnDoor(hub, host="127.0.0.1", port=0, options=options)


def grpcio_door(hub: Hub) -> Door:
    from principal.door_grpcio import GrpcioDoor

    return GrpcioDoor(hub, host="127.0.0.1", port=0, max_message=MAX_MESSAGE, ping_min_interval=0)


DOORS: Final = {"own": own_door, "grpcio": grpcio_door}


async def serve(door_name: str, tokens: str) -> None:
    """Serve until the standard input ends."""
    # Lines of a log would fill the pipe, and be measured.
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR), cache_logger_on_first_use=True
    )
    issuer = CheapIssuer() if tokens == "cheap" else Issuer(generate_key())
    login = Login(HeaderMethod(parse_rule(AUTH_RULE)), issuer, namespace="argocd", version=VERSION)
    hub = Hub(login, LoopClock(), session_timeout=None)
    door = DOORS[door_name](hub)
    await door.start()
    quieten()
    print(door.address.rsplit(":", 1)[1], flush=True)
    try:
        while line := await asyncio.to_thread(sys.stdin.readline):
            word, *numbers = line.split()
            if word == "fanout":
                await _fan_out(hub, *map(int, numbers))
                print("done", flush=True)
    finally:
        await door.stop(0)


async def _fan_out(hub: Hub, count: int, pause: int, size: int) -> None:
    names = [session.agent.name for session in hub.agents.sessions()]
    for number in range(count):
        event = fan_out_event(number, size)
        for name in names:
            hub.enqueue(name, event)
        await asyncio.sleep(pause / 1000)


if __name__ == "__main__":
    uvloop.run(serve(*sys.argv[1:]))
