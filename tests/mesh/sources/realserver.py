"""A real API server, when the surroundings have one: KUBECONFIG's, or kube-apiserver and etcd of KUBEBUILDER_ASSETS."""

import asyncio
import os
import socket
import ssl
import subprocess
import urllib.request
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import yaml

SECONDS = 60.0
"""For a start; it takes ten."""


@asynccontextmanager
async def real_server(folder: Path) -> AsyncIterator[Path]:
    """Give a kubeconfig of a real API server."""
    if os.environ.get("KUBECONFIG"):
        yield Path(os.environ["KUBECONFIG"])
        return
    assets = Path(os.environ["KUBEBUILDER_ASSETS"])
    client, peer, secure = (_free_port() for _ in range(3))
    etcd = f"http://127.0.0.1:{client}"
    (folder / "tokens.csv").write_text("secret,admin,admin,system:masters\n")
    subprocess.run(["openssl", "genrsa", "-out", str(folder / "sa.key"), "2048"], check=True, capture_output=True)
    stores = ["--advertise-client-urls", etcd, "--listen-peer-urls", f"http://127.0.0.1:{peer}", "--log-level=error"]
    keys = [
        f"--service-account-key-file={folder / 'sa.key'}",
        f"--service-account-signing-key-file={folder / 'sa.key'}",
    ]
    places = [f"--etcd-servers={etcd}", f"--secure-port={secure}", "--bind-address=127.0.0.1"]
    access = [
        f"--token-auth-file={folder / 'tokens.csv'}",
        "--authorization-mode=RBAC",
        f"--cert-dir={folder / 'certs'}",
    ]
    others = ["--service-account-issuer=https://localhost", "--disable-admission-plugins=ServiceAccount"]
    commands = [
        [str(assets / "etcd"), "--data-dir", str(folder / "etcd"), "--listen-client-urls", etcd, *stores],
        [str(assets / "kube-apiserver"), *places, *access, *keys, *others],
    ]
    running = [subprocess.Popen(each, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) for each in commands]
    try:
        await asyncio.to_thread(_wait, f"https://127.0.0.1:{secure}/readyz")
        yield _kubeconfig(folder, secure)
    finally:
        for each in reversed(running):
            each.terminate()
            each.wait(timeout=30)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait(url: str) -> None:
    import time

    context = ssl._create_unverified_context()
    request = urllib.request.Request(url, headers={"Authorization": "Bearer secret"})
    end = time.monotonic() + SECONDS
    while True:
        try:
            with urllib.request.urlopen(request, context=context, timeout=5):
                return
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.2)


def _kubeconfig(folder: Path, port: int) -> Path:
    path = folder / "real"
    cluster = {"server": f"https://127.0.0.1:{port}", "insecure-skip-tls-verify": True}
    path.write_text(
        yaml.safe_dump(
            {
                "apiVersion": "v1",
                "kind": "Config",
                "current-context": "real",
                "contexts": [{"name": "real", "context": {"cluster": "real", "user": "real"}}],
                "clusters": [{"name": "real", "cluster": cluster}],
                "users": [{"name": "real", "user": {"token": "secret"}}],
            }
        )
    )
    return path
