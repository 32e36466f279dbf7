"""Renaming with conditions, as Linux can: exchange two names in one step, or fail when the new name is taken."""

import ctypes
import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import Final

_NO_REPLACE: Final = 1
_EXCHANGE: Final = 2
_AT_FDCWD: Final = -100
_UNSUPPORTED: Final = (errno.ENOSYS, errno.EINVAL, errno.EOPNOTSUPP)
"""What a kernel or a file system without these flags says (NFS, some FUSE)."""

_Rename = Callable[[int, bytes, int, bytes, int], int]


def _find() -> _Rename | None:
    try:
        function = ctypes.CDLL(None, use_errno=True).renameat2
    except (OSError, AttributeError):  # another operating system, or a C library without it
        return None
    function.argtypes = (ctypes.c_int, ctypes.c_char_p, ctypes.c_int, ctypes.c_char_p, ctypes.c_uint)
    function.restype = ctypes.c_int
    found: _Rename = function
    return found


_RENAMEAT2: Final = _find()


def exchange(one: Path, other: Path) -> bool:
    """Let two files change places in one step; False where that is not to be had; OSError if one is not there."""
    return _rename(one, other, _EXCHANGE)


def rename_new(old: Path, new: Path) -> bool:
    """Rename `old`, unless there is a `new`: FileExistsError; False where that is not to be had; OSError otherwise."""
    return _rename(old, new, _NO_REPLACE)


def _rename(old: Path, new: Path, flags: int) -> bool:
    if _RENAMEAT2 is None:
        return False
    if _RENAMEAT2(_AT_FDCWD, os.fsencode(old), _AT_FDCWD, os.fsencode(new), flags) == 0:
        return True
    code = ctypes.get_errno()
    if code in _UNSUPPORTED:
        return False
    raise OSError(code, os.strerror(code), str(old), None, str(new))
