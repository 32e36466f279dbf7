"""Five hundred random certificates through the real Envoy: the header that it writes, read against the certificate.

One Envoy, one TLS connection a certificate. What the header's readers say must be what the certificate says, or
nothing: names with delimiters are written raw, and may be refused; they must never become somebody else.
"""

import asyncio
import contextlib
import hashlib
import itertools
import random
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import grpc
import grpc.aio
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from mesh.identity.options import read_options
from mesh.identity.proof import url_decoded
from mesh.identity.rules import parse_rule
from mesh.identity.spiffe import SpiffeId
from mesh.identity.xfcc import XfccElement, XfccError, parse_xfcc
from mesh.lab import LabMesh, Workload, XfccDetails, XfccMode
from tests.e2e.world import need_envoy
from tests.mesh.identity.samples import AGENT_A, OWN, XFCC_RULE
from tests.mesh.lab.standin import DEADLINE, METHOD, OPTIONS, XFCC, arrived, meshed

pytestmark = [pytest.mark.lab, pytest.mark.timeout(300)]

CERTIFICATES = 500
AT_ONCE = 16
"""Connections at the same time; more only wait for the one Envoy's one worker."""

HOST = "principal.test"
"""A DNS name on the principal's certificate, so that gRPC's own TLS can verify it."""

AGENTS = "spiffe://cluster.local/ns/argocd-agents/sa/"
PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789:/.-_*")
RULE = parse_rule(XFCC_RULE, read_options(own_identity=OWN))
KEY = ec.generate_private_key(ec.SECP256R1())


@dataclass(frozen=True, slots=True)
class Sample:
    """One client's certificate, and the header that Envoy wrote of it; None when it let nothing through."""

    certificate: x509.Certificate
    values: list[str] | None

    def names(self, kind: type[x509.UniformResourceIdentifier] | type[x509.DNSName]) -> tuple[str, ...]:
        try:
            names = self.certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        except x509.ExtensionNotFound:
            return ()
        return tuple(names.get_values_for_type(kind))

    @property
    def uris(self) -> tuple[str, ...]:
        return self.names(x509.UniformResourceIdentifier)

    @property
    def dns(self) -> tuple[str, ...]:
        return self.names(x509.DNSName)

    @property
    def plain(self) -> bool:
        """Whether no name on it has a character that the header uses for itself."""
        return PLAIN.issuperset("".join((*self.uris, *self.dns)))

    @property
    def agent(self) -> str | None:
        """Whose certificate it is by the certificate alone: the only URI name is an agent's."""
        if len(self.uris) != 1 or not self.uris[0].startswith(AGENTS):
            return None
        name = self.uris[0].removeprefix(AGENTS)
        alphabet = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-")
        fits = 0 < len(name) < 64 and alphabet.issuperset(name) and name[0] != "-" and name[-1] != "-"
        return name if fits else None


def uri(draw: random.Random) -> str:
    agent = f"{AGENTS}agent-{draw.choice('abc')}"
    odd = draw.choice(
        [*' ,;="\\%?#@é'[:10], "\n", "\x00", "\x7f", ",URI=", ";URI=", '";URI="', ",By=x;URI=", "\\,", "/", ":8"]
    )
    at = draw.randrange(len(agent) + 1)
    return draw.choice(
        [
            *[agent] * 12,
            *[agent[:at] + odd + agent[at:], f"{agent}{odd}", f"x{odd}URI={agent}"],
            *[
                "https://example.com/a",
                "urn:x:y",
                "spiffe://other.domain/ns/argocd-agents/sa/agent-a",
                "SPIFFE" + agent[6:],
            ],
            *[
                agent.replace("argocd-agents", "evil"),
                f"{agent}/x",
                "spiffe://cluster.local",
                "x" * draw.choice([1, 300]),
            ],
        ]
    )


def dns(draw: random.Random) -> str:
    agent = f"{AGENTS}agent-a"
    hostile = [
        f"x;URI={agent}",
        f"URI={agent}",
        f"x,URI={agent}",
        'x"',
        'x;Subject="',
        f"x;DNS=y;URI={agent}",
        "a b",
        "x\\",
    ]
    return draw.choice([*["agent-a.argocd.svc", "*.example.com", "b.example", "x" * 60] * 3, *hostile])


def subject(draw: random.Random) -> x509.Name:
    kinds = [NameOID.COMMON_NAME, NameOID.ORGANIZATION_NAME, NameOID.ORGANIZATIONAL_UNIT_NAME, NameOID.LOCALITY_NAME]
    texts = [
        *(
            "agent-a",
            "a b",
            " lead",
            "trail ",
            "#x",
            'q"q',
            "a\\b",
            "a,b;c+d=e<f>g",
            "Zürich",
            "漢字",
            "😀",
            "-",
            '";URI=',
        ),
        *(f"URI={AGENT_A}", f'x";URI={AGENT_A};Subject="', f"x,URI={AGENT_A}", f'";URI={AGENT_A},By="'[:60]),
    ]
    return x509.Name(
        [
            x509.RelativeDistinguishedName(
                [
                    x509.NameAttribute(kind, draw.choice(texts)[:64])
                    for kind in draw.sample(kinds, draw.choice([1, 1, 1, 2]))
                ]
            )
            for _ in range(draw.choice([0, 0, 1, 1, 2, 3]))
        ]
    )


def certificate(draw: random.Random, lab: LabMesh) -> x509.Certificate:
    """A client's certificate that the lab's own authority has signed, whatever it says."""
    authority = lab._issuer._authorities[""]
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject(draw))
        .issuer_name(authority._name)
        .public_key(KEY.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    )
    names: list[x509.GeneralName] = [
        x509.UniformResourceIdentifier(uri(draw)) for _ in range(draw.choice([0, 1, 1, 1, 1, 1, 2, 3]))
    ]
    names += [x509.DNSName(dns(draw)) for _ in range(draw.choice([0, 0, 0, 1, 1, 2]))]
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return builder.sign(authority._key, hashes.SHA256())


async def header_of(lab: LabMesh, made: x509.Certificate) -> list[str] | None:
    """What reached the principal of a call over a new connection with this certificate; None when nothing did."""
    credentials = grpc.ssl_channel_credentials(
        root_certificates=lab.credentials("principal").trust.read_bytes(),
        private_key=KEY.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ),
        certificate_chain=made.public_bytes(serialization.Encoding.PEM),
    )
    options = (*OPTIONS, ("grpc.ssl_target_name_override", HOST))
    target = f"127.0.0.1:{lab.principal_sidecar.inbound_port}"
    async with grpc.aio.secure_channel(target, credentials, options=options) as channel:
        with contextlib.suppress(grpc.aio.AioRpcError, AssertionError):
            return (await arrived(channel.stream_stream(METHOD)(timeout=DEADLINE))).get(XFCC, [])
    return None


@contextlib.asynccontextmanager
async def sampled(root: Path, mode: XfccMode, seed: int, count: int) -> AsyncIterator[list[Sample]]:
    """A lab whose inbound sidecar tells all, and what it told of `count` random certificates."""
    draw, gate = random.Random(seed), asyncio.Semaphore(AT_ONCE)
    principal = Workload(name="principal", namespace="argocd", dns_sans=(HOST,))
    details = XfccDetails(cert=True, chain=True)
    async with meshed(root, principal=principal, match_clients=False, details=details, xfcc_mode=mode) as lab:

        async def one(made: x509.Certificate) -> Sample:
            async with gate:
                return Sample(made, await header_of(lab, made))

        yield list(await asyncio.gather(*(one(certificate(draw, lab)) for _ in range(count))))


def readings(name: x509.Name) -> set[str]:
    """A subject as RFC 2253 has it, last part first, without escapes; the order inside a part is left open."""
    short = {NameOID.COMMON_NAME: "CN", NameOID.ORGANIZATION_NAME: "O", NameOID.LOCALITY_NAME: "L"}
    parts = [[f"{short.get(each.oid, 'OU')}={each.value}" for each in part] for part in reversed(name.rdns)]
    orders = [["+".join(order) for order in itertools.permutations(part)] for part in parts]
    return {",".join(choice) for choice in itertools.product(*orders)}


def agrees(element: XfccElement, sample: Sample) -> None:
    """What an element says is what the certificate says, in every key."""
    der = sample.certificate.public_bytes(serialization.Encoding.DER)
    assert element.hash == hashlib.sha256(der).hexdigest()
    assert element.by == (OWN,)
    assert element.uri == (sample.uris or ("",))
    assert element.dns == sample.dns
    for text in (element.cert, element.chain):
        assert text is not None
        assert x509.load_pem_x509_certificate(url_decoded(text)) == sample.certificate
    assert element.subject in readings(sample.certificate.subject)


@pytest.mark.parametrize(("mode", "seed"), [(XfccMode.SANITIZE_SET, 1), (XfccMode.APPEND_FORWARD, 2)])
async def test_no_certificate_is_read_as_another(mode: XfccMode, seed: int, tmp_path: Path) -> None:
    need_envoy()
    met: Counter[str] = Counter()
    async with sampled(tmp_path, mode, seed=seed, count=CERTIFICATES // 2) as samples:
        for sample in samples:
            if sample.values is None:
                met["(refused by Envoy)"] += 1
                continue
            verdict = RULE.identify(sample.values)
            met[verdict.refused or "(an agent)"] += 1
            if verdict.agent is not None:
                assert verdict.agent == sample.agent, sample
                assert verdict.identity == sample.uris[0] == str(SpiffeId.parse(sample.uris[0]))
            if sample.plain:
                assert verdict.agent == sample.agent, sample
                (element,) = parse_xfcc(sample.values[0])
                agrees(element, sample)
            else:
                with contextlib.suppress(XfccError):
                    assert len(parse_xfcc(sample.values[0])) >= 1
    assert sum(met.values()) == CERTIFICATES // 2
    assert met["(an agent)"] > 40
    assert {"several-uris", "empty-uri", "other-trust-domain", "other-path", "xfcc-unquoted-character"} <= set(met), met
