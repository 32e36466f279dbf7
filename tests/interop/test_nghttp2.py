"""nghttp2's client and load generator: the implementation of HTTP/2 that curl and much else is built on."""

import asyncio
import re
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

from tests.conftest import missing
from tests.interop import tools
from tests.interop.standalone import standalone

pytestmark = pytest.mark.process

PATIENCE: Final = 60.0
"""Seconds; two are usual."""

MESSAGE: Final = b"\0\0\0\0\5hello"
"""A gRPC message with its prefix. The answer is the same."""

GRPC: Final = ["-H", "content-type: application/grpc", "-H", "te: trailers"]


@pytest.mark.parametrize("way", ["own", "own-tls"])
async def test_nghttp_is_answered_with_message_and_trailers(way: str, tmp_path: Path) -> None:
    async with standalone(way) as door:
        scheme = "https" if way.endswith("tls") else "http"
        url = f"{scheme}://{door.address}/interop.Echo/Echo"
        said = await _run(tools.nghttp, "-v", "--no-verify-peer", *GRPC, "-d", _body(tmp_path), url)
    assert MESSAGE in said
    assert b":status: 200" in said
    assert b"grpc-status: 0" in said


async def test_nghttp_may_pad_shrink_its_windows_and_send_trailers(tmp_path: Path) -> None:
    async with standalone("own") as door:
        url = f"http://{door.address}/interop.Echo/Echo"
        options = ["--stat", "--null-out", "--padding=200", "--window-bits=14", "--header-table-size=100", "-m", "80"]
        said = await _run(tools.nghttp, *options, "--trailer=x-end: 1", *GRPC, "-d", _body(tmp_path), url)
    lines = [line.split() for line in said.decode().splitlines() if line.endswith("/interop.Echo/Echo")]
    assert [(line[-3], line[-2]) for line in lines] == [("200", str(len(MESSAGE)))] * 80


@pytest.mark.parametrize("body", [MESSAGE, b"\0\0\1\0\0" + b"x" * 65536], ids=["short", "long"])
async def test_every_call_of_h2load_is_answered(body: bytes, tmp_path: Path) -> None:
    total = 20_000 if len(body) < 100 else 1000
    async with standalone("own") as door:
        url = f"http://{door.address}/interop.Echo/Echo"
        said = await _run(
            tools.h2load, "-n", str(total), "-c", "10", "-m", "20", *GRPC, "-d", _body(tmp_path, body), url
        )
    text = said.decode()
    assert f"requests: {total} total, {total} started, {total} done, {total} succeeded, 0 failed" in text
    assert f"status codes: {total} 2xx, 0 3xx, 0 4xx, 0 5xx" in text
    match = re.search(r"\((\d+)\) data", text)
    assert match is not None
    assert int(match[1]) == total * len(body)


async def test_what_is_no_grpc_is_answered_as_http(tmp_path: Path) -> None:
    async with standalone("own") as door:
        url = f"http://{door.address}/interop.Echo/Echo"
        wrong_type = await _run(tools.nghttp, "-v", "-H", "content-type: text/plain", "-d", _body(tmp_path), url)
        wrong_method = await _run(tools.nghttp, "-v", url)
    assert b":status: 415" in wrong_type
    assert b":status: 405" in wrong_method


def _body(folder: Path, body: bytes = MESSAGE) -> str:
    path = folder / "body"
    path.write_bytes(body)
    return str(path)


async def _run(find: Callable[[], str], *arguments: str) -> bytes:
    try:
        program = find()
    except tools.ToolMissing as error:
        missing(str(error))
        raise
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(program, *arguments, stdout=pipe, stderr=asyncio.subprocess.STDOUT)
    async with asyncio.timeout(PATIENCE):
        said, _ = await process.communicate()
    assert process.returncode == 0, said.decode()
    return said
