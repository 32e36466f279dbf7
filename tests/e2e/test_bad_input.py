"""What goes wrong at the start, as a user meets it: exit status, and one message that says where and what instead."""

import os
import socket
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

pytestmark = [pytest.mark.process, pytest.mark.timeout(90)]

AUTH = "--auth=identity:x-forwarded-client-cert:spiffe://cluster.local/ns/argocd-agents/sa/{agent}"
PRINCIPAL = ("principal", "--insecure-plaintext=true", "--listen-host=127.0.0.1", "--listen-port=0", "--admin-port=0")
GOOD = (*PRINCIPAL, AUTH)
AGENT = ("agent", "--creds=header:", "--server-address=127.0.0.1")


def run(arguments: Sequence[str], folder: Path, **env: str) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("ARGOCD_", "MESHTETHER_ST"))}
    return subprocess.run(
        [sys.executable, "-m", "meshtether", *arguments],
        cwd=folder,
        env={**clean, **env},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


CASES: dict[str, tuple[tuple[str, ...], dict[str, str], tuple[str, ...]]] = {
    "an unknown flag": ((*GOOD, "--store=.", "--insecure-plain"), {}, ("--insecure-plain", "--insecure-plaintext")),
    "an unknown command": (("principals",), {}, ("principals",)),
    "a bad duration": ((*AGENT, "--store=.", "--heartbeat-interval=30"), {}, ("--heartbeat-interval", "30", "30s")),
    "a bad duration in the environment": (
        (*AGENT, "--store=."),
        {"ARGOCD_AGENT_HEARTBEAT_INTERVAL": "soon"},
        ("ARGOCD_AGENT_HEARTBEAT_INTERVAL", "soon"),
    ),
    "a bad boolean": ((*GOOD, "--store=.", "--enable-websocket=perhaps"), {}, ("--enable-websocket", "perhaps")),
    "a port out of range": ((*GOOD, "--store=.", "--listen-port=65536"), {}, ("--listen-port", "65536")),
    "a regex without a group": (
        (*PRINCIPAL, "--store=.", "--auth=header:x-client-id:^agent$"),
        {},
        ("--auth", "group"),
    ),
    "a regex outside RE2": (
        (*PRINCIPAL, "--store=.", "--auth=header:x-client-id:(?<=a)(b)"),
        {},
        ("--auth", "(?<=a)"),
    ),
    "a template without an agent": (
        (*PRINCIPAL, "--store=.", "--auth=identity:x-forwarded-client-cert:spiffe://cluster.local/ns/a/sa/b"),
        {},
        ("--auth", "{agent}"),
    ),
    "an unknown method": ((*PRINCIPAL, "--store=.", "--auth=kerberos:x"), {}, ("--auth", "kerberos")),
    "no method": ((*PRINCIPAL, "--store=."), {}, ("--auth",)),
    "header without plaintext": (
        ("principal", "--store=.", AUTH, "--admin-port=0"),
        {},
        ("header-based authentication requires --insecure-plaintext=true",),
    ),
    "no store": (GOOD, {}, ("--store",)),
    "no server": (("agent", "--creds=header:", "--store=."), {}, ("--server-address",)),
    "a bad mode": ((*AGENT, "--store=.", "--agent-mode=root"), {}, ("--agent-mode", "root", "managed")),
    "a bad namespace pattern": ((*GOOD, "--store=.", "--allowed-namespaces=/(/"), {}, ("/(/",)),
    "a configuration file that is not there": ((*GOOD, "--store=.", "--config=none.yaml"), {}, ("none.yaml",)),
}


@pytest.mark.parametrize(("arguments", "env", "said"), CASES.values(), ids=[name.replace(" ", "-") for name in CASES])
def test_bad_usage_ends_with_two_and_says_what_would_be_accepted(
    tmp_path: Path, arguments: tuple[str, ...], env: dict[str, str], said: tuple[str, ...]
) -> None:
    done = run(arguments, tmp_path, **env)
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    for words in said:
        assert words in done.stderr


def test_a_broken_configuration_file_is_named_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "params.yaml").write_text("kind: ConfigMap\ndata:\n  principal.listen.port: [\n")
    done = run((*GOOD, "--store=.", "--config=params.yaml"), tmp_path)
    assert done.returncode == 2
    assert "params.yaml:" in done.stderr


def test_a_port_in_use_ends_with_three_and_is_named(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = run((*GOOD, "--store=.", f"--listen-port={port}"), tmp_path)
        admin = run((*GOOD, "--store=.", f"--admin-port={port}"), tmp_path)
    assert (done.returncode, admin.returncode) == (3, 3)
    assert str(port) in done.stderr
    assert "Traceback" not in done.stderr + admin.stderr
    assert "--admin-port" in admin.stderr


def test_a_store_that_is_a_file_ends_with_two_and_is_named(tmp_path: Path) -> None:
    (tmp_path / "store").write_text("")
    done = run((*GOOD, f"--store={tmp_path / 'store'}"), tmp_path)
    assert done.returncode == 2, done.stderr
    assert str(tmp_path / "store") in done.stderr
    assert "Traceback" not in done.stderr


def test_a_key_file_that_is_not_there_ends_with_two_and_is_named(tmp_path: Path) -> None:
    done = run((*GOOD, "--store=.", "--jwt-key=none.pem"), tmp_path)
    assert done.returncode == 2
    assert "none.pem" in done.stderr
    assert "Traceback" not in done.stderr
