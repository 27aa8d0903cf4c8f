"""Progress and summary of a run of the indexer, and the lock that allows one run at a time."""

from __future__ import annotations

from collections import Counter
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import PurePath, PurePosixPath
from typing import TYPE_CHECKING, Final, Protocol

from filelock import FileLock, Timeout

from library.folders import is_address
from library.home import LOCK
from library.store.index import Index
from library.store.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from library.ingest.sharing.reader_threads import ReaderThreads

_MOST_GROUPS: Final = 5_000  # of files that are not indexed; further ones are joined by top folder
_MOST_LINES: Final = 20  # of one list on the console
_MOST_NAMES: Final = 20  # of one group


class Progress(Protocol):
    """Progress of a run; every text is one line."""

    def note(self, text: str) -> None:
        """Report a line."""

    def skipped(self, path: str, reason: str) -> None:
        """Report a file or folder that is not indexed."""

    def damaged(self, path: str, reason: str) -> None:
        """Report a file that cannot be read, or only in part; it is indexed all the same."""

    def begin(self, total: int) -> None:
        """Report the number of files that will be read."""

    def advance(self, count: int) -> None:
        """Report that `count` more of them are done."""


@dataclass(slots=True)
class Summary:
    """Numbers of assets that a run added, changed, ..."""

    added: int = 0
    changed: int = 0
    moved: int = 0
    removed: int = 0
    missing: int = 0  # assets that stay, though their files are gone
    unchanged: int = 0
    skipped: int = 0
    damaged: int = 0  # files of a known format that cannot be read
    waiting: int = 0  # files whose extra is not installed, of earlier runs as well
    other: int = 0  # files of no known type

    @property
    def wrote(self) -> bool:
        """Whether the run has changed the library."""
        return bool(self.added or self.changed or self.moved or self.removed)

    def __str__(self) -> str:
        """Return one line: `added 12, moved 1, 730 unchanged`."""
        done = [f"{name} {count}" for name in ("added", "changed", "moved", "removed", "missing",
                             "skipped", "damaged", "waiting")
                if (count := getattr(self, name))]  # fmt: skip
        parts = [*done, f"{self.unchanged} unchanged"]
        if self.other:
            parts.append(f"{self.other} of types that are not shown")
        return ", ".join(parts)


@dataclass(slots=True)
class _Group:
    """Files of one folder that are not indexed for the same reason."""

    count: int = 0
    names: list[str] = field(default_factory=list)


class Report:
    """What a run has done, and which files it has not indexed: by folder, kind and reason."""

    def __init__(self, progress: Progress) -> None:
        self.summary = Summary()
        self.waiting: Counter[str] = Counter()  # names of missing extras -> files
        self._progress = progress
        self._groups: dict[tuple[str, str, str, str, str], _Group] = {}

    def skipped(self, root: str, path: str, reason: str) -> None:
        """Report a file or folder that should be an asset and is not."""
        self.summary.skipped += 1
        self._progress.skipped(path, reason)
        self._add("skipped", root, path, reason)

    def damaged(self, root: str, path: str, reason: str) -> None:
        """Report an asset whose file cannot be read; the index lists it."""
        del root
        self.summary.damaged += 1
        self._progress.damaged(path, reason)

    def other(self, root: str, path: str, reason: str) -> None:
        """Report a file of no known kind."""
        self.summary.other += 1
        self._add("other", root, path, reason)

    def ignored(self, root: str, path: str, reason: str, is_folder: bool) -> None:
        """Report what is hidden, junk, or excluded by users."""
        self._add("ignored", root, path, reason, is_folder=is_folder)

    def vanished(self, root: str, reason: str) -> None:
        """Report a folder that is not there any more."""
        if is_address(root):
            self._add("skipped", root, "", reason, is_folder=True)
        self._progress.note(f"{reason}; its assets stay, marked as missing (--prune removes them)")

    def postponed(self, root: str, path: str, reason: str) -> None:
        """Report a file that was not read because others could not be; one line is enough."""
        self.summary.skipped += 1
        self._add("skipped", root, path, reason)

    def groups(self) -> list[Problem]:
        """Return the files that are not indexed."""
        return [
            Problem(*key, files=group.count, names=tuple(group.names))
            for key, group in self._groups.items()
        ]

    def list_groups(self) -> None:
        """Report what is not indexed, a line for each folder, kind and reason."""
        roots = {root for root, *_ in self._groups}

        def place(root: str, folder: str) -> str:
            parts = ([PurePath(root).name] if len(roots) > 1 else []) + [folder]
            return "/".join(filter(None, parts)) or "the folder"

        lines = [
            f"not indexed: {', '.join(group.names[:3])}{', ...' if group.count > 3 else ''} "
            f"({group.count} {kind or 'without suffix'}) in {place(root, folder)}: {reason}"
            for (root, category, folder, kind, reason), group in self._groups.items()
            if category != "skipped"  # reported already
        ]
        for line in lines[:_MOST_LINES]:
            self._progress.note(line)
        if len(lines) > _MOST_LINES:
            self._progress.note("All of them are listed on the page /problems.")

    def _add(
        self, category: str, root: str, path: str, reason: str, *, is_folder: bool = False
    ) -> None:
        folder, _, name = path.rpartition("/")
        kind = "folder" if is_folder else PurePosixPath(name).suffix.lower()[:20]
        if len(self._groups) >= _MOST_GROUPS:
            folder, kind = folder.partition("/")[0], ""
        if len(self._groups) >= 2 * _MOST_GROUPS:
            folder = ""
        group = self._groups.setdefault((root, category, folder, kind, reason), _Group())
        group.count += 1
        if len(group.names) < _MOST_NAMES:
            group.names.append(name)


_HELPING: Final = "another host indexes this library; reading files for it"
_WAITING: Final = "another indexer is running on this library; waiting for it to end"


@contextmanager
def alone(index: Index, progress: Progress, threads: ReaderThreads | None = None) -> Iterator[None]:
    """Hold the right to index, among all hosts; report when another one holds it, and wait.

    Meanwhile `threads` reads for that one.
    """
    is_reported = False

    def wait() -> None:
        nonlocal is_reported
        if not is_reported:
            progress.note(_WAITING if threads is None else _HELPING)
            is_reported = True
        if threads is not None:
            threads.step()

    with index.store.indexing(wait):
        if threads is not None:
            threads.stop()
        yield


@contextmanager
def opened(home: Path, progress: Progress, *, create: bool = False) -> Iterator[Index]:
    """Return the index of a home, with the right to index; raises as `Index.open`."""
    with (
        exclusive(home, progress),
        closing(Index.open(home, create=create)) as index,
        alone(index, progress),
    ):
        yield index


@contextmanager
def exclusive(home: Path, progress: Progress) -> Iterator[None]:
    """Hold the lock of a home; report when another indexer holds it, and wait."""
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock = FileLock(home / LOCK)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        progress.note(_WAITING)
        lock.acquire()
    try:
        yield
    finally:
        lock.release()
