"""All that decides who may come in, put together from the settings, and kept up to date while the principal runs."""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import structlog
from cryptography.hazmat.primitives.asymmetric import rsa

from principal.auth.blocklist import Blocklist, read_blocklist
from principal.auth.demands import Demands
from principal.auth.errors import FileError, RefusedError
from principal.auth.followed import FollowedFile
from principal.auth.header import HeaderMethod
from principal.auth.method import MTLS, USERPASS, Method
from principal.auth.mtls import MtlsMethod
from principal.auth.userpass import UserpassMethod
from principal.config import PrincipalConfig
from principal.deaths import DeathCause
from principal.identity_options import header_rule
from principal.login import Login
from principal.offer import Offer
from principal.session import Session
from principal.tls import GeneratedTls, ServerTls, Tls, own_names
from principal.tokens import Issuer, generate_key, read_keys

log = structlog.stdlib.get_logger(__name__)

POLL: Final = 2.0
"""Seconds between two looks at the files: a revocation works within that time. A look is a few `stat` calls."""

REVOKED_WAIT: Final = 5.0
"""Seconds that an agent whose certificate was revoked is asked to wait. It is refused then; its own backoff rules."""

Keys = tuple[rsa.RSAPrivateKey, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Security:
    """The login and the TLS of one principal, and the files behind them."""

    login: Login
    tls: Tls | None
    """None where a sidecar does TLS."""
    method: Method
    issuer: Issuer
    keys: FollowedFile[Keys] | None
    blocklist: FollowedFile[Blocklist] | None

    @classmethod
    def build(cls, config: PrincipalConfig) -> "Security":
        """What `config` asks for; RuleError or FileError when that can't be had. Blocks."""
        keys = _keys(config)
        issuer = Issuer(*(keys.value if keys is not None else (generate_key(),)))
        blocklist = _blocklist(config)
        method = make_method(config)
        tls = _tls(config)
        demands = Demands(
            required=tls is not None and tls.require_client_certs,
            subject_match=tls is not None and tls.require_client_certs and config.client_cert_subject_match,
            blocklist=blocklist,
            allowed=config.identity.allowed_agents,
        )
        login = Login(method, issuer, namespace=config.namespace, version=config.protocol_version, demands=demands)
        return cls(login=login, tls=tls, method=method, issuer=issuer, keys=keys, blocklist=blocklist)

    async def follow(self, sessions: Callable[[], Iterable[Session]]) -> None:
        """Look after the files for ever, and end those of `sessions` whose certificate has been revoked."""
        while True:
            await asyncio.sleep(POLL)
            try:
                await self.refresh(sessions)
            except Exception:
                # The task's boundary: whatever came up, revocations and renewals to come must not go unseen for it.
                log.exception("files of credentials could not be looked at")

    async def refresh(self, sessions: Callable[[], Iterable[Session]]) -> None:
        """Look at the files once."""
        new_keys, new_blocks = await asyncio.to_thread(self._refresh_files)
        if new_keys and self.keys is not None:
            self.issuer.use(self.keys.value)
            log.info("signing keys changed", keys=len(self.keys.value))
        if new_blocks and self.blocklist is not None:
            end_revoked(sessions(), Demands(blocklist=self.blocklist))

    def close(self) -> None:
        """Let go of threads."""
        if isinstance(self.method, UserpassMethod):
            self.method.close()

    def _refresh_files(self) -> tuple[bool, bool]:
        if isinstance(self.method, UserpassMethod):
            self.method.file.refresh()
        if self.tls is not None:
            self.tls.refresh()
        new_keys = self.keys is not None and self.keys.refresh()
        new_blocks = self.blocklist is not None and self.blocklist.refresh()
        return new_keys, new_blocks


def make_method(config: PrincipalConfig) -> Method:
    """The method that `--auth` spells; RuleError or FileError when it can't be used. Blocks for `userpass`."""
    name, _, rest = config.auth.partition(":")
    if name == USERPASS:
        return UserpassMethod(Path(rest))
    if name == MTLS:
        return MtlsMethod.parse(rest)
    return HeaderMethod(header_rule(config.auth, config.identity))


def end_revoked(sessions: Iterable[Session], demands: Demands) -> None:
    """End each session whose certificate is blocked."""
    for session in list(sessions):
        try:
            demands.check_blocklist(session.connection)
        except RefusedError as refusal:
            log.warning("session ended", agent=session.agent.name, rule=refusal.rule, why=str(refusal))
            session.end(DeathCause.REVOKED, "the certificate has been revoked", wait=REVOKED_WAIT)


def _keys(config: PrincipalConfig) -> FollowedFile[Keys] | None:
    if config.jwt_key is not None:
        return FollowedFile(config.jwt_key, read_keys, what="signing keys")
    if not config.insecure_jwt_generate:
        log.info("signing key generated for this run: agents authenticate again after a restart (--jwt-key keeps one)")
    return None


def _blocklist(config: PrincipalConfig) -> FollowedFile[Blocklist] | None:
    if config.tls_blocklist is None or config.insecure_plaintext:
        return None
    followed = FollowedFile(config.tls_blocklist, read_blocklist, what="blocklist")
    if followed.value.faults:
        # At start nobody depends on us yet: better not to begin than to pass a revocation over.
        raise FileError("\n".join(followed.value.faults))
    return followed


def _tls(config: PrincipalConfig) -> Tls | None:
    if config.insecure_plaintext:
        return None
    required = config.require_client_certs or config.auth.startswith(f"{MTLS}:")
    roots = config.root_ca_path if required else None
    if required and roots is None:
        raise FileError("client certificates are required, and no authorities are given: --root-ca-path is needed")
    offer = Offer(
        min_version=config.tls_min_version, max_version=config.tls_max_version, suites=config.tls_ciphersuites
    )
    if config.tls_cert is not None and config.tls_key is not None:
        return ServerTls(
            certificate=config.tls_cert,
            key=config.tls_key,
            roots=roots,
            require_client_certs=required,
            offer=offer,
        )
    if not config.insecure_tls_generate:
        raise FileError("TLS needs --tls-cert and --tls-key, or --insecure-tls-generate")
    tls = GeneratedTls(
        hosts=own_names(config.listen_host),
        roots=roots,
        require_client_certs=required,
        now=datetime.now(UTC),
        offer=offer,
    )
    log.warning("certificate generated for this run: agents can't verify it", sha256=tls.material.fingerprint)
    return tls
