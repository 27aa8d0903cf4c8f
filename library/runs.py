"""What a run of the indexer tells, and the lock that keeps two from working at once.

Knows nothing of files or of the index.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from filelock import FileLock, Timeout

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class Report(Protocol):
    """Who is told how a run goes; every text is one line."""

    def note(self, text: str) -> None:
        """Something worth knowing."""

    def skipped(self, path: str, reason: str) -> None:
        """A file or folder was passed over."""

    def begin(self, total: int) -> None:
        """So many files are to be read."""

    def advance(self, count: int) -> None:
        """So many more of them are done."""


@dataclass(slots=True)
class Summary:
    """What a run did, in assets."""

    added: int = 0
    changed: int = 0
    moved: int = 0
    removed: int = 0
    unchanged: int = 0
    skipped: int = 0
    other: int = 0  # files of no kind that a library holds

    @property
    def wrote(self) -> bool:
        """Whether the library is another one now."""
        return bool(self.added or self.changed or self.moved or self.removed)

    def __str__(self) -> str:
        """One line: `added 12, moved 1, 730 unchanged`."""
        done = [f"{name} {count}" for name in ("added", "changed", "moved", "removed", "skipped")
                if (count := getattr(self, name))]  # fmt: skip
        parts = [*done, f"{self.unchanged} unchanged"]
        if self.other:
            parts.append(f"{self.other} of other kinds passed over")
        return ", ".join(parts)


@contextmanager
def alone(home: Path, report: Report) -> Iterator[None]:
    """Hold the home's lock; while another indexer has it, say so and wait."""
    home.mkdir(parents=True, exist_ok=True)
    lock = FileLock(home / "index.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        report.note("another indexer is at work on this library; waiting for it to finish")
        lock.acquire()
    try:
        yield
    finally:
        lock.release()
