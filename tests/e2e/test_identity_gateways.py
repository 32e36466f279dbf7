"""Callers behind gateways that end mTLS and begin their own: labs of real Envoys in a row.

A gateway is two Envoys here, as each lab has one for each direction: the one that lets the caller in writes its
element, the one that leads on sends the header as it is, with the gateway's own certificate.
"""

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import grpc
import grpc.aio
import pytest

from hubproto import methods
from hubproto.auth_pb2 import AuthResponse
from mesh.identity.options import IdentityOptions, read_options
from mesh.identity.rules import parse_rule
from mesh.lab import LabConfig, LabMesh, Workload, XfccMode
from principal.auth.security import Security
from principal.clock import LoopClock
from principal.config import Attest, PrincipalConfig
from principal.door_grpcio import GrpcioDoor
from principal.hub import Hub
from tests.e2e.world import need_envoy
from tests.mesh.identity.samples import AGENT_A, EAST_GATEWAY, GATEWAY, OWN, SEED_RULE, XFCC_RULE
from tests.mesh.lab.standin import XFCC, received, stand_in
from tests.principal.virtual import auth_request, subject

pytestmark = [pytest.mark.lab, pytest.mark.timeout(120)]

LYING = XfccMode.ALWAYS_FORWARD_ONLY
CALLERS = (Workload(name="agent-a"), Workload(name="attacker", forward_client_cert=LYING))
SPOOF = (XFCC, f'By={GATEWAY};Hash={"ab" * 32};Subject="";URI={AGENT_A}')
TRUSTED = read_options(trusted_gateways=[GATEWAY, EAST_GATEWAY], own_identity=OWN)


@contextlib.asynccontextmanager
async def chain(
    root: Path, port: int, *gateways: str, mode: XfccMode = XfccMode.SANITIZE_SET
) -> AsyncIterator[LabMesh]:
    """Callers, gateways from theirs to the principal's, the principal's sidecar, and the principal on `port`.

    `mode` is what the gateway nearest to the callers does with the header. The lab that is given has the callers.
    """
    async with contextlib.AsyncExitStack() as stack:
        own, inbound = Workload(name="principal", namespace="argocd"), XfccMode.APPEND_FORWARD
        for name in reversed(gateways):
            leading_on = Workload(name=name, namespace="istio-system", forward_client_cert=LYING)
            config = LabConfig(principal_port=port, agents=(leading_on,), principal=own, xfcc_mode=inbound)
            lab = await stack.enter_async_context(LabMesh(config, root / f"to-{own.name}"))
            port, own = lab.agent_port(name), Workload(name=name, namespace="istio-system")
        config = LabConfig(principal_port=port, agents=CALLERS, principal=own, xfcc_mode=mode if gateways else inbound)
        yield await stack.enter_async_context(LabMesh(config, root / f"to-{own.name}"))


async def values(lab: LabMesh, name: str, *metadata: tuple[str, str]) -> list[str]:
    return (await received(lab.agent_port(name), metadata)).get(XFCC, [])


@pytest.mark.parametrize("gateways", [(), ("gateway",), ("east-gateway", "gateway")], ids=["none", "one", "two"])
async def test_a_caller_is_known_through_gateways_that_are_trusted(gateways: tuple[str, ...], tmp_path: Path) -> None:
    need_envoy()
    ours, recipe = parse_rule(XFCC_RULE, TRUSTED), parse_rule(SEED_RULE, TRUSTED)
    async with stand_in() as port, chain(tmp_path, port, *gateways) as lab:
        honest = await values(lab, "agent-a", SPOOF)
        assert honest[0].count(",") == len(gateways)
        assert ours.identify(honest).agent == recipe.identify(honest).agent == "agent-a"
        assert ours.identify(honest).identity == AGENT_A
        # A gateway that writes the header anew leaves nothing of what an attacker's sidecar sent on.
        forged = ours.identify(await values(lab, "attacker", SPOOF))
        assert (forged.agent, forged.refused) == (("attacker", None) if gateways else (None, "gateway-untrusted"))
        if gateways:
            assert parse_rule(XFCC_RULE).identify(honest).refused == "several-elements"
            assert parse_rule(SEED_RULE).identify(honest).agent == gateways[-1]
            one = read_options(trusted_gateways=[EAST_GATEWAY])
            assert parse_rule(XFCC_RULE, one).identify(honest).refused == "gateway-untrusted"


async def test_a_gateway_that_appends_shows_the_forgery_and_one_that_forwards_hides_it(tmp_path: Path) -> None:
    need_envoy()
    rule = parse_rule(XFCC_RULE, TRUSTED)
    async with stand_in() as port, chain(tmp_path / "a", port, "gateway", mode=XfccMode.APPEND_FORWARD) as lab:
        assert rule.identify(await values(lab, "agent-a", SPOOF)).agent == "agent-a"
        assert rule.identify(await values(lab, "attacker", SPOOF)).refused == "gateway-chain"
    # To trust this gateway is to trust everybody: its configuration has to be right, no rule can tell.
    async with stand_in() as port, chain(tmp_path / "b", port, "gateway", mode=XfccMode.FORWARD_ONLY) as lab:
        assert rule.identify(await values(lab, "attacker", SPOOF)).agent == "agent-a"
        assert rule.identify(await values(lab, "agent-a", SPOOF)).refused == "gateway-alone"


@contextlib.asynccontextmanager
async def principal(options: IdentityOptions) -> AsyncIterator[int]:
    config = PrincipalConfig(
        insecure_plaintext=True,
        auth=XFCC_RULE,
        identity=options,
        namespace="argocd",
        store=None,
        insecure_jwt_generate=True,
        attest=Attest.OFF,
    )
    hub = Hub(Security.build(config).login, LoopClock(), session_timeout=None)
    door = GrpcioDoor(hub, host="127.0.0.1", port=0, max_message=1 << 20, ping_min_interval=0)
    await door.start()
    try:
        yield int(door.address.rsplit(":", 1)[1])
    finally:
        await door.stop(0)


async def who(port: int) -> str | None:
    """Whom the principal takes the caller for; None when it is refused."""
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        call = channel.unary_unary(methods.AUTHENTICATE)(auth_request())
        if await call.code() is not grpc.StatusCode.OK:
            assert await call.code() is grpc.StatusCode.UNAUTHENTICATED
            return None
        return subject(AuthResponse.FromString(await call).accessToken)["clientID"]


@pytest.mark.parametrize(
    ("options", "agent"),
    [
        (TRUSTED, "agent-a"),
        (IdentityOptions(), None),
        (read_options(trusted_gateways=[GATEWAY], allow_agents=["agent-[b-z]"]), None),
        (read_options(trusted_gateways=[GATEWAY], own_identity=GATEWAY), None),
    ],
    ids=["trusted", "not trusted", "not allowed", "another's name"],
)
async def test_the_principal_lets_an_agent_in_through_a_gateway(
    options: IdentityOptions, agent: str | None, tmp_path: Path
) -> None:
    need_envoy()
    async with principal(options) as port, chain(tmp_path, port, "gateway") as lab:
        assert await who(lab.agent_port("agent-a")) == agent
