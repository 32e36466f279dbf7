"""From errors of the operating system to errors of the store."""

import errno
from pathlib import Path
from typing import Final

from stores.files import why
from stores.model import StoreError

_LASTING: Final = frozenset({errno.ENAMETOOLONG})
"""What can never succeed. All else may: a volume is read-only, full or without permission only until that is mended."""


def store_error(path: Path, error: OSError) -> StoreError:
    """Return a StoreError that names the file and the reason."""
    return StoreError(f"{path}: {why(error)}", retryable=error.errno not in _LASTING)
