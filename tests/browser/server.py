"""Akin as a process of its own, started by the script behind `make run`."""

from __future__ import annotations

import os
import subprocess
import urllib.error
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Self

from tests.ports import free_port
from tests.processes import end, until

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = Path(__file__).parents[2]


class Server:
    """`make run` on a free port of 127.0.0.1 while it is entered; `url` is where it is.

    `data` is where it keeps everything, its output as well (`data/server.log`). `settings` are
    environment variables for it; nothing else of Akin's comes from this process's environment.
    """

    def __init__(self, data: Path, settings: Mapping[str, str]) -> None:
        """Choose a port; start nothing yet."""
        self._log = data / "server.log"
        kept = {n: v for n, v in os.environ.items() if not n.startswith(("AKIN_", "SCENARIO_"))}
        self._port = free_port()
        port = {"PORT": str(self._port), "AKIN_DATA": str(data)}
        self._environment = kept | {"OMP_NUM_THREADS": "1"} | port | dict(settings)
        self.url = f"http://127.0.0.1:{self._port}"

    def __enter__(self) -> Self:
        """Start and wait for the first page. Raises RuntimeError with the log where none comes."""
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                ["sh", "scripts/run"],
                cwd=ROOT,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        try:
            until(self._answers, self._process, lambda: self.log)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        """Stop the server by its process id (the script has become it), and wait for its end."""
        end(self._process)

    @property
    def log(self) -> str:
        """What the server has said so far."""
        return self._log.read_text(encoding="utf-8", errors="replace")

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(self.url, timeout=60):  # noqa: S310 - http only
                return True
        except urllib.error.HTTPError as error:  # an answer, though of trouble
            error.close()
            return True
        except OSError:
            return False
