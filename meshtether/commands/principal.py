"""`meshtether principal`: the hub."""

import ipaddress

from meshtether.commands.options_command import OptionsCommand
from meshtether.commands.principal_settings import build_principal
from meshtether.commands.serving import serve, start_logging
from meshtether.options.model import Notice, Resolved
from meshtether.options.table import PRINCIPAL
from principal.config import PrincipalConfig


def notices(config: PrincipalConfig) -> list[Notice]:
    """What an operator of a principal with these settings should know."""
    if _is_loopback(config.listen_host):
        return []
    because = "whoever reaches the port without passing the sidecar can claim to be any agent"
    facts = {"host": config.listen_host or "every interface", "because": because}
    return [Notice("plaintext is served beyond loopback", facts)]


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def run_principal(resolved: Resolved) -> None:
    """Serve until a signal; ends the process with the exit status."""
    config = build_principal(resolved)
    start_logging(resolved, *notices(config))
    from principal.run import run  # noqa: PLC0415 - only this command needs the server and all that it needs

    raise SystemExit(serve(lambda stop: run(config, stop=stop)))


principal = OptionsCommand(
    PRINCIPAL,
    run_principal,
    name="principal",
    short_help="The hub that agents connect to.",
    help="Run the hub: agents connect to it, and Applications go out from it.",
)
