"""Which namespaces take part in the sync: names, shell globs and `/regex/` in RE2 (argocd-agent's own forms).

Patterns are checked when they are read, so that a bad one is an error at start and not a silence later.
"""

import fnmatch
from collections.abc import Callable, Sequence

import re2


class PatternError(ValueError):
    """A pattern can't be used; the message repeats it and says what is wrong."""


def namespace_matcher(patterns: Sequence[str]) -> Callable[[str], bool]:
    """A test for namespaces; no patterns allow all of them."""
    if not patterns:
        return lambda _namespace: True
    tests = [_compile(pattern) for pattern in patterns]
    return lambda namespace: any(test(namespace) for test in tests)


def _compile(pattern: str) -> Callable[[str], bool]:
    if len(pattern) > 2 and pattern.startswith("/") and pattern.endswith("/"):
        return _regex(pattern)
    return lambda namespace: fnmatch.fnmatchcase(namespace, pattern)


def _regex(pattern: str) -> Callable[[str], bool]:
    options = re2.Options()
    options.log_errors = False
    try:
        compiled = re2.compile(pattern[1:-1], options=options)
    except re2.error as error:
        raise PatternError(f"{pattern!r} is no RE2 regular expression: {error}") from error
    return lambda namespace: compiled.search(namespace) is not None
