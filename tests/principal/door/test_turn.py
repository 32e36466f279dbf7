"""The end of a turn: everybody is flushed once, in one callback."""

from collections.abc import Callable

from principal.door.turn import Turn


class Soon:
    """The loop's `call_soon`."""

    def __init__(self) -> None:
        self.asked: list[Callable[[], None]] = []

    def __call__(self, act: Callable[[], None]) -> None:
        self.asked.append(act)

    def run(self) -> None:
        asked, self.asked = self.asked, []
        for act in asked:
            act()


class Connection:
    def __init__(self, name: str, flushed: list[str], then: Callable[[], None] = lambda: None) -> None:
        self.name, self.flushed, self.then = name, flushed, then

    def flush(self) -> None:
        self.flushed.append(self.name)
        self.then()


def test_all_that_joined_are_flushed_in_their_order_by_one_callback() -> None:
    soon, flushed = Soon(), list[str]()
    turn = Turn(soon)
    for name in "abc":
        turn.join(Connection(name, flushed))
    assert (len(soon.asked), flushed) == (1, [])
    soon.run()
    assert (soon.asked, flushed) == ([], ["a", "b", "c"])


def test_who_joins_while_others_are_flushed_comes_in_the_next_turn() -> None:
    soon, flushed = Soon(), list[str]()
    turn = Turn(soon)
    late = Connection("late", flushed)
    turn.join(Connection("a", flushed, lambda: turn.join(late)))
    turn.join(Connection("b", flushed))
    soon.run()
    assert flushed == ["a", "b"]
    soon.run()
    assert flushed == ["a", "b", "late"]
    assert soon.asked == []
