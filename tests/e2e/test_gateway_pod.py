"""A gateway in a pod of its own, for real: an agent, an Envoy in another network namespace, and a principal.

The Envoy does what kgateway and Gloo are told to do by the generated manifests: it ends the agents' mutual TLS, writes
the agent's SPIFFE ID into x-forwarded-client-cert in place of whatever the caller sent, and calls the principal in
plaintext.
"""

import contextlib
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
import yaml

from mesh.adapters import ADAPTERS
from mesh.intent import Gateway, Intent
from mesh.lab import find_envoy
from meshtether.demo.processes import Process
from tests.e2e.generated import environment
from tests.e2e.test_generated import started
from tests.e2e.world import free_port, need_envoy
from tests.principal import certificates
from tests.principal.test_attest import elsewhere
from tests.principal.virtual import spiffe

pytestmark = [pytest.mark.lab, pytest.mark.process, pytest.mark.timeout(180)]

GATEWAY: Final = "198.51.100.2"
"""The gateway's address; the principal has 198.51.100.1 (tests.principal.test_attest.elsewhere)."""

PORT: Final = 8443
TYPE: Final = "type.googleapis.com/envoy.extensions"
OPTIONS: Final = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"


def bootstrap(folder: Path, *, principal: str, port: int) -> dict[str, Any]:
    """The gateway's Envoy: what the gateways' controllers make of ListenerPolicy, Gateway and route."""
    certificate, key = certificates.write(folder, "gateway", certificates.server())
    manager = {
        "@type": f"{TYPE}.filters.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": "agents",
        "stream_idle_timeout": "0s",
        "forward_client_cert_details": "SANITIZE_SET",
        "set_current_client_cert_details": {"uri": True},
        "route_config": {
            "virtual_hosts": [
                {
                    "name": "all",
                    "domains": ["*"],
                    "routes": [{"match": {"prefix": "/"}, "route": {"cluster": "principal", "timeout": "0s"}}],
                }
            ]
        },
        "http_filters": [
            {"name": "router", "typed_config": {"@type": f"{TYPE}.filters.http.router.v3.Router"}},
        ],
    }
    tls = {
        "@type": f"{TYPE}.transport_sockets.tls.v3.DownstreamTlsContext",
        "require_client_certificate": True,
        "common_tls_context": {
            "alpn_protocols": ["h2"],
            "tls_certificates": [
                {"certificate_chain": {"filename": str(certificate)}, "private_key": {"filename": str(key)}}
            ],
            "validation_context": {"trusted_ca": {"filename": str(certificates.write_roots(folder))}},
        },
    }
    chain = {
        "filters": [{"name": "http", "typed_config": manager}],
        "transport_socket": {"name": "tls", "typed_config": tls},
    }
    http2 = {
        "@type": f"{TYPE}.upstreams.http.v3.HttpProtocolOptions",
        "explicit_http_config": {"http2_protocol_options": {}},
    }
    cluster = {
        "name": "principal",
        "type": "STATIC",
        "connect_timeout": "5s",
        "typed_extension_protocol_options": {OPTIONS: http2},
        "load_assignment": {
            "cluster_name": "principal",
            "endpoints": [{"lb_endpoints": [{"endpoint": {"address": _address(principal, port)}}]}],
        },
    }
    listener = {"name": "agents", "address": _address(GATEWAY, PORT), "filter_chains": [chain]}
    return {"static_resources": {"listeners": [listener], "clusters": [cluster]}}


def _address(host: str, port: int) -> dict[str, Any]:
    return {"socket_address": {"address": host, "port_value": port}}


@contextlib.contextmanager
def envoy(folder: Path, config: dict[str, Any], *, netns_of: int) -> Iterator[None]:
    """An Envoy in the network namespace of a process."""
    path = folder / "gateway.yaml"
    path.write_text(yaml.safe_dump(config))
    command = ("nsenter", f"--net=/proc/{netns_of}/ns/net", "--", str(find_envoy()), "-c", str(path))
    with (folder / "gateway.log").open("wb") as log:
        process = subprocess.Popen([*command, "--disable-hot-restart", "--concurrency", "1"], stdout=log, stderr=log)
        try:
            yield
            assert process.poll() is None, (folder / "gateway.log").read_text()
        finally:
            process.kill()
            process.wait()


async def connected(admin: str, agent: Process) -> Any:
    """The one agent that is connected, as the admin API shows it, and how its connections were taken."""
    await agent.wait_for("stream open", within=60)
    async with httpx.AsyncClient(base_url=admin, trust_env=False) as client:
        [shown] = (await client.get("/api/v1/agents")).json()["agents"]
        return shown, (await client.get("/api/v1/attestation")).json()


@pytest.mark.parametrize("adapter", ["kgateway", "gloo"])
async def test_an_agent_reaches_the_principal_through_a_gateway_in_a_pod_of_its_own(
    adapter: str, tmp_path: Path
) -> None:
    need_envoy()
    intent = Intent(gateways=(Gateway(system=adapter, pod_networks=(f"{GATEWAY}/32",)),))
    documents = ADAPTERS[adapter].generate(intent)
    port, admin = free_port(), free_port()
    with elsewhere() as (pid, ours):
        principal = started(
            "principal",
            environment(documents, "principal", pod_ip=ours),
            tmp_path,
            ARGOCD_PRINCIPAL_LISTEN_PORT=str(port),
            MESHTETHER_ADMIN_PORT=str(admin),
        )
        await principal.start()
        certificate, key = certificates.write(tmp_path, "agent", certificates.client("", spiffe("agent-a")))
        agent = started(
            "agent",
            environment(documents, "agent", pod_ip=""),
            tmp_path,
            ARGOCD_AGENT_REMOTE_SERVER=GATEWAY,
            ARGOCD_AGENT_REMOTE_PORT=str(PORT),
            # The gateway's certificate is for another name here; who the agent is, is what this is about.
            ARGOCD_AGENT_TLS_INSECURE="true",
            ARGOCD_AGENT_TLS_CLIENT_CERT_PATH=str(certificate),
            ARGOCD_AGENT_TLS_CLIENT_KEY_PATH=str(key),
        )
        try:
            await principal.wait_for("principal ready")
            with envoy(tmp_path, bootstrap(tmp_path, principal=ours, port=port), netns_of=pid):
                await agent.start()
                shown, attestation = await connected(f"http://127.0.0.1:{admin}", agent)
                assert (shown["name"], shown["identity"]) == ("agent-a", spiffe("agent-a"))
                assert attestation["believed"] >= 1
                assert (attestation["attested"], attestation["refused"]) == (0, {})
        finally:
            await agent.stop()
            assert await principal.stop() == 0, principal.log()
