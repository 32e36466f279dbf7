"""Who may connect at all, by what the options come to together."""

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


@pytest.mark.parametrize("asked", ["--sidecar-uid=1337", "--attest=netns"])
def test_what_a_unix_socket_cannot_tell_under_grpcs_server_is_refused_by_name(asked: str) -> None:
    told = problems("--listen-host=unix:/run/hub.sock", asked)
    assert asked.partition("=")[0] in told
    assert "gRPC" in told


@pytest.mark.parametrize("host", ["unix:", "unix:hub.sock", "unix:./hub.sock", "unix:/", "unix://"])
def test_a_unix_socket_needs_an_absolute_path(host: str) -> None:
    assert "--listen-host" in problems(f"--listen-host={host}")
