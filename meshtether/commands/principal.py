"""`meshtether principal`: the hub."""

from typing import Final

from meshtether.commands.attest_settings import HEADER_METHODS, peer_notices
from meshtether.commands.auth_settings import auth_notices
from meshtether.commands.options_command import OptionsCommand
from meshtether.commands.principal_settings import build_principal
from meshtether.commands.serving import serve, start_logging
from meshtether.commands.socket_settings import socket_notices
from meshtether.commands.tls_settings import tls_notices
from meshtether.options.model import Notice, Resolved
from meshtether.options.table import PRINCIPAL
from principal.config import Attest, PrincipalConfig

ROOT: Final = 0


def notices(config: PrincipalConfig) -> list[Notice]:
    """What an operator of a principal with these settings should know."""
    found: list[Notice] = []
    if config.attest is Attest.OFF and config.auth.partition(":")[0] in HEADER_METHODS:
        because = "whoever reaches the port without passing the sidecar can claim to be any agent"
        found.append(Notice("connections are not attested", {"host": config.listen_host, "because": because}))
    if ROOT in config.sidecar_uids:
        because = "a port-forward and most debuggers are user 0, too"
        found.append(Notice("user 0 is taken for the sidecar", {"option": "--sidecar-uid", "because": because}))
    return found + peer_notices(config)


def run_principal(resolved: Resolved) -> None:
    """Serve until a signal; ends the process with the exit status."""
    config = build_principal(resolved)
    told = (*notices(config), *auth_notices(resolved), *tls_notices(resolved), *socket_notices(resolved))
    start_logging(resolved, *told)
    from principal.run import run  # noqa: PLC0415 - only this command needs the server and all that it needs

    raise SystemExit(serve(lambda stop: run(config, stop=stop)))


principal = OptionsCommand(
    PRINCIPAL,
    run_principal,
    name="principal",
    short_help="The hub that agents connect to.",
    help="Run the hub: agents connect to it, and Applications go out from it.",
)
