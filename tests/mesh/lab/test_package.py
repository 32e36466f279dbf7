"""The package is cheap to import, and has what it promises."""

import subprocess
import sys

import pytest

import mesh.lab


def test_importing_the_package_imports_nothing_heavy():
    code = (
        "import sys, mesh.lab; print([m for m in ('envoy_data_plane', 'pydantic', 'cryptography') if m in sys.modules])"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"


def test_every_public_name_can_be_had():
    assert {name: getattr(mesh.lab, name).__name__ for name in mesh.lab._HOMES} == {
        name: name for name in mesh.lab._HOMES
    }
    assert set(mesh.lab._HOMES) <= set(dir(mesh.lab))


def test_a_name_it_does_not_have_is_an_attribute_error():
    with pytest.raises(AttributeError, match="nonsense"):
        _ = mesh.lab.nonsense
