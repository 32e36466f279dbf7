"""What an identity rule answers: a name or a refusal, and the way to it in words."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Step:
    """One step from header to agent, in words for people."""

    what: str
    """What was looked at: `header`, `elements`, `identity`, `agent`, or `refused`."""
    outcome: str
    """What was found there."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Who a header is, or why nobody. Exactly one of `agent` and `refused` is set."""

    agent: str | None
    """The agent's name, a DNS-1123 label."""
    identity: str | None
    """The caller's SPIFFE ID or Linkerd name, where one can be told; also told when a known caller is refused."""
    refused: str | None
    """The name of the rule that refuses."""
    steps: tuple[Step, ...]
    """The way there; the last step of a refusal says what was wrong and what would be accepted."""

    def __post_init__(self) -> None:
        if (self.agent is None) is (self.refused is None):
            raise ValueError("a verdict either names an agent or says which rule refuses")


class Trail:
    """The steps taken so far; a rule writes them down and ends with one verdict."""

    def __init__(self) -> None:
        self._steps: list[Step] = []
        self.identity: str | None = None

    def note(self, what: str, outcome: str) -> None:
        """Write down one step."""
        self._steps.append(Step(what, outcome))

    def accept(self, agent: str) -> Verdict:
        """The verdict that names `agent`."""
        self.note("agent", agent)
        return Verdict(agent, self.identity, None, tuple(self._steps))

    def refuse(self, rule: str, why: str) -> Verdict:
        """The verdict that names nobody, because of `rule`."""
        self.note("refused", f"{rule}: {why}")
        return Verdict(None, self.identity, rule, tuple(self._steps))
