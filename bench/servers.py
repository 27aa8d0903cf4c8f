"""HTTP servers for WSGI applications, compared on slow clients, many people and CPU per page.

    python -m bench.servers [--seconds 10] [--clients 32]

Each server has one process with 8 threads. "A page" and "100 a second" are of Akin (`bench.page`:
eight searches, 16 callers; 1,000 people who each open a page every ten seconds). The other
columns are of a small application: the slowest of five requests for its page while `clients` others
announce a body and send nothing, send a byte of it each second, or read nothing of a response of
64 MB (a file; a generator). Servers that are not installed are left out (requirements/bench.txt).
Prints Markdown.
"""

from __future__ import annotations

import argparse
import importlib.util
import itertools
import math
import socket
import sys
import tempfile
import threading
import time
import urllib.request
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from flask import Flask, Response, request, send_file

from bench import processes
from bench.page import behind_a_server
from bench.rate import at_rate
from tests.support.ports import free_port

if TYPE_CHECKING:
    from collections.abc import Callable

THREADS = 8
LARGE_BYTES = 1 << 26
PAGE_SECONDS = 10  # until a request for a page is given up
SEARCHES = [f"/?query={number}" for number in range(8)]
SLOW = {
    "idle bodies": "POST / HTTP/1.1\r\nContent-Length: 1000",
    "slow bodies": "POST / HTTP/1.1\r\nContent-Length: 1000",
    "readers of a file": "GET /file HTTP/1.1",
    "readers of a stream": "GET /stream HTTP/1.1",
}


def small() -> Flask:
    """Return an application with a page, a large file and a long stream."""
    app = Flask(__name__)
    large = tempfile.NamedTemporaryFile()  # noqa: SIM115 - as long as the process
    large.truncate(LARGE_BYTES)

    @app.route("/", methods=["GET", "POST"])
    def page() -> str:
        return str(len(request.get_data()))

    @app.get("/file")
    def file() -> Response:
        return send_file(large.name)

    @app.get("/stream")
    def stream() -> Response:
        return Response(b"x" * 65536 for _ in range(LARGE_BYTES // 65536))

    return app


def __getattr__(name: str) -> Any:
    if name == "application":  # only servers ask for it
        return small()
    raise AttributeError(name)


def commands(target: str, port: int) -> dict[str, list[str]]:
    """Return the command of each installed server by its name."""
    python, address = sys.executable, f"127.0.0.1:{port}"
    granian = [python, "-m", "granian", "--interface", "wsgi", "--port", str(port)]
    granian += ["--blocking-threads", str(THREADS), "--log-level", "error", target]
    waitress = [python, "-m", "waitress", "--listen", address, "--threads", str(THREADS)]
    waitress += ["--connection-limit", "1000", "--asyncore-use-poll", target]
    gunicorn = [python, "-m", "gunicorn", "--bind", address, "--worker-class", "gthread"]
    gunicorn += ["--threads", str(THREADS), "--keep-alive", "30", "--log-level", "error", target]
    rivals = {"waitress": waitress, "gunicorn": gunicorn}
    return {
        "granian (scripts/server.py)": processes.server(target, port, threads=THREADS),
        "granian, WSGI": granian,
    } | {name: rival for name, rival in rivals.items() if importlib.util.find_spec(name)}


def browsing(name: str, seconds: float) -> list[str]:
    """Return CPU per page, and the times at 100 pages a second."""
    port = free_port()
    command = commands("bench.page:application", port)[name]
    cpu = min(behind_a_server(command, SEARCHES, port, 25) for _ in range(3))
    url = f"http://127.0.0.1:{port}/"
    with processes.started(command, url):
        paths = itertools.islice(itertools.cycle(SEARCHES), int(100 * seconds))
        run = at_rate(url, paths, 100)
    failed = f", {run.failed} failed" if run.failed else ""
    return [f"{cpu:.2f}", f"{run.percentile(0.5):.1f} / {run.percentile(0.99):.0f}{failed}"]


def slow(name: str, lines: str, clients: int, *, trickle: bool) -> str:
    """Return the slowest of five pages while so many clients send or read slowly."""
    port = free_port()
    with processes.started(
        commands("bench.servers:application", port)[name], f"http://127.0.0.1:{port}/"
    ):
        stop = threading.Event()
        with ExitStack() as stack:
            stack.callback(stop.set)
            connections = [stack.enter_context(_connected(port, lines)) for _ in range(clients)]
            if trickle:
                threading.Thread(target=_trickle, args=(connections, stop)).start()
            time.sleep(1)
            slowest = max(_milliseconds(lambda: _page(port)) for _ in range(5))
    return "none" if math.isinf(slowest) else f"{slowest:.0f}"


def _connected(port: int, lines: str) -> socket.socket:
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.connect(("127.0.0.1", port))
    client.sendall(f"{lines}\r\nHost: 127.0.0.1\r\n\r\n".encode())
    return client


def _trickle(connections: list[socket.socket], stop: threading.Event) -> None:
    """Send a byte over each connection once a second."""
    while not stop.wait(1):
        for connection in connections:
            try:
                connection.send(b"x")
            except OSError:
                continue  # the server has closed it


def _page(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=PAGE_SECONDS) as page:
            return bool(page.read())
    except OSError:
        return False


def _milliseconds(request_page: Callable[[], bool]) -> float:
    began = time.perf_counter()
    return (time.perf_counter() - began) * 1000 if request_page() else math.inf


def main() -> None:
    """Measure every server and print a table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=10, help="of browsing")
    parser.add_argument("--clients", type=int, default=32, help="slow ones at a time")
    options = parser.parse_args()
    print("| server | CPU ms a page | 100 a second: p50 / p99 ms |", *(f"{s} |" for s in SLOW))
    print("| --- | ---: | ---: |", *("---: |" for _ in SLOW))
    for name in commands("", 0):
        cells = browsing(name, options.seconds)
        for kind, lines in SLOW.items():
            cells.append(slow(name, lines, options.clients, trickle=kind == "slow bodies"))
        print(f"| {name} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
