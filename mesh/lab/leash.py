"""Starts a program that dies with the process that asked for it. A script of its own: `leash.py PARENT PROGRAM ARGS…`.

Linux kills the program when its parent ends, however it ends (PR_SET_PDEATHSIG). The setting must be made in the new
process, and a hook between fork and exec is not safe in a program with threads; so this script makes it and then
becomes the program, with the same pid. "Parent" means the *thread* that started it: start sidecars from one that lives
as long as they shall. On other systems there is no such signal, and the program outlives a parent that was killed.
"""

import ctypes
import os
import signal
import sys
from typing import NoReturn

PR_SET_PDEATHSIG = 1
"""From <linux/prctl.h>."""


def main(arguments: list[str]) -> NoReturn:
    """Become the program, or say why not and exit."""
    parent, program = int(arguments[0]), arguments[1]
    if sys.platform == "linux":
        if ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0) != 0:
            sys.exit("leash: the kernel does not let a process die with its parent (prctl failed)")
        if os.getppid() != parent:
            sys.exit("leash: the parent is gone")
    os.execv(program, arguments[1:])  # noqa: S606 - no shell is wanted


if __name__ == "__main__":
    main(sys.argv[1:])
