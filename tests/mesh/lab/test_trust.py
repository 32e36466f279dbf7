"""mTLS lets in and leads to whom it should. Refusals all look the same to the agent; the statistics tell them apart."""

import asyncio
import ssl

import pytest

from mesh.lab import Authority, Flavour, LabMesh, Sidecar, Workload
from tests.mesh.lab.standin import L5D, XFCC, meshed, received, refused

pytestmark = pytest.mark.lab

REFUSAL = "upstream connect error or disconnect/reset before headers. reset reason: remote connection failure"
OUTSIDER = "spiffe://other.domain/ns/argocd-agents/sa/agent-a"
FOE = Authority(name="foe", trust_domain="cluster.local")
FRIEND = Authority(name="friend", trust_domain="friend.example", trusted=True)


async def count(sidecar: Sidecar, name: str) -> int:
    return (await sidecar.stats(name))[name]


CLIENTS_REFUSED = {
    "signed by another authority": (Workload(name="x", authority="foe"), "listener.inbound.ssl.fail_verify_error"),
    "of another trust domain": (Workload(name="x", spiffe_id=OUTSIDER), "listener.inbound.ssl.fail_verify_san"),
    "without a name": (Workload(name="x", uri_sans=()), "listener.inbound.ssl.fail_verify_san"),
    "that has expired": (Workload(name="x", lifetime=-60), "listener.inbound.ssl.fail_verify_error"),
}


@pytest.mark.parametrize(("workload", "counter"), CLIENTS_REFUSED.values(), ids=CLIENTS_REFUSED.keys())
async def test_the_principals_sidecar_refuses_a_client(workload, counter, tmp_path):
    async with meshed(tmp_path, agents=(workload,), authorities=(FOE,)) as mesh:
        assert (await refused(mesh.agent_port("x"))).startswith(REFUSAL)
        assert await count(mesh.principal_sidecar, counter) > 0


async def test_without_the_matcher_a_foreign_trust_domain_is_let_in(tmp_path):
    workload = Workload(name="x", spiffe_id=OUTSIDER)
    async with meshed(tmp_path, agents=(workload,), match_clients=False) as mesh:
        assert (await received(mesh.agent_port("x")))[XFCC][0].endswith(f"URI={OUTSIDER}")


@pytest.mark.parametrize("flavour", Flavour, ids=str)
async def test_a_trusted_foreign_authority_is_believed(flavour, tmp_path):
    workload = Workload(name="x", authority="friend")
    async with meshed(tmp_path, agents=(workload,), authorities=(FRIEND,), flavour=flavour) as mesh:
        got = await received(mesh.agent_port("x"))
        assert "friend.example" in mesh.identity_of("x")
        assert got[XFCC if flavour is Flavour.ISTIO else L5D][0].endswith(mesh.identity_of("x"))


async def test_linkerds_matcher_refuses_another_trust_domain(tmp_path):
    workload = Workload(name="x", dns_sans=("x.argocd-agents.serviceaccount.identity.linkerd.other.domain",))
    async with meshed(tmp_path, agents=(workload,), flavour=Flavour.LINKERD) as mesh:
        assert (await refused(mesh.agent_port("x"))).startswith(REFUSAL)
        assert await count(mesh.principal_sidecar, "listener.inbound.ssl.fail_verify_san") > 0


IMPOSTOR = Workload(
    name="principal",
    namespace="argocd",
    uri_sans=("spiffe://cluster.local/ns/argocd/sa/impostor",),
    dns_sans=("impostor.argocd.serviceaccount.identity.linkerd.cluster.local",),
)


@pytest.mark.parametrize("flavour", Flavour, ids=str)
async def test_an_agents_sidecar_refuses_a_server_that_is_not_the_principal(flavour, tmp_path):
    async with meshed(tmp_path, agents=("x",), flavour=flavour, principal=IMPOSTOR) as mesh:
        assert (await refused(mesh.agent_port("x"))).startswith(REFUSAL)
        assert await count(mesh.sidecars["x"], "cluster.outbound.ssl.fail_verify_san") > 0


async def test_without_the_pin_any_server_of_the_authority_will_do(tmp_path):
    async with meshed(tmp_path, agents=("x",), principal=IMPOSTOR, pin_server=False) as mesh:
        assert (await received(mesh.agent_port("x")))[XFCC][0].startswith(f"By={mesh.identity_of('principal')};")


async def shook_hands(mesh: LabMesh, *, certificate_of: str | None) -> bool:
    """Whether the principal's sidecar keeps a TLS connection made without any sidecar."""
    context = ssl.create_default_context(cafile=str(mesh.credentials("agent-a").trust))
    context.check_hostname = False
    context.set_alpn_protocols(["h2"])
    if certificate_of is not None:
        files = mesh.credentials(certificate_of)
        context.load_cert_chain(files.certificate, files.key)
    try:
        async with asyncio.timeout(5):
            reader, writer = await asyncio.open_connection(
                "127.0.0.1", mesh.principal_sidecar.inbound_port, ssl=context
            )
            try:
                # In TLS 1.3 a refusal comes after the client's half of the handshake: ask for HTTP/2 settings.
                writer.write(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(3) + b"\x04" + bytes(5))
                return bool(await reader.read(9))
            finally:
                writer.close()
    except (ssl.SSLError, ConnectionError):
        return False


async def test_a_client_without_a_certificate_is_refused(tmp_path):
    async with meshed(tmp_path, agents=("agent-a",)) as mesh:
        assert await shook_hands(mesh, certificate_of="agent-a")
        assert not await shook_hands(mesh, certificate_of=None)
        assert await count(mesh.principal_sidecar, "listener.inbound.ssl.fail_verify_no_cert") == 1


async def test_a_client_without_a_certificate_is_let_in_where_none_is_required(tmp_path):
    options = {"agents": ("agent-a",), "require_client_certificate": False, "match_clients": False}
    async with meshed(tmp_path, **options) as mesh:
        assert await shook_hands(mesh, certificate_of=None)


async def test_a_matcher_makes_envoy_require_a_certificate_all_the_same(tmp_path):
    async with meshed(tmp_path, agents=("agent-a",), require_client_certificate=False) as mesh:
        assert not await shook_hands(mesh, certificate_of=None)
        assert await count(mesh.principal_sidecar, "listener.inbound.ssl.fail_verify_no_cert") == 1
