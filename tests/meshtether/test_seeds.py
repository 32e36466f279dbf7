"""What users' documents say to type, works: each sample resolves and builds, the rest coming from the environment."""

from pathlib import Path

import pytest

from agent.config import AgentConfig
from meshtether.commands.agent_settings import build_agent
from meshtether.commands.principal_settings import build_principal
from meshtether.options.model import Origin, Resolved
from meshtether.options.resolve import NO_EFFECT, resolve
from principal.config import PrincipalConfig
from tests.conftest import missing
from tests.meshtether.seeds import BY_NAME, REST, Start, starts

STARTS = starts()


def settings(start: Start, folder: Path) -> Resolved:
    """The start as it stands, what it leaves out coming from the environment."""
    arguments = start.command_line(folder)
    return resolve(BY_NAME[start.component], arguments, start.environment(arguments, REST[start.component]))


@pytest.mark.parametrize("start", STARTS or [None], ids=str)
def test_a_sample_starts_unchanged(start: Start | None, tmp_path: Path) -> None:
    if start is None:
        missing("the users' documents are not beside the project")
        return
    resolved = settings(start, tmp_path)
    if start.component == "principal":
        hub = build_principal(resolved)
        assert isinstance(hub, PrincipalConfig)
        assert hub.insecure_plaintext
    else:
        spoke = build_agent(resolved)
        assert isinstance(spoke, AgentConfig)
        assert spoke.plaintext, spoke.plaintext_reason
    given = [each for each in resolved.settings.values() if each.source.origin is Origin.FLAG]
    assert len(given) == len(start.arguments) + bool(start.config)
    assert {notice.facts.get("option") for notice in resolved.notices} <= {"--enable-websocket"}
    assert all(notice.message == NO_EFFECT for notice in resolved.notices)


def test_every_kind_of_sample_is_found() -> None:
    if not STARTS:
        missing("the users' documents are not beside the project")
    labels = [start.label for start in STARTS]
    assert sum("command" in label for label in labels) == 17
    assert sum(label.endswith("Deployment") for label in labels) == 2
    assert sum(label.endswith("ConfigMap") for label in labels) == 7
    assert sum(label.endswith("env") for label in labels) == 3
