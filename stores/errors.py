"""From errors of the operating system to errors of the store."""

import errno
from pathlib import Path
from typing import Final

from stores.files import why
from stores.model import StoreError

_LASTING: Final = frozenset(
    {errno.EROFS, errno.EACCES, errno.EPERM, errno.ENAMETOOLONG, errno.ENOTDIR, errno.EISDIR, errno.ELOOP}
)
"""What does not go away by trying again."""


def store_error(path: Path, error: OSError) -> StoreError:
    """Return a StoreError that names the file and the reason."""
    return StoreError(f"{path}: {why(error)}", retryable=error.errno not in _LASTING)
