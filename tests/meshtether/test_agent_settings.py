"""From options to an agent's settings."""

from pathlib import Path

import pytest

from agent.config import AgentConfig
from meshtether.commands.agent_settings import build_agent
from meshtether.options.model import OptionsError
from meshtether.options.resolve import resolve
from meshtether.options.table import AGENT

HEADER = ("--server-address=principal.argocd", "--creds=header:", "--store=store")
"""The least that starts."""


def build(*arguments: str, **env: str) -> AgentConfig:
    return build_agent(resolve(AGENT, arguments, env))


def problems(*arguments: str, **env: str) -> str:
    with pytest.raises(OptionsError) as caught:
        build(*arguments, **env)
    return str(caught.value)


@pytest.fixture
def pem(tmp_path: Path) -> Path:
    path = tmp_path / "file.pem"
    path.write_text("pem")
    return path


def test_the_least_gives_the_defaults() -> None:
    assert build(*HEADER) == AgentConfig(
        server_address="principal.argocd",
        plaintext=True,
        plaintext_reason="with header credentials the sidecar does TLS",
        creds_method="header",
        mode="autonomous",
        store=Path("store"),
    )


def test_every_option_arrives(pem: Path) -> None:
    assert build(
        "--server-address=::1",
        "--server-port=8443",
        "--insecure-plaintext=false",
        "--insecure-tls",
        f"--root-ca-path={pem}",
        f"--tls-client-cert={pem}",
        f"--tls-client-key={pem}",
        "--creds=userpass:/creds",
        "--agent-mode=managed",
        "-n=spoke",
        "--heartbeat-interval=30s",
        "--heartbeat-deadline=5s",
        "--keep-alive-ping-interval=1m",
        "--enable-compression",
        "--grpc-max-message-size=1048576",
        "--protocol-version=1.2.3",
        "--store=store",
        "--allowed-namespaces=a,b",
        "--healthz-port=8002",
    ) == AgentConfig(
        server_address="::1",
        server_port=8443,
        plaintext=False,
        plaintext_reason="--insecure-plaintext is false by flag --insecure-plaintext",
        insecure_tls=True,
        root_ca_path=pem,
        tls_client_cert=pem,
        tls_client_key=pem,
        creds_method="userpass",
        creds_config="/creds",
        mode="managed",
        namespace="spoke",
        heartbeat_interval=30.0,
        heartbeat_deadline=5.0,
        keep_alive_ping_interval=60.0,
        enable_compression=True,
        max_message_size=1048576,
        protocol_version="1.2.3",
        store=Path("store"),
        allowed_namespaces=("a", "b"),
        healthz_port=8002,
    )


@pytest.mark.parametrize(
    ("arguments", "env", "plaintext", "reason"),
    [
        ([], {}, True, "the sidecar does TLS"),
        (["--insecure-tls"], {}, True, "--insecure-tls alone does not change that"),
        ([], {"ARGOCD_AGENT_TLS_INSECURE": "true"}, True, "--insecure-tls alone does not change that"),
        (["--insecure-plaintext=false"], {}, False, "false by flag --insecure-plaintext"),
        (["--insecure-plaintext"], {}, True, "true by flag --insecure-plaintext"),
        ([], {"ARGOCD_AGENT_INSECURE_PLAINTEXT": "false"}, False, "environment variable ARGOCD_AGENT_INSECURE_PLAIN"),
        (["--root-ca-path=PEM"], {}, False, "--root-ca-path is set by flag --root-ca-path"),
        ([], {"ARGOCD_AGENT_TLS_ROOT_CA_PATH": "PEM"}, False, "--root-ca-path is set by environment variable"),
        (["--tls-client-cert=PEM", "--tls-client-key=PEM"], {}, False, "--tls-client-cert is set by flag"),
        (["--root-ca-path=PEM", "--insecure-plaintext"], {}, True, "true by flag --insecure-plaintext"),
        (["--root-ca-path="], {}, True, "the sidecar does TLS"),
        (["--creds=userpass:/f"], {}, False, "userpass credentials need no sidecar"),
        (["--creds=userpass:/f", "--insecure-plaintext"], {}, True, "true by flag"),
        (["--creds=mtls:", "--tls-client-cert=PEM", "--tls-client-key=PEM"], {}, False, "mtls credentials"),
    ],
)
def test_plaintext_is_decided_and_explained(
    pem: Path, arguments: list[str], env: dict[str, str], plaintext: bool, reason: str
) -> None:
    filled = [each.replace("PEM", str(pem)) for each in arguments]
    config = build(*HEADER, *filled, **{name: text.replace("PEM", str(pem)) for name, text in env.items()})
    assert config.plaintext is plaintext
    assert reason in config.plaintext_reason


def test_plaintext_by_a_configmap_names_file_and_line(tmp_path: Path) -> None:
    path = tmp_path / "params.yaml"
    path.write_text("agent.tls.insecure-plaintext: 'true'\n")
    reason = build(*HEADER, f"--config={path}").plaintext_reason
    assert reason == f"--insecure-plaintext is true by ConfigMap key agent.tls.insecure-plaintext at {path}:1"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--creds="], "the principal would not know who this is"),
        (["--creds=header"], "no colon; accepted: header:, userpass:<file> or mtls:"),
        (["--creds=heder:"], "did you mean 'header:'?"),
        (["--creds=spire:"], "unknown method 'spire'"),
        (["--creds=userpass:"], "the file is missing"),
        (["--creds=mtls:"], "mtls credentials are a client certificate"),
        (["--creds=mtls:", "--insecure-plaintext"], "mtls authentication cannot be used with --insecure-plaintext"),
        (["--server-address="], "there is no principal to connect to"),
        (["--server-address=https://principal"], "a URL; accepted: a host name or an address alone"),
        (["--server-address=principal:443"], "its port: --server-port"),
        (["--server-address=a b"], "no host name"),
        (["--server-address=a\tb"], "no host name"),
        (["--store="], "directory store"),
        (["--namespace=A"], "not the name of a namespace"),
        (["--namespace="], "not the name of a namespace"),
        (["--tls-client-cert=PEM"], "--tls-client-key is not set"),
        (["--tls-client-key=PEM"], "--tls-client-cert is not set"),
        (["--root-ca-path=PEM.absent"], "No such file"),
        (["--root-ca-path=."], "directory"),
        (["--protocol-version="], "claims no version"),
        (["--allowed-namespaces=/[/"], "is no RE2 regex"),
    ],
)
def test_what_cannot_be_used_says_why(pem: Path, arguments: list[str], told: str) -> None:
    assert told in problems(*HEADER, *[each.replace("PEM", str(pem)) for each in arguments])


@pytest.mark.parametrize(
    ("argument", "told"),
    [
        ("--heartbeat-interval=99ms", "less than 100ms, far below any proxy's idle timer"),
        ("--heartbeat-interval=-1s", "negative"),
        ("--heartbeat-deadline=0", "less than 100ms, a machine's noise"),
        ("--keep-alive-ping-interval=500ms", "less than 1s, which proxies take for a flood"),
        ("--server-port=0", "out of range"),
        ("--agent-mode=managd", "accepted: managed, autonomous"),
        ("--grpc-max-message-size=1", "out of range"),
    ],
)
def test_numbers_outside_their_range_are_refused_with_the_reason(argument: str, told: str) -> None:
    assert told in problems(*HEADER, argument)


PRINCIPAL_ID = "spiffe://cluster.local/ns/argocd/sa/principal"
LINKERD_NAME = "principal.argocd.serviceaccount.identity.linkerd.cluster.local"


@pytest.mark.parametrize("name", [PRINCIPAL_ID, LINKERD_NAME])
def test_in_plaintext_the_principal_is_named_in_either_form(name: str) -> None:
    assert build(*HEADER, f"--principal-identity={name}").principal_identity == name


def test_with_tls_the_principal_is_named_by_its_spiffe_id() -> None:
    with_tls = (*HEADER, "--insecure-plaintext=false")
    assert build(*with_tls, f"--principal-identity={PRINCIPAL_ID}").principal_identity == PRINCIPAL_ID
    assert "SPIFFE ID" in problems(*with_tls, f"--principal-identity={LINKERD_NAME}")


@pytest.mark.parametrize("name", ["principal", "SPIFFE://a/b", "spiffe://a/b/", "x\ny", "*"])
def test_what_names_no_principal_is_refused(name: str) -> None:
    assert "--principal-identity" in problems(*HEADER, f"--principal-identity={name}")


def test_a_pin_on_a_server_that_is_not_looked_at_is_a_contradiction() -> None:
    arguments = (*HEADER, "--insecure-plaintext=false", "--insecure-tls", f"--principal-identity={PRINCIPAL_ID}")
    assert "--insecure-tls" in problems(*arguments)
