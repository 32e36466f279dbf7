"""What a newer event of a resource makes pointless: argocd-agent's table, row by row."""

import pytest

from hubproto.lane import Lane
from tests.hubproto.samples import event, words


@pytest.mark.parametrize(
    ("added", "left"),
    [
        ([], []),
        (["S1"], ["S1"]),
        (["S1", "S2", "S3"], ["S3"]),
        (["T10", "T20"], ["T20"]),
        (["S1", "T2"], ["S1", "T2"]),
        (["S1", "C2", "S3"], ["C2", "S3"]),
        (["C1", "C2"], ["C1", "C2"]),
        (["S1", "S2", "T3", "S4"], ["T3", "S4"]),
        (["O1", "O2"], ["O1", "O2"]),
        (["C1", "S2", "D3"], ["D3"]),
        (["D1", "D2"], ["D2"]),
        (["D1", "C2", "S3", "S4"], ["D1", "C2", "S4"]),
    ],
    ids=lambda row: "-".join(row) or "nothing",
)
def test_queued_updates_are_merged_and_nothing_else_is(added: list[str], left: list[str]) -> None:
    lane = Lane()
    gone = []
    for serial, one in enumerate(added):
        gone += lane.superseded_by(event(one))
        lane.unsent.append((serial, event(one)))
    assert words([queued for _, queued in lane.unsent]) == left
    assert sorted(gone + [serial for serial, _ in lane.unsent]) == list(range(len(added)))


def test_what_is_on_its_way_holds_back_the_rest_until_it_is_due() -> None:
    lane = Lane()
    lane.unsent.append((1, event("C1")))
    assert lane.may_go
    lane.sent = event("S0")
    assert not lane.may_go
    lane.due = True
    assert lane.may_go
    lane.settle()
    assert (lane.sent, lane.due, lane.attempts, lane.may_go) == (None, False, 0, True)
