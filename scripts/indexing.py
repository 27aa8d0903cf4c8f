"""Keep an indexer running beside the server: `python -m scripts.indexing PID ARGUMENT...`.

`run.py` and `make serve` start it beside the server, the process PID. The arguments are those of
`python -m library`. It starts an indexer that fails again, and stops it when the server ends. It
needs only the standard library.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, NoReturn

from scripts import launch
from scripts.install import python_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

TICK: Final = 0.2  # seconds
PAUSES: Final = (5, 20, 60, 300)  # seconds before an indexer that has failed starts again
STOP_SECONDS: Final = 5  # until an indexer that does not stop is killed


def keep(
    arguments: Sequence[str],
    is_needed: Callable[[], bool],
    *,
    program: Sequence[str | Path] = (),
    pauses: Sequence[float] = PAUSES,
) -> None:
    """Run `python -m library` until it succeeds, while it `is_needed`; stop it afterwards.

    `program` takes the place of `python -m library`.
    """
    command = [*(program or (python_of(), "-m", "library")), *arguments]
    failures = 0
    while is_needed():
        status = _run(command, is_needed)
        if status is None:
            return
        if status == 0:
            if arguments[:1] == ["demo"]:
                launch.remember_demo()
            return
        pause = pauses[min(failures, len(pauses) - 1)]
        failures += 1
        print(
            f"The indexer has ended with status {status}; it starts again in {pause} seconds. "
            "Akin shows what has been indexed.",
            file=sys.stderr,
            flush=True,
        )
        end = time.monotonic() + pause
        while is_needed() and time.monotonic() < end:
            time.sleep(TICK)


def _run(command: Sequence[str | Path], is_needed: Callable[[], bool]) -> int | None:
    """Return the status of a command; None where it was stopped."""
    # A group of its own: Ctrl-C in the terminal stops the server, and that stops the indexer.
    alone: dict[str, Any] = {} if sys.platform == "win32" else {"process_group": 0}
    process = subprocess.Popen(command, stdin=subprocess.PIPE, **alone)  # noqa: S603 - our own
    try:
        while is_needed():
            with suppress(subprocess.TimeoutExpired):
                return process.wait(TICK)
        return None
    finally:
        _stop(process)


def _stop(process: subprocess.Popen[bytes]) -> None:
    if process.stdin is not None:
        with suppress(OSError):
            process.stdin.close()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _interrupted(_number: int, _frame: object) -> NoReturn:
    raise KeyboardInterrupt


def main(server: str, *arguments: str) -> None:
    """Keep the indexer beside the server, the parent process, which may have ended already."""
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), _interrupted)
    with suppress(KeyboardInterrupt):
        keep(list(arguments), lambda: os.getppid() == int(server))


if __name__ == "__main__":
    main(*sys.argv[1:])
