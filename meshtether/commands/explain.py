"""`meshtether mesh explain`: who a header is, step by step, or why nobody."""

import json
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

import click

from mesh.identity.options import OptionError, read_options
from mesh.identity.rules import IdentityRule, RuleError, Verdict, parse_rule
from meshtether.commands.failing import BAD_USAGE, FOUND, fail
from meshtether.logs import printable
from meshtether.options.kinds import LIST

COMMAND: Final = "mesh explain"


@click.command(short_help="Who a header is, step by step, or why nobody.")
@click.option("--auth", required=True, metavar="SPEC", help="The rule, as the principal's --auth has it.")
@click.option(
    "--trusted-gateway", "gateways", multiple=True, metavar="ID", help="As the principal's; once for each gateway."
)
@click.option("--own-identity", default="", metavar="SPIFFE-ID", help="As the principal's.")
@click.option("--allow-agent", "agents", multiple=True, metavar="NAME", help="As the principal's; once for each name.")
@click.option(
    "--forwarded",
    multiple=True,
    metavar="VALUE",
    help="A value of the header Forwarded in the same call, which a Linkerd gateway appends; once for each.",
)
@click.option(
    "-o", "--output", type=click.Choice(["text", "json"]), default="text", show_default=True, help="How to print."
)
@click.argument("values", metavar="HEADER-VALUE...", nargs=-1, required=True)
def explain(
    *,
    auth: str,
    gateways: tuple[str, ...],
    own_identity: str,
    agents: tuple[str, ...],
    forwarded: tuple[str, ...],
    output: str,
    values: tuple[str, ...],
) -> None:
    """Show each step from HEADER-VALUE to the agent that a principal with these options would take the caller for.

    Several values stand for a header that came several times. Put `--` in front of them. Ends with 0 for an agent, with
    1 when a rule refuses, with 2 for options that no principal would start with.
    """
    rule = _rule(auth, gateways=gateways, own_identity=own_identity, agents=agents)
    verdict = rule.identify(values, forwarded)
    click.echo(_PRINTERS[output](verdict))
    raise SystemExit(FOUND if verdict.agent is None else 0)


def _rule(auth: str, *, gateways: tuple[str, ...], own_identity: str, agents: tuple[str, ...]) -> IdentityRule:
    """The principal's own rule of these options; ends the process when it would not start with them."""
    try:
        options = read_options(
            trusted_gateways=_items("trusted-gateway", gateways),
            own_identity=own_identity,
            allow_agents=_items("allow-agent", agents),
        )
        return parse_rule(auth, options)
    except OptionError as error:
        fail(COMMAND, f"--{error.option}: {error}", status=BAD_USAGE)
    except RuleError as error:
        fail(COMMAND, f"--auth: {error}", status=BAD_USAGE)


def _items(option: str, texts: tuple[str, ...]) -> list[str]:
    """The items of an option that may hold several, with commas between them, as the principal reads it."""
    found: list[str] = []
    for text in texts:
        try:
            items = LIST.parse(text)
        except ValueError as error:
            fail(COMMAND, f"--{option}: {error}", status=BAD_USAGE)
        found += items if isinstance(items, tuple) else ()
    return found


def _as_text(verdict: Verdict) -> str:
    """A line for each step: what was looked at, and what was found."""
    width = max(len(step.what) for step in verdict.steps)
    return "\n".join(f"{step.what.ljust(width)}  {printable(step.outcome)}" for step in verdict.steps)


def _as_json(verdict: Verdict) -> str:
    steps = [{"what": step.what, "outcome": step.outcome} for step in verdict.steps]
    return json.dumps(
        {"agent": verdict.agent, "identity": verdict.identity, "refused": verdict.refused, "steps": steps}, indent=2
    )


_PRINTERS: Mapping[str, Callable[[Verdict], str]] = MappingProxyType({"text": _as_text, "json": _as_json})
