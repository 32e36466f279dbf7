"""Attackers on a real mesh: what the principal makes of each, with argocd-agent's recipe beside ours."""

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import grpc
import grpc.aio
import pytest

from hubproto import methods
from hubproto.auth_pb2 import AuthResponse
from mesh.identity.rules import parse_rule
from mesh.lab import Authority, LabConfig, LabMesh, Workload, XfccDetails, XfccMode
from principal.auth.header import HeaderMethod
from principal.clock import LoopClock
from principal.door_grpcio import GrpcioDoor
from principal.hub import Hub
from principal.login import Login
from tests.e2e.world import need_envoy
from tests.principal.virtual import AUTH, ISSUER, VERSION, auth_request, subject

pytestmark = [pytest.mark.lab, pytest.mark.timeout(120)]

SEED = "header:x-forwarded-client-cert:^.*URI=spiffe://[^/]+/ns/[^/]+/sa/([^,;]+)"
VICTIM = "spiffe://cluster.local/ns/argocd-agents/sa/agent-a"
SPOOF = f'By=spiffe://cluster.local/ns/argocd/sa/principal;Hash={"ab" * 32};Subject="";URI={VICTIM}'


@contextlib.asynccontextmanager
async def principal(rule: str) -> AsyncIterator[int]:
    login = Login(HeaderMethod(parse_rule(rule)), ISSUER, namespace="argocd", version=VERSION)
    door = GrpcioDoor(
        Hub(login, LoopClock(), session_timeout=None),
        host="127.0.0.1",
        port=0,
        max_message=1 << 20,
        ping_min_interval=0,
    )
    await door.start()
    try:
        yield int(door.address.rsplit(":", 1)[1])
    finally:
        await door.stop(0)


async def who(port: int, *, spoof: str | None = None) -> str | None:
    """Whom the principal takes the caller for; None when it is refused."""
    metadata = () if spoof is None else (("x-forwarded-client-cert", spoof),)
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        call = channel.unary_unary(methods.AUTHENTICATE)(auth_request(), metadata=metadata)
        code = await call.code()
        if code is not grpc.StatusCode.OK:
            assert code in (grpc.StatusCode.UNAUTHENTICATED, grpc.StatusCode.UNAVAILABLE)
            return None
        answer = await call
        return subject(AuthResponse.FromString(answer).accessToken)["clientID"]


HONEST = Workload(name="agent-a")
EVIL = "attacker"
SPOOFING_SIDECAR = Workload(name=EVIL, forward_client_cert=XfccMode.ALWAYS_FORWARD_ONLY)

CASES: dict[str, tuple[dict[str, object], Workload, str | None, str | None, str | None]] = {
    # name: lab settings, caller, spoofed header, whom our rule sees, whom argocd-agent's recipe sees
    "honest": ({}, HONEST, None, "agent-a", "agent-a"),
    "another workload": ({}, Workload(name=EVIL), None, EVIL, EVIL),
    "spoof stripped by the own sidecar": ({}, Workload(name=EVIL), SPOOF, EVIL, EVIL),
    "spoof past an own sidecar, SANITIZE_SET": ({}, SPOOFING_SIDECAR, SPOOF, EVIL, EVIL),
    "spoof past an own sidecar, APPEND_FORWARD": (
        {"xfcc_mode": XfccMode.APPEND_FORWARD},
        SPOOFING_SIDECAR,
        SPOOF,
        None,
        EVIL,
    ),
    "spoof, APPEND_FORWARD without details": (
        {"xfcc_mode": XfccMode.APPEND_FORWARD, "details": XfccDetails(subject=False, uri=False, dns=False)},
        SPOOFING_SIDECAR,
        SPOOF,
        None,
        "agent-a",
    ),
    "spoof that opens a quote, APPEND_FORWARD": (
        {"xfcc_mode": XfccMode.APPEND_FORWARD},
        SPOOFING_SIDECAR,
        f'URI={VICTIM};Subject="',
        None,
        EVIL,
    ),
    "spoof, FORWARD_ONLY": ({"xfcc_mode": XfccMode.FORWARD_ONLY}, SPOOFING_SIDECAR, SPOOF, "agent-a", "agent-a"),
    "another namespace": ({}, Workload(name="agent-a", namespace="evil"), None, None, "agent-a"),
    "another trust domain that is federated": (
        {"authorities": (Authority(name="other", trust_domain="other.domain", trusted=True),)},
        Workload(name="agent-a", authority="other"),
        None,
        None,
        "agent-a",
    ),
    "two URI SANs": (
        {},
        Workload(name=EVIL, uri_sans=("spiffe://cluster.local/ns/argocd-agents/sa/attacker", VICTIM)),
        None,
        None,
        "agent-a",
    ),
    "no URI SAN, spoof, APPEND_FORWARD": (
        {"xfcc_mode": XfccMode.APPEND_FORWARD, "match_clients": False},
        Workload(
            name=EVIL,
            uri_sans=(),
            dns_sans=("attacker.example",),
            forward_client_cert=XfccMode.ALWAYS_FORWARD_ONLY,
        ),
        SPOOF,
        None,
        "agent-a",
    ),
    "opaque port, spoof": ({"opaque": True}, Workload(name=EVIL), SPOOF, "agent-a", "agent-a"),
    "opaque port, honest": ({"opaque": True}, HONEST, None, None, None),
}


@pytest.mark.parametrize(
    ("settings", "caller", "spoof", "ours", "recipe"), CASES.values(), ids=[name.replace(" ", "-") for name in CASES]
)
async def test_whom_a_caller_is_taken_for(
    tmp_path: Path,
    settings: dict[str, object],
    caller: Workload,
    spoof: str | None,
    ours: str | None,
    recipe: str | None,
) -> None:
    need_envoy()
    for name, rule, expected in (("identity", AUTH, ours), ("recipe", SEED, recipe)):
        async with principal(rule) as port:
            config = LabConfig(
                principal_port=port,
                agents=(caller,),
                principal=Workload(name="principal", namespace="argocd"),
                **settings,  # type: ignore[arg-type]
            )
            async with LabMesh(config, tmp_path / name) as lab:
                assert await who(lab.agent_port(caller.name), spoof=spoof) == expected, name
