"""A gateway in pods of its own: the principal is a real process, the gateway in a real network namespace of its own."""

import asyncio
from pathlib import Path
from typing import Final

import pytest

from hubproto import methods
from tests.e2e.test_attestation import FORGED, Principal
from tests.e2e.world import free_port
from tests.principal.dialling import call_as
from tests.principal.test_attest import elsewhere
from tests.principal.virtual import auth_request

pytestmark = [pytest.mark.process]

GATEWAY: Final = "198.51.100.2"
"""The address beyond the cable, which is the gateway's; ours is in the same network."""


async def said(target: str, *, uid: int | None = None, netns_of: int | None = None) -> str:
    """What a caller hears who claims to be an agent."""
    return await asyncio.to_thread(
        call_as, target, methods.AUTHENTICATE, auth_request(), metadata=FORGED, uid=uid, netns_of=netns_of
    )


@pytest.mark.parametrize("door", ["grpcio", "own"])
@pytest.mark.parametrize("host", ["198.51.100.1", "", "0.0.0.0"])
async def test_a_gateway_beyond_the_pod_is_believed_and_the_pod_is_attested_as_ever(
    host: str, door: str, tmp_path: Path
) -> None:
    port = free_port()
    with elsewhere() as (pid, ours):
        principal = Principal(
            tmp_path,
            f"--listen-host={host}",
            f"--listen-port={port}",
            "--sidecar-uid=1337",
            "--header-peers=198.51.100.0/24",
            f"--server-transport={door}",
        )
        async with principal.running():
            target = f"{ours}:{port}"
            assert await said(target, netns_of=pid) == "OK"
            for uid in (0, 1000):
                assert (await said(target, uid=uid)).startswith("UNAUTHENTICATED"), "our own pod, in the same network"
            assert await said(target, uid=1337) == "OK"
            shown = await principal.ask("/api/v1/attestation")
            assert (shown["headerPeers"], shown["believed"], shown["attested"]) == (["198.51.100.0/24"], 1, 1)
            assert shown["refused"] == {"peer-not-the-sidecar": 2}
    log = principal.process.log()
    assert "identity headers are believed from beyond this pod" in log
    assert "header_peers=198.51.100.0/24" in log


async def test_whoever_calls_from_another_network_is_refused_and_told_of(tmp_path: Path) -> None:
    port = free_port()
    with elsewhere() as (pid, ours):
        principal = Principal(
            tmp_path, f"--listen-host={ours}", f"--listen-port={port}", "--header-peers=10.0.0.0/8,198.51.100.3"
        )
        async with principal.running():
            assert (await said(f"{ours}:{port}", netns_of=pid)).startswith("UNAUTHENTICATED")
            [refusal] = (await principal.ask("/api/v1/attestation"))["lastRefusals"]
            assert refusal["rule"] == "peer-elsewhere"
            assert refusal["peer"].startswith(f"ipv4:{GATEWAY}:")
            assert "--header-peers (10.0.0.0/8,198.51.100.3/32)" in refusal["why"]
    assert "not the sidecar's" in principal.process.log()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--listen-host=10.0.0.1", "--header-peers=0.0.0.0/0"), "too wide"),
        (("--listen-host=10.0.0.1", "--header-peers=10.0.0.0/8", "--attest=off"), "--attest=off"),
        (("--listen-host=127.0.0.1", "--header-peers=10.0.0.0/8"), "nobody beyond this pod reaches"),
    ],
)
async def test_what_would_believe_everybody_or_nobody_does_not_start(
    arguments: tuple[str, ...], told: str, tmp_path: Path
) -> None:
    principal = Principal(tmp_path, *arguments)
    await principal.process.start()
    assert await asyncio.wait_for(principal.process.wait(), 30) == 2
    assert told in principal.process.log()
