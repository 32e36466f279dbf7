"""Looking around: what is not there is no trouble, and what goes wrong in a check stops nothing."""

from pathlib import Path
from typing import Any

import pytest
import structlog

from mesh.findings import Level, found
from principal.config import PrincipalConfig
from principal.surroundings import survey
from principal.surroundings.survey import MAX_LOGGED, Surroundings, judge, look, tell
from tests.principal.surroundings.pods import pod
from tests.principal.surroundings.test_podinfo import written


def config(**changed: Any) -> PrincipalConfig:
    return PrincipalConfig(
        **{"insecure_plaintext": True, "auth": "header:x:(.*)", "namespace": "hub", "store": None, **changed}
    )


def test_the_pods_files_the_user_and_what_was_said_are_seen(tmp_path: Path) -> None:
    (tmp_path / "labels").write_bytes(written({"app": "hub"}))
    (tmp_path / "annotations").write_bytes(written({"note": 'a "b"\n'}))
    facts = look(config(podinfo=tmp_path, said={"listen-host": "127.0.0.1"}))
    assert (facts.labels, facts.annotations) == ({"app": "hub"}, {"note": 'a "b"\n'})
    assert (facts.namespace, facts.said, facts.faults) == ("hub", {"listen-host": "127.0.0.1"}, ())
    assert facts.sees_pod


@pytest.mark.parametrize("there", [None, "absent", "a file"])
def test_without_the_downward_api_nothing_is_known_of_the_pod_and_nothing_is_wrong(
    there: str | None, tmp_path: Path
) -> None:
    (tmp_path / "a file").touch()
    facts = look(config(podinfo=tmp_path / there if there else None))
    assert (facts.labels, facts.annotations, facts.sees_pod) == (None, None, False)


def test_an_empty_file_is_a_pod_without_annotations(tmp_path: Path) -> None:
    (tmp_path / "annotations").touch()
    assert look(config(podinfo=tmp_path)).annotations == {}


def test_what_cannot_be_read_is_said_with_the_file_and_the_line(tmp_path: Path) -> None:
    (tmp_path / "labels").write_bytes(b'good="1"\nbad')
    (tmp_path / "annotations").mkdir()
    facts = look(config(podinfo=tmp_path))
    assert facts.labels == {"good": "1"}
    assert [fault.partition(": ")[0] for fault in facts.faults] == [
        str(tmp_path / "labels"),
        str(tmp_path / "annotations"),
    ]
    assert "line 2" in facts.faults[0]


def test_each_finding_is_a_line_at_its_level_and_there_is_an_end_to_them() -> None:
    some = [found("MT1114", None, (), "first", level=level, remedy="one\ntwo") for level in Level]
    with structlog.testing.capture_logs() as lines:
        tell(pod(faults=("labels: x",)), some * MAX_LOGGED)
    told = [line for line in lines if line["event"] == "finding about this principal"]
    assert len(told) == MAX_LOGGED
    assert [line["log_level"] for line in told[:3]] == ["error", "warning", "info"]
    assert told[0]["remedy"] == "one"
    assert told[0]["see"] == "docs/findings/MT1114.md"
    assert lines[-1]["findings"] == 3 * MAX_LOGGED


async def test_a_check_that_fails_is_told_of_and_stops_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(_: object) -> None:
        raise RuntimeError("a check's own fault")

    monkeypatch.setattr(survey, "_findings", fails)
    surroundings = Surroundings()
    with structlog.testing.capture_logs() as lines:
        await judge(pod(), surroundings)
    assert [line["event"] for line in lines] == ["surroundings not checked"]
    assert surroundings.facts is None


async def test_what_was_found_is_kept_for_the_admin_api() -> None:
    surroundings, facts = Surroundings(), pod(annotations={"sidecar.istio.io/inject": "false"})
    await judge(facts, surroundings)
    assert surroundings.facts is facts
    assert [each.code for each in surroundings.found] == ["MT1114"]
