"""When folders may have changed: as the system reports it, or after a pause where it does not.

The system reports no changes that others make on a network share, and none where it watches as
many folders as it can. Those folders are looked through from time to time.
"""

from __future__ import annotations

import os
import re
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from filelock import FileLock, Timeout

from library.folders import Bucket
from library.home import WATCH_LOCK, data_folder
from library.ingest.exclusions import FILE, Exclusions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from pathspec import GitIgnoreSpec

    from library.ingest.process.runs import Progress

POLL_SECONDS: Final = 30.0  # the least pause between two looks through a folder
_POLL_COST: Final = 10  # the pause is this many times as long as the look, where that is more
_DEBOUNCE: Final = 3_000  # ms: the most that changes wait for further ones
_STEP: Final = 400  # ms without a change after which changes are reported
_TICK: Final = 1_000  # ms

# Types of file systems whose changes by others, or by their host, the system does not report.
_REMOTE: Final = re.compile(
    r"nfs\d?|cifs|smb\w*|ncpfs|afs|ceph|glusterfs|lustre|beegfs|gpfs|ocfs2|gfs2|9p|virtiofs|vboxsf"
    r"|vmhgfs|prl_fs|drvfs|fakeowner|davfs|fuse(?!blk|ctl)[\w.-]*"
)
_MOUNTS: Final = Path("/proc/self/mounts")


@contextmanager
def only_watcher(home: Path, progress: Progress) -> Iterator[None]:
    """Hold the lock of the one process that follows the folders of a home; wait for it.

    Where several servers share a home, the others take over when that process ends.
    """
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock = FileLock(home / WATCH_LOCK)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        progress.note("another process indexes this library and follows its folders")
        lock.acquire(poll_interval=1)
    try:
        yield
    finally:
        lock.release()


class Watcher:
    """The changes of some folders; those of Akin's own files, and of ignored ones, are none.

    `poll`: look through all folders, whatever the system reports.
    """

    def __init__(
        self,
        folders: Iterable[Path | Bucket],
        home: Path,
        progress: Progress,
        *,
        private: Iterable[Path] = (),
        excluded: GitIgnoreSpec | None = None,
        poll: bool = False,
        clock: Callable[[], float] = time.monotonic,
        is_own: Callable[[Path], bool] = lambda _: False,
    ) -> None:
        """Watch nothing yet. Files that `is_own` returns true for were written by Akin."""
        resolved = [folder.resolve() for folder in folders]
        self._folders = [folder for folder in resolved if isinstance(folder, Path)]
        self._buckets = [folder for folder in resolved if isinstance(folder, Bucket)]
        self._own = {path.resolve() for path in (home, data_folder(home), *private)}
        self._exclusions = Exclusions(excluded)
        self._progress, self._clock = progress, clock
        self._poll, self._is_own = poll, is_own
        self._reported: list[Path | Bucket] = []

    def changes(self) -> Iterator[None]:
        """Yield when something may have changed, for ever; the caller looks before the next one."""
        is_first, due = True, 0.0
        while True:
            native, polled = self._split()
            if polled != self._reported:
                self._report(polled)
            for is_changed in self._ticks(native):
                # At first as well: for changes from before the watching began.
                if is_changed or is_first or (polled and self._clock() >= due):
                    began = self._clock()
                    yield
                    took = self._clock() - began
                    due = self._clock() + max(POLL_SECONDS, _POLL_COST * took)
                    is_first = False
                    if self._split() != (native, polled):  # a share has come or gone
                        is_first = True
                        break

    def is_relevant(self, path: Path) -> bool:
        """Return whether a change of `path` can change the library."""
        if path.name == FILE:
            return True
        if any(path.is_relative_to(own) for own in self._own):
            return False
        if path.suffix.lower() == ".xmp" and self._is_own(path):
            return False
        below = (root for root in self._folders if path.is_relative_to(root))
        return any(
            path == root or not self._exclusions.covers(path.relative_to(root).as_posix())
            for root in below
        )

    def _split(self) -> tuple[list[Path], list[Path | Bucket]]:
        """Return the folders whose changes the system reports, and the others."""
        if self._poll:
            return [], [*self._folders, *self._buckets]
        remote = _remote_folders()
        polled = [
            folder for folder in self._folders if not folder.is_dir() or _is_remote(folder, remote)
        ]
        native = [folder for folder in self._folders if folder not in polled]
        return native, [*polled, *self._buckets]

    def _ticks(self, native: Sequence[Path]) -> Iterator[bool]:
        """Yield about once a second whether the system has reported a change."""
        from watchfiles import watch

        if native:
            try:
                for changes in watch(
                    *native,
                    watch_filter=lambda _, path: self.is_relevant(Path(path)),
                    debounce=_DEBOUNCE,
                    step=_STEP,
                    rust_timeout=_TICK,
                    yield_on_timeout=True,
                    raise_interrupt=True,
                    force_polling=False,
                    ignore_permission_denied=True,
                ):
                    yield bool(changes)
            except (OSError, RuntimeError) as error:
                self._progress.note(f"the system cannot report changes: {error}")
                self._poll = True
                yield True  # what has changed in between
        while True:
            time.sleep(_TICK / 1000)
            yield False

    def _report(self, polled: list[Path | Bucket]) -> None:
        self._reported = polled
        if polled:
            names = ", ".join(map(str, polled))
            self._progress.note(
                f"changes of {names} are looked for every {POLL_SECONDS:.0f} seconds or less often"
            )


def _remote_folders() -> dict[Path, bool]:
    """Return the folders that file systems are mounted at, and whether each is remote."""
    try:
        lines = os.fsdecode(_MOUNTS.read_bytes()).splitlines()
    except OSError:  # another system
        return {}
    fields = [line.split(" ") for line in lines]
    # Of several file systems at one place, the last one is seen.
    return {
        Path(_unescaped(each[1])): _REMOTE.fullmatch(each[2]) is not None
        for each in fields
        if len(each) > 2
    }


def _unescaped(path: str) -> str:
    return re.sub(r"\\([0-7]{3})", lambda code: chr(int(code[1], 8)), path)


def _is_remote(folder: Path, mounts: Mapping[Path, bool]) -> bool:
    """Return whether a folder, or a part of it, is on a remote file system."""
    if any(is_remote and folder in mount.parents for mount, is_remote in mounts.items()):
        return True
    nearest = next((each for each in (folder, *folder.parents) if each in mounts), None)
    return nearest is not None and mounts[nearest]
