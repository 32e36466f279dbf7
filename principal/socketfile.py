"""The file of a unix socket that only those may open who shall, at no moment anybody else.

The file would be made with the modes that the umask leaves. So the socket is bound in a folder of mode 0700 beside its
place, set to its mode there, and then renamed to where it is looked for, which also replaces what a dead process left.
"""

import contextlib
import os
import shutil
import socket
import stat
import tempfile
from pathlib import Path
from typing import Final

from principal.rpc import DoorError

MODE: Final = 0o600
"""Only the owner, and root, may connect: connecting takes the right to write (unix(7))."""

MODE_FOR_ALL: Final = 0o666
"""Everybody may connect: for a door that asks each peer for its user, so that a sidecar may run as another one."""

MAX_PATH: Final = 107
"""Bytes of a socket's path (sun_path of unix(7), less its end)."""

_BOUND: Final = "s"

_INSIDE: Final = len("/.12345678/s")
"""Bytes that the place of binding adds to the folder's path."""


class SocketFile:
    """One socket's place in the file system. All failures are DoorError and name the path."""

    def __init__(self, path: Path, *, mode: int = MODE) -> None:
        self.path = path
        self._mode = mode
        self._folder: Path | None = None
        self._inode: int | None = None

    def prepare(self) -> Path:
        """Where to bind: a path that nobody else reaches. Refused while another process listens at the place."""
        longest = max(len(os.fsencode(self.path)), len(os.fsencode(self.path.parent)) + _INSIDE)
        if longest > MAX_PATH:
            raise DoorError(f"can't listen on {self.path}: {longest - MAX_PATH} bytes too long for a socket's path")
        self._check_free()
        try:
            self._folder = Path(tempfile.mkdtemp(prefix=".", dir=self.path.parent))
        except OSError as error:
            raise DoorError(f"can't listen on {self.path}: {error.strerror} in folder {self.path.parent}") from error
        return self._folder / _BOUND

    def publish(self) -> None:
        """Put the bound socket in its place, with its mode."""
        if self._folder is None:
            raise DoorError(f"can't listen on {self.path}: nothing was prepared")
        bound = self._folder / _BOUND
        try:
            bound.chmod(self._mode)
            self._inode = bound.stat().st_ino
            bound.rename(self.path)
        except OSError as error:
            raise DoorError(f"can't listen on {self.path}: {error.strerror}") from error
        finally:
            self._drop_folder()

    def remove(self) -> None:
        """Take the file away, unless another process has put its own there meanwhile."""
        self._drop_folder()
        with contextlib.suppress(OSError):
            if self._inode is not None and self.path.lstat().st_ino == self._inode:
                self.path.unlink()
        self._inode = None

    def _check_free(self) -> None:
        try:
            mode = self.path.lstat().st_mode
        except FileNotFoundError:
            return
        except OSError as error:
            raise DoorError(f"can't listen on {self.path}: {error.strerror}") from error
        if not stat.S_ISSOCK(mode):
            raise DoorError(f"can't listen on {self.path}: there is something else than a socket; it is left alone")
        if _answers(self.path):
            raise DoorError(f"can't listen on {self.path}: another process listens there")

    def _drop_folder(self) -> None:
        folder, self._folder = self._folder, None
        if folder is not None:
            shutil.rmtree(folder, ignore_errors=True)


def _answers(path: Path) -> bool:
    """Whether somebody listens on that socket. A file that a dead process left refuses."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.setblocking(False)
        try:
            probe.connect(str(path))
        except (ConnectionRefusedError, FileNotFoundError):
            return False
        except OSError:
            return True  # a full backlog, or not ours to open: somebody's, in doubt
    return True
