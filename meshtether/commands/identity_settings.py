"""What `--trusted-gateway`, `--own-identity` and `--allow-agent` come to."""

from mesh.identity.options import (
    ALLOW_AGENT,
    NO_OPTIONS,
    OWN_IDENTITY,
    TRUSTED_GATEWAY,
    IdentityOptions,
    OptionError,
    read_options,
)
from mesh.identity.rules import RuleError, parse_rule
from meshtether.commands.attest_settings import HEADER_METHODS
from meshtether.options.checks import Checks
from meshtether.options.model import Resolved


def identity_options(resolved: Resolved, checks: Checks, *, method: str) -> IdentityOptions:
    """The identity options that go with `method`; what cannot be used is noted in `checks`."""
    try:
        options = read_options(
            trusted_gateways=resolved.items(TRUSTED_GATEWAY),
            own_identity=resolved.text(OWN_IDENTITY),
            allow_agents=resolved.items(ALLOW_AGENT),
        )
        if method in HEADER_METHODS:
            parse_rule(resolved.text("auth"), options)
    except OptionError as error:
        checks.refuse(error.option, str(error), "")
        return NO_OPTIONS
    except RuleError:
        return NO_OPTIONS  # the rule itself is at fault, and whoever looks at --auth says so
    if method not in HEADER_METHODS:
        _refuse_without_header(options, checks, method=method)
    return options


def _refuse_without_header(options: IdentityOptions, checks: Checks, *, method: str) -> None:
    """Only the allow list makes sense for a method that reads no header."""
    reason = f"--auth={method}: reads no header that a sidecar or gateway has written"
    if options.trusted_gateways:
        checks.refuse(TRUSTED_GATEWAY, reason, "leave it out")
    if options.own_identity is not None:
        checks.refuse(OWN_IDENTITY, reason, "leave it out")
