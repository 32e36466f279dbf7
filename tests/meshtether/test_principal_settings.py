"""From options to a principal's settings."""

from pathlib import Path

import pytest

from meshtether.commands.principal_settings import build_principal
from meshtether.options.model import OptionsError
from meshtether.options.resolve import resolve
from meshtether.options.table import PRINCIPAL
from principal.config import PrincipalConfig

ISTIO = "identity:x-forwarded-client-cert:spiffe://cluster.local/ns/argocd-agents/sa/{agent}"

PLAIN = ("--insecure-plaintext", "--store=store", f"--auth={ISTIO}")
"""The least that starts."""


def build(*arguments: str, **env: str) -> PrincipalConfig:
    return build_principal(resolve(PRINCIPAL, arguments, env))


def problems(*arguments: str, **env: str) -> str:
    with pytest.raises(OptionsError) as caught:
        build(*arguments, **env)
    return str(caught.value)


def test_the_least_gives_the_defaults() -> None:
    assert build(*PLAIN) == PrincipalConfig(
        insecure_plaintext=True,
        auth=ISTIO,
        namespace="argocd",
        store=Path("store"),
        listen_host="",
        listen_port=8443,
        podinfo=Path("/etc/podinfo"),
    )


def test_every_option_arrives(tmp_path: Path) -> None:
    key = tmp_path / "key.pem"
    key.write_text("pem")
    assert build(
        "--listen-host=127.0.0.1",
        "--listen-port=0",
        "--insecure-plaintext=true",
        "--auth=header:x-id:^(.+)$",
        "--namespace=hub",
        "--allowed-namespaces=team-*,/^ab$/",
        f"--store={tmp_path}",
        f"--jwt-key={key}",
        "--insecure-jwt-generate",
        "--admin-port=0",
        "--protocol-version=1.2.3",
        "--session-timeout=1m",
        "--keepalive-min-interval=1.5s",
        "--grpc-max-message-size=1048576",
        "--server-transport=grpcio",
        "--podinfo=/run/pod",
    ) == PrincipalConfig(
        listen_host="127.0.0.1",
        listen_port=0,
        insecure_plaintext=True,
        auth="header:x-id:^(.+)$",
        namespace="hub",
        allowed_namespaces=("team-*", "/^ab$/"),
        store=tmp_path,
        jwt_key=key,
        insecure_jwt_generate=True,
        admin_port=0,
        protocol_version="1.2.3",
        session_timeout=60.0,
        keepalive_min_interval=1.5,
        max_message_size=1048576,
        server_transport="grpcio",
        podinfo=Path("/run/pod"),
    )


def test_what_somebody_has_set_is_kept_as_it_was_said_for_checks_of_the_own_pod() -> None:
    config = build(*PLAIN, "--podinfo=", ARGOCD_PRINCIPAL_LISTEN_HOST="127.0.0.1")
    assert config.podinfo is None
    assert config.said == {
        "insecure-plaintext": "true",
        "store": "store",
        "auth": ISTIO,
        "podinfo": "",
        "listen-host": "127.0.0.1",
    }


def test_secrets_are_not_kept_as_they_were_said() -> None:
    assert "secret" not in str(build(*PLAIN, "--redis-password=secret").said)


@pytest.mark.parametrize(
    ("auth", "told"),
    [
        ("header", "no colon; accepted: header:<name>:<regex>, identity:<header>:<template>, mtls:subject:<regex>"),
        ("heder:x:(y)", "unknown auth method 'heder'"),
        ("heder:x:(y)", "did you mean 'header'?"),
        ("oidc:x", "unknown auth method 'oidc'"),
        ("header:", "is no identity rule"),
        ("header:x", "is no identity rule"),
        ("header:x:", "regex in"),
        ("header::(y)", "is no header's name"),
        ("header:x:y", "group"),
        ("header:x:(", "--auth"),
        ("header:x:(?=y)(z)", "--auth"),
        ("header:x-bin:(y)", "binary"),
        ("identity:x-forwarded-client-cert:spiffe://a/sa/b", "{agent} stands 0 times"),
        ("identity:l5d-client-id:x-{agent}.ns.serviceaccount.identity.linkerd.cluster.local", "{agent}"),
    ],
)
def test_a_rule_that_cannot_be_used_says_why(auth: str, told: str) -> None:
    found = problems("--insecure-plaintext", "--store=s", f"--auth={auth}")
    assert told in found
    assert "flag --auth" in found


def test_without_a_rule_nobody_could_be_recognised() -> None:
    assert "option --auth: not set: nobody could be recognised; accepted: header:" in problems(
        "--insecure-plaintext", "--store=s"
    )


def test_without_a_store_it_says_that_a_folder_is_needed() -> None:
    told = problems("--insecure-plaintext", f"--auth={ISTIO}")
    assert "directory store" in told
    assert "set --store, the environment variable MESHTETHER_STORE or the ConfigMap key meshtether.store" in told


@pytest.mark.parametrize("name", ["Argo", "a.b", "-a", "a" * 64, "a\n"])
def test_a_namespace_is_a_dns_label(name: str) -> None:
    assert "not the name of a namespace" in problems(*PLAIN, f"--namespace={name}")


def test_a_namespace_pattern_is_tried_at_start() -> None:
    told = problems(*PLAIN, "--allowed-namespaces=ok-*,/(/")
    assert "/(/ is no RE2 regex" in told


def test_a_key_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    assert "No such file" in problems(*PLAIN, f"--jwt-key={tmp_path / 'absent'}")


def test_no_version_is_no_version() -> None:
    assert "--protocol-version" in problems(*PLAIN, "--protocol-version=")


def test_all_problems_are_told_at_once() -> None:
    assert len(problems("--namespace=A", "--allowed-namespaces=/(/").splitlines()) == 4
