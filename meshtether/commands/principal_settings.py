"""From options to the principal's settings, with the checks that look at several options at once."""

from typing import Final

from mesh.identity.rules import FORMS, RuleError, parse_rule
from meshtether.commands.attest_settings import attestation
from meshtether.commands.identity_settings import identity_options
from meshtether.options.checks import Checks
from meshtether.options.model import Resolved
from meshtether.options.nearest import nearest
from principal.config import PrincipalConfig

DEFAULT_NAMESPACE: Final = "argocd"
"""Where Argo CD lives unless somebody says otherwise; argocd-agent's own manifests say so."""

HEADER_METHODS: Final = ("header", "identity")
"""Methods that believe a header, which only a sidecar in front can vouch for."""

TLS_METHODS: Final = ("mtls", "userpass")
"""argocd-agent's methods that this release does not have on the principal."""


def build_principal(resolved: Resolved) -> PrincipalConfig:
    """The settings that `resolved` comes to; OptionsError with every problem."""
    checks = Checks(resolved)
    _check_auth(resolved, checks)
    method = resolved.text("auth").partition(":")[0]
    attest, sidecar_uids = attestation(resolved, checks, method=method)
    key = resolved.text("jwt-key")
    config = PrincipalConfig(
        listen_host=resolved.text("listen-host"),
        listen_port=resolved.number("listen-port"),
        insecure_plaintext=resolved.flag("insecure-plaintext"),
        auth=resolved.text("auth"),
        identity=identity_options(resolved, checks, method=method),
        namespace=checks.namespace("namespace", empty=DEFAULT_NAMESPACE),
        allowed_namespaces=checks.patterns("allowed-namespaces"),
        store=checks.folder("store"),
        jwt_key=checks.file("jwt-key") if key else None,
        insecure_jwt_generate=resolved.flag("insecure-jwt-generate"),
        admin_port=resolved.number("admin-port"),
        protocol_version=resolved.text("protocol-version"),
        session_timeout=resolved.seconds("session-timeout") or None,
        keepalive_min_interval=resolved.seconds("keepalive-min-interval"),
        max_message_size=resolved.number("grpc-max-message-size"),
        enable_websocket=False,
        server_transport=resolved.text("server-transport"),
        attest=attest,
        sidecar_uids=sidecar_uids,
        max_sessions=resolved.number("max-sessions"),
        max_streams_per_identity=resolved.number("max-streams-per-identity"),
        max_logins_per_second=resolved.number("max-logins-per-second"),
    )
    if not config.protocol_version:
        checks.refuse("protocol-version", "agents must claim the same version, and none is none", "give a version")
    checks.finish()
    return config


def _check_auth(resolved: Resolved, checks: Checks) -> None:
    auth = resolved.text("auth")
    method, colon, _ = auth.partition(":")
    if not auth:
        checks.missing("auth", "nobody could be recognised", f"accepted: {FORMS}")
    elif not colon:
        checks.refuse("auth", "invalid auth string: no colon", f"accepted: {FORMS}")
    elif method in TLS_METHODS:
        _refuse_tls_method(method, resolved, checks)
    elif method not in HEADER_METHODS:
        near = nearest(method, (*HEADER_METHODS, *TLS_METHODS))
        hint = f"; did you mean {near!r}?" if near else ""
        checks.refuse("auth", f"unknown auth method {method[:80]!r}", f"accepted: {FORMS}{hint}")
    else:
        _check_rule(auth, resolved, checks)


def _refuse_tls_method(method: str, resolved: Resolved, checks: Checks) -> None:
    if method == "mtls" and resolved.flag("insecure-plaintext"):
        remedy = f"behind a sidecar use {FORMS}"
        checks.refuse("auth", "mtls authentication cannot be used with --insecure-plaintext", remedy)
        return
    reason = f"{method} comes with the principal's own TLS in a later release"
    checks.refuse("auth", reason, f"this release takes {FORMS}, behind a sidecar that does mTLS")


def _check_rule(auth: str, resolved: Resolved, checks: Checks) -> None:
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
