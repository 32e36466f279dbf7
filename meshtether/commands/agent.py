"""`meshtether agent`: the spoke."""

from meshtether.commands.agent_settings import build_agent
from meshtether.commands.options_command import OptionsCommand
from meshtether.commands.serving import serve, start_logging
from meshtether.options.model import Resolved
from meshtether.options.table import AGENT


def run_agent(resolved: Resolved) -> None:
    """Stay connected until a signal; ends the process with the exit status."""
    config = build_agent(resolved)
    start_logging(resolved)
    from agent.run import run  # noqa: PLC0415 - only this command needs the client and all that it needs

    raise SystemExit(serve(lambda stop: run(config, stop=stop)))


agent = OptionsCommand(
    AGENT,
    run_agent,
    name="agent",
    short_help="The spoke that connects to a principal.",
    help="Run the spoke: it connects to the principal, stays connected, and keeps Applications in step.",
)
