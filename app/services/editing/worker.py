"""The thread of a process that works on changes in the background, one step after another."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING, Final

from app.errors import AkinError

if TYPE_CHECKING:
    from app.services.editing.editor import Editor

log = logging.getLogger(__name__)

POLL_SECONDS: Final = 5.0  # for changes that wait for their turn, or whose process has died
_AFTER_ERROR: Final = 6  # times as long


class ChangeWorker:
    """Works on the changes of an editor from `start` to `close`."""

    def __init__(self, poll_seconds: float = POLL_SECONDS) -> None:
        self._poll_seconds = poll_seconds
        self._is_due = threading.Event()
        self._is_closed = threading.Event()
        self._guard = threading.Lock()
        self._thread: threading.Thread | None = None

    def start(self, editor: Editor) -> None:
        """Start the thread, where it does not run, and have it look for changes now."""
        with self._guard:
            if not (self._thread and self._thread.is_alive()) and not self._is_closed.is_set():
                self._thread = threading.Thread(
                    target=self._run, args=(editor,), name="changes", daemon=True
                )
                self._thread.start()
        self._is_due.set()

    def close(self) -> None:
        """End the thread after the call that is in progress."""
        with self._guard:
            self._is_closed.set()
            self._is_due.set()
            thread = self._thread
        if thread is not None:
            thread.join()

    def _run(self, editor: Editor) -> None:
        while not self._is_closed.is_set():
            self._is_due.clear()
            seconds = self._poll_seconds
            try:
                is_working = editor.work(lambda: not self._is_closed.is_set())
            except AkinError as error:
                log.warning("changes wait: %s", error.message)
                is_working, seconds = False, seconds * _AFTER_ERROR
            except Exception:
                log.exception("a change failed")
                is_working, seconds = False, seconds * _AFTER_ERROR
            if not is_working:
                self._is_due.wait(seconds)
