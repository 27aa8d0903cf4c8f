"""The open loop of `bench.rate`: whoever is asked late is not asked less."""

from __future__ import annotations

import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from bench import rate
from bench.rate import at_rate, one_by_one

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from bench.rate import Asked


@contextmanager
def serving(answer: Callable[[str], int]) -> Iterator[tuple[str, list[str]]]:
    """A server that answers a path with the status that `answer` has for it; what it was asked."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(answer(self.path))
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"ok")

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def apart(ask: Callable[..., Asked], *arguments: Any) -> Asked:
    """Ask in a thread of its own: the browser tests leave an event loop in the main one."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(ask, *arguments).result()


def test_nobody_waits_for_another(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first answer comes when the last question has been asked: a closed loop never ends."""
    monkeypatch.setattr(rate, "MOST_SECONDS", 300)
    last = threading.Event()

    def answer(path: str) -> int:
        if path == "/19":
            last.set()
        return 200 if last.wait(300) else 500

    with serving(answer) as (url, asked):
        got = apart(at_rate, url, (f"/{n}" for n in range(20)), 1000)
    assert (len(got.seconds), got.failed) == (20, 0)
    assert sorted(asked) == sorted(f"/{n}" for n in range(20))
    assert list(got.seconds) == sorted(got.seconds)


def test_one_caller_waits() -> None:
    """It asks in order."""
    with serving(lambda _: 200) as (url, asked):
        got = apart(one_by_one, url, (f"/{n}" for n in range(5)))
    assert asked == [f"/{n}" for n in range(5)]
    assert got.percentile(0.5) <= got.percentile(0.99)


def test_failures_are_counted() -> None:
    """An error, or nobody there, is no answer."""
    with serving(lambda path: int(path[1:])) as (url, _):
        got = apart(at_rate, url, ["/200", "/204", "/500", "/404"], 1000)
    assert (len(got.seconds), got.failed) == (1, 3)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        assert apart(one_by_one, url, ["/200"]).failed == 1
