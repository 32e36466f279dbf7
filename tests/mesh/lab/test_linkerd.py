"""The Linkerd flavour: `l5d-client-id` is the certificate's name or is not there; nobody else can write it."""

import pytest

from mesh.lab import Flavour, Workload
from tests.mesh.lab.standin import CEO, L5D, XFCC, meshed, received

pytestmark = pytest.mark.lab

BOSS = "ceo.argocd-agents.serviceaccount.identity.linkerd.cluster.local"
NAMELESS = Workload(name="nameless", dns_sans=(), uri_sans=("spiffe://cluster.local/ns/argocd-agents/sa/nameless",))

SPOOFS = {
    "none": (),
    "one": ((L5D, BOSS),),
    "two": ((L5D, BOSS), (L5D, BOSS)),
    "an empty one": ((L5D, ""),),
}


@pytest.mark.parametrize("spoof", SPOOFS.values(), ids=SPOOFS.keys())
async def test_the_header_is_the_name_on_the_certificate_whatever_was_sent(spoof, tmp_path):
    async with meshed(tmp_path, agents=("agent-a",), flavour=Flavour.LINKERD) as mesh:
        got = await received(mesh.agent_port("agent-a"), spoof)
        assert got[L5D] == ["agent-a.argocd-agents.serviceaccount.identity.linkerd.cluster.local"]
        assert got[L5D] == [mesh.identity_of("agent-a")]


@pytest.mark.parametrize("spoof", SPOOFS.values(), ids=SPOOFS.keys())
async def test_without_a_name_on_the_certificate_there_is_no_header(spoof, tmp_path):
    async with meshed(tmp_path, agents=(NAMELESS,), flavour=Flavour.LINKERD, match_clients=False) as mesh:
        assert L5D not in await received(mesh.agent_port("nameless"), spoof)
        with pytest.raises(LookupError, match="nameless"):
            mesh.identity_of("nameless")


async def test_a_plaintext_caller_has_no_header_either(tmp_path):
    async with meshed(tmp_path, agents=("agent-a",), flavour=Flavour.LINKERD, permissive=True) as mesh:
        assert L5D not in await received(mesh.principal_sidecar.inbound_port, SPOOFS["one"])


async def test_the_other_meshs_header_passes_untouched(tmp_path):
    async with meshed(tmp_path, agents=("agent-a",), flavour=Flavour.LINKERD) as mesh:
        assert (await received(mesh.agent_port("agent-a"), ((XFCC, CEO),)))[XFCC] == [CEO]
        assert XFCC not in await received(mesh.agent_port("agent-a"))


async def test_in_the_istio_flavour_linkerds_header_is_nobodys_business(tmp_path):
    async with meshed(tmp_path, agents=("agent-a",)) as mesh:
        assert (await received(mesh.agent_port("agent-a"), SPOOFS["one"]))[L5D] == [BOSS]
