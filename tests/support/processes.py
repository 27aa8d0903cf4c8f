"""Waiting for processes that a test has started; no wait outlives its process."""

from __future__ import annotations

import os
import signal
import subprocess
from typing import TYPE_CHECKING, Any

from tests.support.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_SECONDS = 300  # for one wait, on a busy machine
PATIENCE = 60  # seconds until a process that does not end is killed


def until(
    is_there: Callable[[], bool],
    process: subprocess.Popen[Any],
    output: Callable[[], str] = str,
) -> None:
    """Wait until `is_there` returns true.

    Raises RuntimeError with the output of `process` if the process ends first, and AssertionError
    after MAX_SECONDS.
    """

    def is_there_or_ended() -> bool:
        if is_there():
            return True
        if process.poll() is not None:
            msg = f"{process.args!r} ended with exit status {process.poll()}\n{output()}"
            raise RuntimeError(msg)
        return False

    eventually(is_there_or_ended, MAX_SECONDS)


def end(
    process: subprocess.Popen[bytes], how: signal.Signals = signal.SIGTERM, *, group: bool = False
) -> None:
    """End a process, or its process `group`, and wait for it; kill it after PATIENCE seconds."""

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
