"""What `make run` says of its address is said when it is true."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.ports import free_port

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).parents[2]
RUN = ROOT / "scripts" / "run"


class Alive(BaseHTTPRequestHandler):
    """Answers 200 and nothing else."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Keep quiet."""


@pytest.fixture
def announcing() -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Starts servers as `start` does; nothing is left of them, nor of their announcements."""
    started: list[subprocess.Popen[str]] = []

    def begin(port: int, before: str = ":") -> subprocess.Popen[str]:
        started.append(start(port, before))
        return started[-1]

    yield begin
    for process in started:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def start(port: int, before: str) -> subprocess.Popen[str]:
    """A server that is starting, with the announcement beside it, as scripts/run has it.

    `before` is what the shell does in the announcement's process before that begins.
    """
    (line,) = re.findall(r"^\S+ (scripts/announce\.py .*) &$", RUN.read_text(), re.MULTILINE)
    script = f'PORT={port}\n{{ {before}; exec "{sys.executable}" {line}; }} &\nexec sleep 600'
    return subprocess.Popen(
        ["sh", "-c", script],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def test_the_address_is_said_once_it_answers(
    announcing: Callable[..., subprocess.Popen[str]],
) -> None:
    """A browser that is sent there at once finds it."""
    port = free_port()
    starting = announcing(port)
    assert starting.stdout is not None
    said: list[str] = []
    reading = threading.Thread(target=lambda: said.append(starting.stdout.readline()))  # type: ignore[union-attr]
    reading.start()
    reading.join(0.5)
    assert said == []
    with HTTPServer(("127.0.0.1", port), Alive) as server:
        serving = threading.Thread(target=server.serve_forever)
        serving.start()
        reading.join(300)
        server.shutdown()
        serving.join()
    starting.kill()
    starting.wait()
    starting.stdout.close()
    assert said == [f"Akin is at http://127.0.0.1:{port} (Ctrl-C stops it)\n"]


def test_a_server_that_ends_is_not_waited_for(
    announcing: Callable[..., subprocess.Popen[str]],
) -> None:
    """Nothing is left behind, and nothing is said."""
    starting = announcing(free_port())
    assert starting.stdout is not None
    starting.kill()
    starting.wait()
    assert starting.stdout.read() == ""  # ends when the last process that could say something does
    starting.stdout.close()


def test_nor_is_one_that_had_ended_before(
    announcing: Callable[..., subprocess.Popen[str]],
) -> None:
    """As where a port is taken, and the server faster than the Python that would announce it."""
    starting = announcing(free_port(), before="kill -9 $$")
    assert starting.stdout is not None
    assert starting.stdout.read() == ""
    starting.stdout.close()
    assert starting.wait() == -signal.SIGKILL
