"""From options to the principal's settings, with the checks that look at several options at once."""

from pathlib import Path
from typing import Final

from meshtether.commands.attest_settings import attestation, header_peers
from meshtether.commands.auth_settings import check_auth
from meshtether.commands.identity_settings import identity_options
from meshtether.commands.socket_settings import tcp_settings
from meshtether.commands.tls_settings import tls_settings
from meshtether.options.checks import Checks
from meshtether.options.model import Resolved
from principal.config import PrincipalConfig

DEFAULT_NAMESPACE: Final = "argocd"
"""Where Argo CD lives unless somebody says otherwise; argocd-agent's own manifests say so."""


def build_principal(resolved: Resolved) -> PrincipalConfig:
    """The settings that `resolved` comes to; OptionsError with every problem."""
    checks = Checks(resolved)
    method = check_auth(resolved, checks)
    tls = tls_settings(resolved, checks, method=method)
    attest, sidecar_uids = attestation(resolved, checks, method=method)
    tcp = tcp_settings(resolved, checks)
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
        enable_websocket=resolved.flag("enable-websocket"),
        server_transport=resolved.text("server-transport"),
        tcp_keepalive_time=tcp.keepalive_time,
        tcp_keepalive_interval=tcp.keepalive_interval,
        tcp_keepalive_probes=tcp.keepalive_probes,
        tcp_user_timeout=tcp.user_timeout,
        tls_cert=tls.cert,
        tls_key=tls.key,
        insecure_tls_generate=tls.generate,
        root_ca_path=tls.roots,
        require_client_certs=tls.require,
        client_cert_subject_match=tls.subject_match,
        tls_min_version=tls.min_version,
        tls_max_version=tls.max_version,
        tls_ciphersuites=tls.suites,
        tls_blocklist=tls.blocklist,
        attest=attest,
        sidecar_uids=sidecar_uids,
        header_peers=header_peers(resolved, checks, attest=attest, method=method),
        max_sessions=resolved.number("max-sessions"),
        max_streams_per_identity=resolved.number("max-streams-per-identity"),
        max_logins_per_second=resolved.number("max-logins-per-second"),
        podinfo=Path(resolved.text("podinfo")) if resolved.text("podinfo") else None,
        said={
            name: setting.text
            for name, setting in resolved.settings.items()
            if resolved.given(name) and not setting.option.secret
        },
    )
    if not config.protocol_version:
        checks.refuse("protocol-version", "agents must claim the same version, and none is none", "give a version")
    checks.finish()
    return config
