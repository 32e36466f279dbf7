"""`userpass:<path>`: the caller is who knows the password.

bcrypt is slow on purpose, so it runs in threads of its own, few enough to leave the event loop a core. What waits
longer than agents do is turned away, with a hint when to come back.
"""

import asyncio
import os
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

import structlog

from mesh.identity.errors import shown
from mesh.identity.verdict import Trail, Verdict
from principal.auth import method
from principal.auth.followed import FollowedFile
from principal.auth.users import Users
from principal.rpc import CallInfo, unavailable

log = structlog.stdlib.get_logger(__name__)

WORKERS: Final = max(2, (os.cpu_count() or 2) - 1)
"""Threads that compare passwords: all cores but one, and two at least."""

MAX_WAITING: Final = 100 * WORKERS
"""Logins under way. At a tenth of a second each (cost 10), the last of so many waits ten seconds: the time after which
agents give up a login."""

BUSY_WAIT: Final = 5.0
"""Seconds that a caller is asked to wait when too many others do."""

FAULTS_LOGGED: Final = 20
"""Bad lines of one file that are logged one by one."""

CREDENTIALS: Final = ("clientid", "clientsecret")
"""Keys of the credentials in Authenticate: the name, and the password."""


class UserpassMethod:
    """Believes a name with its password, by a file that is read again when it changes."""

    name = method.USERPASS

    def __init__(self, path: Path) -> None:
        """Read the file; FileError when it can't be. Blocks."""
        self.file = FollowedFile(path, _read, what="users")
        self._workers = ThreadPoolExecutor(WORKERS, thread_name_prefix="bcrypt")
        self._waiting = 0

    def claimed(self, credentials: Mapping[str, str]) -> str | None:
        """The name that these credentials claim."""
        return credentials.get(CREDENTIALS[0])

    async def authenticate(self, credentials: Mapping[str, str], _call: CallInfo) -> Verdict:
        """Who logs in with these credentials; UNAVAILABLE when too many others wait already."""
        if self._waiting >= MAX_WAITING:
            raise unavailable("too many logins are waiting", wait=BUSY_WAIT)
        name, secret = (credentials.get(key, "") for key in CREDENTIALS)
        self._waiting += 1
        try:
            right = await asyncio.get_running_loop().run_in_executor(self._workers, self._check, name, secret)
        finally:
            self._waiting -= 1
        if right:
            return Trail().accept(name)
        rule = "userpass-wrong-secret" if name in self.file.value.hashes else "userpass-unknown-user"
        why = f"{shown(name)} with this password; accepted: a user of {self.file.path} with its own"
        return Trail().refuse(rule, why)

    def present(self, agent: str, _call: CallInfo) -> Verdict:
        """`agent`, while it is a user."""
        if agent in self.file.value.hashes:
            return Trail().accept(agent)
        return Trail().refuse("userpass-unknown-user", f"{agent} is no user of {self.file.path} any more")

    def close(self) -> None:
        """Let the threads end."""
        self._workers.shutdown(wait=False, cancel_futures=True)

    def _check(self, name: str, secret: str) -> bool:
        self.file.refresh()
        return self.file.value.check(name, secret)


def _read(content: bytes, source: str) -> Users:
    users = Users.read(content, source)
    for fault in users.faults[:FAULTS_LOGGED]:
        log.warning("bad line in the file of users", reason=fault)
    if len(users.faults) > FAULTS_LOGGED:
        log.warning("more bad lines in the file of users", source=source, count=len(users.faults) - FAULTS_LOGGED)
    if not users.hashes:
        log.warning("the file of users names nobody: every login will fail", source=source)
    return users
