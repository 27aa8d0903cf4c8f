"""Waiting for processes that a test has started: no wait outlives the process it is for."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

MOST_SECONDS = 300  # until something is there, on a busy machine
PATIENCE = 60  # seconds that a process has for its end


def until(
    is_there: Callable[[], bool],
    process: subprocess.Popen[bytes],
    said: Callable[[], str] = str,
) -> None:
    """Wait until something is there that `process` brings.

    Raises RuntimeError with what it has `said` where it ends instead, or takes MOST_SECONDS.
    """
    end = time.monotonic() + MOST_SECONDS
    while not is_there():
        if process.poll() is not None or time.monotonic() > end:
            msg = f"{process.args!r} has not done it (exit status {process.poll()})\n{said()}"
            raise RuntimeError(msg)
        time.sleep(0.05)


def end(
    process: subprocess.Popen[bytes], how: signal.Signals = signal.SIGTERM, *, group: bool = False
) -> None:
    """End a process, with its `group` if it leads one, at last by force; and wait for its end."""

    def send(number: signal.Signals) -> None:
        if group and process.poll() is None:
            os.killpg(process.pid, number)
        else:
            process.send_signal(number)

    send(how)
    try:
        process.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        send(signal.SIGKILL)
        process.wait()
