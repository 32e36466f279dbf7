"""What is wrong across options: each problem names the option, its value, where that came from, and the remedy."""

from pathlib import Path

import re2

from mesh.names import LABEL_RULE, is_dns1123_label
from meshtether.options.model import OptionsError, Origin, Problem, Resolved
from meshtether.options.resolve import described


class Checks:
    """Problems of one component's settings, gathered so that a user sees all of them at once."""

    def __init__(self, resolved: Resolved) -> None:
        self._resolved = resolved
        self._problems: list[Problem] = []

    def refuse(self, name: str, reason: str, remedy: str) -> None:
        """Note that the value of option `name` cannot be used."""
        setting = self._resolved.settings[name]
        if setting.source.origin is Origin.DEFAULT:
            what = f"option {setting.option.title}: {setting.option.shown(setting.text)} by default"
        else:
            what = described(setting.option, setting.source, setting.text)
        self._problems.append(Problem(what, reason, remedy))

    def missing(self, name: str, reason: str, remedy: str = "") -> None:
        """Note that option `name` must be set."""
        option = self._resolved.settings[name].option
        self._problems.append(Problem(f"option {option.title}: not set", reason, remedy or f"set {option.ways}"))

    def finish(self) -> None:
        """OptionsError when there is a problem."""
        if self._problems:
            raise OptionsError(*self._problems)

    def namespace(self, name: str, *, empty: str = "") -> str:
        """The namespace that option `name` gives, `empty` if it is empty."""
        text = self._resolved.text(name) or empty
        if not is_dns1123_label(text):
            self.refuse(name, "not the name of a namespace", f"accepted: {LABEL_RULE}")
        return text

    def patterns(self, name: str) -> tuple[str, ...]:
        """The names, globs and `/regex/` of option `name`; the regexes are tried, in RE2."""
        items = self._resolved.items(name)
        for item in items:
            if len(item) > 2 and item.startswith("/") and item.endswith("/"):
                self._try_regex(name, item)
        return items

    def _try_regex(self, name: str, item: str) -> None:
        options = re2.Options()
        options.log_errors = False
        try:
            re2.compile(item[1:-1], options=options)
        except re2.error as error:
            self.refuse(name, f"{item} is no RE2 regex: {error}", "accepted: names, globs such as team-*, or /regex/")

    def folder(self, name: str) -> Path:
        """The store's folder; what lies there is the store's business."""
        text = self._resolved.text(name)
        if not text:
            self.missing(
                name,
                "this release keeps resources in a directory store and needs its folder (Kubernetes comes later)",
            )
        return Path(text)

    def file(self, name: str) -> Path | None:
        """The file that option `name` gives, None if it is empty; it must be readable now."""
        text = self._resolved.text(name)
        return self.readable(name, text) if text else None

    def readable(self, name: str, text: str) -> Path:
        """The file `text`, which is a part of what option `name` gives; it must be readable now."""
        path = Path(text)
        try:
            with path.open("rb") as file:
                file.read(1)
        except OSError as error:
            self.refuse(name, error.strerror or "cannot be read", "accepted: the path of a file that can be read")
        return path
