"""Every way in which the users' documents start argocd-agent: command lines, ConfigMaps, Deployments, variables.

Two forms are read: Markdown, whose samples are fenced, and a page's text, in which indentation is lost.
"""

import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from meshtether.options.resolve import resolve
from meshtether.options.table import AGENT, COMPONENTS, PRINCIPAL
from tests.meshtether import shared

DOCUMENTS = ("seeds/argocd-agent-networking-and-service-mesh.md", "seeds/argocd-agent-networking.txt")

PROGRAM = "argocd-agent"

BY_NAME = {component.name: component for component in COMPONENTS}

REST = {
    "principal": {
        "auth": r"header:x-forwarded-client-cert:^.*URI=spiffe://[^/]+/ns/[^/]+/sa/([^,;]+)",
        "insecure-plaintext": "true",
        "listen-port": "0",
        "store": "store",
        "admin-port": "0",
    },
    "agent": {"creds": "header:", "server-address": "127.0.0.1", "server-port": "15001", "store": "store"},
}
"""What samples leave out, by component: option and a value for it."""


@dataclass(frozen=True)
class Start:
    """One way to start one component."""

    label: str
    """Document, line or kind of sample, for a test's name."""
    component: str
    arguments: tuple[str, ...] = ()
    """What follows `principal` or `agent`."""
    env: Mapping[str, str] = field(default_factory=dict)
    config: str = ""
    """The text of a file for `--config`; empty for none."""

    def __str__(self) -> str:
        return self.label

    def command_line(self, folder: Path) -> list[str]:
        """Its arguments, with `--config` for its file, which is written into `folder`."""
        if not self.config:
            return list(self.arguments)
        path = folder / "params.yaml"
        path.write_text(self.config, encoding="utf-8")
        return [*self.arguments, f"--config={path}"]

    def environment(self, arguments: Sequence[str], rest: Mapping[str, str]) -> dict[str, str]:
        """Its variables, and one for each option of `rest` (option and value) that it does not set itself."""
        alone = resolve(BY_NAME[self.component], arguments, self.env)
        left_out = {alone.settings[name].option.env: text for name, text in rest.items() if not alone.given(name)}
        return left_out | dict(self.env)


def starts() -> list[Start]:
    """All of them; none when the documents are not there."""
    found: list[Start] = []
    for name in DOCUMENTS:
        text = shared.read(name)
        if text is not None:
            found += _read(name.rpartition("/")[2], text)
    return found


def _read(name: str, text: str) -> Iterator[Start]:
    for number, (line, words) in enumerate(_command_lines(text), start=1):
        yield Start(f"{name}-command-{number}-line-{line}", words[1], tuple(words[2:]))
    for line, sample in _fenced(text) if "```" in text else _unfenced(text):
        for document in yaml.safe_load_all(sample):
            yield from _starts_of(f"{name}-line-{line}", document, sample)


def _command_lines(text: str) -> Iterator[tuple[int, list[str]]]:
    """Line number and words of every command line, with the lines that a backslash joins."""
    lines = text.splitlines()
    for number, line in enumerate(lines, start=1):
        if not line.strip().startswith((f"{PROGRAM} {PRINCIPAL.name}", f"{PROGRAM} {AGENT.name}")):
            continue
        joined, at = line.strip(), number
        while joined.endswith("\\"):
            joined = f"{joined[:-1]} {lines[at].strip()}"
            at += 1
        yield number, shlex.split(joined)


def _fenced(text: str) -> Iterator[tuple[int, str]]:
    """Line number and text of every sample of YAML between fences."""
    block: list[str] | None = None
    first = 0
    for number, line in enumerate(text.splitlines(), start=1):
        if line.strip() == "```yaml":
            block, first = [], number + 1
        elif line.strip() == "```" and block is not None:
            yield first, "\n".join(block)
            block = None
        elif block is not None:
            block.append(line)


def _unfenced(text: str) -> Iterator[tuple[int, str]]:
    """Line number and YAML of keys and variables that stand in a page's text."""
    name = ""
    for number, line in enumerate(text.splitlines(), start=1):
        words = line.strip()
        if words.startswith(tuple(f"{component.name}." for component in COMPONENTS)) and ": " in words:
            yield number, words
        elif words.startswith("- name: "):
            name = words.removeprefix("- name: ")
        elif words.startswith("value: ") and name:
            yield number, f"env: [{{name: {name}, {words}}}]"
            name = ""


def _starts_of(label: str, document: Any, sample: str) -> Iterator[Start]:
    if not isinstance(document, dict):
        return
    if document.get("kind") == "Deployment":
        for container in document["spec"]["template"]["spec"]["containers"]:
            component, *arguments = map(_argument, container["args"])
            yield Start(f"{label}-Deployment", component, tuple(arguments), _env(container.get("env", [])))
    elif document.get("kind") == "ConfigMap":
        yield from _config(label, document["data"], sample)
    elif set(document) == {"env"}:
        env = _env(document["env"])
        yield Start(f"{label}-env", "agent" if any("_AGENT_" in name for name in env) else "principal", (), env)
    elif "kind" not in document:
        yield from _config(label, document, sample)


def _config(label: str, data: Mapping[str, Any], sample: str) -> Iterator[Start]:
    for component in COMPONENTS:
        if any(key.startswith(f"{component.name}.") for key in data):
            yield Start(f"{label}-ConfigMap", component.name, config=sample)


def _argument(item: Any) -> str:
    """One item of `args`. `- --creds=header:` without quotes is a mapping to YAML; what was meant is the text."""
    return "".join(f"{key}:" for key in item) if isinstance(item, dict) else str(item)


def _env(variables: list[dict[str, str]]) -> dict[str, str]:
    return {each["name"]: each["value"] for each in variables}
