"""Server of the fake API: selects the fault of each request, and records requests.

Knows the names of faults, threads and sockets; the faults are in other modules.
"""

from __future__ import annotations

import json
import socket
import socketserver
import sys
import threading
from contextlib import suppress
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import parse_qsl, unquote, urlsplit

from tests.faults.exchange import Exchange, Refusal, Request
from tests.faults.healthy import Healthy

if TYPE_CHECKING:
    from collections.abc import Callable

    Fault = Callable[[Exchange, "Upstream"], None]

FAULTS: dict[str, Fault] = {}
SEARCH = "/v1/search/assets"


def fault(name: str) -> Callable[[Fault], Fault]:
    """Register a function in FAULTS under a name."""

    def enter(function: Fault) -> Fault:
        FAULTS[name] = function
        return function

    return enter


class Upstream:
    """The server; a context manager.

    `delay` is how long "slow-first-byte" waits and `drip` how long "slow-body" does between two
    bytes, both in seconds. `requests` are all requests, `errors` the errors of this server.
    """

    def __init__(self, *, count: int = 200, delay: float = 30.0, drip: float = 0.05) -> None:
        """Listen on a free port of 127.0.0.1, without faults."""
        self.delay = delay
        self.drip = drip
        self.requests: list[Request] = []
        self.errors: list[BaseException] = []
        self.closing = threading.Event()
        self._lock = threading.Lock()
        self._next: list[tuple[str, str]] = []
        self._always: list[tuple[str, str]] = []
        self._placeholder: socket.socket | None = None
        self.connections: set[socket.socket] = set()
        self._listen(0)
        self.healthy = Healthy(count, self.origin)

    @property
    def origin(self) -> str:
        """Scheme, host and port."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        """Value for SCENARIO_BASE_URL."""
        return self.origin + "/v1"

    def next(self, *names: str, on: str = SEARCH) -> None:
        """Apply these faults to the next requests whose path begins with `on`, one each."""
        for name in names:
            if name == "refused":
                msg = "a refused connection is never seen here: use always('refused')"
                raise ValueError(msg)
            self._known(name)
        with self._lock:
            self._next += [(on, name) for name in names]

    def always(self, name: str, on: str = SEARCH) -> None:
        """Apply this fault to every request whose path begins with `on`, after those of `next`.

        "refused" closes the whole port; any other name opens it again.
        """
        self._known(name)
        if name == "refused":
            self._refuse()
        elif self._placeholder is not None:
            self._placeholder.close()
            self._placeholder = None
            self._listen(self.port)
        with self._lock:
            self._always = [choice for choice in self._always if choice[0] != on]
            if name not in ("healthy", "refused"):
                self._always.append((on, name))

    def received(self, on: str = SEARCH) -> list[Request]:
        """Return the requests so far whose path begins with `on`."""
        return [request for request in self.requests if request.path.startswith(on)]

    def answer(self, exchange: Exchange) -> None:
        """Respond to one request with the next fault."""
        self.requests.append(exchange.request)
        name = self._turn(exchange.request.path)
        try:
            FAULTS[name](exchange, self)
        except Refusal as refusal:
            exchange.json(refusal.body, refusal.status)

    def close(self) -> None:
        """Stop listening, end every wait and every connection."""
        self.closing.set()
        if self._placeholder is not None:
            self._placeholder.close()
        else:
            self._stop_listening()

    def __enter__(self) -> Self:
        """Return the server, which has listened since construction."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close."""
        self.close()

    def _known(self, name: str) -> None:
        if name not in FAULTS:
            msg = f"no fault is named {name!r}; there are {', '.join(FAULTS)}"
            raise ValueError(msg)

    def _turn(self, path: str) -> str:
        with self._lock:
            for place, (on, name) in enumerate(self._next):
                if path.startswith(on):
                    del self._next[place]
                    return name
            return next((name for on, name in self._always if path.startswith(on)), "healthy")

    def _listen(self, port: int) -> None:
        self._server = _Server(("127.0.0.1", port), _Handler)
        self._server.upstream = self
        self.port: int = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()

    def _stop_listening(self) -> None:
        self._server.shutdown()
        self._thread.join()
        for connection in list(self.connections):
            with suppress(OSError):  # its client may have left meanwhile
                connection.shutdown(socket.SHUT_RDWR)
        self._server.server_close()

    def _refuse(self) -> None:
        if self._placeholder is None:
            self._stop_listening()
            # Bound and not listening: connections are refused, and the port stays reserved.
            self._placeholder = socket.socket()
            self._placeholder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self._placeholder.bind(("127.0.0.1", self.port))


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    request_queue_size = 128
    upstream: Upstream

    def process_request(self, request: Any, client_address: Any) -> None:
        self.upstream.connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """Close without the FIN of the base class, which would come before an RST."""
        self.upstream.connections.discard(request)
        self.close_request(request)

    def handle_error(self, *_: object) -> None:
        """Ignore clients that leave early, as faults make them do; store other errors."""
        error = sys.exception()
        if error is not None and not isinstance(error, ConnectionError):
            self.upstream.errors.append(error)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def _answer(self) -> None:
        upstream = self.server.upstream
        parts = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        headers = {name.lower(): value for name, value in self.headers.items()}
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        request = Request(self.command, unquote(parts.path), query, headers, body)
        exchange = Exchange(request, self.connection, upstream.closing)
        upstream.answer(exchange)
        self.close_connection = self.close_connection or not exchange.keep_open

    do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = _answer

    def log_message(self, *_: object) -> None:
        """Log nothing: `Upstream.requests` is the log."""


def whole(exchange: Exchange, upstream: Upstream) -> bytes:
    """Return the body of a healthy response."""
    return json.dumps(upstream.healthy.api(exchange.request)).encode()


def change_hits(
    exchange: Exchange, upstream: Upstream, change: Callable[[dict[str, Any]], dict[str, Any]]
) -> None:
    """Send a healthy response with every hit and every asset changed."""
    body = upstream.healthy.api(exchange.request)
    for name in ("hits", "assets"):
        if name in body:
            body[name] = [change(hit) for hit in body[name]]
    if "asset" in body:
        body["asset"] = change(body["asset"])
    exchange.json(body)
