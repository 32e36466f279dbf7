"""What we generate, the principal and the agent accept: every set, given to the real processes as a cluster would."""

import os
from pathlib import Path

import pytest

from agent.config import AgentConfig
from mesh.adapters import ADAPTERS
from mesh.configuration.options import Side
from mesh.intent import DEFAULT_INTENT, Gateway, Intent
from meshtether.commands.agent_settings import build_agent
from meshtether.commands.principal_settings import build_principal
from meshtether.demo.plan import Command
from meshtether.demo.processes import Process
from meshtether.options.resolve import resolve
from meshtether.options.table import AGENT, PRINCIPAL
from principal.config import Attest, PrincipalConfig
from principal.kernel import Kernel, LookupFailed
from tests.conftest import missing
from tests.e2e.generated import environment
from tests.e2e.world import free_port
from tests.mesh.adapters.intents import OPEN, OTHER

GATEWAYS = ("kgateway", "gloo", "agentgateway")
"""Systems whose pods are others than the principal's."""

POD_IP = "10.42.7.7"

INTENTS = {
    "default": DEFAULT_INTENT,
    "other": OTHER,
    "open": OPEN,
    "gateways": Intent(
        gateways=(
            Gateway(system="envoy", name="edge", namespace="edge"),
            *(Gateway(system=each, name=each, pod_networks=("10.42.0.0/16", "fd00:42::/48")) for each in GATEWAYS),
        )
    ),
}

every_set = pytest.mark.parametrize("adapter", sorted(ADAPTERS))
every_intent = pytest.mark.parametrize("intent", list(INTENTS.values()), ids=list(INTENTS))


def variables(adapter: str, intent: Intent, side: Side, *, pod_ip: str = POD_IP) -> dict[str, str]:
    """The environment of one side, with what a set leaves to its user: where the store is."""
    found = environment(ADAPTERS[adapter].generate(intent), side, pod_ip=pod_ip)
    return {**found, "MESHTETHER_STORE": "store"} if found else {}


@every_intent
@every_set
def test_the_principal_takes_its_settings_without_a_word(adapter: str, intent: Intent) -> None:
    resolved = resolve(PRINCIPAL, (), variables(adapter, intent, "principal"))
    assert resolved.notices == ()
    config = build_principal(resolved)
    assert isinstance(config, PrincipalConfig)
    assert config.attest is Attest.NETNS
    assert bool(config.header_peers) == (adapter in GATEWAYS), "only gateways call from beyond the pod"


@every_intent
@every_set
def test_agents_take_their_settings_without_a_word(adapter: str, intent: Intent) -> None:
    found = variables(adapter, intent, "agent")
    assert bool(found) == (bool(intent.agents.names) or adapter == "envoy")
    if found:
        resolved = resolve(AGENT, (), found)
        assert resolved.notices == ()
        assert isinstance(build_agent(resolved), AgentConfig)


def own_address() -> str:
    """An address of this machine beyond loopback, as a pod has one."""
    try:
        kernel = Kernel()
        beyond = [each for each in kernel.addresses() if not each.is_loopback and each.version == 4]
        kernel.close()
    except LookupFailed as error:
        missing(str(error))
    if not beyond:
        missing("this machine has no address beyond loopback")
    return str(beyond[0])


def started(side: Side, found: dict[str, str], root: Path, **replaced: str) -> Process:
    """The process of one side with these variables and no others of ours."""
    ours = ("ARGOCD_", "MESHTETHER_")
    clean = {name: text for name, text in os.environ.items() if not name.startswith(ours)}
    (root / side).mkdir()
    environ = {**clean, **found, "MESHTETHER_STORE": str(root / side), **replaced}
    return Process(Command(side, (side,)), log_path=root / f"{side}.log", env=environ)


@pytest.mark.process
@every_set
async def test_both_start_for_real_with_what_is_generated(adapter: str, tmp_path: Path) -> None:
    port = str(free_port())
    found = variables(adapter, DEFAULT_INTENT, "principal", pod_ip=own_address())
    principal = started(
        "principal", found, tmp_path, ARGOCD_PRINCIPAL_LISTEN_PORT=port, MESHTETHER_ADMIN_PORT=str(free_port())
    )
    await principal.start()
    try:
        await principal.wait_for("principal ready")
        agent = started(
            "agent",
            variables(adapter, DEFAULT_INTENT, "agent"),
            tmp_path,
            ARGOCD_AGENT_REMOTE_SERVER="127.0.0.1",
            ARGOCD_AGENT_REMOTE_PORT=str(free_port()),
        )
        await agent.start()
        try:
            # Nobody listens there: what counts is that it gets as far as trying.
            await agent.wait_for("connection failed")
        finally:
            assert await agent.stop() == 0, agent.log()
    finally:
        assert await principal.stop() == 0, principal.log()
    told = [line for line in principal.log().splitlines() if "level=warn" in line or "level=error" in line]
    assert len(told) == (adapter in GATEWAYS), told
    assert all("identity headers are believed from beyond this pod" in line for line in told)
