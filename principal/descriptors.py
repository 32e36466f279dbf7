"""File descriptors: each connection is one, and most systems let a process have 1,024 unless it asks for more."""

import resource

import structlog

log = structlog.stdlib.get_logger(__name__)


def raise_limit() -> int:
    """Ask for as many file descriptors as this process may have, and say how many that is.

    Linux keeps the soft limit low for programs that use select(2) (systemd's documentation of LimitNOFILE); nothing
    here does. Where the system refuses, the limit stays what it was.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        except (OSError, ValueError) as error:
            log.warning("the limit of open files stays low", limit=soft, reason=str(error))
        else:
            soft = hard
    return soft
