"""Who may connect, whom an Envoy takes for the next, and what it tells the principal about the caller."""

from collections.abc import Iterator
from typing import Final

from mesh.adapters.envoy.bootstraps import Bootstrap, Chain
from mesh.adapters.envoy.facts import MODES, SECRET, VOUCHING
from mesh.adapters.envoy.fields import begun, get, is_of, items, label, word
from mesh.bundle import Field
from mesh.findings import Finding, Level
from mesh.world import World

XFCC: Final = "forward_client_cert_details"
DETAILS: Final = "set_current_client_cert_details"

SOURCES: Final = ("filename", "inline_string", "inline_bytes", "environment_variable")
"""What a data source can be."""

SPOOFABLE: Final = "ALWAYS_FORWARD_ONLY"

NAMES: Final = ("match_typed_subject_alt_names", "match_subject_alt_names")
VALIDATION: Final = (
    ("validation_context",),
    ("combined_validation_context", "default_validation_context"),
)
"""Where a TLS context says whom it believes."""

ELSEWHERE: Final = ("validation_context_sds_secret_config", "combined_validation_context")
"""Where it says so that the rest is in another file."""


def certificates(_: World, bootstrap: Bootstrap) -> Iterator[Finding]:
    """MT1305: callers without a certificate."""
    for chain in bootstrap.chains:
        if chain.tls is None:
            continue
        required = get(chain.tls, "require_client_certificate")
        if required.boolean is False or not required.exists:
            message = f"{label(required)} is {required.shown} in {chain.name}: callers without a certificate get in."
            yield required.finding("MT1305", message)


def names(_: World, bootstrap: Bootstrap) -> Iterator[Finding]:
    """MT1306: peers that are believed whatever they are called."""
    for chain in bootstrap.chains:
        if chain.tls is not None:
            yield from _named(chain.tls, f"{begun(chain.name)} lets in", Level.WARNING)
    for cluster in bootstrap.clusters:
        if cluster.tls is not None:
            what = f"{begun(cluster.title)} takes for the principal"
            yield from _named(cluster.tls, what, None)


def _named(tls: Field, what: str, level: Level | None) -> Iterator[Finding]:
    common = get(tls, "common_tls_context")
    contexts = [get(common, *steps) for steps in VALIDATION]
    written = [each for context in contexts for name in NAMES for each in items(context, name)]
    context = next((each for each in contexts if each.exists), contexts[0])
    elsewhere = any(get(common, name).exists for name in ELSEWHERE)
    if not elsewhere and not has_data(get(context, "trusted_ca")):
        yield context.finding("MT1306", f"{what} whoever has a certificate, of whatever authority.", level=None)
    elif not written and not get(common, "validation_context_sds_secret_config").exists:
        at = get(context, NAMES[0])
        yield at.finding("MT1306", f"{what} everybody for whom the authority has signed.", level=level)
    for each in written:
        kind = get(each, "san_type")
        if kind.value not in ("URI", 3) and each.text is None and get(each, "matcher").exists:
            yield kind.finding("MT1306", f"san_type is {kind.shown}, and SPIFFE IDs are URIs.", level=Level.WARNING)
        yield from _wide(each, what)


def _wide(name: Field, what: str) -> Iterator[Finding]:
    """MT1306: patterns that say less than a namespace."""
    prefix = get(name, "matcher", "prefix")
    if prefix.text is not None and prefix.text.removeprefix("spiffe://").strip("/").count("/") < 2:
        message = f"{what} everybody whose name begins with {prefix.shown}."
        yield prefix.finding("MT1306", message, level=Level.WARNING)


def forwarding(_: World, bootstrap: Bootstrap) -> Iterator[Finding]:
    """MT1307: connection managers that do not say who called, or let the caller say."""
    for chain in bootstrap.chains:
        if chain.manager is None:
            continue
        at = get(chain.manager, XFCC)
        mode = word(at, MODES)
        if chain.tls is not None:
            yield from _vouched(chain, at, mode)
        elif mode not in {"SANITIZE", None}:
            message = f"{XFCC} is {at.shown} in {chain.name}, where everybody speaks plaintext: what it writes passes."
            yield at.finding("MT1307", message, level=None if mode == SPOOFABLE else Level.WARNING)


def _vouched(chain: Chain, at: Field, mode: str | None) -> Iterator[Finding]:
    if mode is None:
        return
    if mode not in VOUCHING:
        what = "no identity is told" if mode == "SANITIZE" else "callers say themselves who they are"
        said = at.shown if at.exists else "not set, so SANITIZE,"
        yield at.finding("MT1307", f"{XFCC} is {said} in {chain.name}: {what}.")
        return
    details = get(chain.manager, DETAILS) if chain.manager is not None else at
    if get(details, "uri").boolean is not True:
        message = f"{DETAILS}.uri is {get(details, 'uri').shown} in {chain.name}: the header has no SPIFFE ID."
        yield get(details, "uri").finding("MT1307", message)


def opaque(_: World, bootstrap: Bootstrap) -> Iterator[Finding]:
    """MT1309: bytes instead of calls."""
    for chain in bootstrap.chains:
        if chain.proxy is not None and chain.manager is None:
            yield chain.proxy.finding(
                "MT1309", f"{begun(chain.name)} forwards bytes (tcp_proxy): a caller's headers pass."
            )


def exposed(_: World, bootstrap: Bootstrap) -> Iterator[Finding]:
    """MT1319: plaintext that other machines reach."""
    for chain in bootstrap.chains:
        if chain.tls is None and chain.clusters and not chain.is_near:
            at = get(chain.listener, "address")
            host = get(at, "socket_address", "address").shown
            yield at.finding("MT1319", f"{begun(chain.name)} takes plaintext on {host}.")
    for cluster in bootstrap.clusters:
        used = any(cluster in chain.clusters for chain in bootstrap.chains)
        if used and cluster.tls is None and not cluster.is_near and cluster.endpoints:
            yield cluster.field.finding("MT1319", f"{begun(cluster.title)} speaks plaintext to another machine.")


def administration(_: World, bootstrap: Bootstrap) -> Iterator[Finding]:
    """MT1316: an administration that others reach."""
    address = get(bootstrap.root, "admin", "address")
    socket = get(address, "socket_address")
    if socket.exists and get(socket, "address").text not in {"127.0.0.1", "::1", "localhost"}:
        at = get(socket, "address")
        yield at.finding("MT1316", f"The administration of {bootstrap.node} listens on {at.shown}.")


def renewal(_: World, bootstrap: Bootstrap) -> Iterator[Finding]:
    """MT1317: certificates that are read once."""
    for tls in bootstrap.contexts:
        common = get(tls, "common_tls_context")
        static, looked_up = get(common, "tls_certificates"), get(common, "tls_certificate_sds_secret_configs")
        if static.exists and list(static.items()):
            yield static.finding("MT1317", f"{label(static)} is read once, when {bootstrap.node} starts.")
        elif not any(get(each, "name").text and _has_source(each) for each in looked_up.items()):
            yield looked_up.finding("MT1317", f"{label(common)} has no certificate.", level=Level.ERROR)


def _has_source(config: Field) -> bool:
    """Whether a secret's configuration says where to look; without one the secret is in the bootstrap itself."""
    source = get(config, "sds_config")
    if not source.exists:
        return True
    file = get(source, "path_config_source")
    return bool(get(file, "path").text) if file.exists else any(source.entries())


def has_data(source: Field) -> bool:
    """Whether a data source is one: a file, a text, bytes or a variable."""
    return any(get(source, name).text for name in SOURCES)


def watched(secret: Field) -> Iterator[Finding]:
    """MT1317: a secret in a file whose own files are not watched."""
    pair = get(secret, "tls_certificate")
    if not is_of(secret, SECRET) or not pair.exists:
        return
    for part in ("certificate_chain", "private_key"):
        at = get(pair, part)
        if not has_data(at):
            yield at.finding("MT1317", f"{label(at)} is not set: Envoy has no certificate.", level=Level.ERROR)
    if get(pair, "certificate_chain", "filename").exists and not get(pair, "watched_directory", "path").text:
        at = get(pair, "watched_directory")
        yield at.finding("MT1317", "watched_directory is not set: the files are read once, when Envoy starts.")


CHECKS: Final = (certificates, names, forwarding, opaque, exposed, administration, renewal)
"""The checks of this file."""
