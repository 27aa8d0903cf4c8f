"""The process of an indexer beside a server: at low priority, and no longer than its parent.

The parent holds the other end of standard input. However the parent ends, that end is closed then.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Final, NoReturn

if TYPE_CHECKING:
    from types import FrameType

_NICE: Final = 10
_GRACE: Final = 3.0  # seconds in which a batch may be finished; a library may be killed any time
_STATUS: Final = 130


def begin() -> None:
    """Lower the priority; raise KeyboardInterrupt in the main thread when the parent ends."""
    if hasattr(os, "nice"):
        with suppress(OSError):
            os.nice(_NICE)
    # A process of a script's background ignores SIGINT, and what a server starts may block it.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _stop)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT, signal.SIGTERM})
    threading.Thread(target=_end_with_parent, daemon=True, name="parent").start()


def _stop(_number: int, _frame: FrameType | None) -> NoReturn:
    threading.Thread(target=_end_soon, daemon=True).start()
    raise KeyboardInterrupt


def _end_with_parent() -> None:
    # Not through sys.stdin, whose lock would be held while the interpreter ends.
    with suppress(OSError):
        while os.read(0, 1024):
            pass
    if hasattr(signal, "pthread_kill"):  # wakes the main thread where it waits
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
    _end_soon()


def _end_soon() -> None:
    time.sleep(_GRACE)
    os._exit(_STATUS)
