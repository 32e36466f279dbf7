"""Decides every option's value: flag over environment over ConfigMap over default, and remembers where it came from.

Only the source that wins is read. An environment variable or a key that is empty counts as unset, as in the manifests
that argocd-agent ships, which name every variable; an empty flag is an empty value.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

from meshtether.options.configmap import ConfigFile, Entry, read_config_file
from meshtether.options.flags import CommandLine, Flag, read_flags
from meshtether.options.kinds import Value
from meshtether.options.model import (
    Component,
    Notice,
    Option,
    OptionsError,
    Origin,
    Problem,
    Resolved,
    Setting,
    Source,
)
from meshtether.options.own import CONFIG

NO_EFFECT = "option has no effect yet"


def resolve(component: Component, arguments: Sequence[str], env: Mapping[str, str]) -> Resolved:
    """All settings of `component`; OptionsError with every problem there is."""
    return resolve_line(component, read_flags(component, arguments), env)


def resolve_line(component: Component, line: CommandLine, env: Mapping[str, str]) -> Resolved:
    """The same for a command line that has been read."""
    flags: dict[str, list[Flag]] = {}
    for flag in line.flags:
        flags.setdefault(flag.option.name, []).append(flag)
    problems = list(line.problems)
    file = _config_file(component, flags, env)
    problems += file.problems
    settings = {}
    for option in component.options:
        texts, source = _choose(option, flags.get(option.name, []), env, file.entries.get(option.name))
        try:
            settings[option.name] = Setting(option, _value(option, texts), source)
        except ValueError as error:
            problems.append(_unfit(option, source, ",".join(texts), str(error)))
    if problems:
        raise OptionsError(*problems)
    later = [_no_effect(each) for each in settings.values() if each.option.later and _changed(each)]
    return Resolved(component, settings, (*file.notices, *later))


def _config_file(component: Component, flags: Mapping[str, list[Flag]], env: Mapping[str, str]) -> ConfigFile:
    texts, _ = _choose(CONFIG, flags.get(CONFIG.name, []), env, None)
    return read_config_file(component, Path(texts[-1])) if texts[-1] else ConfigFile()


def _choose(
    option: Option, flags: Sequence[Flag], env: Mapping[str, str], entry: Entry | None
) -> tuple[list[str], Source]:
    """The texts that count, several only for a list given by several flags, and where they came from."""
    if flags:
        texts = [flag.value for flag in flags]
        return texts if option.kind.many else texts[-1:], Source(Origin.FLAG, flags[-1].written)
    if option.env and env.get(option.env):
        return [env[option.env]], Source(Origin.ENVIRONMENT, option.env)
    if entry is not None and entry.text:
        return [entry.text], Source(Origin.CONFIG, entry.key, entry.place)
    return [option.default], Source(Origin.DEFAULT)


def _value(option: Option, texts: Sequence[str]) -> Value:
    values = [option.kind.parse(text) for text in texts]
    if not option.kind.many:
        return values[-1]
    return tuple(item for value in values if isinstance(value, tuple) for item in value)


def _changed(setting: Setting) -> bool:
    return setting.source.origin is not Origin.DEFAULT and setting.value != _value(
        setting.option, [setting.option.default]
    )


def _no_effect(setting: Setting) -> Notice:
    later = f"{setting.option.later} comes in a later release"
    return Notice(
        NO_EFFECT,
        {"option": setting.option.title, "value": setting.text, "source": str(setting.source), "because": later},
    )


def _unfit(option: Option, source: Source, text: str, reason: str) -> Problem:
    hint = option.kind.hint(text)
    remedy = f"accepted: {option.kind.accepted}" + (f"; did you mean {hint!r}?" if hint else "")
    return Problem(described(option, source, text), reason, remedy)


def described(option: Option, source: Source, text: str) -> str:
    """Where a value came from and what it is, for a problem: `environment variable X (option --y): 'z'`."""
    place = str(source)
    if source.origin is not Origin.FLAG and option.flag:
        place += f" (option {option.title})"
    return f"{place}: {option.shown(text)}"
