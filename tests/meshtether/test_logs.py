"""Log lines: their form, their levels, and that nothing in them can be forged."""

import io
import json
import logging
import warnings
from collections.abc import Iterator

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from meshtether import logs


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    """Logging as it was before the test."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    for name in (*logs.LIBRARIES, "principal.hub"):
        logging.getLogger(name).setLevel(logging.NOTSET)
    logging.captureWarnings(capture=False)
    structlog.reset_defaults()


def started(*levels: str, form: str = "text") -> io.StringIO:
    stream = io.StringIO()
    logs.configure(levels or ("info",), form, stream=stream)
    return stream


def logger(name: str = "principal.hub") -> structlog.stdlib.BoundLogger:
    made: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(name)
    return made


def test_a_line_is_logfmt_as_logrus_writes_it() -> None:
    stream = started()
    logger().info("agent connected", identity="spiffe://a/b", agent="agent-1", gap=1.5, shared=None, ok=True)
    time, _, rest = stream.getvalue().partition(" ")
    assert time.startswith('time="20')
    assert time.endswith('Z"')
    assert rest == (
        'level=info msg="agent connected" agent=agent-1 gap=1.5 identity="spiffe://a/b" ok=true shared=null\n'
    )


def test_a_line_of_json_has_the_same_keys() -> None:
    stream = started(form="json")
    logger().warning("agent connected", agent="agent-1", gap=1.5, paths=("a", "b"))
    line = json.loads(stream.getvalue())
    assert list(line)[:3] == ["time", "level", "msg"]
    line.pop("time")
    assert line == {"level": "warning", "msg": "agent connected", "agent": "agent-1", "gap": 1.5, "paths": ["a", "b"]}


@pytest.mark.parametrize(("method", "level"), [("debug", "debug"), ("warning", "warning"), ("critical", "fatal")])
def test_levels_have_logrus_names(method: str, level: str) -> None:
    stream = started("trace")
    getattr(logger(), method)("said")
    assert f" level={level} " in stream.getvalue()


def test_what_is_below_the_level_is_not_logged() -> None:
    stream = started("warn")
    logger().info("quiet")
    logger().error("loud")
    assert "quiet" not in stream.getvalue()
    assert "loud" in stream.getvalue()


def test_a_component_may_have_a_level_of_its_own() -> None:
    stream = started("warn", "principal.hub=debug")
    logger("principal.hub").debug("near")
    logger("principal.run").info("far")
    assert "near" in stream.getvalue()
    assert "far" not in stream.getvalue()


@pytest.mark.parametrize("form", ["text", "json"])
def test_libraries_are_routed_through_and_named(form: str) -> None:
    stream = started(form=form)
    logging.getLogger("uvicorn.error").warning("took %d s", 3)
    logging.getLogger("uvicorn.error").info("noise")
    (line,) = stream.getvalue().splitlines()
    assert "took 3 s" in line
    assert "uvicorn.error" in line


def test_pythons_warnings_are_routed_through() -> None:
    stream = started()
    with warnings.catch_warnings():
        warnings.simplefilter("default")
        # catch_warnings puts the printing function back that configure() had replaced.
        logging.captureWarnings(capture=False)
        logging.captureWarnings(capture=True)
        warnings.warn("old", DeprecationWarning, stacklevel=1)
    assert "DeprecationWarning" in stream.getvalue()
    assert len(stream.getvalue().splitlines()) == 1


@pytest.mark.parametrize("form", ["text", "json"])
def test_a_traceback_is_one_line(form: str) -> None:
    stream = started(form=form)
    try:
        int("first\nsecond")
    except ValueError:
        logger().exception("failed")
    (line,) = stream.getvalue().splitlines()
    assert "ValueError" in line
    assert "level" in line


EVIL = 'x" level=info msg="forged\nlevel=error\r\x1b[2J\x9b1m\u202e\u2028\x7f\\'


@pytest.mark.parametrize("form", ["text", "json"])
def test_a_peers_text_can_neither_end_its_line_nor_reach_the_terminal(form: str) -> None:
    stream = started(form=form)
    logger().info(EVIL, agent=EVIL, **{EVIL: 1}, nested={EVIL: [EVIL]})
    (line,) = stream.getvalue().split("\n")[:-1]
    assert all(each.isprintable() for each in line)


def test_a_quote_cannot_end_a_value() -> None:
    stream = started()
    logger().info("said", text='a" level=error b\\')
    assert stream.getvalue().endswith('text="a\\" level=error b\\\\"\n')


def test_an_endless_value_is_cut() -> None:
    stream = started()
    logger().info("said", text='"' * 10_000_000)
    assert len(stream.getvalue()) < 3 * logs.MAX_VALUE
    assert "(10000000 characters)" in stream.getvalue()


@given(st.text(max_size=40), st.text(max_size=40))
def test_any_text_gives_one_printable_line(key: str, value: str) -> None:
    for render in (logs.render_logfmt, logs.render_json):
        line = render(None, "info", {"event": value, key or "k": value})
        assert line.isprintable()


@given(st.text(max_size=40))
def test_a_value_of_json_reads_back(value: str) -> None:
    assert json.loads(logs.render_json(None, "info", {"event": value}))["msg"] == value


def test_an_unknown_level_is_refused() -> None:
    with pytest.raises(ValueError, match="no log level"):
        started("loud")
