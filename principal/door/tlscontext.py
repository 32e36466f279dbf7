"""The TLS of the principal's own door, by Python's `ssl` (OpenSSL): what is offered, and what a renewal changes.

A renewed certificate, or changed authorities, make a *new* context. Connections that live keep theirs; new ones get the
new one, chain and authorities both. A context is never changed in place: its sessions would outlive the authorities
that vouched for them, which is how Envoy let revoked clients resume (CVE-2022-21654). For the same reason no session
can be resumed at all where clients show certificates.
"""

import os
import ssl
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import structlog

from principal.caps import Sparing
from principal.offer import CIPHER_SUITES, Offer
from principal.tls import Tls, TlsMaterial

log = structlog.stdlib.get_logger(__name__)

ALPN: Final = ("h2", "http/1.1")
"""HTTP/2 (RFC 9113 §3.3), and what a WebSocket's upgrade begins with."""

VERSIONS: Final = {"tls1.2": ssl.TLSVersion.TLSv1_2, "tls1.3": ssl.TLSVersion.TLSv1_3}
"""Older ones are not spoken: HTTP/2 forbids them (RFC 9113 §9.2), and so does RFC 8996."""


def server_context(material: TlsMaterial, *, require_client_certs: bool, offer: Offer) -> ssl.SSLContext:
    """A context that serves `material`. ssl.SSLError when OpenSSL refuses it, OSError when it can't be handed over."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    _prepare(context, material, require_client_certs=require_client_certs, offer=offer)
    return context


def client_certificate(connection: ssl.SSLObject | ssl.SSLSocket | None) -> bytes:
    """DER of the certificate that the other end has proved to own and our authorities vouch for; empty without."""
    if connection is None or connection.context.verify_mode is not ssl.CERT_REQUIRED:
        return b""
    return connection.getpeercert(binary_form=True) or b""


class Contexts:
    """The context for each new connection: that of the newest material. `ssl.SSLError` and `OSError` as it is made."""

    def __init__(self, tls: Tls) -> None:
        self._tls = tls
        self._told = _told_class()
        self._material = self._served = tls.material
        """What was looked at last, and what the context is of: the same unless it was of no use."""
        self._context = self._make(self._served)
        self.serving: ssl.SSLContext = _Serving.of(self)
        """To give to `create_server(ssl=…)` once: each of its connections is made by what is current then."""

    def current(self) -> ssl.SSLContext:
        """The context for a connection that begins now. Never fails: it warns of what is of no use, and goes on."""
        material = self._tls.material
        if material != self._material:
            self._material = material
            try:
                self._context, self._served = self._make(material), material
            except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
                log.warning("new certificate can't be served: the old one stays in force", reason=str(error))
        elif self._tls.require_client_certs and self._context.session_stats()["number"]:
            # TLS 1.2 resumes by the server's memory, too, which Python can't switch off: a certificate that expires
            # would go on. So whatever a context remembers, the next connection doesn't have it. Costs a millisecond,
            # after connections of TLS 1.2 alone.
            self._context = self._make(self._served)
        return self._context

    def _make(self, material: TlsMaterial) -> ssl.SSLContext:
        made = server_context(material, require_client_certs=self._tls.require_client_certs, offer=self._tls.offer)
        made.sslobject_class = self._told
        return made


def _told_class() -> type[ssl.SSLObject]:
    """Connections whose handshake is told of when it fails; one class for each door, which counts by itself.

    Event loops pass over such failures, and the peer sees a connection that closes. Who it was OpenSSL does not know.
    """
    sparing = Sparing()

    class Told(ssl.SSLObject):
        def do_handshake(self) -> None:
            try:
                super().do_handshake()
            except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
                raise
            except ssl.SSLError as error:
                left_out = sparing.line(now=time.monotonic())
                if left_out is not None:
                    log.warning("TLS handshake failed", why=_reason(error), left_out=left_out)
                raise

    return Told


def _reason(error: ssl.SSLError) -> str:
    """What was wrong, as OpenSSL words it: `certificate has expired`, `unsupported protocol`, `http request`."""
    verified = getattr(error, "verify_message", "")
    return str(verified or (error.reason or str(error)).replace("_", " ").lower())


class _Serving(ssl.SSLContext):
    """Stands for whatever context is current.

    asyncio and uvloop take one context for a listening socket's whole life, and ask nothing of it but `wrap_bio`, once
    for each connection.
    """

    _current: Callable[[], ssl.SSLContext]

    @classmethod
    def of(cls, contexts: Contexts) -> "_Serving":
        made = cls(ssl.PROTOCOL_TLS_SERVER)
        made._current = contexts.current
        return made

    def wrap_bio(self, *args: Any, **more: Any) -> ssl.SSLObject:
        """A new connection, of the current context."""
        return self._current().wrap_bio(*args, **more)


def _prepare(context: ssl.SSLContext, material: TlsMaterial, *, require_client_certs: bool, offer: Offer) -> None:
    context.minimum_version = VERSIONS[offer.min_version]
    context.maximum_version = VERSIONS[offer.max_version] if offer.max_version else ssl.TLSVersion.MAXIMUM_SUPPORTED
    # For TLS 1.2; those of 1.3 are all sound, and neither Python nor Go lets anybody choose among them.
    context.set_ciphers(":".join(CIPHER_SUITES[suite] for suite in offer.suites or CIPHER_SUITES))
    # No compression (RFC 9113 §9.2.1, CRIME) and no renegotiation (§9.2.1): it costs us more than whoever asks for it.
    context.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION | ssl.OP_CIPHER_SERVER_PREFERENCE
    context.set_alpn_protocols(list(ALPN))
    with _as_file(material.certificate.rstrip() + b"\n" + material.key) as path:
        # The password is never asked for at a terminal: keys that need one were refused when they were read.
        context.load_cert_chain(path, password="")
    # Like gRPC's server: where certificates are not required, none is asked for, so none is ever believed.
    context.verify_mode = ssl.CERT_NONE
    if require_client_certs:
        if material.roots is None:
            raise ValueError("client certificates are required, and there are no authorities that vouch for them")
        context.load_verify_locations(cadata=material.roots.decode("ascii", "ignore"))
        context.verify_mode = ssl.CERT_REQUIRED
        # As under gRPC's server: an intermediate authority vouches without its root.
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
        context.options |= ssl.OP_NO_TICKET
        context.num_tickets = 0


@contextmanager
def _as_file(content: bytes) -> Iterator[str]:
    """A path under which OpenSSL reads `content`: Python has no call that takes a private key from memory.

    It lies in memory where Linux gives such a file, since a pod's root file system is often read-only and a key has no
    business on a disk; elsewhere in a file of mode 0600 that is gone at once.
    """
    file = _memory_file()
    if file is not None:
        try:
            with open(file, "wb", closefd=False) as memory:
                memory.write(content)
            yield f"/proc/self/fd/{file}"
        finally:
            os.close(file)
        return
    with tempfile.NamedTemporaryFile() as disk:
        disk.write(content)
        disk.flush()
        yield disk.name


def _memory_file() -> int | None:
    if not hasattr(os, "memfd_create"):
        return None
    try:
        file = os.memfd_create("tls", os.MFD_CLOEXEC)
    except OSError:
        return None
    if not Path(f"/proc/self/fd/{file}").exists():
        os.close(file)
        return None
    return file
