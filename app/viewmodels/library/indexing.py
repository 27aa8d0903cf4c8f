"""IndexingView: what the indexer of the library does, in one line."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from app.query import describe

if TYPE_CHECKING:
    from app.scenario.library import Indexing


class IndexingView(msgspec.Struct, frozen=True, gc=False):
    """The progress of a run; without text when there is nothing to say."""

    text: str = ""
    value: int = 0  # files that have been read
    max: int = 0  # files that the run reads; 0 before that is known
    running: bool = False
    failed: bool = False


def indexing_view(progress: Indexing | None) -> IndexingView:
    """Build the line."""
    if progress is None:
        return IndexingView()
    if not progress.isRunning:
        if not progress.error:
            return IndexingView()
        reason = progress.error.rstrip(".")
        text = f"Indexing has failed: {reason}. What was indexed before is shown."
        return IndexingView(text, failed=True)
    if not progress.fileCount:
        return IndexingView("Indexing: looking for new files", running=True)
    read = min(progress.readCount, progress.fileCount)
    parts = [f"{describe.number(read)} of {describe.counted(progress.fileCount, 'file')} read"]
    if progress.skippedCount:
        parts.append(f"{describe.number(progress.skippedCount)} skipped")
    if progress.secondsLeft:
        parts.append(f"{_duration(progress.secondsLeft)} left")
    return IndexingView(f"Indexing: {', '.join(parts)}", read, progress.fileCount, running=True)


def _duration(seconds: int) -> str:
    minutes = round(seconds / 60)
    if minutes < 1:
        return "less than a minute"
    if minutes < 90:
        return f"about {describe.counted(minutes, 'minute')}"
    return f"about {round(minutes / 60)} hours"
