"""What the indexer of a home does at the moment, as it writes it for the server."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

import msgspec

if TYPE_CHECKING:
    from pathlib import Path

FILE: Final = "indexing.json"
_SILENT: Final = 60.0  # seconds after which an indexer that writes nothing has been killed


class Status(msgspec.Struct, frozen=True):
    """A run; times are seconds since the epoch."""

    state: str  # starting, indexing; then idle, stopped or failed
    total: int = 0  # files that the run reads: new and changed ones
    read: int = 0
    skipped: int = 0
    message: str = ""  # why it failed
    began: float = 0.0
    updated: float = 0.0

    @property
    def is_running(self) -> bool:
        """Whether the run has not ended."""
        return self.state in {"starting", "indexing"}

    @property
    def seconds_left(self) -> int | None:
        """Seconds that the run takes from here on; None before that can be estimated."""
        if not self.is_running or not self.read:
            return None
        each = max(0.0, self.updated - self.began) / self.read
        return round(each * max(0, self.total - self.read))


def read_status(home: Path) -> Status:
    """Return the state of the indexer of `home`; idle where it has written none."""
    try:
        status = msgspec.json.decode((home / FILE).read_bytes(), type=Status)
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
        return Status("idle")
    if status.is_running and abs(time.time() - status.updated) > _SILENT:
        return msgspec.structs.replace(
            status, state="failed", message="the indexer has ended without a message"
        )
    return status
