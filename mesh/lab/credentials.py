"""Certificates on disk: who signs for whom, and the files each workload and its Envoy read.

Everything with a private key in it has mode 0600 from the moment it exists, and is replaced by renaming, never
rewritten: a reader sees the old pair or the new one. Authorities' keys stay in memory.
"""

import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from mesh.lab import tls_blocks
from mesh.lab.ca import CertificateAuthority, Svid
from mesh.lab.config import OWN_AUTHORITY, LabConfig, Workload

PRIVATE = 0o600
"""Nobody but the owner reads a key."""

PUBLIC = 0o644
"""Certificates are for everybody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """One workload's files: for its Envoy, and for a test that speaks TLS itself."""

    certificate: Path
    """Its SVID, PEM."""
    key: Path
    """The private key, PEM, mode 0600."""
    trust: Path
    """The root certificates it believes, PEM."""
    secret: Path
    """Certificate and key as Envoy reads them, mode 0600."""


class Issuer:
    """All authorities of one lab."""

    def __init__(self, config: LabConfig) -> None:
        now = datetime.now(UTC)
        self._config = config
        self._authorities = {OWN_AUTHORITY: CertificateAuthority(trust_domain=config.trust_domain, now=now)}
        for authority in config.authorities:
            self._authorities[authority.name] = CertificateAuthority(trust_domain=authority.trust_domain, now=now)

    def issue(self, workload: Workload, directory: Path) -> Svid:
        """Sign a fresh SVID for `workload` and put it into `directory`, over the one that was there."""
        svid = self._authorities[workload.authority].issue(
            uris=self._config.uri_sans(workload),
            dns=self._config.dns_sans(workload),
            common_name=workload.common_name,
            lifetime=workload.lifetime,
            now=datetime.now(UTC),
        )
        files = credentials(directory)
        _replace(files.trust, self._trust(workload), PUBLIC)
        _replace(files.certificate, svid.certificate, PUBLIC)
        _replace(files.key, svid.key, PRIVATE)
        secret = tls_blocks.secret_file(certificate=svid.certificate, key=svid.key)
        _replace(files.secret, secret.encode("ascii"), PRIVATE)  # last: from here on Envoy uses the pair
        return svid

    def _trust(self, workload: Workload) -> bytes:
        """Everybody believes the lab's own authority; the principal also those it is told to, the others their own."""
        believed = {OWN_AUTHORITY, workload.authority}
        if workload == self._config.principal:
            believed.update(authority.name for authority in self._config.authorities if authority.trusted)
        return b"".join(self._authorities[name].certificate for name in sorted(believed))


def credentials(directory: Path) -> Credentials:
    """The names of the files in a workload's directory."""
    return Credentials(
        certificate=directory / "svid.pem",
        key=directory / "svid.key",
        trust=directory / "trust.pem",
        secret=directory / "secret.json",
    )


def _replace(path: Path, data: bytes, mode: int) -> None:
    """Put `data` at `path` in one step; `mode` holds from the file's first moment."""
    temporary = path.with_name(f".{path.name}.new")
    temporary.unlink(missing_ok=True)
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
    temporary.replace(path)
