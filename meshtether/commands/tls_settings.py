"""What the options about TLS come to: files that belong together, and what gRPC's server can't do, refused by name.

gRPC's server negotiates TLS 1.2 or 1.3 with cipher suites of its own and has no argument to choose either. The
principal's own door takes what HTTP/2 permits.
"""

from pathlib import Path
from typing import Final, NamedTuple

from meshtether.commands.auth_settings import MTLS, USERPASS
from meshtether.commands.socket_settings import CHOOSE_OWN, is_own
from meshtether.options.checks import Checks
from meshtether.options.model import Notice, Resolved
from principal.offer import CIPHER_SUITES, TLS13_SUITES

OWN_TLS: Final = (MTLS, USERPASS)
"""Methods that go with TLS of our own."""

SHOWN: Final = 80
"""Characters of a suite's name that a message repeats; the longest there is has 45."""

FILES: Final = ("tls-cert", "tls-key", "root-ca-path", "tls-blocklist")
SWITCHES: Final = ("insecure-tls-generate", "require-client-certs", "client-cert-subject-match")

VERSIONS: Final = ("tls1.0", "tls1.1", "tls1.2", "tls1.3")
"""Names that argocd-agent has for versions of TLS, oldest first."""

TAKEN: Final = ("tls1.2", "tls1.3")
"""Versions that HTTP/2 permits (RFC 9113 §9.2). gRPC's server takes both of them always."""

OWN_DOOR: Final = f"{CHOOSE_OWN} lets you choose"


class TlsSettings(NamedTuple):
    """What a principal's settings say of TLS."""

    cert: Path | None = None
    key: Path | None = None
    generate: bool = False
    roots: Path | None = None
    require: bool = False
    subject_match: bool = False
    blocklist: Path | None = None
    min_version: str = TAKEN[1]
    max_version: str = ""
    suites: tuple[str, ...] = ()


def tls_settings(resolved: Resolved, checks: Checks, *, method: str) -> TlsSettings:
    """The settings of TLS; what can't be used is noted in `checks`."""
    if resolved.flag("insecure-plaintext") and resolved.text("tls-blocklist"):
        checks.refuse("tls-blocklist", "with --insecure-plaintext no certificate is ever seen", "leave it out")
    if resolved.flag("insecure-plaintext") or method not in OWN_TLS:
        return TlsSettings()
    required = method == MTLS or resolved.flag("require-client-certs")
    _check_pair(resolved, checks)
    _check_certificates(resolved, checks, required=required)
    if is_own(resolved):
        _check_offer(resolved, checks)
    else:
        _check_versions(resolved, checks)
    return TlsSettings(
        cert=checks.file("tls-cert"),
        key=checks.file("tls-key"),
        generate=resolved.flag("insecure-tls-generate"),
        roots=checks.file("root-ca-path"),
        require=required,
        subject_match=resolved.flag("client-cert-subject-match"),
        blocklist=checks.file("tls-blocklist"),
        min_version=resolved.text("tls-min-version"),
        max_version=resolved.text("tls-max-version"),
        suites=resolved.items("tls-ciphersuites"),
    )


def tls_notices(resolved: Resolved) -> list[Notice]:
    """What an operator should know of TLS with these settings."""
    method = resolved.text("auth").partition(":")[0]
    if resolved.flag("insecure-plaintext"):
        without = [f"--{name}" for name in FILES if resolved.text(name)]
        without += [f"--{name}" for name in SWITCHES if resolved.flag(name)]
        because = "--insecure-plaintext leaves TLS to a sidecar"
        return [Notice("options without effect", {"options": ", ".join(without), "because": because})] * bool(without)
    required = method == MTLS or resolved.flag("require-client-certs")
    lonely = [f"--{name}" for name in ("root-ca-path",) if resolved.text(name)]
    lonely += [f"--{name}" for name in ("client-cert-subject-match",) if resolved.flag(name)]
    found = []
    if lonely and not required:
        because = "--require-client-certs is not set"
        found.append(Notice("options without effect", {"options": ", ".join(lonely), "because": because}))
    if is_own(resolved):
        if resolved.items("tls-ciphersuites") and resolved.text("tls-min-version") == TAKEN[1]:
            because = "they are those of TLS 1.2, and --tls-min-version is tls1.3"
            found.append(Notice("options without effect", {"options": "--tls-ciphersuites", "because": because}))
    elif not resolved.given("tls-min-version"):
        because = f"gRPC's server takes {TAKEN[0]} and {TAKEN[1]}; {OWN_DOOR}"
        found.append(Notice("TLS 1.2 is accepted beside TLS 1.3", {"because": because}))
    return found


def _check_pair(resolved: Resolved, checks: Checks) -> None:
    has_cert, has_key = bool(resolved.text("tls-cert")), bool(resolved.text("tls-key"))
    if has_cert != has_key:
        lonely, absent = ("tls-cert", "tls-key") if has_cert else ("tls-key", "tls-cert")
        checks.refuse(lonely, f"a certificate and its key go together, and --{absent} is not set", f"set --{absent}")
    elif not has_cert and not resolved.flag("insecure-tls-generate"):
        checks.missing(
            "tls-cert",
            "TLS needs a certificate (reading Kubernetes secrets comes later)",
            "set --tls-cert and --tls-key, or --insecure-tls-generate=true to try it out; behind a sidecar that does "
            "TLS, --insecure-plaintext=true",
        )


def _check_certificates(resolved: Resolved, checks: Checks, *, required: bool) -> None:
    if required and not resolved.text("root-ca-path"):
        checks.missing("root-ca-path", "client certificates are required, and nobody vouches for them")
    if resolved.text("tls-blocklist") and not required:
        checks.refuse(
            "tls-blocklist",
            "agents are not asked for certificates",
            "set --require-client-certs=true, or leave it out",
        )


def _check_versions(resolved: Resolved, checks: Checks) -> None:
    taken = f"gRPC's server takes {TAKEN[0]} and {TAKEN[1]}; {OWN_DOOR}"
    if resolved.given("tls-min-version") and resolved.text("tls-min-version") != TAKEN[0]:
        _refuse_version("tls-min-version", resolved, checks, taken, f"accepted: {TAKEN[0]}, or not to set it")
    if resolved.text("tls-max-version") not in ("", TAKEN[1]):
        _refuse_version("tls-max-version", resolved, checks, taken, f"accepted: {TAKEN[1]}, or not to set it")
    if resolved.items("tls-ciphersuites"):
        checks.refuse("tls-ciphersuites", f"gRPC's server has its own; {OWN_DOOR}", "leave it out")


def _check_offer(resolved: Resolved, checks: Checks) -> None:
    """Refuse what the principal's own door does not offer."""
    older = "HTTP/2 forbids versions of TLS before 1.2"
    low, high = resolved.text("tls-min-version"), resolved.text("tls-max-version")
    if low not in TAKEN:
        _refuse_version("tls-min-version", resolved, checks, older, f"accepted: {', '.join(TAKEN)}")
    if high not in ("", *TAKEN):
        _refuse_version("tls-max-version", resolved, checks, older, f"accepted: {', '.join(TAKEN)}, or not to set it")
    elif high and low in TAKEN and TAKEN.index(high) < TAKEN.index(low):
        reason = f"older than --tls-min-version, which is {low}"
        checks.refuse("tls-max-version", reason, f"accepted: {low} or newer, or set --tls-min-version={high}")
    for suite in resolved.items("tls-ciphersuites"):
        if suite not in CIPHER_SUITES:
            known = suite in TLS13_SUITES
            why = "is of TLS 1.3, whose suites can't be chosen" if known else "is no suite that HTTP/2 permits"
            checks.refuse("tls-ciphersuites", f"{suite[:SHOWN]} {why}", f"accepted: {', '.join(CIPHER_SUITES)}")


def _refuse_version(name: str, resolved: Resolved, checks: Checks, reason: str, remedy: str) -> None:
    known = resolved.text(name) in VERSIONS
    checks.refuse(name, reason if known else f"no version of TLS ({', '.join(VERSIONS)})", remedy)
