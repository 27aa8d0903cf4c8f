"""granian's command line, for a server that is told to stop at any moment, and more than once.

    python -m scripts.server ...        # what `python -m granian` takes

granian's main process waits for ever where a second signal comes while the first is handled (make
hands on a SIGTERM that its whole process group has got as well), and its workers until they are
killed; so do workers that are told to stop while they still load the application.
"""

from __future__ import annotations

import contextlib
import functools
import os
import select
import signal
from typing import TYPE_CHECKING, Any, cast

from granian import _signals
from granian._granian import WorkerSignal
from granian.cli import entrypoint
from granian.server.common import AbstractServer

if TYPE_CHECKING:
    from collections.abc import Callable


class Interrupt:
    """What the server's main loop waits for; a threading.Event that a signal's handler may set.

    It has no lock: whoever is interrupted in the middle of any of this cannot be waited for.
    """

    def __init__(self) -> None:
        self._is_set = False
        self._reader, self._writer = os.pipe()
        os.set_blocking(self._reader, False)
        os.set_blocking(self._writer, False)

    def set(self) -> None:
        """Wake who waits."""
        self._is_set = True
        with contextlib.suppress(BlockingIOError):  # full: there is enough to wake up for
            os.write(self._writer, b"\0")

    def clear(self) -> None:
        """Let the next one wait again."""
        self._is_set = False

    def is_set(self) -> bool:
        """Tell whether nobody would wait now."""
        return self._is_set

    def wait(self) -> None:
        """Wait until it is set."""
        while not self._is_set:
            select.select([self._reader], [], [])
            os.read(self._reader, 1 << 16)


def interruptible(server: type[AbstractServer[Any]]) -> None:
    """Have servers of a class wait for an Interrupt, and be told to stop once."""
    made, told = server.__init__, cast("Any", server.signal_handler_interrupt)

    @functools.wraps(made)
    def init(self: Any, *arguments: Any, **options: Any) -> None:
        made(self, *arguments, **options)
        self.main_loop_interrupt = Interrupt()

    @functools.wraps(told)
    def tell(self: Any, *_: object) -> None:
        handle_stops_by(signal.SIG_IGN)
        told(self)

    server.__init__ = init  # type: ignore[method-assign]
    server.signal_handler_interrupt = tell  # type: ignore[method-assign]


def worker_stop() -> Any:
    """What a worker stops by: granian's own, set by the first signal alone."""
    stop = WorkerSignal()
    untold = [stop]

    def tell(*_: object) -> None:
        handle_stops_by(signal.SIG_IGN)
        with contextlib.suppress(IndexError):  # another one came before that line
            untold.pop().set()  # for a second one it would wait for ever

    handle_stops_by(tell)
    return stop


def handle_stops_by(handler: Callable[..., None] | signal.Handlers) -> None:
    """Set what SIGTERM and SIGINT do from now on."""
    signal.signal(signal.SIGTERM, handler)
    signal.signal(signal.SIGINT, handler)


def end_while_loading() -> None:
    """Let SIGTERM end a worker that has just begun, which has its parent's handler until then."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)


if __name__ in {"__main__", "__mp_main__"}:  # the latter in workers that are not forked (macOS)
    interruptible(AbstractServer)
    _signals.set_sync_signals = worker_stop
    os.register_at_fork(after_in_child=end_while_loading)
if __name__ == "__main__":
    entrypoint()  # type: ignore[no-untyped-call]
