import pytest

from mesh.bundle import Field
from mesh.configuration.timing import CHECKS, heartbeat_findings
from mesh.durations import SECOND
from mesh.findings import Level
from mesh.intent import DEFAULT_INTENT
from mesh.manifests import read_documents
from tests.mesh.texts import codes, findings, pod, world

BEATING = "--heartbeat-interval=30s"
HEADER = "--creds=header:"
TIMER = Field.root(read_documents("{idle: 60s}", "x")[0][0]).at("idle")


def agent(*args: str) -> str:
    return pod("agent", *args)


@pytest.mark.parametrize(
    ("args", "found"),
    [
        ([BEATING], []),
        ([], ["MT1909"]),
        (["--heartbeat-interval=0", "--keep-alive-ping-interval=30s"], ["MT1906"]),
        ([BEATING, "--keep-alive-ping-interval=5s"], ["MT1907"]),
        ([BEATING, "--keep-alive-ping-interval=30s", "--enable-websocket"], ["MT1913"]),
        ([BEATING, "--enable-websocket"], []),
    ],
)
def test_agents_send_heartbeats_and_pings_as_they_are_set(args: list[str], found: list[str]) -> None:
    assert codes(CHECKS, agent(*args)) == found


@pytest.mark.parametrize(
    ("limit", "image", "pings", "found"),
    [
        ("10s", "meshtether", ["30s"], []),
        ("30s", "meshtether", ["30s"], [("MT1905", Level.ERROR)]),
        ("30s", "meshtether", ["90s", "20s"], [("MT1905", Level.ERROR)]),
        ("0", "meshtether", ["30s"], []),
        ("0", "argocd-agent", ["30s"], [("MT1908", Level.WARNING)]),
        ("0", "argocd-agent", ["301s"], []),
    ],
)
def test_the_limit_is_compared_with_the_most_frequent_pings(
    limit: str, image: str, pings: list[str], found: list[tuple[str, Level]]
) -> None:
    principal = pod("principal", f"--keepalive-min-interval={limit}", image=image)
    agents = [agent(BEATING, f"--keep-alive-ping-interval={each}") for each in pings]
    assert [(each.code, each.level) for each in findings(CHECKS, principal, *agents)] == found


def test_behind_a_mesh_the_pings_end_at_the_agents_own_proxy() -> None:
    principal = pod("principal", "--keepalive-min-interval=30s")
    told = findings(CHECKS, principal, agent(BEATING, HEADER, "--keep-alive-ping-interval=30s"))
    assert [(each.code, each.level) for each in told] == [("MT1905", Level.WARNING)]


@pytest.mark.parametrize(
    ("beat", "level"),
    [
        ("30s", None),
        ("45s", None),
        ("29s", Level.INFO),
        ("46s", Level.WARNING),
        ("60s", Level.ERROR),
        ("0", Level.ERROR),
    ],
)
def test_a_heartbeat_is_half_to_three_quarters_of_the_timer_that_it_resets(beat: str, level: Level | None) -> None:
    known = world(agent(f"--heartbeat-interval={beat}"))
    told = list(heartbeat_findings(known, TIMER, 60 * SECOND, "the timer"))
    assert [(each.code, each.level) for each in told] == ([("MT1910", level)] if level else [])


def test_of_many_agents_the_silent_the_most_frequent_and_the_rarest_are_told() -> None:
    known = world(*(agent(f"--heartbeat-interval={each}") for each in ("0", "10s", "20s", "40s", "50s", "90s", "0")))
    told = list(heartbeat_findings(known, TIMER, 60 * SECOND, "the timer"))
    assert [each.level for each in told] == [Level.ERROR, Level.INFO, Level.ERROR]


def test_without_agents_the_intents_heartbeat_counts_and_a_timer_that_is_off_never() -> None:
    assert not list(heartbeat_findings(world(), TIMER, 20 * SECOND, "the timer"))
    told = list(heartbeat_findings(world(intent=DEFAULT_INTENT), TIMER, 20 * SECOND, "the timer"))
    assert [each.level for each in told] == [Level.ERROR]
    assert not list(heartbeat_findings(world(intent=DEFAULT_INTENT), TIMER, 0, "the timer"))
