"""Requests and responses of granian's ASGI interface, as the bridge gets and sends them."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Any

import pytest

from scripts.asgi_interface import ASGIInterface
from scripts.wsgi_bridge import WSGIBridge

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

GONE = {"type": "http.disconnect"}


class Client:
    """What granian is for one request: messages to receive, and those that were sent."""

    def __init__(self, *messages: dict[str, Any], disconnects_after: int | None = None) -> None:
        self._messages = list(messages)
        self._most = disconnects_after  # messages sent until the client is gone
        self._gone = asyncio.Event()
        self.sent: list[dict[str, Any]] = []

    async def receive(self) -> dict[str, Any]:
        if self._messages:
            return self._messages.pop(0)
        await self._gone.wait()
        return GONE

    async def send(self, message: dict[str, Any]) -> None:
        if self._most is not None and len(self.sent) >= self._most:
            self._gone.set()
            await asyncio.Event().wait()  # the client takes nothing
        self.sent.append(message)


def request(application: WSGIApplication, *messages: dict[str, Any], **scope: Any) -> Client:
    """Return the client after a request of the application."""
    most = scope.pop("disconnects_after", None)
    given = {
        "type": "http",
        "method": "POST" if messages else "GET",
        "path": "/café",
        "query_string": b"q=%ff",
        "scheme": "http",
        "http_version": "1.1",
        "client": ("::1", "5000"),
        "server": ("127.0.0.1", "8000"),
        "headers": [],
        **scope,
    }

    async def run() -> Client:
        client = Client(*messages, disconnects_after=most)
        interface = ASGIInterface(WSGIBridge(application, threads=1))
        async with asyncio.timeout(60):
            await interface(given, client.receive, client.send)
        return client

    return asyncio.run(run())


def test_environ() -> None:
    """Values keep every byte; names with underscores are left out."""
    seen: dict[str, Any] = {}

    def application(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        seen.update(environ)
        start_response("200 OK", [("Content-Length", "2"), ("X-Name", "ë")])
        return [b"ok"]

    headers = [
        (b"host", b"akin.example.com"),
        (b"x-forwarded-user", "Zoë 山".encode()),
        (b"x_forwarded_user", b"eve"),
        (b"x-latin", b"Zo\xeb"),
    ]
    client = request(application, headers=headers)
    assert seen["HTTP_X_FORWARDED_USER"].encode("latin-1").decode() == "Zoë 山"
    assert seen["HTTP_X_LATIN"] == "Zoë"
    assert seen["HTTP_HOST"] == "akin.example.com"
    assert seen["PATH_INFO"].encode("latin-1").decode() == "/café"
    names = ("REMOTE_ADDR", "SERVER_NAME", "SERVER_PORT", "SERVER_PROTOCOL", "QUERY_STRING")
    assert [seen[name] for name in names] == ["::1", "127.0.0.1", "8000", "HTTP/1.1", "q=%ff"]
    start, body = client.sent
    assert start["status"] == 200
    assert start["headers"] == [(b"Content-Length", b"2"), (b"X-Name", b"\xeb")]
    assert body == {"type": "http.response.body", "body": b"ok"}


def test_body_in_parts() -> None:
    """The parts of a body are joined."""

    def application(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        start_response("200 OK", [("Content-Length", "4")])
        return [environ["wsgi.input"].read()]

    parts = [
        {"type": "http.request", "body": b"ab", "more_body": True},
        {"type": "http.request", "body": b"cd"},
    ]
    client = request(application, *parts, headers=[(b"content-length", b"4")])
    assert client.sent[1]["body"] == b"abcd"


class Parts:
    """A response in parts; `is_closed` when it was closed."""

    def __init__(self, count: int) -> None:
        self._left = count
        self.is_closed = threading.Event()

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        if not self._left:
            raise StopIteration
        self._left -= 1
        return b"part"

    def close(self) -> None:
        self.is_closed.set()


@pytest.mark.parametrize(("disconnects_after", "messages"), [(None, 5), (3, 3), (1, 1)])
def test_stream(disconnects_after: int | None, messages: int) -> None:
    """Parts are sent one after the other; a client that has gone ends the response."""
    parts = Parts(3)

    def application(_: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        start_response("200 OK", [])
        return parts

    client = request(application, disconnects_after=disconnects_after)
    bodies = [each["body"] for each in client.sent[1:]]
    assert bodies == [b"part", b"part", b"part", b""][: messages - 1]
    assert len(client.sent) == messages
    assert parts.is_closed.is_set()


def test_client_that_is_gone_while_it_sends() -> None:
    """Nothing is sent to it."""

    def application(_: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        raise AssertionError(start_response)

    part = {"type": "http.request", "body": b"ab", "more_body": True}
    client = request(application, part, GONE, headers=[(b"content-length", b"4")])
    assert client.sent == []
