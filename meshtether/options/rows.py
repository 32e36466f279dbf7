"""A short way to write many options of one theme down."""

from meshtether.options.kinds import Kind
from meshtether.options.model import Option

Row = tuple[str, Kind, str, str, str, str]
"""Name, kind, default, environment variable, ConfigMap keys with blanks between them, help."""


def rows(theme: str, later: str, *options: Row) -> tuple[Option, ...]:
    """Options of one theme that wait for the same feature."""
    return tuple(
        Option(
            name=name,
            kind=kind,
            theme=theme,
            help=text,
            default=default,
            env=env,
            keys=tuple(keys.split()),
            later=later,
        )
        for name, kind, default, env, keys, text in options
    )
