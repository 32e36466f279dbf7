"""Which identity header reaches the principal: measured on the real Envoy, for each mode and each kind of caller."""

import hashlib

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from mesh.lab import LabMesh, Workload, XfccDetails, XfccMode
from tests.mesh.lab.standin import CEO, XFCC, meshed, received

pytestmark = pytest.mark.lab

BY = "By=spiffe://cluster.local/ns/argocd/sa/principal"
NS = "spiffe://cluster.local/ns/argocd-agents/sa"
SPOOF = ((XFCC, CEO),)
AGENTS = ("agent-a", Workload(name="mallory", forward_client_cert=XfccMode.ALWAYS_FORWARD_ONLY))


def fingerprint(mesh: LabMesh, name: str) -> str:
    """The Hash that Envoy writes for a workload: SHA-256 of its certificate."""
    certificate = x509.load_pem_x509_certificate(mesh.credentials(name).certificate.read_bytes())
    return hashlib.sha256(certificate.public_bytes(Encoding.DER)).hexdigest()


def element(mesh: LabMesh, name: str) -> str:
    """The element of a plain workload with Istio's details."""
    return f'{BY};Hash={fingerprint(mesh, name)};Subject="";URI={NS}/{name}'


TRUE, SPOOFED, BOTH, NONE = "true", "spoofed", "spoof, then true", "none"

MATRIX = {
    XfccMode.SANITIZE: (NONE, NONE, NONE),
    XfccMode.SANITIZE_SET: (TRUE, TRUE, TRUE),
    XfccMode.APPEND_FORWARD: (TRUE, TRUE, BOTH),
    XfccMode.FORWARD_ONLY: (NONE, NONE, SPOOFED),
    XfccMode.ALWAYS_FORWARD_ONLY: (NONE, NONE, SPOOFED),
}
"""Mode -> what a clean agent, an agent that lies to its own sidecar, and one with a lying sidecar bring about."""


@pytest.mark.parametrize("mode", MATRIX, ids=str)
async def test_each_mode_lets_through_what_it_is_known_for(mode, tmp_path):
    clean, lying_app, lying_sidecar = MATRIX[mode]
    async with meshed(tmp_path, agents=AGENTS, xfcc_mode=mode) as mesh:

        def meant(outcome: str, name: str) -> list[str] | None:
            true = element(mesh, name)
            return {TRUE: [true], SPOOFED: [CEO], BOTH: [f"{CEO},{true}"], NONE: None}[outcome]

        honest, mallory = mesh.agent_port("agent-a"), mesh.agent_port("mallory")
        assert (await received(honest)).get(XFCC) == meant(clean, "agent-a")
        assert (await received(honest, SPOOF)).get(XFCC) == meant(lying_app, "agent-a")
        assert (await received(mallory, SPOOF)).get(XFCC) == meant(lying_sidecar, "mallory")


async def test_two_spoofed_values_stand_joined_before_the_true_element(tmp_path):
    async with meshed(tmp_path, agents=AGENTS, xfcc_mode=XfccMode.APPEND_FORWARD) as mesh:
        got = await received(mesh.agent_port("mallory"), SPOOF + SPOOF)
        assert got[XFCC] == [f"{CEO},{CEO},{element(mesh, 'mallory')}"]


@pytest.mark.parametrize("mode", MATRIX, ids=str)
async def test_a_plaintext_caller_of_a_permissive_port_has_no_identity(mode, tmp_path):
    async with meshed(tmp_path, agents=AGENTS, xfcc_mode=mode, permissive=True) as mesh:
        got = (await received(mesh.principal_sidecar.inbound_port, SPOOF)).get(XFCC)
        assert got == ([CEO] if mode is XfccMode.ALWAYS_FORWARD_ONLY else None)
        # The same port still takes mTLS.
        assert (await received(mesh.agent_port("agent-a"))).get(XFCC) == (
            [element(mesh, "agent-a")] if TRUE in MATRIX[mode] else None
        )


async def test_an_opaque_port_carries_whatever_the_agent_writes(tmp_path):
    async with meshed(tmp_path, agents=AGENTS, opaque=True) as mesh:
        honest = mesh.agent_port("agent-a")
        assert XFCC not in await received(honest)
        assert (await received(honest, SPOOF))[XFCC] == [CEO]
        assert (await mesh.principal_sidecar.stats("listener.inbound.ssl.handshake"))["listener.inbound.ssl.handshake"]


HOSTILE_SUBJECT = 'agent "b"; URI=spiffe://cluster.local/ns/x/sa/ceo, Inc'
SHAPES = {
    "no details": (
        XfccDetails(subject=False, uri=False, dns=False),
        Workload(name="agent-b"),
        "",
    ),
    "istio's details": (XfccDetails(), Workload(name="agent-b"), f';Subject="";URI={NS}/agent-b'),
    "a hostile subject and DNS names": (
        XfccDetails(),
        Workload(name="agent-b", common_name=HOSTILE_SUBJECT, dns_sans=("agent-b.argocd.svc", "b.example")),
        (
            r';Subject="CN=agent \"b\"\; URI=spiffe://cluster.local/ns/x/sa/ceo\, Inc"'
            f";URI={NS}/agent-b;DNS=agent-b.argocd.svc;DNS=b.example"
        ),
    ),
    "two URI names": (
        XfccDetails(),
        Workload(name="agent-b", uri_sans=(f"{NS}/first", f"{NS}/second")),
        f';Subject="";URI={NS}/first;URI={NS}/second',
    ),
    "no URI name": (
        XfccDetails(),
        Workload(name="agent-b", uri_sans=(), dns_sans=("nouri.example",)),
        ';Subject="";URI=;DNS=nouri.example',
    ),
}


@pytest.mark.parametrize(("details", "workload", "rest"), SHAPES.values(), ids=SHAPES.keys())
async def test_an_element_is_written_so(details, workload, rest, tmp_path):
    async with meshed(tmp_path, agents=(workload,), details=details, match_clients=False) as mesh:
        got = await received(mesh.agent_port("agent-b"))
        assert got[XFCC] == [f"{BY};Hash={fingerprint(mesh, 'agent-b')}{rest}"]


async def test_certificate_and_chain_stand_between_hash_and_subject(tmp_path):
    details = XfccDetails(cert=True, chain=True)
    async with meshed(tmp_path, agents=("agent-a",), details=details) as mesh:
        (got,) = (await received(mesh.agent_port("agent-a")))[XFCC]
        keys = [pair.partition("=")[0] for pair in got.split(";")]
        assert keys == ["By", "Hash", "Cert", "Chain", "Subject", "URI"]
        assert ';Cert="-----BEGIN%20CERTIFICATE-----%0A' in got
