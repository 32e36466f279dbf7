import importlib
import pkgutil

import pytest

CHECKED = ("mesh.kubernetes", "mesh.configuration")


@pytest.mark.parametrize("room", CHECKED)
def test_every_modules_checks_run_once(room: str) -> None:
    names = [each.name for each in pkgutil.iter_modules(importlib.import_module(room).__path__)]
    modules = [importlib.import_module(f"{room}.{name}") for name in names if name != "checks"]
    wanted = [check for module in modules for check in getattr(module, "CHECKS", ())]
    run = importlib.import_module(f"{room}.checks").CHECKS
    assert len(run) == len(set(run))
    assert set(run) == set(wanted)
