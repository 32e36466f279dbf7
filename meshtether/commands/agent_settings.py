"""From options to the agent's settings, with the checks that look at several options at once."""

import ipaddress
from typing import Final

from agent.config import AgentConfig
from mesh.identity.errors import IdentityError
from mesh.identity.linkerd import parse_client_id
from mesh.identity.spiffe import SpiffeId
from meshtether.options.checks import Checks
from meshtether.options.model import Resolved
from meshtether.options.nearest import nearest

CREDS_FORMS: Final = "header:, userpass:<file> or mtls:"
"""What `--creds` looks like, for messages."""

METHODS: Final = ("header", "userpass", "mtls")

TLS_FILES: Final = ("root-ca-path", "tls-client-cert", "tls-client-key")
"""Options that only make sense with TLS; one that is set says that the agent itself does TLS."""


def build_agent(resolved: Resolved) -> AgentConfig:
    """The settings that `resolved` comes to; OptionsError with every problem."""
    checks = Checks(resolved)
    method, config = _creds(resolved, checks)
    plaintext, reason = decide_plaintext(resolved, method)
    _check_tls(resolved, checks, method=method, plaintext=plaintext)
    built = AgentConfig(
        server_address=_address(resolved, checks),
        server_port=resolved.number("server-port"),
        plaintext=plaintext,
        plaintext_reason=reason,
        insecure_tls=resolved.flag("insecure-tls"),
        root_ca_path=checks.file("root-ca-path"),
        tls_client_cert=checks.file("tls-client-cert"),
        tls_client_key=checks.file("tls-client-key"),
        principal_identity=_principal(resolved, checks, plaintext=plaintext),
        creds_method=method,
        creds_config=config,
        mode=resolved.text("agent-mode"),
        namespace=checks.namespace("namespace"),
        heartbeat_interval=resolved.seconds("heartbeat-interval"),
        heartbeat_deadline=resolved.seconds("heartbeat-deadline"),
        keep_alive_ping_interval=resolved.seconds("keep-alive-ping-interval"),
        enable_compression=resolved.flag("enable-compression"),
        max_message_size=resolved.number("grpc-max-message-size"),
        protocol_version=resolved.text("protocol-version"),
        store=checks.folder("store"),
        allowed_namespaces=checks.patterns("allowed-namespaces"),
        healthz_port=resolved.number("healthz-port"),
    )
    if not built.protocol_version:
        checks.refuse("protocol-version", "the principal refuses an agent that claims no version", "give a version")
    checks.finish()
    return built


def decide_plaintext(resolved: Resolved, method: str) -> tuple[bool, str]:
    """Whether to speak plaintext, and why, in a sentence.

    With `header:` credentials a sidecar must add the header, so the agent speaks plaintext to it. argocd-agent's
    documents ask for `--insecure-tls` there. That is TLS without verification, into which no sidecar can put a header:
    by itself it does not change this.
    """
    setting = resolved.settings["insecure-plaintext"]
    asked = resolved.flag("insecure-plaintext")
    if resolved.given("insecure-plaintext"):
        return asked, f"--insecure-plaintext is {setting.text} by {setting.source}"
    if method != "header":
        return False, f"--insecure-plaintext is not set, and {method or 'no'} credentials need no sidecar"
    files = [name for name in TLS_FILES if resolved.text(name)]
    if files:
        return False, f"--{files[0]} is set by {resolved.settings[files[0]].source}"
    reason = "with header credentials the sidecar does TLS"
    if resolved.flag("insecure-tls"):
        reason += "; --insecure-tls alone does not change that"
    return True, reason


def _creds(resolved: Resolved, checks: Checks) -> tuple[str, str]:
    """Method and configuration of `--creds`."""
    creds = resolved.text("creds")
    method, colon, config = creds.partition(":")
    if not creds:
        checks.missing("creds", "the principal would not know who this is", f"accepted: {CREDS_FORMS}")
    elif not colon:
        checks.refuse("creds", "no colon", f"accepted: {CREDS_FORMS}")
    elif method not in METHODS:
        near = nearest(method, METHODS)
        hint = f"; did you mean '{near}:'?" if near else ""
        checks.refuse("creds", f"unknown method {method[:80]!r}", f"accepted: {CREDS_FORMS}{hint}")
    elif method == "userpass" and not config:
        checks.refuse("creds", "the file is missing", "accepted: userpass:<file>")
    return method, config


def _address(resolved: Resolved, checks: Checks) -> str:
    address = resolved.text("server-address")
    if not address:
        checks.missing("server-address", "there is no principal to connect to")
    elif "/" in address:
        checks.refuse("server-address", "a URL", "accepted: a host name or an address alone")
    elif ":" in address and not _is_ipv6(address):
        checks.refuse("server-address", "more than a host", "accepted: a host name or address; its port: --server-port")
    elif not address.isprintable() or " " in address:
        checks.refuse("server-address", "no host name", "accepted: a host name or an address")
    return address


def _is_ipv6(address: str) -> bool:
    try:
        ipaddress.IPv6Address(address)
    except ValueError:
        return False
    return True


def _principal(resolved: Resolved, checks: Checks, *, plaintext: bool) -> str:
    """Who the principal must be; empty for anybody."""
    text = resolved.text("principal-identity")
    if not text:
        return ""
    try:
        if plaintext:
            parse_client_id(text)
        else:
            SpiffeId.parse(text)
    except IdentityError as error:
        checks.refuse("principal-identity", str(error), "" if plaintext else "with TLS, the SPIFFE ID of a certificate")
    if not plaintext and resolved.flag("insecure-tls"):
        reason = "--insecure-tls says not to look who the server is"
        checks.refuse("principal-identity", reason, "leave one of the two out")
    return text


def _check_tls(resolved: Resolved, checks: Checks, *, method: str, plaintext: bool) -> None:
    has_cert, has_key = bool(resolved.text("tls-client-cert")), bool(resolved.text("tls-client-key"))
    if has_cert != has_key:
        lonely, absent = ("tls-client-cert", "tls-client-key") if has_cert else ("tls-client-key", "tls-client-cert")
        checks.refuse(lonely, f"a certificate and its key go together, and --{absent} is not set", f"set --{absent}")
    if method != "mtls":
        return
    if plaintext:
        checks.refuse("creds", "mtls authentication cannot be used with --insecure-plaintext", "accepted: header:")
    elif not has_cert and not has_key:
        checks.missing("tls-client-cert", "mtls credentials are a client certificate (secrets come later)")
