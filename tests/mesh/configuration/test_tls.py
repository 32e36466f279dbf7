import pytest

from mesh.configuration.tls import CHECKS
from mesh.findings import Level
from tests.mesh.texts import codes, findings, pod

RULE = "--auth=identity:x-forwarded-client-cert:spiffe://cluster.local/ns/agents/sa/{agent}"
PLAIN = "--insecure-plaintext"


@pytest.mark.parametrize(
    ("args", "found"),
    [
        ([PLAIN, RULE, "--listen-host=127.0.0.1"], []),
        ([RULE, "--listen-host=127.0.0.1"], ["MT1902"]),
        (["--auth=mtls:CN=(.+)"], []),
        ([PLAIN, RULE], ["MT1912"]),
        ([PLAIN, RULE, "--listen-host=10.0.0.1"], []),
    ],
)
def test_a_principal_behind_a_proxy_speaks_plaintext_on_loopback(args: list[str], found: list[str]) -> None:
    assert codes(CHECKS, pod("principal", *args)) == found


@pytest.mark.parametrize(("image", "level"), [("argocd-agent", Level.WARNING), ("meshtether", Level.INFO)])
def test_on_every_interface_it_matters_whether_the_principal_looks_who_calls(image: str, level: Level) -> None:
    told = findings(CHECKS, pod("principal", PLAIN, RULE, image=image))
    assert [(each.code, each.level) for each in told] == [("MT1912", level)]


@pytest.mark.parametrize(
    ("args", "found"),
    [
        (["--creds=header:", PLAIN], []),
        (["--creds=header:"], []),
        (["--creds=header:", "--insecure-plaintext=false"], ["MT1902"]),
        (["--creds=header:", "--insecure-tls"], ["MT1901"]),
        (["--creds=header:", "--insecure-tls", PLAIN], []),
        (["--creds=mtls:"], []),
    ],
)
def test_an_agent_beside_a_proxy_speaks_plaintext(args: list[str], found: list[str]) -> None:
    assert codes(CHECKS, pod("agent", *args)) == found


def test_argocd_agents_agent_speaks_tls_unless_it_is_told_not_to() -> None:
    assert codes(CHECKS, pod("agent", "--creds=header:", image="argocd-agent")) == ["MT1902"]


def test_an_agent_of_a_principal_without_tls_is_told_without_a_mesh_too() -> None:
    principal = pod("principal", PLAIN, "--auth=userpass:/x")
    assert codes(CHECKS, principal, pod("agent", "--creds=userpass:/x")) == ["MT1902"]
