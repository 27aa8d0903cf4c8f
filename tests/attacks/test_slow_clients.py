"""Clients that send or read slowly, before the server as `make serve` starts it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.ports import free_port
from tests.support.processes import end, until

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
THREADS = 2
CLIENTS = 4 * THREADS
FILE_BYTES = 1 << 26
APPLICATION = f"""
from flask import Flask, Response, request, send_file
application = Flask(__name__)

@application.route("/", methods=["GET", "POST"])
def page():
    return str(len(request.get_data()))

@application.get("/healthz")
def healthz():
    return "ok"

@application.get("/stream")
def stream():
    return Response(b"x" * 65536 for _ in range({FILE_BYTES} // 65536))

@application.get("/file")
def file():
    return send_file("large")
"""


@pytest.fixture
def port(tmp_path: Path) -> Iterator[int]:
    """The port of a server with few threads."""
    (tmp_path / "small.py").write_text(APPLICATION)
    with (tmp_path / "large").open("wb") as large:
        large.truncate(FILE_BYTES)
    port = free_port()
    command = [sys.executable, "-m", "scripts.server", "small:application"]
    process = subprocess.Popen(
        [*command, "--port", str(port), "--threads", str(THREADS), "--kill-seconds", "1"],
        env=os.environ | {"PYTHONPATH": f"{ROOT}{os.pathsep}{tmp_path}"},
    )
    try:
        until(lambda: get(port, "/healthz") == b"ok", process)
        yield port
    finally:
        end(process)


def get(port: int, path: str) -> bytes:
    """Return a page, empty where there is none within a generous time."""
    with (
        suppress(OSError),
        urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=30) as r,
    ):
        return bytes(r.read())
    return b""


def connected(port: int, lines: str) -> socket.socket:
    """A connection over which a request's header was sent; it takes little of the response."""
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.connect(("127.0.0.1", port))
    client.sendall(f"{lines}\r\nHost: 127.0.0.1\r\n\r\n".encode())
    return client


@pytest.mark.parametrize(
    "lines",
    [
        "POST / HTTP/1.1\r\nContent-Length: 1000",
        "POST / HTTP/1.1\r\nTransfer-Encoding: chunked",
        "GET /stream HTTP/1.1",
        "GET /file HTTP/1.1",
    ],
)
def test_slow_clients_hold_no_thread(port: int, lines: str) -> None:
    """Bodies that do not arrive and responses that are not read, more of them than threads."""
    with ExitStack() as clients:
        for _ in range(CLIENTS):
            client = clients.enter_context(connected(port, lines))
            if lines.startswith("GET"):
                assert client.recv(12) == b"HTTP/1.1 200"
        for _ in range(3):
            assert get(port, "/healthz") == b"ok"
            assert get(port, "/") == b"0"
            time.sleep(0.2)  # until the slow requests have reached the application, too


def test_slow_body_is_complete(port: int) -> None:
    """A body that arrives in pieces is read as one."""
    with connected(port, "POST / HTTP/1.1\r\nContent-Length: 20") as client:
        for _ in range(10):
            client.sendall(b"ab")
            time.sleep(0.02)
        assert client.recv(4096).endswith(b"\r\n\r\n20")


@pytest.mark.parametrize("path", ["/stream", "/file"])
def test_large_responses_are_complete(port: int, path: str) -> None:
    """Every byte of them, in parts."""
    assert len(get(port, path)) == FILE_BYTES
