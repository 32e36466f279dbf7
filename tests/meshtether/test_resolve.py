"""Flag over environment over ConfigMap over default, and where each value came from."""

import itertools
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from meshtether.options.model import HIDDEN, OptionsError, Origin, Resolved, Setting
from meshtether.options.resolve import NO_EFFECT, resolve
from meshtether.options.table import AGENT, PRINCIPAL

SOURCES = ("flag", "environment", "config")


def settings(tmp_path: Path, *, flag: str = "", env: str = "", config: str = "") -> Setting:
    """The principal's listening port, each source given where it is not empty."""
    arguments = [f"--listen-port={flag}"] if flag else []
    if config:
        path = tmp_path / "params.yaml"
        path.write_text(f"# settings\nprincipal.listen.port: '{config}'\n")
        arguments.append(f"--config={path}")
    variables = {"ARGOCD_PRINCIPAL_LISTEN_PORT": env} if env else {}
    return resolve(PRINCIPAL, arguments, variables).settings["listen-port"]


@pytest.mark.parametrize("given", list(itertools.product([True, False], repeat=3)))
def test_the_strongest_source_wins(tmp_path: Path, given: tuple[bool, bool, bool]) -> None:
    flag, env, config = (text if there else "" for text, there in zip(("1", "2", "3"), given, strict=True))
    found = settings(tmp_path, flag=flag, env=env, config=config)
    assert found.value == int(flag or env or config or "8443")
    expected = next((name for name, there in zip(SOURCES, given, strict=True) if there), "default")
    assert found.source.origin == expected


def test_every_source_says_where_it_is(tmp_path: Path) -> None:
    assert str(settings(tmp_path, flag="1").source) == "flag --listen-port"
    assert str(settings(tmp_path, env="1").source) == "environment variable ARGOCD_PRINCIPAL_LISTEN_PORT"
    place = f"{tmp_path / 'params.yaml'}:2"
    assert str(settings(tmp_path, config="1").source) == f"ConfigMap key principal.listen.port at {place}"
    assert str(settings(tmp_path).source) == "default"


def test_a_short_flag_is_named_as_it_was_written() -> None:
    assert str(resolve(PRINCIPAL, ["-n", "argocd"], {}).settings["namespace"].source) == "flag -n"


def test_an_empty_variable_counts_as_unset(tmp_path: Path) -> None:
    found = resolve(PRINCIPAL, [], {"ARGOCD_PRINCIPAL_LISTEN_PORT": ""}).settings["listen-port"]
    assert found.source.origin is Origin.DEFAULT


def test_an_empty_flag_is_an_empty_value() -> None:
    resolved = resolve(PRINCIPAL, ["--listen-host="], {"ARGOCD_PRINCIPAL_LISTEN_HOST": "10.0.0.1"})
    assert resolved.text("listen-host") == ""
    assert resolved.given("listen-host")


def test_the_last_of_a_repeated_flag_counts() -> None:
    assert resolve(PRINCIPAL, ["--listen-port=1", "--listen-port=2"], {}).number("listen-port") == 2


def test_a_lists_flags_add_up_and_replace_the_environment() -> None:
    resolved = resolve(
        PRINCIPAL,
        ["--allowed-namespaces=a,b", "--allowed-namespaces", "c"],
        {"ARGOCD_PRINCIPAL_ALLOWED_NAMESPACES": "z"},
    )
    assert resolved.items("allowed-namespaces") == ("a", "b", "c")


def test_the_file_may_be_named_by_the_environment(tmp_path: Path) -> None:
    path = tmp_path / "params.yaml"
    path.write_text("agent.mode: managed\n")
    assert resolve(AGENT, [], {"MESHTETHER_CONFIG": str(path)}).text("agent-mode") == "managed"


def test_a_bad_value_that_is_overruled_does_no_harm() -> None:
    resolved = resolve(PRINCIPAL, ["--listen-port=1"], {"ARGOCD_PRINCIPAL_LISTEN_PORT": "many"})
    assert resolved.number("listen-port") == 1


def test_unknown_variables_are_ignored() -> None:
    resolve(PRINCIPAL, [], {"ARGOCD_PRINCIPAL_LISTEN_PROT": "x", "MESHTETHER_ADMIN_PORT_8090_TCP": "tcp://10.0.0.1"})


@pytest.mark.parametrize(
    ("arguments", "env", "parts"),
    [
        (
            ["--keepalive-min-interval=30"],
            {},
            ["flag --keepalive-min-interval: '30': a number has no unit", "accepted: numbers with a unit", "'30s'?"],
        ),
        (
            [],
            {"ARGOCD_PRINCIPAL_KEEP_ALIVE_MIN_INTERVAL": "soon"},
            [
                "environment variable ARGOCD_PRINCIPAL_KEEP_ALIVE_MIN_INTERVAL (option --keepalive-min-interval)",
                "'soon'",
                "accepted: numbers",
            ],
        ),
        (
            [],
            {"ARGOCD_PRINCIPAL_INSECURE_PLAINTEXT": "yes"},
            ["'yes'", "accepted: true, false", "did you mean 'true'?"],
        ),
        ([], {"MESHTETHER_ADMIN_PORT": "tcp://10.0.0.1:8090"}, ["MESHTETHER_ADMIN_PORT", "a whole number from 0"]),
        (["--log-format=xml"], {}, ["--log-format", "'xml'", "accepted: text, json"]),
        (["--listen-port="], {}, ["flag --listen-port: ''", "accepted: a whole number"]),
        ([], {"ARGOCD_AGENT_SEND_QUEUE_SIZE": "-1"}, ["environment variable ARGOCD_AGENT_SEND_QUEUE_SIZE: '-1'"]),
        (["--listen-port=1\x1b[2J\n"], {}, [r"'1\x1b[2J\n'"]),
        (["--listen-port=" + "9" * 5000], {}, ["… (5000 characters)"]),
    ],
)
def test_a_bad_value_names_source_key_value_and_what_is_accepted(
    arguments: Sequence[str], env: Mapping[str, str], parts: Sequence[str]
) -> None:
    with pytest.raises(OptionsError) as caught:
        resolve(PRINCIPAL, arguments, env)
    (problem,) = caught.value.problems
    assert [part for part in parts if part not in str(problem)] == []


def test_a_bad_value_of_a_file_names_file_and_line(tmp_path: Path) -> None:
    with pytest.raises(OptionsError) as caught:
        settings(tmp_path, config="70000")
    told = f"ConfigMap key principal.listen.port at {tmp_path / 'params.yaml'}:2 (option --listen-port): '70000'"
    assert told in str(caught.value)


def test_all_problems_are_told_at_once() -> None:
    with pytest.raises(OptionsError) as caught:
        resolve(PRINCIPAL, ["--xyzzy", "--listen-port=no"], {"ARGOCD_PRINCIPAL_EVENT_PROCESSORS": "0"})
    assert len(caught.value.problems) == 3


def notices(resolved: Resolved) -> list[dict[str, str]]:
    assert {notice.message for notice in resolved.notices} <= {NO_EFFECT}
    return [dict(notice.facts) for notice in resolved.notices]


def test_an_option_without_effect_gives_one_notice_that_names_its_source() -> None:
    assert notices(resolve(AGENT, ["--enable-websocket"], {"REDIS_ADDR": "redis:1"})) == [
        {
            "option": "--enable-websocket",
            "value": "true",
            "source": "flag --enable-websocket",
            "because": "WebSocket comes in a later release",
        },
        {
            "option": "--redis-addr",
            "value": "redis:1",
            "source": "environment variable REDIS_ADDR",
            "because": "Redis comes in a later release",
        },
    ]


def test_an_option_without_effect_that_is_set_to_its_default_gives_none() -> None:
    resolved = resolve(
        PRINCIPAL, ["--redis-compression-type=gzip"], {"ARGOCD_PRINCIPAL_HA_FAILOVER_TIMEOUT": "30000ms"}
    )
    assert notices(resolved) == []


def test_a_password_is_shown_nowhere() -> None:
    resolved = resolve(AGENT, ["--redis-password=hunter2"], {})
    assert resolved.settings["redis-password"].text == HIDDEN
    assert "hunter2" not in str(resolved.notices[0])
    assert resolve(AGENT, [], {}).settings["redis-password"].text == ""


def test_an_accessor_of_the_wrong_type_is_a_mistake_of_ours() -> None:
    resolved = resolve(PRINCIPAL, [], {})
    with pytest.raises(TypeError):
        resolved.flag("listen-port")
    with pytest.raises(TypeError):
        resolved.number("insecure-plaintext")
    with pytest.raises(TypeError):
        resolved.items("auth")
