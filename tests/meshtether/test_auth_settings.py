"""What `--auth` goes together with, by argocd-agent's table row by row (spec hub-protocol §2.2, §10.2)."""

from pathlib import Path

import pytest

from meshtether.commands.auth_settings import auth_notices
from meshtether.commands.principal_settings import build_principal
from meshtether.options.model import OptionsError, Resolved
from meshtether.options.resolve import resolve
from meshtether.options.table import PRINCIPAL
from principal.config import Attest, PrincipalConfig

HEADER = r"header:x-id:^(.+)$"
ISTIO = "identity:x-forwarded-client-cert:spiffe://cluster.local/ns/argocd-agents/sa/{agent}"
MTLS = "mtls:subject:CN=([^,]+)"


@pytest.fixture
def users(tmp_path: Path) -> Path:
    path = tmp_path / "users"
    path.write_text("# nobody yet\n")
    return path


@pytest.fixture
def roots(tmp_path: Path) -> Path:
    path = tmp_path / "ca.crt"
    path.write_text("pem")
    return path


def given(*arguments: str, **env: str) -> Resolved:
    return resolve(PRINCIPAL, ("--store=store", *arguments), env)


def build(*arguments: str) -> PrincipalConfig:
    return build_principal(given(*arguments))


def problems(*arguments: str, **env: str) -> str:
    with pytest.raises(OptionsError) as caught:
        build_principal(given(*arguments, **env))
    return str(caught.value)


@pytest.mark.parametrize("auth", [HEADER, ISTIO])
def test_a_header_goes_with_plaintext(auth: str) -> None:
    config = build(f"--auth={auth}", "--insecure-plaintext=true")
    assert (config.auth, config.insecure_plaintext) == (auth, True)


@pytest.mark.parametrize("spec", [MTLS, "mtls:uri:sa/([^/]+)$", "mtls:CN=([^,]+)"])
def test_mtls_goes_with_tls_and_requires_certificates(spec: str, roots: Path) -> None:
    config = build(f"--auth={spec}", "--insecure-tls-generate", f"--root-ca-path={roots}")
    assert (config.auth, config.require_client_certs, config.root_ca_path) == (spec, True, roots)


def test_userpass_goes_with_tls(users: Path) -> None:
    config = build(f"--auth=userpass:{users}", "--insecure-tls-generate")
    assert not config.require_client_certs
    assert auth_notices(given(f"--auth=userpass:{users}", "--insecure-tls-generate")) == []


def test_userpass_goes_with_plaintext_and_that_is_worth_a_warning(users: Path) -> None:
    arguments = (f"--auth=userpass:{users}", "--insecure-plaintext=true")
    assert build(*arguments).insecure_plaintext
    [notice] = auth_notices(given(*arguments))
    assert notice.message == "passwords and tokens arrive in plaintext"


@pytest.mark.parametrize("auth", [HEADER, ISTIO])
def test_a_header_does_not_go_with_tls(auth: str) -> None:
    told = problems(f"--auth={auth}")
    assert "header-based authentication requires --insecure-plaintext=true" in told
    assert "option --insecure-plaintext: 'false' by default" in told
    assert len(told.splitlines()) == 1


def test_mtls_does_not_go_with_plaintext() -> None:
    told = problems("--insecure-plaintext", ARGOCD_PRINCIPAL_AUTH="mtls:CN=([^,]+)")
    assert "mtls authentication cannot be used with --insecure-plaintext" in told
    assert "environment variable ARGOCD_PRINCIPAL_AUTH (option --auth): 'mtls:CN=([^,]+)'" in told


@pytest.mark.parametrize("method", ["mtls", "userpass"])
def test_the_kernel_is_not_asked_about_agents_that_come_from_elsewhere(method: str, users: Path, roots: Path) -> None:
    auth = MTLS if method == "mtls" else f"userpass:{users}"
    assert build(f"--auth={auth}", "--insecure-tls-generate", f"--root-ca-path={roots}").attest is Attest.OFF


@pytest.mark.parametrize(
    ("auth", "told"),
    [
        ("mtls:", "the regex is empty, and would match nobody"),
        ("mtls:subject:", "the regex is empty"),
        ("mtls:uri:", "the regex is empty"),
        ("mtls:subject:CN=agent", "has no group"),
        ("mtls:uri:(", "RE2 refuses the regex"),
        ("mtls:(?=a)(b)", "RE2 refuses the regex"),
        ("mtls:uri:(" + "a" * 600 + ")", "at most 512"),
        ("mtls:uri:((a{100}){100})", "RE2 refuses the regex"),
        ("userpass:", "the file of users is missing"),
        ("userpass:/nowhere/users", "No such file"),
        ("mtsl:CN=(.)", "did you mean 'mtls'?"),
        ("userpas:/x", "did you mean 'userpass'?"),
    ],
)
def test_a_method_that_cannot_be_used_says_why(auth: str, told: str, roots: Path) -> None:
    found = problems(f"--auth={auth}", "--insecure-tls-generate", f"--root-ca-path={roots}")
    assert told in found
    assert "flag --auth" in found


def test_the_old_spelling_of_mtls_is_worth_a_hint() -> None:
    [notice] = auth_notices(given("--auth=mtls:CN=([^,]+)"))
    assert notice.facts["better"] == "mtls:subject:CN=([^,]+)"


@pytest.mark.parametrize("auth", [MTLS, "mtls:uri:(a)", HEADER, ISTIO])
def test_other_spellings_are_not(auth: str) -> None:
    assert auth_notices(given(f"--auth={auth}")) == []
