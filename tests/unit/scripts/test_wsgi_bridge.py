"""Requests and responses of WSGI applications behind granian's RSGI interface, and deadlines."""

from __future__ import annotations

import asyncio
import contextvars
import socket
import threading
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from granian.rsgi import ProtocolClosed  # type: ignore[attr-defined]

from scripts.wsgi_bridge import WSGIBridge

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

    Environ = dict[str, Any]


class Headers:
    """Request headers with the methods of granian's."""

    def __init__(self, pairs: list[tuple[str, str]]) -> None:
        self._pairs = pairs

    def __contains__(self, name: str) -> bool:
        return name in dict(self._pairs)

    def get(self, name: str) -> str | None:
        return dict(self._pairs).get(name)

    def items(self) -> list[tuple[str, str]]:
        return self._pairs


class Protocol:
    """A connection: `parts` of the request's body, and what was sent as its response."""

    def __init__(self, *parts: bytes, stall: bool = False, error: Exception | None = None) -> None:
        self._parts = parts
        self._stall = stall
        self._error = error
        self.status = 0
        self.headers: dict[str, str] = {}
        self.sent: list[bytes] = []

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for part in self._parts:
            yield part
        if self._stall:
            await asyncio.Event().wait()

    def response_bytes(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        self.status, self.headers = status, dict(headers)
        self.sent.append(body)

    def response_stream(self, status: int, headers: list[tuple[str, str]]) -> Protocol:
        self.status, self.headers = status, dict(headers)
        return self

    async def send_bytes(self, part: bytes) -> None:
        if self._error is not None:
            raise self._error
        self.sent.append(part)
        if self._stall:
            await asyncio.Event().wait()


def request(
    bridge: WSGIBridge, protocol: Protocol, *headers: tuple[str, str], path: str = "/"
) -> Protocol:
    """Make one request and return its connection."""
    asyncio.run(bridge.__rsgi__(scope(*headers, path=path), protocol))  # type: ignore[arg-type]
    return protocol


def scope(*headers: tuple[str, str], path: str = "/", client: str = "[::1]:1234") -> Any:
    """A request as granian describes it."""
    return SimpleNamespace(
        proto="http",
        http_version="1.1",
        server="127.0.0.1:8000",
        client=client,
        scheme="http",
        method="POST",
        path=path,
        query_string="a=%20",
        authority=None,
        headers=Headers(list(headers)),
    )


def recording(environs: list[Environ]) -> Callable[..., list[bytes]]:
    """An application that records its environments and returns the body of the request."""

    def application(environ: Environ, start_response: Callable[..., Any]) -> list[bytes]:
        environs.append(environ)
        body = environ["wsgi.input"].read()
        start_response("200 OK", [("Content-Length", str(len(body)))])
        return [body]

    return application


def streaming(parts: Iterator[bytes]) -> Callable[..., Iterator[bytes]]:
    """An application whose response has no length."""

    def application(_: Environ, start_response: Callable[..., Any]) -> Iterator[bytes]:
        start_response("200 OK", [])
        return parts

    return application


def test_environment() -> None:
    """Names with underscores, which proxies do not check, are dropped; nothing is the process's."""
    environs: list[Environ] = []
    request(
        WSGIBridge(recording(environs), threads=1),
        Protocol(),
        ("host", "h:1"),
        ("cookie", "a=1"),
        ("cookie", "b=2"),
        ("x-forwarded-for", "1.2.3.4"),
        ("x-forwarded-for", "5.6.7.8"),
        ("x_forwarded_user", "mallory"),
        ("content-type", "text/plain"),
        path="/é",
    )
    (environ,) = environs
    strings = {name: value for name, value in environ.items() if isinstance(value, str)}
    assert strings == {
        "REQUEST_METHOD": "POST",
        "SCRIPT_NAME": "",
        "PATH_INFO": "/Ã©",
        "QUERY_STRING": "a=%20",
        "REMOTE_ADDR": "::1",
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "8000",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "CONTENT_TYPE": "text/plain",
        "HTTP_HOST": "h:1",
        "HTTP_COOKIE": "a=1; b=2",
        "HTTP_X_FORWARDED_FOR": "1.2.3.4,5.6.7.8",
        "wsgi.url_scheme": "http",
    }


def test_body_is_complete_before_the_application_runs() -> None:
    """With a length or without, in memory or in a file."""
    for size in (3, 1 << 20):
        for header in (("content-length", str(2 * size)), ("transfer-encoding", "chunked")):
            parts = [b"a" * size, b"b" * size]
            bridge = WSGIBridge(recording([]), threads=1)
            response = request(bridge, Protocol(*parts), header, path="/references")
            assert (response.status, b"".join(response.sent)) == (200, b"".join(parts))


def test_body_that_does_not_arrive() -> None:
    """It is refused at its deadline, and the application is not called."""
    environs: list[Environ] = []
    bridge = WSGIBridge(recording(environs), threads=1, body_seconds=0.05)
    response = request(bridge, Protocol(b"a", stall=True), ("content-length", "2"))
    assert (response.status, response.headers["connection"]) == (408, "close")
    assert environs == []


def test_body_that_is_too_large() -> None:
    """It is refused by its length, or once too much has arrived."""
    environs: list[Environ] = []
    bridge = WSGIBridge(recording(environs), threads=1, body_bytes=10)
    for header in (("content-length", "11"), ("transfer-encoding", "chunked")):
        response = request(bridge, Protocol(b"a" * 6, b"b" * 6), header, path="/references")
        assert (response.status, response.headers["connection"]) == (413, "close")
    assert environs == []


@pytest.mark.parametrize(
    ("path", "status"),
    [("/sign-in", 413), ("/references", 200), ("/library/v1/search/assets", 200)],
)
def test_large_bodies_are_accepted_on_some_paths(path: str, status: int) -> None:
    """Elsewhere they are refused by their length, or once too much has arrived."""
    bridge = WSGIBridge(recording([]), threads=1, small_bytes=10)
    for header in (("content-length", "12"), ("transfer-encoding", "chunked")):
        response = request(bridge, Protocol(b"a" * 6, b"b" * 6), header, path=path)
        assert response.status == status


@pytest.mark.parametrize(
    ("stalled", "client", "sizes", "statuses"),
    [
        ("[::1]:1", "127.0.0.1:2", [8, 200], [200, 200]),  # the limit leaves room
        ("[::1]:1", "127.0.0.1:2", [8, 250], [200, 503]),  # 400 bytes of all clients
        ("192.0.2.1:1", "192.0.2.1:2", [8, 20], [200, 503]),  # 100 bytes of one address
        ("192.0.2.1:1", "192.0.2.2:1", [8, 90], [200, 200]),  # and of another one
        ("[2001:db8::1]:1", "[2001:db8::2]:1", [8, 20], [200, 503]),  # one network of IPv6
        ("[2001:db8::1]:1", "[2001:db8:0:1::]:1", [8, 90], [200, 200]),
    ],
)
def test_bodies_that_are_too_large_together(
    stalled: str, client: str, sizes: list[int], statuses: list[int]
) -> None:
    """Only large ones are refused, and the bytes of finished requests do not count."""
    is_local = stalled.startswith("[::1]")
    stored = Protocol(b"a" * (180 if is_local else 90), stall=True)
    bridge = WSGIBridge(recording([]), threads=1, small_bytes=10, bodies_bytes=400)

    async def send(protocol: Protocol, size: int, client: str) -> int:
        header = ("content-length", str(size))
        request = scope(header, path="/references", client=client)
        await bridge.__rsgi__(request, protocol)  # type: ignore[arg-type]
        return protocol.status

    async def requests() -> list[int]:
        waiting = asyncio.create_task(send(stored, 200, stalled))
        await asyncio.sleep(0)
        results = [await send(Protocol(b"b" * size), size, client) for size in sizes]
        waiting.cancel()
        await asyncio.wait([waiting])
        return [*results, await send(Protocol(b"c" * 100), 100, client)]

    assert asyncio.run(requests()) == [*statuses, 200]


@pytest.mark.skipif(not hasattr(socket, "TCP_USER_TIMEOUT"), reason="an option of Linux")
def test_system_disconnects_clients_that_stop_reading() -> None:
    """The listening socket has the option, which connections inherit."""

    async def option_of(listener: socket.socket) -> int:
        bridge = WSGIBridge(recording([]), threads=1, reader_seconds=7)
        bridge.__rsgi_init__(asyncio.get_running_loop())
        await asyncio.sleep(0)
        with socket.create_connection(listener.getsockname()):
            connection, _ = listener.accept()
            with connection:
                return connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        assert asyncio.run(option_of(listener)) == 7000


def test_client_that_stops_reading() -> None:
    """The response is closed, and the rest of it is never produced."""
    produced = []
    closed = threading.Event()

    def parts() -> Iterator[bytes]:
        try:
            for number in range(10):
                produced.append(number)
                yield b"part"
        finally:
            closed.set()

    bridge = WSGIBridge(streaming(parts()), threads=1, reader_seconds=0.05)
    request(bridge, Protocol(stall=True))
    assert produced == [0]
    assert closed.is_set()


def test_client_that_disconnects() -> None:
    """The response is closed."""
    closed = threading.Event()

    def parts() -> Iterator[bytes]:
        try:
            yield b"part"
        finally:
            closed.set()

    request(WSGIBridge(streaming(parts()), threads=1), Protocol(error=ProtocolClosed()))
    assert closed.is_set()


def test_parts_of_a_response_share_a_context() -> None:
    """They may be produced by several threads in turn."""
    variable: contextvars.ContextVar[int] = contextvars.ContextVar("number", default=0)

    def parts() -> Iterator[bytes]:
        for _ in range(20):
            variable.set(variable.get() + 1)
            yield str(variable.get()).encode()

    response = request(WSGIBridge(streaming(parts()), threads=4), Protocol())
    assert response.sent == [str(number).encode() for number in range(1, 21)]
    assert variable.get() == 0


def test_application_that_fails() -> None:
    """Before its response, or in the middle of it; the server goes on."""

    def application(_: Environ, __: Callable[..., Any]) -> list[bytes]:
        raise RuntimeError

    def parts() -> Iterator[bytes]:
        yield b"part"
        raise RuntimeError

    assert request(WSGIBridge(application, threads=1), Protocol()).status == 500
    assert request(WSGIBridge(streaming(parts()), threads=1), Protocol()).sent == [b"part"]


def test_probes_have_a_thread_of_their_own() -> None:
    """They are served while all other threads are busy."""
    release = threading.Event()

    def application(environ: Environ, start_response: Callable[..., Any]) -> list[bytes]:
        if environ["PATH_INFO"] != "/healthz":
            release.wait()
        start_response("200 OK", [("Content-Length", "2")])
        return [b"ok"]

    async def requests() -> tuple[int, int]:
        bridge = WSGIBridge(application, threads=1)
        page, probe = Protocol(), Protocol()
        waiting = asyncio.create_task(bridge.__rsgi__(scope(), page))  # type: ignore[arg-type]
        await bridge.__rsgi__(scope(path="/healthz"), probe)  # type: ignore[arg-type]
        first = page.status
        release.set()
        await waiting
        assert probe.status == 200
        return first, page.status

    assert asyncio.run(requests()) == (0, 200)
