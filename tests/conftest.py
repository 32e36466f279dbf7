"""What every test shares: the one switch that turns a missing part into a failure."""

import gc
import os
from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from hypothesis import settings

REQUIRE_ALL = os.environ.get("MESHTETHER_REQUIRE_ALL", "") not in ("", "0")
"""Set on CI: a test that misses a part of its surroundings fails instead of being skipped."""


# A shared machine's pauses must not decide a property test: how long an example takes is no property.
settings.register_profile("meshtether", deadline=None)
settings.load_profile("meshtether")


@pytest.fixture(autouse=True)
def logging_as_nobody_set_it_up(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A test that sets logging up does so for itself: loggers of modules would keep it for all that follow."""
    configure = structlog.configure

    def without_keeping(**options: Any) -> None:
        configure(**{**options, "cache_logger_on_first_use": False})

    monkeypatch.setattr(structlog, "configure", without_keeping)
    yield
    structlog.reset_defaults()


@pytest.fixture
def collector_as_before() -> Iterator[None]:
    """A principal sets the garbage collector for its whole process: not for the tests that follow."""
    thresholds = gc.get_threshold()
    yield
    gc.unfreeze()
    gc.set_threshold(*thresholds)


def missing(reason: str) -> None:
    """Skip the running test because a part is not there; on CI, fail it."""
    if REQUIRE_ALL:
        pytest.fail(f"MESHTETHER_REQUIRE_ALL is set, and a part is missing: {reason}")
    pytest.skip(reason)
