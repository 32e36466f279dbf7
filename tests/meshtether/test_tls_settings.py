"""What the options about TLS come to, and what gRPC's server can't do."""

from pathlib import Path

import pytest

from meshtether.commands.principal_settings import build_principal
from meshtether.commands.tls_settings import OWN_DOOR, tls_notices
from meshtether.options.model import OptionsError, Resolved
from meshtether.options.resolve import resolve
from meshtether.options.table import PRINCIPAL
from principal.config import PrincipalConfig

MTLS = "--auth=mtls:subject:CN=([^,]+)"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "file"
    path.write_text("pem")
    return path


def given(*arguments: str, **env: str) -> Resolved:
    return resolve(PRINCIPAL, ("--store=store", *arguments), env)


def build(*arguments: str) -> PrincipalConfig:
    return build_principal(given(*arguments))


def problems(*arguments: str) -> str:
    with pytest.raises(OptionsError) as caught:
        build(*arguments)
    return str(caught.value)


def test_every_setting_arrives(file: Path) -> None:
    config = build(
        MTLS,
        f"--tls-cert={file}",
        f"--tls-key={file}",
        "--insecure-tls-generate",
        f"--root-ca-path={file}",
        "--require-client-certs",
        "--client-cert-subject-match",
        f"--tls-blocklist={file}",
        "--tls-min-version=tls1.2",
        "--tls-max-version=tls1.3",
    )
    assert (config.tls_cert, config.tls_key, config.root_ca_path, config.tls_blocklist) == (file,) * 4
    assert config.insecure_tls_generate
    assert config.require_client_certs
    assert config.client_cert_subject_match


def test_tls_needs_a_certificate(file: Path) -> None:
    told = problems(f"--auth=userpass:{file}")
    assert "option --tls-cert: not set: TLS needs a certificate" in told
    assert "--insecure-tls-generate" in told
    assert "--insecure-plaintext" in told


@pytest.mark.parametrize(("one", "other"), [("tls-cert", "tls-key"), ("tls-key", "tls-cert")])
def test_a_certificate_and_its_key_go_together(file: Path, one: str, other: str) -> None:
    assert f"--{other} is not set" in problems(f"--auth=userpass:{file}", f"--{one}={file}")


@pytest.mark.parametrize("name", ["tls-cert", "tls-key", "root-ca-path", "tls-blocklist"])
def test_a_file_that_cannot_be_read_is_named(file: Path, name: str) -> None:
    files = {each: str(file) for each in ("tls-cert", "tls-key", "root-ca-path", "tls-blocklist")}
    told = problems(MTLS, *(f"--{key}={value}" for key, value in (files | {name: "/nowhere/file"}).items()))
    assert f"flag --{name}: '/nowhere/file': No such file or directory" in told


@pytest.mark.parametrize("asked", ["mtls", "--require-client-certs"])
def test_required_certificates_need_somebody_who_vouches_for_them(file: Path, asked: str) -> None:
    method = [MTLS] if asked == "mtls" else [f"--auth=userpass:{file}", asked]
    told = problems(*method, "--insecure-tls-generate")
    assert "option --root-ca-path: not set: client certificates are required" in told


def test_a_blocklist_needs_certificates(file: Path) -> None:
    told = problems(f"--auth=userpass:{file}", "--insecure-tls-generate", f"--tls-blocklist={file}")
    assert "agents are not asked for certificates" in told


def test_a_blocklist_behind_a_sidecar_would_block_nobody(file: Path) -> None:
    told = problems("--auth=header:x-id:(.+)", "--insecure-plaintext", f"--tls-blocklist={file}")
    assert "no certificate is ever seen" in told


@pytest.mark.parametrize(
    ("argument", "told"),
    [
        (
            "--tls-min-version=tls1.3",
            f"gRPC's server takes tls1.2 and tls1.3; {OWN_DOOR}",
        ),
        (
            "--tls-min-version=tls1.1",
            f"gRPC's server takes tls1.2 and tls1.3; {OWN_DOOR}",
        ),
        ("--tls-min-version=1.3", "no version of TLS (tls1.0, tls1.1, tls1.2, tls1.3)"),
        ("--tls-max-version=tls1.2", "--server-transport=own lets you choose"),
        ("--tls-max-version=new", "no version of TLS"),
        ("--tls-ciphersuites=TLS_AES_128_GCM_SHA256", "gRPC's server has its own; --server-transport=own"),
    ],
)
def test_what_grpcs_server_cannot_do_is_refused_by_name(file: Path, argument: str, told: str) -> None:
    found = problems(f"--auth=userpass:{file}", "--insecure-tls-generate", "--server-transport=grpcio", argument)
    assert told in found
    assert f"flag {argument.partition('=')[0]}" in found


@pytest.mark.parametrize(
    "argument", ["--tls-min-version=tls1.3", "--tls-max-version=tls1.2", "--tls-ciphersuites=X", "--tls-cert=/nowhere"]
)
def test_behind_a_sidecar_none_of_it_matters(argument: str) -> None:
    config = build("--auth=header:x-id:(.+)", "--insecure-plaintext", argument)
    assert config.tls_cert is None


def test_that_tls_1_2_is_taken_too_is_said_unless_somebody_asked_for_it(file: Path) -> None:
    arguments = (f"--auth=userpass:{file}", "--insecure-tls-generate", "--server-transport=grpcio")
    [notice] = tls_notices(given(*arguments))
    assert notice.message == "TLS 1.2 is accepted beside TLS 1.3"
    assert tls_notices(given(*arguments, "--tls-min-version=tls1.2")) == []


OWN = ("--insecure-tls-generate", "--server-transport=own")
SUITES = "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"


def test_the_own_door_takes_versions_and_suites(file: Path) -> None:
    userpass = f"--auth=userpass:{file}"
    config = build(userpass, *OWN)
    assert (config.tls_min_version, config.tls_max_version, config.tls_ciphersuites) == ("tls1.3", "", ())
    chosen = ("--tls-min-version=tls1.2", "--tls-max-version=tls1.2", f"--tls-ciphersuites={SUITES}")
    config = build(userpass, *OWN, *chosen)
    assert (config.tls_min_version, config.tls_max_version) == ("tls1.2", "tls1.2")
    assert config.tls_ciphersuites == tuple(SUITES.split(","))
    assert tls_notices(given(userpass, *OWN)) == tls_notices(given(userpass, *OWN, *chosen)) == []


@pytest.mark.parametrize(
    ("argument", "told"),
    [
        ("--tls-min-version=tls1.1", "HTTP/2 forbids versions of TLS before 1.2; accepted: tls1.2, tls1.3"),
        ("--tls-min-version=", "no version of TLS"),
        ("--tls-max-version=tls1.0", "HTTP/2 forbids versions of TLS before 1.2; accepted: tls1.2, tls1.3, or not"),
        ("--tls-max-version=TLS1.3", "no version of TLS (tls1.0, tls1.1, tls1.2, tls1.3)"),
        ("--tls-max-version=tls1.2", "older than --tls-min-version, which is tls1.3; accepted: tls1.3 or newer"),
        ("--tls-ciphersuites=TLS_AES_128_GCM_SHA256", "of TLS 1.3, whose suites can't be chosen; accepted: TLS_ECDHE"),
        ("--tls-ciphersuites=TLS_RSA_WITH_AES_128_CBC_SHA", "is no suite that HTTP/2 permits; accepted: TLS_ECDHE"),
        (f"--tls-ciphersuites=ECDHE-RSA-AES128-GCM-SHA256,{SUITES}", "ECDHE-RSA-AES128-GCM-SHA256 is no suite"),
    ],
)
def test_what_the_own_door_does_not_offer_is_refused_by_name(file: Path, argument: str, told: str) -> None:
    found = problems(f"--auth=userpass:{file}", *OWN, argument)
    assert told in found
    assert f"flag {argument.partition('=')[0]}" in found
    assert len(found.splitlines()) == 1


def test_suites_that_no_connection_could_use_are_named(file: Path) -> None:
    [notice] = tls_notices(given(f"--auth=userpass:{file}", *OWN, f"--tls-ciphersuites={SUITES}"))
    assert notice.facts["options"] == "--tls-ciphersuites"


def test_options_without_effect_behind_a_sidecar_are_named(file: Path) -> None:
    plain = ("--auth=header:x-id:(.+)", "--insecure-plaintext")
    assert tls_notices(given(*plain)) == []
    [notice] = tls_notices(given(*plain, f"--root-ca-path={file}", "--require-client-certs"))
    assert notice.facts["options"] == "--root-ca-path, --require-client-certs"


def test_options_without_effect_where_no_certificates_are_required_are_named(file: Path) -> None:
    arguments = (f"--auth=userpass:{file}", "--insecure-tls-generate", "--tls-min-version=tls1.2")
    [notice] = tls_notices(given(*arguments, f"--root-ca-path={file}", "--client-cert-subject-match"))
    assert notice.facts["options"] == "--root-ca-path, --client-cert-subject-match"
    assert tls_notices(given(*arguments, f"--root-ca-path={file}", "--require-client-certs")) == []
