"""Connections to other servers that are over in time: made, and answered, as a whole.

`requests` bounds each wait for a byte, and not the sum: a server that sends its headers a letter at
a time keeps a caller for hours. It does not bound the asking for an address at all. Here the time
to connect is that of the name, the address and the handshake together, and the time to read is that
of the whole answer, from its first byte to its last.
"""

from __future__ import annotations

import io
import threading
import time
from functools import lru_cache
from http.client import HTTPResponse
from typing import TYPE_CHECKING, Any, Final

from requests import PreparedRequest
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ConnectTimeoutError

if TYPE_CHECKING:
    import socket

    from typing_extensions import Buffer

CONNECTIONS: Final = 64  # kept open: as many threads as a worker may have


class _Timed(io.RawIOBase):
    """What a socket says, until a moment of `time.monotonic`."""

    def __init__(self, wire: io.RawIOBase, sock: socket.socket, deadline: float) -> None:
        super().__init__()
        self._wire = wire
        self._sock = sock
        self._deadline = deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Buffer, /) -> int | None:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("The answer was not whole in time.")
        self._sock.settimeout(left)
        return self._wire.readinto(buffer)

    def close(self) -> None:
        if not self.closed:
            self._wire.close()
        super().close()


class _Answer(HTTPResponse):
    """An answer whose headers and body come before its socket's time-out, all together."""

    def __init__(self, sock: socket.socket, *rest: Any, **named: Any) -> None:
        super().__init__(sock, *rest, **named)
        if (seconds := sock.gettimeout()) is not None:
            # A BufferedReader over the socket, by http.client's own word (makefile("rb")).
            wire = self.fp.detach()
            self.fp = io.BufferedReader(_Timed(wire, sock, time.monotonic() + seconds))


class _Connecting(threading.Thread):
    """Connects beside a caller who waits no longer than it can; what comes too late is closed.

    No call of the C library that asks for an address can be interrupted.
    """

    def __init__(self, connection: Any) -> None:
        super().__init__(name="connecting", daemon=True)
        self._connection = connection
        self._guard = threading.Lock()
        self._is_awaited = True
        self._sock: socket.socket | None = None
        self._error: BaseException | None = None

    def run(self) -> None:
        try:
            sock = self._connection.connect_now()
        except BaseException as error:  # noqa: BLE001 - the caller raises it
            self._error = error
            return
        with self._guard:
            if self._is_awaited:
                self._sock = sock
                return
        sock.close()

    def result(self, seconds: float | None) -> socket.socket:
        """The socket. Raises what connecting raised, ConnectTimeoutError where it takes longer."""
        self.start()
        self.join(seconds)
        with self._guard:
            self._is_awaited = False
            if self._error is not None:
                raise self._error
            if self._sock is None:
                raise ConnectTimeoutError(self._connection, "The connection took too long.")
            return self._sock


class _Connection(HTTPConnection):
    response_class = _Answer

    def connect_now(self) -> socket.socket:
        """Connect, however long the name and each of its addresses take."""
        return super()._new_conn()

    def _new_conn(self) -> socket.socket:
        return _Connecting(self).result(self.timeout)


class _SecureConnection(HTTPSConnection):
    response_class = _Answer

    def connect_now(self) -> socket.socket:
        """Connect, however long the name and each of its addresses take."""
        return super()._new_conn()

    def _new_conn(self) -> socket.socket:
        return _Connecting(self).result(self.timeout)


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


_POOLS: Final = {"http": _Pool, "https": _SecurePool}


class TimedAdapter(HTTPAdapter):
    """Requests over the network, whose time-outs are those of the whole."""

    def __init__(self) -> None:
        """Keep as many connections as there are callers."""
        self._described = lru_cache(maxsize=64)(self._describe)
        super().__init__(pool_connections=4, pool_maxsize=CONNECTIONS)

    def init_poolmanager(self, *sizes: Any, **named: Any) -> None:
        """See `HTTPAdapter`."""
        super().init_poolmanager(*sizes, **named)
        self.poolmanager.pool_classes_by_scheme = _POOLS

    def build_connection_pool_key_attributes(
        self, request: PreparedRequest, verify: Any, cert: Any = None
    ) -> Any:
        """See `HTTPAdapter`, which looks for the certificates on the disk at every call."""
        origin = "/".join(str(request.url).split("/", 3)[:3])
        host, tls = self._described(origin, verify, cert)
        return {**host}, {**tls}

    def _describe(self, origin: str, verify: Any, cert: Any) -> Any:
        request = PreparedRequest()
        request.url = origin
        return super().build_connection_pool_key_attributes(request, verify, cert)

    def proxy_manager_for(self, *proxy: Any, **named: Any) -> Any:
        """See `HTTPAdapter`."""
        manager = super().proxy_manager_for(*proxy, **named)
        manager.pool_classes_by_scheme = _POOLS
        return manager
