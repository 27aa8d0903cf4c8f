"""The open loop of `bench.rate`: a slow server gets as many requests as a fast one."""

from __future__ import annotations

import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

from bench.rate import at_rate, one_by_one

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from bench.rate import Timings


@contextmanager
def serving(status_of: Callable[[str], int]) -> Iterator[tuple[str, list[str]]]:
    """A server with a status for each path; yields its address and the paths it received."""
    paths: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            paths.append(self.path)
            self.send_response(status_of(self.path))
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"ok")

        def log_message(self, *_: object) -> None:
            """Write no log."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", paths
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def in_thread(function: Callable[..., Timings], *arguments: Any, **options: Any) -> Timings:
    """Run in a new thread: the browser tests leave an event loop in the main one."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(function, *arguments, **options).result()


def test_open_loop_does_not_wait_for_responses() -> None:
    """The first response comes when the last request has arrived: a closed loop never ends."""
    last = threading.Event()

    def status_of(path: str) -> int:
        if path == "/19":
            last.set()
        return 200 if last.wait(300) else 500

    with serving(status_of) as (url, paths):
        run = in_thread(at_rate, url, (f"/{n}" for n in range(20)), 1000, patience=300)
    assert (len(run.seconds), run.failed) == (20, 0)
    assert sorted(paths) == sorted(f"/{n}" for n in range(20))
    assert list(run.seconds) == sorted(run.seconds)


def test_one_caller_waits() -> None:
    """Its requests arrive in order."""
    with serving(lambda _: 200) as (url, paths):
        run = in_thread(one_by_one, url, (f"/{n}" for n in range(5)))
    assert paths == [f"/{n}" for n in range(5)]
    assert run.percentile(0.5) <= run.percentile(0.99)


def test_failures_are_counted() -> None:
    """Statuses other than 200, and connections that are refused."""
    with serving(lambda path: int(path[1:])) as (url, _):
        run = in_thread(at_rate, url, ["/200", "/204", "/500", "/404"], 1000)
    assert (len(run.seconds), run.failed) == (1, 3)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        assert in_thread(one_by_one, url, ["/200"]).failed == 1
