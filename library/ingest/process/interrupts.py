"""Ctrl-C between batches, not in the middle of one.

The exception can be raised at any instruction of the main thread, also while it holds a lock of
the database's connections, which the threads that read files would then wait for without end.
"""

from __future__ import annotations

import signal
import threading
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from types import FrameType


class Interrupts:
    """Context manager that records the first Ctrl-C; a second one raises at once."""

    def __init__(self) -> None:
        self._before: Any = None
        self._is_recorded = False

    def __enter__(self) -> Self:
        """Begin to record, in the main thread, unless Ctrl-C is ignored or handled already."""
        is_usual = signal.getsignal(signal.SIGINT) is signal.default_int_handler
        if is_usual and threading.current_thread() is threading.main_thread():
            self._before = signal.signal(signal.SIGINT, self._record)
        return self

    def __exit__(self, *_: object) -> None:
        """Let Ctrl-C raise again as usual."""
        if self._before is not None:
            signal.signal(signal.SIGINT, self._before)

    def check(self) -> None:
        """Raise KeyboardInterrupt if Ctrl-C was pressed."""
        if self._is_recorded:
            raise KeyboardInterrupt

    def _record(self, _signal: int, _frame: FrameType | None) -> None:
        self.check()
        self._is_recorded = True
