"""Log levels, for everything and for one component."""

import logging

import pytest

from meshtether.options.levels import TRACE, Levels, parse_levels


@pytest.mark.parametrize(
    ("items", "levels"),
    [
        ([], Levels(logging.INFO)),
        (["trace"], Levels(TRACE)),
        (["WARN"], Levels(logging.WARNING)),
        (["warning"], Levels(logging.WARNING)),
        (["panic"], Levels(logging.CRITICAL)),
        (["info", "debug"], Levels(logging.DEBUG)),
        (["info", "principal.hub=debug"], Levels(logging.INFO, (("principal.hub", logging.DEBUG),))),
        (["a=debug", "a=error"], Levels(logging.INFO, (("a", logging.ERROR),))),
    ],
)
def test_levels_are_read(items: list[str], levels: Levels) -> None:
    assert parse_levels(items) == levels


@pytest.mark.parametrize("item", ["loud", "", "=info", "a=", "a=loud", "info=a"])
def test_what_is_no_level_is_named(item: str) -> None:
    with pytest.raises(ValueError, match="no log level"):
        parse_levels([item])
