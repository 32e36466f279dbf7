"""The real Envoy as the judge of bootstraps: with certificates and folders of this test's own."""

import subprocess
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from mesh.adapters.base import Generated
from mesh.adapters.envoy.generating import secret
from mesh.adapters.envoy.planning import CERTIFICATE_FILE, FOLDER, KEY_FILE, SVIDS, TRUST_FILE
from mesh.lab import EnvoyMissing, find_envoy
from mesh.lab.ca import CertificateAuthority
from tests.conftest import missing

AT_ONCE = 4
"""Envoys that validate side by side; each takes a twentieth of a second."""

DAY = 86_400.0


class Judge:
    """A folder with an SVID, where bootstraps are tried."""

    def __init__(self, folder: Path) -> None:
        try:
            self._envoy = find_envoy()
        except EnvoyMissing as error:
            missing(str(error))
        self.folder = folder
        authority = CertificateAuthority(trust_domain="cluster.local", now=datetime.now(UTC))
        svid = authority.issue(
            uris=("spiffe://cluster.local/ns/a/sa/b",), dns=(), common_name="", lifetime=DAY, now=datetime.now(UTC)
        )
        for name, data in (
            (CERTIFICATE_FILE, svid.certificate),
            (KEY_FILE, svid.key),
            (TRUST_FILE, authority.certificate),
        ):
            (folder / Path(name).name).write_bytes(data)
        (folder / "svid.yaml").write_text(self.local(secret().yaml))

    def local(self, text: str) -> str:
        """The text with the folders of a machine replaced by this one."""
        return text.replace(SVIDS, str(self.folder)).replace(FOLDER, str(self.folder))

    def refuses(self, data: Any) -> str:
        """What `envoy --mode validate` says against a bootstrap; nothing when it takes it."""
        path = self.folder / f"{id(data)}.yaml"
        path.write_text(self.local(Generated(data).yaml))
        command = [str(self._envoy), "--mode", "validate", "-c", str(path), "-l", "critical"]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
        path.unlink()
        return done.stderr or str(done.returncode) if done.returncode else ""

    def all(self, bootstraps: Sequence[Any]) -> list[str]:
        """`refuses` of each, side by side."""
        with ThreadPoolExecutor(AT_ONCE) as pool:
            return list(pool.map(self.refuses, bootstraps))
