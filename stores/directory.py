"""The directory store: a folder of manifests as an object store, on the principal's side and on the agent's.

One task looks at the folder whenever the kernel hints at a change, when a file has been quiet for long enough, and
now and then in any case. Looking and writing run in a thread, one at a time; the view is changed in the event loop
only. docs/store.md tells users how it behaves.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import structlog

from mesh.manifests import Fault
from stores.drafting import MovingError, commit, draft, is_same
from stores.files import signature_of, why
from stores.folder import Folder, Outcome
from stores.identity import fixed_identity, load_identity, make_identity
from stores.leftovers import recover
from stores.locking import release_lock, take_lock
from stores.memory import Memory
from stores.model import Change, ChangeFunction, ObjectKey, StoredObject, StoreError, Synced
from stores.quiet import QUIET_SECONDS, Quiet
from stores.values import copy_of
from stores.view import SETTLE_SECONDS, View, without_version
from stores.watching import hints

log = structlog.stdlib.get_logger(__name__)

RESCAN_SECONDS: Final = 5.0
"""How often the folder is looked at although the kernel has said nothing: network file systems and replaced folders
give no hints. A look reads only names and times: 10,000 files take about 50 ms."""

POLL_SECONDS: Final = 1.0
"""The same where the kernel cannot give hints at all."""

REST: Final = 4
"""How many times as long as it took, a look is followed by a rest, so that a large folder under steady change takes
at most a fifth of a core."""

UPDATE_TRIES: Final = 50
"""How often an update begins anew because somebody else edits, moves or breaks the same file."""

UPDATE_PAUSE: Final = 0.02
"""Seconds between two such tries. All of them together outlast the settling of a deletion."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """Times in seconds; tests shorten them."""

    quiet: float = QUIET_SECONDS
    settle: float = SETTLE_SECONDS
    rescan: float = RESCAN_SECONDS
    poll: float = POLL_SECONDS


class DirectoryStore:
    """Objects in the manifests below a folder (stores.model.Store)."""

    def __init__(
        self, root: Path, *, assign_uids: bool = True, exclusive: bool = True, timing: Timing | None = None
    ) -> None:
        self._root = root.absolute()
        self._assign_uids = assign_uids
        self._exclusive = exclusive
        self._lock_number: int | None = None
        self._memory = Memory(self._root, writes=exclusive)
        self._is_reconciled = False
        self._timing = timing or Timing()
        self._view = View(settle=self._timing.settle)
        self._lock = asyncio.Lock()
        self._wake = asyncio.Event()
        self._news = asyncio.Event()
        self._stop = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._updates: set[asyncio.Task[StoredObject | None]] = set()
        self._folder: Folder | None = None
        self._identity = ""
        self._faults: tuple[Fault, ...] = ()
        self._rescan = self._timing.rescan
        self._is_closed = False
        self._is_watched = False

    @property
    def identity(self) -> str:
        """A UUID that stays with the folder; of an unwritable folder, with its path."""
        return self._identity

    @property
    def faults(self) -> Sequence[Fault]:
        """What is unreadable now, by file and line."""
        return self._faults

    async def open(self) -> None:
        """Read everything that is there and begin to watch; StoreError: the folder is missing, unreadable or taken."""
        try:
            self._folder = await asyncio.to_thread(self._prepare)
        except StoreError:
            self._release()
            raise
        await self._look()
        # The first look only takes note: a file is read when it looks the same twice.
        await asyncio.sleep(self._timing.quiet)
        await self._look()
        self._tasks = [asyncio.create_task(self._keep_looking()), asyncio.create_task(self._keep_listening())]

    async def close(self) -> None:
        """Stop watching; end the watch; wait for what is being written."""
        self._is_closed = True
        self._stop.set()
        self._news.set()
        tasks, self._tasks = self._tasks, []
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.gather(*self._updates, return_exceptions=True)
        if self._folder is not None:
            async with self._lock:
                await asyncio.to_thread(self._memory.flush)
        self._release()

    def _release(self) -> None:
        number, self._lock_number = self._lock_number, None
        release_lock(number)

    async def watch(self) -> AsyncIterator[Change | Synced]:
        """Yield ADDED for all that is present, Synced, then each change; end when the store is closed."""
        if self._is_watched:
            raise RuntimeError("a directory store has one watcher at a time")
        self._is_watched = True
        self._view.forget_told()
        try:
            for change in self._view.changes():
                yield change
            yield Synced()
            while not self._is_closed:
                self._news.clear()
                for change in self._view.changes():
                    yield change
                await self._news.wait()
        finally:
            self._is_watched = False

    def get(self, key: ObjectKey) -> StoredObject | None:
        """Return the object of the last view."""
        return self._view.get(key)

    def held(self, key: ObjectKey, uid: str) -> bool:
        """Whether this store holds or has once held the object, in this process or an earlier one."""
        return self._memory.held(key, uid)

    def list(self, kind: str) -> list[StoredObject]:
        """Return all objects of a kind in the last view, by namespace and name."""
        return [found for found in self._view.objects() if found.key.kind == kind]

    async def update(self, key: ObjectKey, change: ChangeFunction) -> StoredObject | None:
        """Store what `change` makes of the object, in the file where it is, or in DIR/NAMESPACE/PLURAL/NAME.yaml.

        A call that is cancelled may still be carried out: what a thread has begun to write is written, and then shown.
        """
        task = asyncio.create_task(self._update(key, change))
        self._updates.add(task)
        task.add_done_callback(self._updates.discard)
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            task.add_done_callback(_take_error)
            raise

    async def _update(self, key: ObjectKey, change: ChangeFunction) -> StoredObject | None:
        reason = ""
        for _ in range(UPDATE_TRIES):
            async with self._lock:
                if self._is_closed or self._folder is None:
                    raise StoreError(f"{self._root}: the store is closed", retryable=False)
                try:
                    if await self._try_update(self._folder, key, change):
                        return self._view.get(key)
                    reason = "somebody else keeps changing its file"
                except MovingError as error:
                    reason = str(error)
                    await self._look_locked()
            await asyncio.sleep(UPDATE_PAUSE)
        raise StoreError(f"{key} cannot be changed now: {reason}", retryable=True)

    async def _try_update(self, folder: Folder, key: ObjectKey, change: ChangeFunction) -> bool:
        base = await asyncio.to_thread(draft, folder, key)
        shown = self._view.get(key)
        current = copy_of(base.data)
        if current is not None and shown is not None:
            current["metadata"]["resourceVersion"] = shown.resource_version
        wanted = change(current)
        if wanted is not None and isinstance(wanted.get("metadata"), dict):
            wanted = without_version(wanted)
        if is_same(base, wanted):
            return True
        outcome = await asyncio.to_thread(commit, folder, base, wanted, now=time.monotonic())
        if outcome is None:
            return False
        self._show(outcome)
        if key in outcome.missing:
            self._view.remove(key)
            self._memory.drop(key)
        await asyncio.to_thread(self._memory.flush)
        return True

    def _prepare(self) -> Folder:
        """Check the folder, clean up after a killed process, load or make the identity; StoreError."""
        root = self._root
        try:
            next(root.iterdir(), None)
        except OSError as error:
            reason = "no such folder; make it, or name another" if isinstance(error, FileNotFoundError) else why(error)
            raise StoreError(f"{root}: {reason}", retryable=False) from error
        if self._exclusive:
            self._lock_number = take_lock(root)
        for leftover in recover(root) if self._exclusive else ():
            log.warning("hidden file left behind by a killed process", file=str(leftover.path), outcome=leftover.what)
        identity, keeps = load_identity(root), True
        if identity is None:
            try:
                identity = make_identity(root)
            except OSError as error:
                identity, keeps = fixed_identity(root), False
                log.warning(
                    "identity of the store not kept, made from its path instead", store=str(root), reason=why(error)
                )
        self._identity = identity
        self._memory.load()
        return Folder(
            root,
            self._view,
            self._memory,
            identity=identity,
            keeps_identity=keeps,
            assign_uids=self._assign_uids,
            quiet=Quiet(quiet=self._timing.quiet),
        )

    async def _look(self) -> None:
        async with self._lock:
            await self._look_locked()

    async def _look_locked(self) -> None:
        assert self._folder is not None  # noqa: S101  # tasks begin after open
        reading, before = self._folder.reading, self._folder.reading.root_inode
        outcome = await asyncio.to_thread(self._folder.look, time.monotonic())
        self._show(outcome)
        self._tell_faults(reading.faults)
        if not self._is_reconciled and not reading.faults and self._tasks:
            # Deleted while no process was looking: now that all of the folder was read, nothing may come back as it.
            for key in self._memory.absent({found.key for found in self._view.objects()}):
                self._memory.drop(key)
            self._is_reconciled = True
        if reading.root_inode != before:
            self._stop.set()  # what is listened to is another folder

    def _show(self, outcome: Outcome) -> None:
        now, stamp = time.monotonic(), time.time_ns()
        for key, (data, origin) in outcome.shown.items():
            self._view.show(key, data, origin=origin, stamp=stamp)
        for key in outcome.missing:
            self._view.miss(key, now=now)
        for key in self._view.settle(now=now):
            self._memory.drop(key)
        self._news.set()

    def _tell_faults(self, faults: tuple[Fault, ...]) -> None:
        before, self._faults = set(self._faults), faults
        for fault in faults:
            if fault not in before:
                log.warning("manifest fault", where=_where(fault), fault=fault.message)
        for fault in sorted(before - set(faults)):
            log.info("manifest fault mended", where=_where(fault), fault=fault.message)

    async def _keep_looking(self) -> None:
        while True:
            begun = time.monotonic()
            self._wake.clear()
            try:
                await self._look()
            except Exception:  # the task's boundary: whatever one look met, the next must be taken
                log.exception("looking at the store failed", store=str(self._root))
            ended = time.monotonic()
            await asyncio.sleep(min(REST * (ended - begun), POLL_SECONDS))
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), max(0.0, self._next_time(ended) - time.monotonic()))

    def _next_time(self, now: float) -> float:
        own = None if self._folder is None else self._folder.next_time(now)
        times = [now + self._rescan, self._view.next_time(), own]
        return min(at for at in times if at is not None)

    async def _keep_listening(self) -> None:
        """Turn the kernel's hints into looks; begin anew when the folder itself was replaced."""
        while not self._is_closed:
            self._stop.clear()
            try:
                async for is_news in hints(self._root, self._stop, self._is_news):
                    self._rescan = self._timing.rescan
                    if is_news:
                        self._wake.set()
            except (OSError, RuntimeError) as error:
                if self._rescan != self._timing.poll:
                    log.warning(
                        "no hints from the kernel, looking more often instead", store=str(self._root), reason=str(error)
                    )
                self._rescan = self._timing.poll
                await asyncio.sleep(self._timing.rescan)

    def _is_news(self, path: str) -> bool:
        """Whether a hint is about something else than what we have written ourselves."""
        try:
            signature = signature_of((self._root / path).stat())
        except OSError:
            return True
        return self._folder is None or not self._folder.reading.is_known(path, signature)


def _where(fault: Fault) -> str:
    return f"{fault.source}:{fault.line}" if fault.line else fault.source


def _take_error(task: asyncio.Task[StoredObject | None]) -> None:
    """Nobody waits for this update any more; let asyncio not complain of an error that nobody has seen."""
    if not task.cancelled():
        task.exception()
