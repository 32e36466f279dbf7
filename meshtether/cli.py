"""The command line. It alone reads the environment and ends the process.

Exit status: 0 fine, also after SIGTERM; 1 findings, or a promise not kept; 2 bad usage or unreadable input; 3 a failure
while running. Data goes to stdout, everything for people to stderr.
"""

from typing import Final

import click

from meshtether.commands.admin import admin
from meshtether.commands.agent import agent
from meshtether.commands.config import config
from meshtether.commands.demo import demo
from meshtether.commands.mesh_group import mesh
from meshtether.commands.principal import principal
from meshtether.commands.version import show, version

SECTIONS: Final = (
    ("Run", ("principal", "agent", "demo")),
    ("Look", ("mesh", "config", "admin", "version")),
)
"""Headings of the help text and the commands under each."""


class Root(click.Group):
    """The group that lists its commands under headings."""

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write each section of commands."""
        for heading, names in SECTIONS:
            with formatter.section(heading):
                commands = [(name, self.get_command(ctx, name)) for name in names]
                formatter.write_dl([(name, each.get_short_help_str()) for name, each in commands if each])


@click.group(cls=Root, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.option("--version", is_flag=True, expose_value=False, is_eager=True, callback=show, help="As `version`.")
def cli() -> None:
    """Keeps agents tethered to their principal through any service mesh.

    Flags, environment variables and ConfigMap keys are argocd-agent's. Try `meshtether demo`.
    """


for _command in (principal, agent, demo, mesh, config, admin, version):
    cli.add_command(_command)


def main() -> None:
    """Run the command line; the installed `meshtether`."""
    cli(prog_name="meshtether")
