"""granian's ASGI interface in the form of its RSGI interface, for `scripts.wsgi_bridge`.

RSGI leaves out headers whose values are not ASCII, such as the name that a proxy sends of a user;
ASGI has the bytes of every header. It also lets a stream wait for a client that reads slowly.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from granian.rsgi import ProtocolClosed  # type: ignore[attr-defined] # documented

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterable

    from scripts.wsgi_bridge import WSGIBridge

    Message = dict[str, Any]
    Receive = Callable[[], Awaitable[Message]]
    Send = Callable[[Message], Awaitable[None]]
    Pairs = Iterable[tuple[str, str]]


class ASGIInterface:
    """An ASGI application that passes requests to a bridge."""

    def __init__(self, bridge: WSGIBridge) -> None:
        """Serve nothing yet."""
        self._bridge = bridge
        self._has_begun = False

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if not self._has_begun:
            self._has_begun = True
            self._bridge.__rsgi_init__(asyncio.get_running_loop())
        exchange = Exchange(receive, send)
        try:
            with suppress(ProtocolClosed):
                await self._bridge.__rsgi__(Request(scope), exchange)  # type: ignore[arg-type]
                await exchange.end()
        finally:
            exchange.close()


class Headers:
    """The headers of a request; each character of a value is a byte, as in WSGI."""

    def __init__(self, pairs: Iterable[tuple[bytes, bytes]]) -> None:
        self._pairs = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in pairs]

    def items(self) -> list[tuple[str, str]]:
        """Return all names, in lower case, with their values."""
        return self._pairs

    def get(self, name: str) -> str | None:
        """Return the first value of a name."""
        return next((value for each, value in self._pairs if each == name), None)

    def __contains__(self, name: str) -> bool:
        return self.get(name) is not None


class Request:
    """The scope of a request with RSGI's attributes."""

    def __init__(self, scope: Message) -> None:
        self.method: str = scope["method"]
        self.path: str = scope["path"]
        self.query_string: str = scope["query_string"].decode("latin-1")
        self.scheme: str = scope["scheme"]
        self.http_version: str = scope["http_version"]
        self.client = _address(scope["client"])
        self.server = _address(scope["server"])
        self.headers = Headers(scope["headers"])


class Exchange:
    """RSGI's protocol object: the body of a request, and its response."""

    def __init__(self, receive: Receive, send: Send) -> None:
        self._receive, self._send = receive, send
        self._start: Message = {}
        self._body = b""
        self._gone: asyncio.Task[None] | None = None  # ends when the client disconnects

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Yield the parts of the body. Raises ProtocolClosed."""
        more = True
        while more:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                raise ProtocolClosed
            more = message.get("more_body", False)
            yield message.get("body", b"")

    def response_bytes(self, status: int, headers: Pairs, body: bytes) -> None:
        """Respond with a whole body, which `end` sends."""
        self._start, self._body = _start(status, headers), body

    def response_stream(self, status: int, headers: Pairs) -> Exchange:
        """Respond with the parts that `send_bytes` sends."""
        self._start = _start(status, headers)
        return self

    async def send_bytes(self, part: bytes) -> None:
        """Send a part of the body. Raises ProtocolClosed where the client has disconnected."""
        if self._gone is None:
            self._gone = asyncio.create_task(self._until_gone())
            await self._send(self._start)
        message = {"type": "http.response.body", "body": part, "more_body": True}
        await self._sent(message, self._gone)

    async def end(self) -> None:
        """Complete the response. Raises ProtocolClosed where the client has disconnected."""
        last = {"type": "http.response.body", "body": self._body}
        if self._gone is None:
            await self._send(self._start)
            await self._send(last)
        else:
            await self._sent(last, self._gone)

    def close(self) -> None:
        """Wait for the client no longer."""
        if self._gone is not None:
            self._gone.cancel()

    async def _sent(self, message: Message, gone: asyncio.Task[None]) -> None:
        """Send a message, which waits for the client. Raises ProtocolClosed where it has gone."""
        sending = asyncio.ensure_future(self._send(message))
        try:
            await asyncio.wait({sending, gone}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            sending.cancel()  # no effect where it is done
        if gone.done():
            raise ProtocolClosed
        await sending

    async def _until_gone(self) -> None:
        with suppress(asyncio.CancelledError):
            while (await self._receive())["type"] != "http.disconnect":
                pass


def _start(status: int, headers: Pairs) -> Message:
    pairs = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers]
    return {"type": "http.response.start", "status": status, "headers": pairs}


def _address(pair: tuple[str, str] | None) -> str:
    """Return host and port as RSGI has them."""
    host, port = pair or ("", "")
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
