"""`make run` prints its address once the server responds."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.ports import free_port

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).parents[3]


class EmptyPage(BaseHTTPRequestHandler):
    """Handler whose response is always 200 without a body."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Write no log."""


@pytest.fixture
def announcing() -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """`start`, which ends the processes after the test."""
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
    """Start a process in place of a server, and the announcement, as run.py does.

    `before`: a shell command in the announcement's process before it begins.
    """
    announce = f'exec "{sys.executable}" -m scripts.announce {port} $$'
    script = f"{{ {before}; {announce}; }} &\nexec sleep 600"
    return subprocess.Popen(
        ["sh", "-c", script],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def test_address_is_printed_once_the_server_responds(
    announcing: Callable[..., subprocess.Popen[str]],
) -> None:
    """Not before, so that a browser can open it at once."""
    port = free_port()
    starting = announcing(port)
    assert starting.stdout is not None
    lines: list[str] = []
    reading = threading.Thread(target=lambda: lines.append(starting.stdout.readline()))  # type: ignore[union-attr]
    reading.start()
    reading.join(0.5)
    assert lines == []
    with HTTPServer(("127.0.0.1", port), EmptyPage) as server:
        serving = threading.Thread(target=server.serve_forever)
        serving.start()
        reading.join(300)
        server.shutdown()
        serving.join()
    starting.kill()
    starting.wait()
    starting.stdout.close()
    assert lines == [f"Akin is at http://127.0.0.1:{port} (Ctrl-C stops it)\n"]


def test_announcement_ends_with_the_server(
    announcing: Callable[..., subprocess.Popen[str]],
) -> None:
    """Without a line."""
    starting = announcing(free_port())
    assert starting.stdout is not None
    starting.kill()
    starting.wait()
    assert starting.stdout.read() == ""  # ends with the last process that could write
    starting.stdout.close()


def test_server_that_ended_before_the_announcement(
    announcing: Callable[..., subprocess.Popen[str]],
) -> None:
    """For example because the port is in use."""
    starting = announcing(free_port(), before="kill -9 $$")
    assert starting.stdout is not None
    assert starting.stdout.read() == ""
    starting.stdout.close()
    assert starting.wait() == -signal.SIGKILL
