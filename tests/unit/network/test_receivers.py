"""Receivers through apprise: what arrives, and failures without the secrets of a URL."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from app.network.receivers import ReceiverFailed, open_receivers
from tests.support.ports import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator

SECRET = "T0KEN-of-the-hook"


class Hook(BaseHTTPRequestHandler):
    """A web hook that stores what it is sent, and quotes its address in refusals."""

    received: list[Any]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        is_refused = "refuse" in self.path
        self.send_response(500 if is_refused else 200)
        self.end_headers()
        if is_refused:
            self.wfile.write(f"No {self.path} for you".encode())
        else:
            type(self).received.append(json.loads(body))

    def log_message(self, *_: object) -> None:
        """Log nothing."""


@pytest.fixture
def port() -> Iterator[int]:
    """The port of a hook of this test."""
    Hook.received = []
    server = HTTPServer(("127.0.0.1", 0), Hook)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server.server_port
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_message_arrives(port: int) -> None:
    (receiver,) = open_receivers([f"json://127.0.0.1:{port}/{SECRET}"])
    receiver.check()
    receiver.send("New review", "Which one?\nhttps://akin/reviews/1")
    (message,) = Hook.received
    assert (message["title"], message["message"]) == (
        "New review",
        "Which one?\nhttps://akin/reviews/1",
    )


@pytest.mark.parametrize("where", ["refused", "unreachable"])
def test_a_failure_says_why_and_no_secret(
    port: int, where: str, caplog: pytest.LogCaptureFixture
) -> None:
    at = port if where == "refused" else free_port()
    (receiver,) = open_receivers([f"json://ada:{SECRET}@127.0.0.1:{at}/{SECRET}/refuse"])
    with pytest.raises(ReceiverFailed) as failed:
        receiver.send("Title", "Text")
    assert str(failed.value)
    assert "500" in str(failed.value) or where == "unreachable"
    shown = f"{failed.value}{receiver!r}{receiver.label}{caplog.text}"
    assert SECRET not in shown


def test_an_unknown_service_is_refused() -> None:
    slack, unknown, incomplete = open_receivers(["slack://a/b/c", f"nosuch://{SECRET}", "slack://"])
    slack.check()
    assert (slack.label, unknown.label) == ("receiver 1 (slack)", "receiver 2 (nosuch)")
    for receiver in (unknown, incomplete):
        with pytest.raises(ReceiverFailed, match="no URL of a service that apprise knows"):
            receiver.check()
    with pytest.raises(ReceiverFailed):
        unknown.send("", "")
