"""The HTTP server: granian's processes around a WSGI application.

    python -m scripts.server wsgi:application --port 8000 --workers 2

A signal to the whole process group (Ctrl-C in a terminal, make) stops the main process, which
stops its workers. Workers have process groups of their own, so that none ends before the main
process knows about it, and end when the main process has gone.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import signal
import sys
import threading
from functools import partial
from importlib import import_module
from typing import Any, Final

from granian.constants import HTTPModes, Interfaces
from granian.log import LogLevels
from granian.server import Server

from scripts.asgi_interface import ASGIInterface
from scripts.wsgi_bridge import WSGIBridge

_STOPS: Final = [
    getattr(signal, name) for name in ("SIGTERM", "SIGINT", "SIGHUP") if hasattr(signal, name)
]
_CONNECTIONS: Final = 4096  # of one worker


def serve(
    target: str,
    *,
    port: int,
    host: str = "127.0.0.1",
    factory: bool = False,
    workers: int = 1,
    threads: int = 8,
    kill_seconds: int = 30,
) -> None:
    """Serve `target`, the "module:name" of an application, until a signal stops it.

    `factory`: the name is that of a function that returns the application. `threads`: of one
    worker. `kill_seconds`: how long workers may finish their requests when they stop.
    """
    if sys.platform == "linux":
        multiprocessing.set_start_method("fork", force=True)
    server: Any = Server(
        target,
        address=host,
        port=port,
        interface=Interfaces.ASGINL,
        http=HTTPModes.http1,
        websockets=False,
        workers=workers,
        backpressure=_CONNECTIONS,
        respawn_failed_workers=workers > 1,
        workers_kill_timeout=kill_seconds,
        log_level=LogLevels.error,
    )
    if sys.platform != "win32":
        # Signals are blocked in all threads but handled by one of them: granian's handler sets a
        # threading.Event, and deadlocks where it interrupts the main thread in that event's lock.
        signal.pthread_sigmask(signal.SIG_BLOCK, _STOPS)
        threading.Thread(target=_stop_at_signal, args=(server,), daemon=True).start()
    server.serve(target_loader=partial(_load, factory=factory, threads=threads))


def _stop_at_signal(server: Any) -> None:
    """Stop the server at the first signal; further ones stay blocked."""
    if sys.platform != "win32":
        signal.sigwait(_STOPS)
        server.signal_handler_interrupt()


def _load(target: str, *, factory: bool, threads: int) -> ASGIInterface:
    """Return the application of "module:name"; runs in a worker that has just begun."""
    _leave_process_group()
    threading.Thread(target=_end_with_parent, daemon=True).start()
    module, _, name = target.partition(":")
    application: Any = getattr(import_module(module), name)
    return ASGIInterface(WSGIBridge(application() if factory else application, threads=threads))


def _leave_process_group() -> None:
    """Let only SIGTERM of the main process stop this worker."""
    if sys.platform != "win32":
        os.setpgrp()
        for number in _STOPS:
            signal.signal(number, signal.SIG_IGN)  # discards signals that the group has received
        signal.signal(signal.SIGTERM, signal.SIG_DFL)  # until granian sets its own handler
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})


def _end_with_parent() -> None:
    """End this worker when its parent has ended without stopping it."""
    if (parent := multiprocessing.parent_process()) is not None:
        parent.join()
        os.kill(os.getpid(), signal.SIGTERM)


def main() -> None:
    """Serve what the command line names."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("target", metavar="MODULE:NAME")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--threads", type=int, default=8, help="of one worker")
    parser.add_argument("--kill-seconds", type=int, default=30, help="for workers that stop")
    options = vars(parser.parse_args())
    serve(options.pop("target"), **options)


if __name__ == "__main__":
    main()
