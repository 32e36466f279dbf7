"""Whether somebody has a file open for writing: one who appends would write into what we have replaced."""

import errno
import fcntl
import os
import signal
from pathlib import Path
from typing import Final

_SET_LEASE: Final = getattr(fcntl, "F_SETLEASE", None)
_SET_SIGNAL: Final = getattr(fcntl, "F_SETSIG", None)


def has_writer(path: Path) -> bool:
    """Whether a process has the file open for writing; False where the system does not tell; OSError if it is missing.

    The kernel grants a read lease on a file only while nobody has it open for writing (fcntl(2), "Leases"). It is
    given back at once. Were it broken in between, the kernel would send a signal: one that is ignored by default is
    chosen.
    """
    if _SET_LEASE is None or _SET_SIGNAL is None:
        return False
    number = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        fcntl.fcntl(number, _SET_SIGNAL, signal.SIGURG)
        fcntl.fcntl(number, _SET_LEASE, fcntl.F_RDLCK)
        fcntl.fcntl(number, _SET_LEASE, fcntl.F_UNLCK)
    except OSError as error:
        return error.errno == errno.EAGAIN
    finally:
        os.close(number)
    return False
