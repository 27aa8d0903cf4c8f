"""Akin in a separate process, started as `make run` does."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Self

from library.store.status import read_status
from tests.support.ports import free_port
from tests.support.processes import end, until

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = Path(__file__).parents[2]
PAGE_SECONDS = 1.1  # a page knows a change of the library after a second at most


class Server:
    """Context manager that runs `make run` on a free port of 127.0.0.1, at `url`.

    `data` is the folder of all its files, including its output (`data/server.log`). `settings` are
    environment variables; Akin's variables in the environment of the tests are removed.
    """

    def __init__(
        self,
        data: Path,
        settings: Mapping[str, str],
        *,
        is_awaited: bool = True,
        is_alone: bool = False,
    ) -> None:
        """Choose a port.

        `is_awaited`: wait until the folder is indexed. `is_alone`: in a process group of its own.
        """
        self._is_awaited, self._is_alone = is_awaited, is_alone
        self._log = data / "server.log"
        inherited = {
            n: v for n, v in os.environ.items() if not n.startswith(("AKIN_", "SCENARIO_"))
        }
        self._port = free_port()
        port = {"PORT": str(self._port), "AKIN_DATA": str(data)}
        self._data = data
        own = {"OMP_NUM_THREADS": "1", "AKIN_WATCH": "off"}
        self._environment = inherited | own | port | dict(settings)
        self.url = f"http://127.0.0.1:{self._port}"

    def __enter__(self) -> Self:
        """Start, and wait until the folder is indexed. Raises RuntimeError if the server exits."""
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "run.py"],
                cwd=ROOT,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=self._is_alone,
            )
        try:
            until(self.responds, self._process, lambda: self.log)
            if self._is_awaited:
                until(self.is_indexed, self._process, lambda: self.log)
                time.sleep(PAGE_SECONDS)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        """Stop the server and wait until it has exited."""
        end(self._process)

    @property
    def pid(self) -> int:
        """Return the process id of the server."""
        return self._process.pid

    @property
    def log(self) -> str:
        """Return the output of the server so far."""
        return self._log.read_text(encoding="utf-8", errors="replace")

    def is_indexed(self) -> bool:
        """Return whether no indexer is running."""
        homes = [each.parent for each in self._data.glob("libraries/*/library.sqlite")]
        return not any(read_status(home).is_running for home in homes)

    def responds(self) -> bool:
        """Return whether the server responds at all."""
        try:
            with urllib.request.urlopen(self.url, timeout=60):  # noqa: S310 - http only
                return True
        except urllib.error.HTTPError as error:  # a response, although an error
            error.close()
            return True
        except OSError:
            return False
