"""Starting the second pass in a process of its own, from the process that indexes.

A crash in a network costs that process alone, and its low priority is its own.
"""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Final

from extras import SECOND_PASS

if TYPE_CHECKING:
    from typing import Self

_ROOT: Final = Path(__file__).parents[3]


class Beside:
    """The second pass of a library, which ends with the process that has started it."""

    def __init__(self, home: Path, *, is_on: bool = True, quiet: bool = False) -> None:
        self._home, self._is_on = home.resolve(), is_on
        self._options = ["--quiet"] if quiet else []
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> Self:
        """Start it where a part of it is on, or was; one that is running looks again at its end."""
        is_running = self._process is not None and self._process.poll() is None
        if self._is_on and not is_running and self._is_needed():
            command = [sys.executable, "-m", "library", "second-pass", "--beside",
                       "--home", str(self._home), *self._options]  # fmt: skip
            self._process = subprocess.Popen(command, cwd=_ROOT, stdin=subprocess.DEVNULL)  # noqa: S603 - our own
        return self

    def wait(self) -> None:
        """Wait until it has ended; it has reported its errors itself."""
        if self._process is not None:
            self._process.wait()

    def _is_needed(self) -> bool:
        if any(extra.is_set(os.environ) for extra in SECOND_PASS):
            return True
        from library.store.index import Index

        with closing(Index.open(self._home)) as index:
            return bool(index.parts())
