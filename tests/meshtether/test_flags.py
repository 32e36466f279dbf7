"""Command lines are read as Go's pflag reads them, and what cannot be used is named."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meshtether.options.flags import read_flags
from meshtether.options.table import AGENT, PRINCIPAL


@pytest.mark.parametrize(
    ("words", "name", "value"),
    [
        (["--listen-port=1"], "listen-port", "1"),
        (["--listen-port", "1"], "listen-port", "1"),
        (["--listen-host="], "listen-host", ""),
        (["--auth=header:x:^a=(b)$"], "auth", "header:x:^a=(b)$"),
        (["--auth", "--looks-like-a-flag"], "auth", "--looks-like-a-flag"),
        (["-n", "argocd"], "namespace", "argocd"),
        (["-nargocd"], "namespace", "argocd"),
        (["-n=argocd"], "namespace", "argocd"),
        (["--namespace", "argocd"], "namespace", "argocd"),
        (["--insecure-plaintext"], "insecure-plaintext", "true"),
        (["--insecure-plaintext=false"], "insecure-plaintext", "false"),
        (["--insecure-plaintext=F"], "insecure-plaintext", "F"),
    ],
)
def test_a_flag_is_read(words: list[str], name: str, value: str) -> None:
    line = read_flags(PRINCIPAL, words)
    assert [(flag.option.name, flag.value) for flag in line.flags] == [(name, value)]
    assert not line.problems


def test_a_boolean_flag_does_not_take_the_next_word() -> None:
    line = read_flags(PRINCIPAL, ["--insecure-plaintext", "--listen-port", "1"])
    assert [flag.option.name for flag in line.flags] == ["insecure-plaintext", "listen-port"]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--listen-prot=1"], "did you mean --listen-port?"),
        (["--xyzzy"], "see `meshtether principal --help`"),
        (["--server-address=a"], "it is an option of `meshtether agent`"),
        (["--insecure-plaintext", "false"], "write --insecure-plaintext=false"),
        (["stray"], "values follow a flag"),
        (["--", "--listen-port=1"], "'--listen-port=1'"),
        (["--listen-port"], "a value is missing"),
        (["-n"], "a value is missing"),
        (["-x"], "no such flag"),
        (["-"], "belongs to no flag"),
        (["--=1"], "no such flag"),
        (["---listen-port=1"], "no such flag"),
        (["--Listen-Port=1"], "no such flag"),
        (["--recv-queue-size=1"], "no such flag"),
    ],
)
def test_what_cannot_be_used_is_named(words: list[str], told: str) -> None:
    (problem,) = read_flags(PRINCIPAL, words).problems
    assert told in str(problem)


@pytest.mark.parametrize("words", [["--help"], ["-h"], ["--listen-port=1", "--help"]])
def test_help_is_recognised(words: list[str]) -> None:
    assert read_flags(PRINCIPAL, words).help


def test_help_behind_a_flag_that_takes_a_value_is_that_value() -> None:
    assert not read_flags(PRINCIPAL, ["--auth", "--help"]).help


@given(st.lists(st.text(alphabet="-=nh a:", max_size=8) | st.sampled_from(["--listen-port", "--auth=x"]), max_size=6))
def test_any_command_line_is_read_or_refused(words: list[str]) -> None:
    line = read_flags(AGENT, words)
    assert len(line.flags) + len(line.problems) + line.help <= len(words)
