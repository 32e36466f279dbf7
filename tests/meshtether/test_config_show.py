"""`meshtether config show`: every option with its source, for people and for programs."""

import json
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result

from meshtether.cli import cli
from meshtether.options.table import AGENT, COMPONENTS, PRINCIPAL


@pytest.fixture(autouse=True)
def _bare(monkeypatch: pytest.MonkeyPatch) -> None:
    """No settings from outside."""
    for component in COMPONENTS:
        for option in component.options:
            if option.env:
                monkeypatch.delenv(option.env, raising=False)


def show(*arguments: str, **env: str) -> Result:
    result = CliRunner().invoke(cli, ["config", "show", *arguments], env=env)
    assert result.exit_code == 0, result.stderr
    return result


@pytest.mark.parametrize("component", COMPONENTS, ids=lambda each: each.name)
def test_every_option_is_shown_once(component: object) -> None:
    assert component in (PRINCIPAL, AGENT)
    rows = json.loads(show(component.name, "-o", "json").stdout)["options"]
    assert [row["option"] for row in rows] == [option.name for option in component.options]


def test_each_source_is_told(tmp_path: Path) -> None:
    path = tmp_path / "params.yaml"
    path.write_text("kind: ConfigMap\ndata:\n  agent.mode: managed\n")
    result = show("agent", f"--config={path}", "-n", "spoke", "--output=json", ARGOCD_AGENT_REMOTE_PORT="8443")
    rows = {row["option"]: row for row in json.loads(result.stdout)["options"]}
    assert rows["namespace"] == {"option": "namespace", "value": "spoke", "source": {"kind": "flag", "name": "-n"}}
    assert rows["server-port"]["source"] == {"kind": "environment", "name": "ARGOCD_AGENT_REMOTE_PORT"}
    assert rows["agent-mode"] == {
        "option": "agent-mode",
        "value": "managed",
        "source": {"kind": "config", "name": "agent.mode", "at": f"{path}:3"},
    }
    assert rows["creds"]["source"] == {"kind": "default"}


def test_yaml_says_the_same_as_json() -> None:
    assert yaml.safe_load(show("agent", "-o", "yaml").stdout) == json.loads(show("agent", "-o=json").stdout)


def test_the_table_is_plain_where_nobody_draws() -> None:
    lines = show("principal", "--listen-port=1").stdout.splitlines()
    assert lines[0].split() == ["option", "value", "source"]
    assert any(line.split() == ["--listen-port", "1", "flag", "--listen-port"] for line in lines)


@pytest.mark.parametrize("form", ["table", "json", "yaml"])
def test_a_password_is_not_shown(form: str) -> None:
    result = show("agent", "-o", form, REDIS_PASSWORD="hunter2")
    assert "hunter2" not in result.output
    assert "(hidden)" in result.stdout


def test_a_terminal_sequence_in_a_value_is_not_printed() -> None:
    assert "\x1b" not in show("principal", "--listen-host=\x1b[2J").output


def test_notices_go_to_stderr() -> None:
    result = show("agent", "--enable-websocket", "-o", "json")
    assert "WebSocket comes in a later release" in result.stderr
    json.loads(result.stdout)
