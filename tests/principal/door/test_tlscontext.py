"""The TLS of an own door: what is offered, who is believed, and what a renewal changes."""

import asyncio
import contextlib
import ssl
import stat
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import structlog
import uvloop
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from mesh.lab.ca import Svid
from principal.door import tlscontext
from principal.door.tlscontext import ALPN, Contexts, client_certificate, server_context
from principal.offer import CIPHER_SUITES, DEFAULT_OFFER, Offer
from principal.tls import TlsMaterial
from tests.principal.certificates import FixedTls, authority, client, der, server

OTHER = "other.test"
"""A second authority."""

BOTH_VERSIONS = Offer(min_version="tls1.2")
Key = ec.EllipticCurvePrivateKey

ONLY_12 = Offer(min_version="tls1.2", max_version="tls1.2")


def material(roots: bytes | None = None) -> TlsMaterial:
    return TlsMaterial(server().certificate, server().key, roots)


def context_of(offer: Offer = DEFAULT_OFFER, *, roots: bytes | None = None) -> ssl.SSLContext:
    return server_context(material(roots), require_client_certs=roots is not None, offer=offer)


def caller(svid: Svid | None = None, tmp_path: Path | None = None, *, trusted: str = "cluster.local") -> ssl.SSLContext:
    """A client that verifies the principal, and shows `svid`."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cadata=authority(trusted).certificate.decode())
    context.set_alpn_protocols(list(ALPN))
    if svid is not None and tmp_path is not None:
        path = tmp_path / "client.pem"
        path.write_bytes(svid.certificate + svid.key)
        context.load_cert_chain(path)
    return context


class Meeting:
    """A client and a server that speak in memory."""

    def __init__(self, serving: ssl.SSLContext, calling: ssl.SSLContext, session: ssl.SSLSession | None = None) -> None:
        up, down = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.server = serving.wrap_bio(up, down, server_side=True)
        self.client = calling.wrap_bio(down, up, server_hostname="localhost", session=session)

    def shake_hands(self) -> "Meeting":
        """ssl.SSLError as either side has it."""
        waiting: list[ssl.SSLObject] = [self.client, self.server]
        for _ in range(10):
            for side in list(waiting):
                try:
                    side.do_handshake()
                    waiting.remove(side)
                except ssl.SSLWantReadError:
                    continue
            if not waiting:
                return self
        raise AssertionError("the handshake never ends")

    def talk(self) -> "Meeting":
        """A message each way: with TLS 1.3, tickets come before the first."""
        self.client.write(b"ping")
        assert self.server.read() == b"ping"
        self.server.write(b"pong")
        assert self.client.read() == b"pong"
        return self


def meet(serving: ssl.SSLContext, calling: ssl.SSLContext, session: ssl.SSLSession | None = None) -> Meeting:
    return Meeting(serving, calling, session).shake_hands().talk()


# What is offered


def test_http2_is_chosen_and_http1_where_only_that_is_spoken() -> None:
    assert meet(context_of(), caller()).server.selected_alpn_protocol() == "h2"
    old = caller()
    old.set_alpn_protocols(["http/1.1"])
    assert meet(context_of(), old).server.selected_alpn_protocol() == "http/1.1"


@pytest.mark.parametrize(
    ("offer", "most", "spoken"),
    [
        (DEFAULT_OFFER, None, "TLSv1.3"),
        (BOTH_VERSIONS, None, "TLSv1.3"),
        (BOTH_VERSIONS, ssl.TLSVersion.TLSv1_2, "TLSv1.2"),
        (ONLY_12, None, "TLSv1.2"),
    ],
)
def test_the_newest_version_that_both_take_is_spoken(offer: Offer, most: ssl.TLSVersion | None, spoken: str) -> None:
    calling = caller()
    if most is not None:
        calling.maximum_version = most
    assert meet(context_of(offer), calling).server.version() == spoken


def test_a_version_below_the_least_is_refused() -> None:
    calling = caller()
    calling.maximum_version = ssl.TLSVersion.TLSv1_2
    with pytest.raises(ssl.SSLError, match=r"(?i)unsupported.protocol|protocol.version"):
        meet(context_of(), calling)


def test_only_the_chosen_suites_are_spoken() -> None:
    # The server's key is of an elliptic curve, so a suite with ECDSA it must be.
    chosen = Offer(min_version="tls1.2", max_version="tls1.2", suites=("TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",))
    cipher = meet(context_of(chosen), caller()).server.cipher()
    assert cipher is not None
    assert cipher[0] == "ECDHE-ECDSA-AES256-GCM-SHA384"


def test_without_a_choice_exactly_the_suites_that_http2_permits_are_offered() -> None:
    offered = {each["name"] for each in context_of(ONLY_12).get_ciphers() if each["protocol"] == "TLSv1.2"}
    assert offered == set(CIPHER_SUITES.values())


def test_a_caller_without_any_of_them_is_refused() -> None:
    calling = caller()
    calling.maximum_version = ssl.TLSVersion.TLSv1_2
    calling.set_ciphers("ECDHE-ECDSA-AES128-SHA")
    with pytest.raises(ssl.SSLError, match=r"(?i)shared.cipher|handshake.failure"):
        meet(context_of(BOTH_VERSIONS), calling)


def test_nothing_is_compressed_or_renegotiated() -> None:
    options = context_of().options
    assert options & ssl.OP_NO_COMPRESSION
    assert options & ssl.OP_NO_RENEGOTIATION


# Who is believed


def test_the_verified_certificate_is_told(tmp_path: Path) -> None:
    svid = client("agent-a")
    met = meet(context_of(roots=authority().certificate), caller(svid, tmp_path))
    assert client_certificate(met.server) == der(svid)


@pytest.mark.parametrize("make", [lambda: None, lambda: client("agent-a", authority_=OTHER)])
def test_where_certificates_are_required_no_other_comes_in(tmp_path: Path, make: Callable[[], Svid | None]) -> None:
    with pytest.raises(ssl.SSLError, match=r"(?i)certificate"):
        meet(context_of(roots=authority().certificate), caller(make(), tmp_path))


def test_an_intermediate_authority_vouches_without_its_root_as_under_grpc(tmp_path: Path) -> None:
    intermediate, svid = signed_by_an_intermediate()
    met = meet(context_of(roots=intermediate), caller(svid, tmp_path))
    assert client_certificate(met.server) == der(svid)


def signed_by_an_intermediate() -> tuple[bytes, Svid]:
    """An authority that is not self-signed, and a client's certificate that it signed."""
    now = datetime.now(UTC)

    def sign(subject: str, issuer: str, key: Key, signer: Key, *, ca: bool) -> bytes:
        builder = x509.CertificateBuilder(
            issuer_name=x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]),
            subject_name=x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject)]),
            public_key=key.public_key(),
            serial_number=x509.random_serial_number(),
            not_valid_before=now - timedelta(minutes=1),
            not_valid_after=now + timedelta(hours=1),
        ).add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        return builder.sign(signer, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)

    root, middle, leaf = (ec.generate_private_key(ec.SECP256R1()) for _ in range(3))
    pem = leaf.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    certificate = sign("agent-a", "middle", leaf, middle, ca=False)
    return sign("middle", "root", middle, root, ca=True), Svid(
        certificate=certificate, key=pem, serial=1, not_after=now + timedelta(hours=1)
    )


def test_where_none_is_required_none_is_asked_for_and_none_believed(tmp_path: Path) -> None:
    met = meet(context_of(), caller(client("agent-a"), tmp_path))
    assert met.server.getpeercert(binary_form=True) is None
    assert client_certificate(met.server) == b""
    assert client_certificate(None) == b""


def test_requiring_certificates_without_authorities_is_refused() -> None:
    with pytest.raises(ValueError, match="no authorities"):
        server_context(material(None), require_client_certs=True, offer=DEFAULT_OFFER)


@pytest.mark.parametrize("offer", [DEFAULT_OFFER, ONLY_12])
def test_a_session_with_a_client_certificate_is_never_resumed(tmp_path: Path, offer: Offer) -> None:
    contexts = Contexts(ChangingTls(offer, roots=authority().certificate))
    calling = caller(client("agent-a"), tmp_path)
    session = meet(contexts.current(), calling).client.session
    assert session is None or not session.has_ticket
    again = meet(contexts.current(), calling, session)
    assert not again.client.session_reused
    assert client_certificate(again.server) == der(client("agent-a"))


@pytest.mark.parametrize("offer", [DEFAULT_OFFER, ONLY_12])
def test_a_session_without_one_may_be(offer: Offer) -> None:
    contexts, calling = Contexts(ChangingTls(offer)), caller()
    session = meet(contexts.current(), calling).client.session
    assert meet(contexts.current(), calling, session).client.session_reused


@pytest.mark.parametrize("offer", [DEFAULT_OFFER, ONLY_12])
def test_a_session_of_a_client_whom_the_authorities_no_longer_vouch_for_is_worth_nothing(
    tmp_path: Path, offer: Offer
) -> None:
    tls = ChangingTls(offer, roots=authority().certificate)
    contexts = Contexts(tls)
    calling = caller(client("agent-a"), tmp_path)
    session = meet(contexts.current(), calling).client.session
    tls.material = material(authority(OTHER).certificate)
    with pytest.raises(ssl.SSLError, match=r"(?i)certificate"):
        meet(contexts.current(), calling, session)


# What fails


def failures(serving: ssl.SSLContext, calling: ssl.SSLContext) -> list[str]:
    with structlog.testing.capture_logs() as logs, pytest.raises(ssl.SSLError):
        meet(serving, calling)
    assert {entry["event"] for entry in logs} <= {"TLS handshake failed"}
    return [entry["why"] for entry in logs]


def test_a_failed_handshake_is_told_with_its_reason(tmp_path: Path) -> None:
    demanding = Contexts(ChangingTls(roots=authority().certificate)).current()
    assert failures(demanding, caller()) == ["peer did not return a certificate"]
    expired = client("agent-a", lifetime=-10.0)
    assert failures(demanding, caller(expired, tmp_path)) == ["certificate has expired"]
    stranger = client("agent-a", authority_=OTHER)
    assert failures(demanding, caller(stranger, tmp_path)) == ["unable to get local issuer certificate"]
    old = caller()
    old.maximum_version = ssl.TLSVersion.TLSv1_2
    assert failures(demanding, old) == ["unsupported protocol"]


def test_plaintext_at_a_tls_port_is_named() -> None:
    up, down = ssl.MemoryBIO(), ssl.MemoryBIO()
    serving = Contexts(ChangingTls()).current().wrap_bio(up, down, server_side=True)
    up.write(b"GET / HTTP/1.1\r\n\r\n")
    with structlog.testing.capture_logs() as logs, pytest.raises(ssl.SSLError):
        serving.do_handshake()
    assert logs[0]["why"] == "http request"


def test_a_flood_of_failures_is_no_flood_of_lines() -> None:
    serving, calling = Contexts(ChangingTls()).current(), caller()
    calling.maximum_version = ssl.TLSVersion.TLSv1_2
    told = [len(failures(serving, calling)) for _ in range(40)]
    assert told[0] == 1
    assert 1 <= sum(told) < 20


# What a renewal changes


class ChangingTls(FixedTls):
    """TLS whose material a test replaces."""

    def __init__(self, offer: Offer = DEFAULT_OFFER, *, roots: bytes | None = None) -> None:
        super().__init__(require_client_certs=roots is not None, offer=offer)
        self.material = material(roots)


def renewed() -> TlsMaterial:
    """A certificate of another authority, and that authority to vouch for agents."""
    svid = other_server()
    return TlsMaterial(svid.certificate, svid.key, authority(OTHER).certificate)


def other_server() -> Svid:
    return authority(OTHER).issue(dns=("localhost",), lifetime=3600.0, now=datetime.now(UTC))


def test_a_context_is_kept_while_nothing_changes() -> None:
    contexts = Contexts(ChangingTls())
    assert contexts.current() is contexts.current()


def test_what_can_not_be_served_leaves_the_old_one_in_force_and_is_told_once() -> None:
    tls = ChangingTls()
    contexts = Contexts(tls)
    before = contexts.current()
    tls.material = TlsMaterial(server().certificate, other_server().key, None)
    with structlog.testing.capture_logs() as logs:
        assert contexts.current() is contexts.current() is before
    assert [entry["event"] for entry in logs] == ["new certificate can't be served: the old one stays in force"]


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while line := await reader.readline():
        writer.write(line)
    writer.close()


class Line:
    """A connection to an echo."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    @classmethod
    async def open(cls, port: int, calling: ssl.SSLContext) -> "Line":
        return cls(*await asyncio.open_connection("127.0.0.1", port, ssl=calling, server_hostname="localhost"))

    async def works(self) -> bool:
        self._writer.write(b"ping\n")
        return await asyncio.wait_for(self._reader.readline(), 5) == b"ping\n"

    def server_certificate(self) -> bytes:
        found = self._writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
        assert isinstance(found, bytes)
        return found

    async def close(self) -> None:
        self._writer.close()
        with contextlib.suppress(OSError):
            await self._writer.wait_closed()


async def refused(port: int, calling: ssl.SSLContext) -> bool:
    try:
        line = await Line.open(port, calling)
    except OSError:  # ssl.SSLError is one
        return True
    try:
        # With TLS 1.3 the client has sent its certificate, and learns of the refusal, after its own handshake.
        return not await line.works()
    except OSError:
        return True
    finally:
        await line.close()


async def renew_under_way(tmp_path: Path) -> None:
    tls = ChangingTls(roots=authority().certificate)
    old_agent, new_agent = client("agent-a"), client("agent-a", authority_=OTHER)
    listening = await asyncio.start_server(echo, "127.0.0.1", 0, ssl=Contexts(tls).serving)
    port = listening.sockets[0].getsockname()[1]
    lines = [await Line.open(port, caller(old_agent, tmp_path))]
    try:
        assert await lines[0].works()
        assert lines[0].server_certificate() == der(server())

        fresh = renewed()
        tls.material = fresh
        lines.append(await Line.open(port, caller(new_agent, tmp_path, trusted=OTHER)))
        assert await lines[1].works()
        assert lines[1].server_certificate() == ssl.PEM_cert_to_DER_cert(fresh.certificate.decode())
        assert await lines[0].works()

        assert await refused(port, caller(old_agent, tmp_path, trusted=OTHER))
    finally:
        for line in lines:
            await line.close()
        listening.close()


@pytest.mark.parametrize("runner", [asyncio.run, uvloop.run])
def test_new_connections_get_the_new_chain_and_authorities_and_old_ones_live_on(tmp_path: Path, runner: Any) -> None:
    runner(renew_under_way(tmp_path))


# How OpenSSL gets the key


def test_the_key_lies_in_memory_and_is_gone_at_once() -> None:
    with tlscontext._as_file(b"secret") as path:
        assert Path(path).read_bytes() == b"secret"
        assert "memfd:" in str(Path(path).readlink())
    assert not Path(path).exists()


def test_where_there_is_no_such_file_it_is_one_that_only_we_can_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tlscontext, "_memory_file", lambda: None)
    with tlscontext._as_file(b"secret") as path:
        assert Path(path).read_bytes() == b"secret"
        assert stat.S_IMODE(Path(path).stat().st_mode) == 0o600
    assert not Path(path).exists()
    assert meet(context_of(), caller()).server.version() == "TLSv1.3"


def test_no_file_stays_open() -> None:
    before = len(list(Path("/proc/self/fd").iterdir()))
    context_of(roots=authority().certificate)
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_a_key_of_another_certificate_is_refused() -> None:
    with pytest.raises(ssl.SSLError, match=r"(?i)key.values.mismatch"):
        server_context(
            TlsMaterial(server().certificate, other_server().key, None),
            require_client_certs=False,
            offer=DEFAULT_OFFER,
        )
