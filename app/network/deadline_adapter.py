"""Transport adapter for requests with time-outs that bound a whole connection and a whole response.

The time-outs of requests bound each read of a socket, not their sum: a server that sends its
headers one byte at a time blocks a caller for hours, and a name lookup is not bounded at all. Here
the connect time-out bounds name lookup, connection and TLS handshake together, and the read
time-out bounds the response from its first byte to its last.

The only module that depends on how urllib3 and http.client work together. Both are extended at
public names (`connect`, `response_class`, `makefile`); urllib3 is pinned in requirements.txt.
"""

from __future__ import annotations

import io
import threading
import time
from concurrent.futures import Future, wait
from http.client import HTTPResponse
from typing import TYPE_CHECKING, Any, Final, cast

from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ConnectTimeoutError

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

    from typing_extensions import Buffer

CONNECTIONS: Final = 64  # open connections per server: the largest number of threads of a worker


class _DeadlineReader(io.RawIOBase):
    """The bytes that a socket receives until a time of `time.monotonic`."""

    def __init__(self, sock: socket.socket, deadline: float) -> None:
        super().__init__()
        self._raw = sock.makefile("rb", buffering=0)
        self._sock = sock
        self._deadline = deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Buffer, /) -> int | None:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("The response was not complete in time.")
        self._sock.settimeout(left)
        return self._raw.readinto(buffer)

    def close(self) -> None:
        if not self.closed:
            self._raw.close()
        super().close()


class _DeadlineSocket:
    """The part of a socket that `HTTPResponse` uses, with a deadline for everything it reads."""

    def __init__(self, sock: socket.socket, seconds: float) -> None:
        self._sock = sock
        self._deadline = time.monotonic() + seconds

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(_DeadlineReader(self._sock, self._deadline))


class _DeadlineResponse(HTTPResponse):
    """A response whose headers and body must arrive within the socket's time-out, together."""

    def __init__(self, sock: socket.socket, *args: Any, **options: Any) -> None:
        seconds = sock.gettimeout()
        bounded = sock if seconds is None else _DeadlineSocket(sock, seconds)
        super().__init__(cast("socket.socket", bounded), *args, **options)


class _DeadlineConnection(HTTPConnection):
    """A connection that is established within its time-out, name lookup included.

    A name lookup in the C library cannot be interrupted. It runs in a thread, and a connection
    that is established too late is closed there.
    """

    response_class = _DeadlineResponse

    def connect(self) -> None:
        """Connect. Raises ConnectTimeoutError when the time-out has passed."""
        connected: Future[None] = Future()
        threading.Thread(
            target=self._connect, args=(super().connect, connected), name="connect", daemon=True
        ).start()
        wait([connected], self.timeout)
        if connected.cancel():
            raise ConnectTimeoutError(self, "The connection took too long.")
        connected.result()

    def _connect(self, connect: Callable[[], None], connected: Future[None]) -> None:
        error: BaseException | None = None
        try:
            connect()
        except BaseException as raised:  # noqa: BLE001 - raised again in the caller's thread
            error = raised
        if not connected.set_running_or_notify_cancel():
            self.close()
        elif error is not None:
            connected.set_exception(error)
        else:
            connected.set_result(None)


class _SecureDeadlineConnection(_DeadlineConnection, HTTPSConnection):
    pass


class _Pool(HTTPConnectionPool):
    ConnectionCls = _DeadlineConnection


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _SecureDeadlineConnection


_POOLS: Final = {"http": _Pool, "https": _SecurePool}


class DeadlineAdapter(HTTPAdapter):
    """Transport adapter with time-outs for whole connections and whole responses."""

    def __init__(self) -> None:
        """Keep as many connections open as a worker has threads."""
        super().__init__(pool_connections=4, pool_maxsize=CONNECTIONS)

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        """See `HTTPAdapter`."""
        super().init_poolmanager(*args, **options)
        self.poolmanager.pool_classes_by_scheme = _POOLS

    def proxy_manager_for(self, *args: Any, **options: Any) -> Any:
        """See `HTTPAdapter`."""
        manager = super().proxy_manager_for(*args, **options)
        manager.pool_classes_by_scheme = _POOLS
        return manager
