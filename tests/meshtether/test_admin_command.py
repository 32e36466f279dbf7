"""`meshtether admin`: what the admin API answers, in a terminal."""

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from click.testing import CliRunner, Result

from meshtether.cli import cli
from principal.admin import models

Handler = Callable[[httpx.Request], httpx.Response]

DEATH = models.Death(
    agent="agent-1",
    at="2026-01-02T03:04:05Z",
    cause="idle-timeout",
    detail="stream reset\x1b[2J",
    lived_seconds=5.04,
    quiet_seconds=5,
    report=None,
)


def agent(name: str) -> models.Agent:
    round_trip = models.RoundTrip(last=1.0, min=0.5, median=1.25, p99=2.0, samples=9)
    return models.Agent(
        name=name,
        identity=f"spiffe://cluster.local/ns/argocd-agents/sa/{name}",
        mode="managed",
        connected=True,
        connected_since=None,
        transport="grpcio",
        heartbeat=models.Heartbeat(received=10, acked=9, last=None, rtt_ms=round_trip),
        connection=None,
        stream=None,
        queue=models.Queue(pending=0, awaiting_ack=0),
        streams=2,
        takeovers=0,
        contended_at=None,
        deaths=1,
        last_death=DEATH,
        events_received=0,
        events_refused=0,
    )


def body(model: models.Model) -> dict[str, Any]:
    return model.model_dump(by_alias=True, mode="json")


@pytest.fixture
def answer(monkeypatch: pytest.MonkeyPatch) -> Callable[[Handler], list[httpx.URL]]:
    """Let a function answer in the API's place; what was asked for is recorded."""

    def install(handler: Handler) -> list[httpx.URL]:
        asked: list[httpx.URL] = []

        def record(request: httpx.Request) -> httpx.Response:
            asked.append(request.url)
            return handler(request)

        client = httpx.Client(transport=httpx.MockTransport(record))

        def get(url: str, *, trust_env: bool, **more: Any) -> httpx.Response:
            assert not trust_env, "the environment's proxies must not be asked about this machine's own port"
            return client.get(url, **more)

        monkeypatch.setattr(httpx, "get", get)
        return asked

    return install


def invoke(*arguments: str) -> Result:
    return CliRunner().invoke(cli, ["admin", *arguments])


def pages(request: httpx.Request) -> httpx.Response:
    if request.url.params.get("cursor") == "agent-1":
        return httpx.Response(200, json=body(models.AgentPage(agents=[agent("agent-2")], next=None)))
    return httpx.Response(200, json=body(models.AgentPage(agents=[agent("agent-1")], next="agent-1")))


def test_agents_of_all_pages_are_listed(answer: Callable[[Handler], list[httpx.URL]]) -> None:
    asked = answer(pages)
    result = invoke("agents", "--url", "http://127.0.0.1:9/")
    assert [str(url) for url in asked] == [
        "http://127.0.0.1:9/api/v1/agents",
        "http://127.0.0.1:9/api/v1/agents?cursor=agent-1",
    ]
    first, second = result.stdout.splitlines()[1:]
    assert first.split() == [
        "agent-1",
        "spiffe://cluster.local/ns/argocd-agents/sa/agent-1",
        "managed",
        "-",
        "9/10",
        "1.2ms",
        "1",
        "idle-timeout",
    ]
    assert second.startswith("agent-2")


def test_json_is_one_page_of_all(answer: Callable[[Handler], list[httpx.URL]]) -> None:
    answer(pages)
    found = json.loads(invoke("agents", "-o", "json").stdout)
    assert [each["name"] for each in found["agents"]] == ["agent-1", "agent-2"]
    assert found["next"] is None


def test_the_agents_own_account_of_a_death_goes_before_the_principals(
    answer: Callable[[Handler], list[httpx.URL]],
) -> None:
    report = models.DeathReport(cause="stream-reset", detail="RST_STREAM 2", lived_seconds=5.0, quiet_seconds=5.0)
    told = DEATH.model_copy(update={"report": report})
    one = agent("agent-1").model_copy(update={"last_death": told})
    answer(
        lambda request: httpx.Response(
            200,
            json=body(
                models.DeathPage(deaths=[told])
                if "deaths" in request.url.path
                else models.AgentPage(agents=[one], next=None)
            ),
        )
    )
    deaths = invoke("deaths").output
    assert "idle-timeout" in deaths
    assert "stream-reset" in deaths
    assert "RST_STREAM 2" in deaths
    agents = invoke("agents").output
    assert "stream-reset" in agents
    assert "idle-timeout" not in agents


def test_deaths_are_listed_without_their_terminal_sequences(answer: Callable[[Handler], list[httpx.URL]]) -> None:
    asked = answer(lambda _: httpx.Response(200, json=body(models.DeathPage(deaths=[DEATH]))))
    result = invoke("deaths", "--limit=7")
    assert asked[0].params["limit"] == "7"
    assert "5.0s" in result.stdout
    assert r"stream reset\u001b[2J" in result.stdout


def findings(**changed: Any) -> dict[str, Any]:
    found = models.Finding(
        code="MT1114",
        level="error",
        message="inject is false\x1b[2J",
        path="metadata.labels",
        remedy="Give the label",
        doc="docs/findings/MT1114.md",
    )
    shown = models.Findings(checked=True, podinfo=True, sidecar="istio", faults=["labels: line 1"], findings=[found])
    return {**body(shown), **changed}


def test_findings_are_a_table_with_what_was_seen_beside_it(answer: Callable[[Handler], list[httpx.URL]]) -> None:
    asked = answer(lambda _: httpx.Response(200, json=findings()))
    result = invoke("findings")
    assert [url.path for url in asked] == ["/api/v1/findings"]
    [row] = result.stdout.splitlines()[1:]
    assert row.split()[:2] == ["error", "MT1114"]
    assert "Give the label" in row
    assert "\x1b" not in result.stdout
    assert "not read: labels: line 1" in result.stderr
    assert "it saw its pod's labels and annotations; sidecar: istio" in result.stderr


def test_findings_as_json_are_what_the_api_says(answer: Callable[[Handler], list[httpx.URL]]) -> None:
    answer(lambda _: httpx.Response(200, json=findings()))
    assert json.loads(invoke("findings", "-o", "json").stdout) == findings()


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"checked": False}, "has not looked yet"),
        ({"podinfo": False}, "no labels and annotations"),
        ({"faults": 7}, ""),
    ],
)
def test_findings_say_what_was_not_seen(
    answer: Callable[[Handler], list[httpx.URL]], changed: dict[str, Any], told: str
) -> None:
    answer(lambda _: httpx.Response(200, json=findings(**changed)))
    result = invoke("findings")
    assert result.exit_code == 0
    assert told in result.stderr


def test_an_api_that_goes_in_circles_is_left(answer: Callable[[Handler], list[httpx.URL]]) -> None:
    asked = answer(lambda _: httpx.Response(200, json=body(models.AgentPage(agents=[], next="again"))))
    assert invoke("agents").exit_code == 0
    assert len(asked) == 1000


def refused(request: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError("refused", request=request)


def silent(request: httpx.Request) -> httpx.Response:
    raise httpx.ReadTimeout("timed out", request=request)


@pytest.mark.parametrize(
    ("handler", "told"),
    [
        (refused, "nobody answers at http://127.0.0.1:8090"),
        (silent, "timed out"),
        (lambda _: httpx.Response(503), "503"),
        (lambda _: httpx.Response(200, text="<html>"), "http://127.0.0.1:8090/api/v1/agents"),
        (lambda _: httpx.Response(200, json=[]), "no JSON object"),
        (lambda _: httpx.Response(200, json={"agents": [1]}), "the answer has no agents"),
    ],
)
def test_an_api_that_cannot_be_used_is_status_3(
    answer: Callable[[Handler], list[httpx.URL]], handler: Handler, told: str
) -> None:
    answer(handler)
    result = invoke("agents")
    assert result.exit_code == 3
    assert result.stdout == ""
    assert told in result.stderr
    assert "Traceback" not in result.stderr


def test_a_url_that_is_none_is_status_3() -> None:
    result = invoke("agents", "--url", "http://[")
    assert result.exit_code == 3
    assert "Traceback" not in result.stderr
