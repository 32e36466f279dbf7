"""The command line as a user meets it: help, exit statuses, and what each command makes of its arguments."""

import asyncio
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

import agent.run
import meshtether.demo.run
import principal.run
from meshtether import logs
from meshtether.cli import SECTIONS, cli
from meshtether.options.table import AGENT, COMPONENTS, PRINCIPAL

PRINCIPAL_LINE = (
    "principal",
    "--insecure-plaintext",
    "--listen-host=127.0.0.1",
    "--auth=header:x-id:^(.+)$",
    "--store=s",
)
AGENT_LINE = ("agent", "--server-address=127.0.0.1", "--creds=header:", "--store=s")


@pytest.fixture(autouse=True)
def _bare(monkeypatch: pytest.MonkeyPatch) -> None:
    """No settings from outside, and no logging set up for the whole test run."""
    for component in COMPONENTS:
        for option in component.options:
            if option.env:
                monkeypatch.delenv(option.env, raising=False)
    monkeypatch.setenv("GRPC_VERBOSITY", "NONE")
    monkeypatch.setattr(logs, "configure", lambda *_: None)


def invoke(*arguments: str, **env: str) -> Result:
    return CliRunner().invoke(cli, arguments, env=env, prog_name="meshtether")


def recorder(seen: list[Any], status: int) -> Callable[..., Any]:
    async def run(config: Any, *, stop: asyncio.Event) -> int:
        seen.append(config)
        assert not stop.is_set()
        return status

    return run


def test_help_lists_every_command_under_a_heading() -> None:
    result = invoke("--help")
    assert result.exit_code == 0
    names = [name for _, names in SECTIONS for name in names]
    assert sorted(names) == sorted(cli.commands)
    assert all(f"  {name} " in result.output for name in names)


@pytest.mark.parametrize("component", COMPONENTS, ids=lambda each: each.name)
def test_a_components_help_names_every_option(component: Any) -> None:
    result = invoke(component.name, "--help")
    assert result.exit_code == 0
    text = result.output.replace("\n", " ")
    assert [option.title for option in component.options if option.title not in text] == []


@pytest.mark.parametrize("status", [0, 3])
def test_principal_runs_with_its_settings_and_ends_with_its_status(
    monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    seen: list[Any] = []
    monkeypatch.setattr(principal.run, "run", recorder(seen, status))
    result = invoke(*PRINCIPAL_LINE, MESHTETHER_ADMIN_PORT="0")
    assert (result.exit_code, result.output) == (status, "")
    assert [(config.auth, config.admin_port) for config in seen] == [("header:x-id:^(.+)$", 0)]


@pytest.mark.parametrize("status", [0, 2, 3])
def test_agent_runs_with_its_settings_and_ends_with_its_status(monkeypatch: pytest.MonkeyPatch, status: int) -> None:
    seen: list[Any] = []
    monkeypatch.setattr(agent.run, "run", recorder(seen, status))
    result = invoke(*AGENT_LINE, ARGOCD_AGENT_HEARTBEAT_INTERVAL="30s")
    assert (result.exit_code, result.output) == (status, "")
    assert [config.heartbeat_interval for config in seen] == [30.0]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (
            ["principal", "--listen-prot=1"],
            "meshtether principal: flag --listen-prot: `meshtether principal` has no such",
        ),
        (["principal", "--store=s"], "option --auth: not set"),
        (["agent", "--heartbeat-interval=30", "--xyzzy"], "meshtether agent: flag --heartbeat-interval: '30'"),
        (["agent"], "option --server-address: not set"),
        (["config", "show", "agent", "--log-level=loud"], "no log level"),
        (["config", "show", "agent", "-o", "xml"], "accepted: table, json, yaml"),
        (["demo", "--for", "30"], "a number has no unit"),
        (["demo", "--for", "0"], "not above zero; accepted: above zero, numbers with a unit"),
        (["demo", "--for", "x"], "accepted: above zero, numbers with a unit"),
        (["demo", "--agents", "21"], "21"),
        (["demo", "--mesh", "consul"], "consul"),
        (["prinzipal"], "prinzipal"),
        (["mesh", "verfy"], "No such command 'verfy'. Did you mean 'verify'?"),
        (["mesh", "xyzzy"], "No such command 'xyzzy'"),
        (["admin", "agents", "-o", "xml"], "xml"),
        (["admin", "agents", "--url", "localhost"], "--url: 'localhost': Request URL is missing an 'http://'"),
        (["admin", "deaths", "--url", "http://hub:port"], "accepted: a URL such as http://127.0.0.1:8090"),
    ],
)
def test_bad_usage_is_status_2_and_a_sentence_on_stderr(arguments: list[str], told: str) -> None:
    result = invoke(*arguments)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert told in result.stderr.replace("\n", " ")
    assert "Traceback" not in result.stderr


def test_bad_usage_in_the_documentation_is_what_is_said() -> None:
    page = (Path(__file__).parents[2] / "docs" / "configuration.md").read_text("utf-8")
    example = page.partition("one line for each problem")[2].partition("```console\n$ ")[2].partition("\n```")[0]
    line, *told = example.splitlines()
    variable, _, command = line.partition(" meshtether ")
    name, _, value = variable.partition("=")
    result = invoke(*shlex.split(command), **{name: value})
    assert result.stderr.splitlines() == told
    assert result.exit_code == 2


def test_a_terminal_sequence_in_a_bad_flag_is_not_printed() -> None:
    assert "\x1b" not in invoke("principal", "--\x1b[2J").stderr


def test_the_demo_gets_what_was_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Any] = []

    def run(config: Any) -> int:
        seen.append(config)
        return 1

    monkeypatch.setattr(meshtether.demo.run, "run", run)
    result = invoke("demo", "--mesh=linkerd", "--agents=5", "--for=1m30s", "--dir=d", "--plain")
    assert result.exit_code == 1
    (config,) = seen
    assert (config.mesh, config.agents, config.seconds, str(config.directory), config.plain) == (
        "linkerd",
        5,
        90.0,
        "d",
        True,
    )


def test_version_says_what_it_claims_to_peers() -> None:
    result = invoke("version")
    assert result.exit_code == 0
    assert "99.9.9-unreleased" in result.output


def test_version_as_a_flag_says_the_same() -> None:
    assert invoke("--version").output == invoke("version").output
    assert invoke("--version").exit_code == 0


def test_a_configmap_with_a_broken_line_is_status_2_with_file_and_line(tmp_path: Any) -> None:
    path = tmp_path / "params.yaml"
    path.write_text("data:\n  a: [\n")
    result = invoke("principal", f"--config={path}")
    assert result.exit_code == 2
    assert f"{path}:" in result.stderr
    assert "Traceback" not in result.stderr


def test_both_components_have_a_command() -> None:
    assert {PRINCIPAL.name, AGENT.name} <= set(cli.commands)
