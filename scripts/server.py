"""granian's command line, for a server that is told to stop more than once.

    python -m scripts.server ...        # what `python -m granian` takes

There, a second signal that comes while the first is handled waits for ever, for a lock that the
first one has: make hands on a SIGTERM that its whole process group has got as well. Here the first
is handled outside of the handler, by a thread, and the others change nothing.
"""

from __future__ import annotations

import threading
from typing import Any

from granian.cli import entrypoint
from granian.server.common import AbstractServer

_stop = AbstractServer.signal_handler_interrupt
_first = threading.Lock()


def stop_once(server: Any, *_: object) -> None:
    """Begin to stop; the answer to each signal that asks for it."""
    if _first.acquire(blocking=False):
        threading.Thread(target=_stop, args=(server,), name="stopping", daemon=True).start()


if __name__ == "__main__":
    AbstractServer.signal_handler_interrupt = stop_once  # type: ignore[method-assign]
    entrypoint()  # type: ignore[no-untyped-call]
