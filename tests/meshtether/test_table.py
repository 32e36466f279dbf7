"""The table knows every flag, variable and ConfigMap key of argocd-agent, with its default."""

import pytest

from meshtether.options.kinds import BOOL, LIST, LOG_LEVELS
from meshtether.options.model import Component, Option
from meshtether.options.own import THEMES
from meshtether.options.table import AGENT, COMPONENTS, KEYS, PRINCIPAL, other
from tests.conftest import missing
from tests.meshtether import shared

SECTIONS = {"principal": ("## 6.1", "## 6.2", 67), "agent": ("## 6.2", "## 6.3", 50)}

OPTIONS = [pytest.param(each, id=f"{part.name}-{each.name}") for part in COMPONENTS for each in part.options]


def described(component: Component) -> list[list[str]]:
    """Rows of the protocol's own table of flags: flag, type, variable, default, keys."""
    text = shared.read("spec/hub-protocol.md")
    if text is None:
        missing("the protocol's description is not beside the project")
        return []
    start, end, _ = SECTIONS[component.name]
    lines = text.partition(f"\n{start}")[2].partition(f"\n{end}")[0].splitlines()
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("| `--")]


def code(cell: str) -> list[str]:
    """What stands between backticks."""
    return cell.split("`")[1::2]


@pytest.mark.parametrize("component", COMPONENTS, ids=lambda each: each.name)
def test_every_flag_of_argocd_agent_is_known_with_variable_keys_and_default(component: Component) -> None:
    rows = described(component)
    assert len(rows) == SECTIONS[component.name][2]
    known = component.by_flag()
    for flag, kind, env, default, keys in rows:
        name = code(flag)[0].removeprefix("--")
        option = known[name]
        assert option.env == "".join(code(env)), name
        wanted = [key for key in code(keys) if not key.startswith("secret ")]
        assert set(wanted) <= set(option.keys), name
        text = code(default)[0].partition(" ")[0].replace("[]", "")
        assert option.kind.parse(option.default) == option.kind.parse(text), name
        assert (kind == "Bool") == (option.kind is BOOL), name
        assert (kind == "StringSlice") == (option.kind in (LIST, LOG_LEVELS)), name
        assert (kind == "Duration") == (option.kind.name == "DURATION"), name


def test_variables_without_a_flag_are_known() -> None:
    names = {option.env for option in AGENT.options if not option.flag}
    assert names == {
        "ARGOCD_AGENT_RECV_QUEUE_SIZE",
        "ARGOCD_AGENT_SEND_QUEUE_SIZE",
        "ARGOCD_AGENT_KUBE_QPS",
        "ARGOCD_AGENT_KUBE_BURST",
        "ARGOCD_REDIS_KEY_PREFIX",
    }


@pytest.mark.parametrize(
    "key",
    [
        "principal.redis.compression-type",
        "agent.tls.client.insecure",
        "agent.websocket.enabled",
        "agent.compression.enabled",
        "agent.resource-proxy.enabled",
        "agent.heartbeat.interval",
        "agent.cache.refresh-interval",
        "agent.redis.username",
        "meshtether.store",
        "meshtether.admin.port",
    ],
)
def test_other_spellings_and_our_own_keys_are_known(key: str) -> None:
    assert key in KEYS


@pytest.mark.parametrize("option", OPTIONS)
def test_an_options_default_is_a_value_of_its_kind(option: Option) -> None:
    value = option.kind.parse(option.default)
    assert option.kind.show(value) == option.default


@pytest.mark.parametrize("option", OPTIONS)
def test_an_option_has_a_sentence_of_help_and_a_theme(option: Option) -> None:
    assert option.help.endswith(".")
    assert option.theme in THEMES
    assert option.ways


@pytest.mark.parametrize("component", COMPONENTS, ids=lambda each: each.name)
def test_no_name_variable_or_key_means_two_things(component: Component) -> None:
    for names in (
        [option.name for option in component.options],
        [option.env for option in component.options if option.env],
        [key for option in component.options for key in option.keys],
        [option.short for option in component.options if option.short],
    ):
        assert len(names) == len(set(names))


def test_a_key_of_argocd_agents_belongs_to_the_component_it_names() -> None:
    for component in COMPONENTS:
        assert {key.partition(".")[0] for key in component.by_key()} == {component.name, "meshtether"}


def test_each_component_has_another() -> None:
    assert other(PRINCIPAL) is AGENT
    assert other(AGENT) is PRINCIPAL
