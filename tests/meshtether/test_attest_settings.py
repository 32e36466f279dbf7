"""Who may connect at all, by what the options come to together."""

from pathlib import Path

import pytest

from meshtether.commands.principal import notices
from meshtether.commands.principal_settings import build_principal
from meshtether.options.model import OptionsError
from meshtether.options.resolve import resolve
from meshtether.options.table import PRINCIPAL
from principal.config import Attest, PrincipalConfig

ISTIO = "identity:x-forwarded-client-cert:spiffe://cluster.local/ns/argocd-agents/sa/{agent}"
LINKERD = "header:l5d-client-id:^([^.]+)\\..*"
PLAIN = ("--insecure-plaintext", "--store=store")


def build(*arguments: str, auth: str = ISTIO) -> PrincipalConfig:
    return build_principal(resolve(PRINCIPAL, (*PLAIN, f"--auth={auth}", *arguments), {}))


def problems(*arguments: str) -> str:
    with pytest.raises(OptionsError) as caught:
        build(*arguments)
    return str(caught.value)


@pytest.mark.parametrize("auth", [ISTIO, LINKERD])
@pytest.mark.parametrize("host", ["", "127.0.0.1", "0.0.0.0", "10.0.0.1", "::1", "principal.example"])
def test_a_header_is_believed_only_from_our_own_network_namespace_unless_somebody_says_otherwise(
    auth: str, host: str
) -> None:
    config = build(f"--listen-host={host}", auth=auth)
    assert (config.attest, config.sidecar_uids) == (Attest.NETNS, ())
    assert not notices(config)


def test_the_sidecars_user_ids_arrive_as_numbers() -> None:
    assert build("--sidecar-uid=1337,2102").sidecar_uids == (1337, 2102)
    assert build("--sidecar-uid=1337", "--sidecar-uid=2102").sidecar_uids == (1337, 2102)


@pytest.mark.parametrize(
    "text", ["envoy", "-1", "+1", "01", "4294967295", "9" * 30, "1337;2102", "65534", "\N{DIGIT ONE}a"]
)
def test_what_is_no_user_id_is_refused_with_what_would_be(text: str) -> None:
    with pytest.raises(OptionsError, match="1337,2102"):
        build(f"--sidecar-uid={text}")


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost", "::ffff:127.0.0.1"])
def test_attestation_can_be_switched_off_on_loopback_and_that_is_worth_a_warning(host: str) -> None:
    config = build("--attest=off", f"--listen-host={host}")
    assert config.attest is Attest.OFF
    [notice] = notices(config)
    assert notice.message == "connections are not attested"


def test_nobody_is_warned_of_forged_headers_where_passwords_are_asked_for(tmp_path: Path) -> None:
    (tmp_path / "users").touch()
    config = build("--listen-host=127.0.0.1", auth=f"userpass:{tmp_path / 'users'}")
    assert config.attest is Attest.OFF
    assert not notices(config)


@pytest.mark.parametrize("host", ["", "0.0.0.0", "::", "10.0.0.1", "principal.example", "127.0.0.1.example"])
def test_a_header_is_never_believed_from_anywhere(host: str) -> None:
    told = problems("--attest=off", f"--listen-host={host}")
    assert "--attest" in told
    assert "claim to be any agent" in told


def test_user_ids_without_attestation_are_a_contradiction() -> None:
    assert "--sidecar-uid" in problems("--attest=off", "--listen-host=127.0.0.1", "--sidecar-uid=1337")


def test_taking_root_for_the_sidecar_is_worth_a_warning() -> None:
    [notice] = notices(build("--sidecar-uid=0"))
    assert "user 0" in notice.message


def test_a_unix_socket_is_guarded_by_its_file() -> None:
    config = build("--listen-host=unix:/run/hub.sock")
    assert (config.attest, config.sidecar_uids) == (Attest.SOCKET_FILE, ())
    assert not notices(config)


def test_who_opened_a_unix_socket_can_not_be_asked_under_grpcs_server_which_is_said_by_name() -> None:
    told = problems("--listen-host=unix:/run/hub.sock", "--server-transport=grpcio", "--sidecar-uid=1337")
    assert "--sidecar-uid" in told
    assert "gRPC" in told
    assert "--server-transport=own" in told


def test_in_the_own_door_a_unix_socket_tells_its_peers_user() -> None:
    config = build("--listen-host=unix:/run/hub.sock", "--server-transport=own", "--sidecar-uid=1337,2102")
    assert (config.attest, config.sidecar_uids) == (Attest.SOCKET_FILE, (1337, 2102))
    assert not notices(config)


@pytest.mark.parametrize("transport", ["own", "grpcio"])
def test_a_unix_socket_is_of_no_network_namespace(transport: str) -> None:
    told = problems("--listen-host=unix:/run/hub.sock", f"--server-transport={transport}", "--attest=netns")
    assert "flag --attest: 'netns': a unix socket has no ends in a network namespace" in told
    assert "--sidecar-uid" in told


def test_user_ids_of_a_unix_socket_without_attestation_are_a_contradiction() -> None:
    unix = ("--listen-host=unix:/run/hub.sock", "--server-transport=own")
    assert "--attest=off asks the kernel nothing" in problems(*unix, "--attest=off", "--sidecar-uid=1337")
    assert build(*unix, "--attest=off").attest is Attest.SOCKET_FILE


@pytest.mark.parametrize("host", ["unix:", "unix:hub.sock", "unix:./hub.sock", "unix:/", "unix://"])
def test_a_unix_socket_needs_an_absolute_path(host: str) -> None:
    assert "--listen-host" in problems(f"--listen-host={host}")


# Peers beyond the pod

POD = "--listen-host=10.42.7.7"


def test_networks_of_peers_arrive_as_networks_with_a_warning_that_says_what_they_mean() -> None:
    config = build(POD, "--header-peers=10.42.0.0/16,fd00:42::/48", "--header-peers=10.43.0.9")
    assert list(map(str, config.header_peers)) == ["10.42.0.0/16", "fd00:42::/48", "10.43.0.9/32"]
    assert config.attest is Attest.NETNS
    [notice] = notices(config)
    assert notice.facts["networks"] == "10.42.0.0/16,fd00:42::/48,10.43.0.9/32"
    assert "claim to be any agent" in notice.facts["because"]
    assert "NetworkPolicy" in notice.facts["remedy"]


def test_public_networks_of_peers_are_worth_a_warning_of_their_own() -> None:
    told = [notice.facts["networks"] for notice in notices(build(POD, "--header-peers=10.0.0.0/8,203.0.0.0/8"))]
    assert told == ["10.0.0.0/8,203.0.0.0/8", "203.0.0.0/8"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("0.0.0.0/0", "too wide"),
        ("::/0", "too wide"),
        ("128.0.0.0/1", "too wide"),
        ("10.0.0.0/8,0.0.0.0/0", "'0.0.0.0/0': too wide"),
        ("10.1.0.0/8", "that network is 10.0.0.0/8"),
        ("127.0.0.0/8", "loopback"),
        ("::1", "loopback"),
        ("::ffff:10.0.0.0/104", "IPv4 network"),
        ("10.0.0.0/255.0.0.0", "number of bits"),
        ("gateway.example", "no network"),
        ("10.0.0.0/8;10.1.0.0/16", "number of bits"),
        (",".join(["10.0.0.1"] * 65), "at most 64"),
        ("9" * 500, "at most 64"),
    ],
)
def test_networks_that_are_none_or_too_wide_are_refused_with_what_would_be_taken(text: str, told: str) -> None:
    problem = problems(POD, f"--header-peers={text}")
    assert told in problem
    assert "10.42.0.0/16" in problem


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--attest=off", "--listen-host=127.0.0.1"), "--attest=off"),
        (("--listen-host=127.0.0.1",), "nobody beyond this pod reaches 127.0.0.1"),
        (("--listen-host=unix:/run/hub.sock",), "unix socket"),
    ],
)
def test_networks_of_peers_that_mean_nothing_are_refused(arguments: tuple[str, ...], told: str) -> None:
    problem = problems("--header-peers=10.0.0.0/8", *arguments)
    assert "--header-peers" in problem
    assert told in problem


def test_networks_of_peers_are_refused_where_no_header_is_believed() -> None:
    arguments = ("--auth=userpass:/dev/null", "--insecure-plaintext", "--store=s", "--header-peers=10.0.0.0/8")
    with pytest.raises(OptionsError, match="userpass believes no header"):
        build_principal(resolve(PRINCIPAL, arguments, {}))


def test_attest_off_on_an_open_port_names_the_way_for_a_gateway() -> None:
    assert "--header-peers" in problems("--attest=off", "--listen-host=10.42.7.7")
