"""`meshtether admin`: a principal's admin API in a terminal."""

import json
from collections.abc import Iterator
from typing import Any, Final

import click
import httpx
from rich.table import Table

from meshtether.commands.failing import BAD_USAGE, FAILED, fail
from meshtether.commands.printing import print_table
from meshtether.logs import printable

DEFAULT_URL: Final = "http://127.0.0.1:8090"
"""Where `--admin-port` puts it by default."""

TIMEOUT: Final = 10.0
"""Seconds; the principal answers such requests within milliseconds."""

MAX_PAGES: Final = 1000
"""Pages that are asked for, of up to a thousand agents each: more is an API that goes in circles."""

NOTHING: Final = "-"


@click.group(short_help="What a running principal knows.")
def admin() -> None:
    """Ask a running principal about its agents."""


_url = click.option(
    "--url", default=DEFAULT_URL, show_default=True, envvar="MESHTETHER_ADMIN_URL", help="The admin API."
)
_output = click.option(
    "-o", "--output", type=click.Choice(["table", "json"]), default="table", show_default=True, help="How to print."
)


@admin.command()
@_url
@_output
def agents(url: str, output: str) -> None:
    """Agents that have connected since the principal started."""
    found = [agent for page in _pages(url) for agent in page]
    if output == "json":
        click.echo(json.dumps({"agents": found, "next": None}, indent=2))
        return
    table = Table("agent", "identity", "mode", "connected since", "heartbeats", "round trip", "deaths", "last cause")
    for agent in found:
        table.add_row(*_agent_cells(agent))
    print_table(table)


@admin.command()
@_url
@_output
@click.option("--limit", type=click.IntRange(1, 1000), default=100, show_default=True, help="At most so many.")
def deaths(url: str, output: str, limit: int) -> None:
    """How streams ended, the newest first."""
    answer = _get(url, "/api/v1/deaths", limit=limit)
    if output == "json":
        click.echo(json.dumps(answer, indent=2))
        return
    table = Table("at", "agent", "the principal saw", "the agent says", "lived", "quiet", "detail")
    for death in _list(answer, "deaths"):
        table.add_row(*_death_cells(death))
    print_table(table)


@admin.command()
@_url
@_output
def findings(url: str, output: str) -> None:
    """What the principal found wrong with its own pod when it started."""
    answer = _get(url, "/api/v1/findings")
    if output == "json":
        click.echo(json.dumps(answer, indent=2))
        return
    table = Table("level", "code", "says", "remedy")
    for each in _list(answer, "findings"):
        table.add_row(*(_cell(each, key) for key in ("level", "code", "message", "remedy")))
    print_table(table)
    faults = answer.get("faults")
    for fault in faults if isinstance(faults, list) else []:
        click.echo(f"not read: {printable(str(fault))}", err=True)
    click.echo(_seen(answer), err=True)


def _seen(answer: dict[str, Any]) -> str:
    """What the principal could see, in a sentence."""
    if not answer.get("checked"):
        return "the principal has not looked yet"
    pod = "its pod's labels and annotations" if answer.get("podinfo") else "no labels and annotations of its pod"
    return f"it saw {pod}; sidecar: {_cell(answer, 'sidecar')}"


def _death_cells(death: dict[str, Any]) -> tuple[str, ...]:
    words = [_cell(death, key) for key in ("at", "agent", "cause")]
    detail = _cell(_account(death), "detail")
    return (*words, _cell(death, "report", "cause"), _span(death, "livedSeconds"), _span(death, "quietSeconds"), detail)


def _account(death: Any) -> Any:
    """The agent's own account of a death where it gave one: it was nearer to what happened."""
    return _at(death, "report") or death


def _span(death: dict[str, Any], key: str) -> str:
    """A number of seconds."""
    found = _at(death, key)
    return f"{found:.1f}s" if isinstance(found, int | float) else NOTHING


def _agent_cells(agent: dict[str, Any]) -> tuple[str, ...]:
    rtt = _at(agent, "heartbeat", "rttMs", "median")
    return (
        _cell(agent, "name"),
        _cell(agent, "identity"),
        _cell(agent, "mode"),
        _cell(agent, "connectedSince"),
        f"{_cell(agent, 'heartbeat', 'acked')}/{_cell(agent, 'heartbeat', 'received')}",
        f"{rtt:.1f}ms" if isinstance(rtt, int | float) else NOTHING,
        _cell(agent, "deaths"),
        _cell(_account(_at(agent, "lastDeath")), "cause"),
    )


def _at(value: Any, *path: str) -> Any:
    for step in path:
        value = value.get(step) if isinstance(value, dict) else None
    return value


def _cell(value: Any, *path: str) -> str:
    found = _at(value, *path)
    return NOTHING if found is None else printable(str(found))


def _pages(url: str) -> Iterator[list[dict[str, Any]]]:
    cursor: str | None = ""
    for _ in range(MAX_PAGES):
        answer = _get(url, "/api/v1/agents", **({"cursor": cursor} if cursor else {}))
        yield _list(answer, "agents")
        cursor = answer.get("next")
        if not cursor:
            return


def _list(answer: dict[str, Any], key: str) -> list[dict[str, Any]]:
    items = answer.get(key)
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        fail("admin", f"the answer has no {key}: is that the admin API of a principal?", status=FAILED)
    return items


def _get(url: str, path: str, **query: str | int) -> dict[str, Any]:
    """The JSON object that `path` answers; the process ends with a sentence when there is none."""
    try:
        response = httpx.get(f"{url.rstrip('/')}{path}", params=query, timeout=TIMEOUT, trust_env=False)
        response.raise_for_status()
        answer = response.json()
    except httpx.ConnectError as error:
        fail("admin", f"nobody answers at {url} ({error}); see --url, and --admin-port of the principal", status=FAILED)
    except (httpx.UnsupportedProtocol, httpx.InvalidURL) as error:
        fail("admin", f"--url: {url!r}: {error}; accepted: a URL such as {DEFAULT_URL}", status=BAD_USAGE)
    except (httpx.HTTPError, ValueError) as error:
        fail("admin", f"{url}{path}: {error}", status=FAILED)
    if not isinstance(answer, dict):
        fail("admin", f"{url}{path} answers something that is no JSON object", status=FAILED)
    return answer
