"""Somebody else on this machine who dials a port: another user, another network namespace."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Final

from tests.conftest import missing

HERE: Final = Path(__file__).parents[2]

CLIENT: Final = """
import os, sys
sys.path[:0] = {path!r}
import grpc

def call(target, seconds):
    with grpc.insecure_channel(target, options=[("grpc.enable_http_proxy", 0)]) as channel:
        try:
            metadata = [tuple(pair) for pair in {metadata!r}]
            channel.unary_unary({method!r})({request!r}, metadata=metadata, timeout=seconds)
            return "OK"
        except grpc.RpcError as error:
            return f"{{error.code().name}} {{error.details()}}"

call("127.0.0.1:1", 0.01)
uid = {uid!r}
if uid is not None:
    os.setgroups([]); os.setgid(uid); os.setuid(uid)
print(call({target!r}, 20))
"""
"""A caller of one unary method, which prints the status. Its first call, to nobody, loads all that is loaded lazily:
as another user it may not be able to read it any more. A socket belongs to whom the process is when it makes it."""


def need_root() -> None:
    if os.geteuid() != 0:
        missing("only root can become another user")


def call_as(  # the parts of one call from elsewhere
    target: str,
    method: str,
    request: bytes,
    *,
    uid: int | None = None,
    metadata: tuple[tuple[str, str], ...] = (),
    netns_of: int | None = None,
) -> str:
    """The status of a call by a process of user `uid`, in the network namespace of process `netns_of`. Blocks."""
    script = CLIENT.format(
        path=[str(HERE)], uid=uid, metadata=list(metadata), target=target, method=method, request=request
    )
    enter = () if netns_of is None else ("nsenter", f"--net=/proc/{netns_of}/ns/net", "--")
    command = [*enter, sys.executable, "-c", script]
    environment = {**os.environ, "GRPC_VERBOSITY": "NONE"}
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, env=environment)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()
