"""What `--auth` comes to, and what it goes together with (spec hub-protocol §2.2)."""

from typing import Final

from mesh.identity.rules import FORMS as HEADER_FORMS
from mesh.identity.rules import RuleError, parse_rule
from meshtether.commands.attest_settings import HEADER_METHODS
from meshtether.options.checks import Checks
from meshtether.options.model import Notice, Resolved
from meshtether.options.nearest import nearest

MTLS: Final = "mtls"
USERPASS: Final = "userpass"

FORMS: Final = (
    "header:<name>:<regex>, identity:<header>:<template>, mtls:subject:<regex>, mtls:uri:<regex> or userpass:<file>"
)
"""What `--auth` looks like, for messages."""

METHODS: Final = (*sorted(HEADER_METHODS), MTLS, USERPASS)


def check_auth(resolved: Resolved, checks: Checks) -> str:
    """The method that `--auth` names; what cannot be used is noted in `checks`."""
    auth = resolved.text("auth")
    method, colon, config = auth.partition(":")
    if not auth:
        checks.missing("auth", "nobody could be recognised", f"accepted: {FORMS}")
    elif not colon:
        checks.refuse("auth", "invalid auth string: no colon", f"accepted: {FORMS}")
    elif method not in METHODS:
        near = nearest(method, METHODS)
        hint = f"; did you mean {near!r}?" if near else ""
        checks.refuse("auth", f"unknown auth method {method[:80]!r}", f"accepted: {FORMS}{hint}")
    elif method == MTLS:
        _check_mtls(config, resolved, checks)
    elif method == USERPASS:
        if not config:
            checks.refuse("auth", "the file of users is missing", "accepted: userpass:<file>")
        else:
            checks.readable("auth", config)
    else:
        _check_header(auth, resolved, checks)
    return method


def auth_notices(resolved: Resolved) -> list[Notice]:
    """What an operator should know of the method that was chosen."""
    method, _, config = resolved.text("auth").partition(":")
    if method == USERPASS and resolved.flag("insecure-plaintext"):
        facts = {"because": "whoever is between agent and principal reads them", "remedy": "let a sidecar do mTLS"}
        return [Notice("passwords and tokens arrive in plaintext", facts)]
    if method == MTLS and config.partition(":")[0] not in {"subject", "uri"}:
        return [Notice("an old spelling of --auth", {"value": f"mtls:{config}", "better": f"mtls:subject:{config}"})]
    return []


def _check_mtls(config: str, resolved: Resolved, checks: Checks) -> None:
    from principal.auth.mtls import MtlsMethod  # noqa: PLC0415 - certificates take time to import; few need them

    if resolved.flag("insecure-plaintext"):
        remedy = f"behind a sidecar use {HEADER_FORMS}"
        checks.refuse("auth", "mtls authentication cannot be used with --insecure-plaintext", remedy)
    try:
        MtlsMethod.parse(config)
    except RuleError as error:
        checks.refuse("auth", str(error), "")


def _check_header(auth: str, resolved: Resolved, checks: Checks) -> None:
    if not resolved.flag("insecure-plaintext"):
        checks.refuse(
            "insecure-plaintext",
            "header-based authentication requires --insecure-plaintext=true",
            "set it, and let a sidecar in front do TLS: only it can vouch for the header",
        )
    try:
        parse_rule(auth)
    except RuleError as error:
        checks.refuse("auth", str(error), "")
