"""What the options about sockets come to, and what gRPC's server can't do."""

import pytest

from meshtether.commands.principal_settings import build_principal
from meshtether.commands.socket_settings import TCP, socket_notices
from meshtether.options.model import OptionsError, Resolved
from meshtether.options.resolve import resolve
from meshtether.options.table import PRINCIPAL
from principal.config import PrincipalConfig

ISTIO = "identity:x-forwarded-client-cert:spiffe://cluster.local/ns/argocd-agents/sa/{agent}"
PLAIN = ("--insecure-plaintext", "--store=store", f"--auth={ISTIO}")
OWN, GRPCIO = "--server-transport=own", "--server-transport=grpcio"


def given(*arguments: str, **env: str) -> Resolved:
    return resolve(PRINCIPAL, (*PLAIN, *arguments), env)


def build(*arguments: str, **env: str) -> PrincipalConfig:
    return build_principal(given(*arguments, **env))


def problems(*arguments: str, **env: str) -> str:
    with pytest.raises(OptionsError) as caught:
        build(*arguments, **env)
    return str(caught.value)


def timers(config: PrincipalConfig) -> tuple[float, ...]:
    return (
        config.tcp_keepalive_time,
        config.tcp_keepalive_interval,
        config.tcp_keepalive_probes,
        config.tcp_user_timeout,
    )


def test_by_default_a_dead_peer_is_given_up_after_a_minute_by_both_timers() -> None:
    time, interval, probes, user_timeout = timers(build(OWN))
    assert time + interval * probes == user_timeout == 60.0


def test_every_timer_arrives_by_flag_variable_and_key_of_its_own_name() -> None:
    values = ("45s", "7s", "4", "1m13.5s")
    arguments = [f"--{name}={value}" for name, value in zip(TCP, values, strict=True)]
    assert timers(build(OWN, *arguments)) == (45.0, 7.0, 4, 73.5)
    variables = {f"MESHTETHER_{name.upper().replace('-', '_')}": value for name, value in zip(TCP, values, strict=True)}
    assert timers(build(OWN, **variables)) == (45.0, 7.0, 4, 73.5)
    assert {key for name in TCP for key in PRINCIPAL.by_flag()[name].keys} == {f"meshtether.{name}" for name in TCP}


def test_0_leaves_each_to_the_kernel() -> None:
    assert timers(build(OWN, *(f"--{name}=0" for name in TCP))) == (0.0, 0.0, 0, 0.0)


@pytest.mark.parametrize(
    ("argument", "told"),
    [
        ("--tcp-keepalive-time=1500ms", "not in steps of 1s"),
        ("--tcp-keepalive-time=500ms", "less than 1s"),
        ("--tcp-keepalive-time=9h6m8s", "more than 9h6m7s"),
        ("--tcp-keepalive-interval=30", "did you mean '30s'?"),
        ("--tcp-keepalive-probes=128", "out of range 0…127"),
        ("--tcp-user-timeout=500us", "less than 1ms"),
        ("--tcp-user-timeout=600h", "more than 596h31m23.647s"),
        ("--tcp-user-timeout=-1s", "negative"),
    ],
)
def test_what_no_kernel_takes_is_refused_with_what_would_be(argument: str, told: str) -> None:
    found = problems(OWN, argument)
    assert f"flag {argument.partition('=')[0]}: '{argument.partition('=')[2]}'" in found
    assert told in found
    assert "accepted: " in found


@pytest.mark.parametrize("name", TCP)
def test_under_grpcs_server_each_is_refused_by_name(name: str) -> None:
    default = PRINCIPAL.by_flag()[name].default
    told = problems(GRPCIO, f"--{name}={default}")
    assert f"flag --{name}: '{default}': gRPC's server keeps its sockets to itself" in told
    assert "or set --server-transport=own" in told
    variable = f"MESHTETHER_{name.upper().replace('-', '_')}"
    assert f"environment variable {variable} (option --{name})" in problems(GRPCIO, **{variable: default})


def test_another_server_than_the_two_is_refused() -> None:
    assert "accepted: own, grpcio" in problems("--server-transport=envoy")


@pytest.mark.parametrize(
    ("arguments", "facts"),
    [
        ((), None),
        (("--tcp-keepalive-time=20s", "--tcp-user-timeout=50s"), None),
        (("--tcp-user-timeout=0",), None),
        (("--tcp-keepalive-time=0",), None),
        (("--tcp-user-timeout=55s",), None),
        (("--tcp-user-timeout=20s",), ("40s", "1m0s")),
        (("--tcp-user-timeout=2m",), ("2m0s", "1m0s")),
        (("--tcp-user-timeout=61s",), ("1m10s", "1m0s")),
        (("--tcp-keepalive-probes=0",), ("1m0s", "2m0s")),
        (("--tcp-keepalive-interval=0",), ("1m45s", "4m15s")),
    ],
)
def test_a_user_timeout_that_outvotes_the_probes_is_told_with_both_times(
    arguments: tuple[str, ...], facts: tuple[str, str] | None
) -> None:
    told = [(each.facts["dead_after"], each.facts["by_probes"]) for each in socket_notices(given(OWN, *arguments))]
    assert told == ([] if facts is None else [facts])


def test_timers_of_a_unix_socket_are_named_as_of_no_effect() -> None:
    unix = "--listen-host=unix:/run/hub.sock"
    assert socket_notices(given(OWN, unix)) == []
    [notice] = socket_notices(given(OWN, unix, "--tcp-user-timeout=5s", "--tcp-keepalive-time=9s"))
    assert notice.facts["options"] == "--tcp-keepalive-time, --tcp-user-timeout"


def test_websocket_is_the_own_doors_and_told_to_be_of_no_effect_elsewhere() -> None:
    assert build(OWN, "--enable-websocket=true").enable_websocket
    assert socket_notices(given(OWN, "--enable-websocket=true")) == []
    [notice] = socket_notices(given(GRPCIO, "--enable-websocket=true"))
    assert notice.facts["option"] == "--enable-websocket"
    assert socket_notices(given(GRPCIO, "--enable-websocket=false")) == []
