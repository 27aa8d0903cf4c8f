"""WSGI applications behind granian, so that slow clients hold no thread.

granian's own WSGI interface reads bodies and writes responses inside the threads that run the
application. Here a request takes a thread once its body has arrived, and a response gives the
thread back between two of its parts. Bodies and parts have deadlines; paths for probes have a
thread of their own. The bridge has the form of granian's RSGI interface, and stands behind
`scripts.asgi_interface`.
"""

from __future__ import annotations

import asyncio
import contextvars
import functools
import io
import logging
import os
import socket
import stat
import sys
import tempfile
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final, NamedTuple, TypeVar

from granian.rsgi import ProtocolClosed  # type: ignore[attr-defined] # documented
from werkzeug.wsgi import FileWrapper

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator
    from wsgiref.types import WSGIApplication

    from granian.rsgi import HTTPProtocol, Scope  # type: ignore[attr-defined]

_log = logging.getLogger(__name__)

_Result = TypeVar("_Result")

BODY_BYTES: Final = 64 << 20  # the applications refuse less, with a page that explains it
SMALL_BYTES: Final = 128 << 10  # of a body that every path accepts, and that no limit counts
# Paths that accept larger ones, also below a path that a proxy has left in the request.
LARGE_BODIES: Final = ("/references", "/library/v1/", "/v1/")
BODIES_BYTES: Final = 512 << 20  # of all requests that a worker is receiving or processing
BODY_SECONDS: Final = 120.0  # for a whole body
READER_SECONDS: Final = 60.0  # for a client to take one part of a response
PROBES: Final = frozenset({"/healthz"})
_SHARE: Final = 4  # one address, unless of this machine, may have this part of BODIES_BYTES
_WHOLE_BYTES: Final = 1 << 20  # responses up to this length are sent in one piece
_FILE_BLOCK: Final = 1 << 18  # bytes of a file that are one part of a response
_REFUSALS: Final = {
    408: b"The request's body did not arrive in time. Send it again.\n",
    413: b"The request's body is too large.\n",
    500: b"The server failed to process the request.\n",
    503: b"The server is receiving too much data. Try again in a minute.\n",
}


class _Response(NamedTuple):
    """What the application returned: a whole body, or the parts that are still to be sent."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes
    parts: Iterator[bytes] | None
    close: Callable[[], None]


class WSGIBridge:
    """An RSGI application that runs a WSGI application in `threads` threads."""

    def __init__(
        self,
        application: WSGIApplication,
        *,
        threads: int,
        probes: Collection[str] = PROBES,
        body_bytes: int = BODY_BYTES,
        small_bytes: int = SMALL_BYTES,
        bodies_bytes: int = BODIES_BYTES,
        body_seconds: float = BODY_SECONDS,
        reader_seconds: float = READER_SECONDS,
    ) -> None:
        self._application = application
        self._pages = ThreadPoolExecutor(threads, "page")
        self._probe = ThreadPoolExecutor(1, "probe")
        self._probes = probes
        self._body_bytes = body_bytes
        self._small_bytes = small_bytes
        self._bodies_bytes = bodies_bytes
        self._buffered: Counter[str] = Counter()  # counted bytes of bodies by network
        self._body_seconds = body_seconds
        self._reader_seconds = reader_seconds

    def __rsgi_init__(self, loop: asyncio.AbstractEventLoop) -> None:
        """Set up a worker's event loop."""
        loop.call_soon(_disconnect_stopped_readers, loop, round(self._reader_seconds * 1000))

    async def __rsgi__(self, scope: Scope, protocol: HTTPProtocol) -> None:
        """Serve one request."""
        network = _network(scope.client)
        body = await self._body(scope, network, protocol)
        if isinstance(body, int):
            _refuse(protocol, body)
            return
        pool = self._probe if scope.path in self._probes else self._pages
        loop = asyncio.get_running_loop()
        context = contextvars.copy_context()  # one for all steps: several threads may run them

        def run(step: Callable[..., _Result], *arguments: object) -> asyncio.Future[_Result]:
            return loop.run_in_executor(pool, functools.partial(context.run, step, *arguments))

        try:
            response = await run(self._respond, _environ(scope, body))
        except Exception:  # noqa: BLE001 - the server goes on
            _log.exception("the application raised an exception")
            _refuse(protocol, 500)
            return
        finally:
            self._release(body, network)
        if response.parts is None:
            protocol.response_bytes(response.status, response.headers, response.body)
            return
        try:
            stream = protocol.response_stream(response.status, response.headers)
            while (part := await run(next, response.parts, None)) is not None:
                if not await self._sent(stream, part):
                    _log.info("a client stopped reading its response")
                    break
        except ProtocolClosed:
            _log.debug("a client disconnected before the end of its response")
        except Exception:  # noqa: BLE001 - the server goes on
            _log.exception("the application raised an exception in the middle of a response")
        finally:
            await run(response.close)

    async def _sent(self, stream: Any, part: bytes) -> bool:
        """Send a part of a response; return whether the client took it in time."""
        try:
            async with asyncio.timeout(self._reader_seconds):
                await stream.send_bytes(part)
        except TimeoutError:
            return False
        return True

    async def _body(self, scope: Scope, network: str, protocol: HTTPProtocol) -> IO[bytes] | int:
        """Return the request's body, or the status of its refusal."""
        length = scope.headers.get("content-length") or "0"
        if length == "0" and "transfer-encoding" not in scope.headers:
            return io.BytesIO()
        is_large = any(path in scope.path for path in LARGE_BODIES)
        most = self._body_bytes if is_large else self._small_bytes
        if not length.isdecimal() or int(length) > most:
            return 413
        # A small body is stored in memory, a larger one in a temporary file.
        body = tempfile.SpooledTemporaryFile(self._small_bytes)  # noqa: SIM115 - closed by _release
        refusal = 0
        try:
            async with asyncio.timeout(self._body_seconds):
                async for part in protocol:
                    before = self._counted(body.tell())
                    body.write(part)
                    after = self._counted(body.tell())
                    self._buffered[network] += after - before
                    if body.tell() > most:
                        refusal = 413
                    elif after and self._is_over_limit(network):
                        refusal = 503
                    if refusal:
                        break
        except TimeoutError:
            refusal = 408
        except BaseException:
            self._release(body, network)
            raise
        if refusal:
            self._release(body, network)
            return refusal
        body.seek(0)
        return body

    def _counted(self, size: int) -> int:
        """Return how many bytes of a body count towards the limits."""
        return size if size > self._small_bytes else 0

    def _is_over_limit(self, network: str) -> bool:
        """Return whether the bodies of all clients, or of one network, are too large together."""
        share = self._bodies_bytes // _SHARE if network else self._bodies_bytes
        return self._buffered[network] > share or self._buffered.total() > self._bodies_bytes

    def _release(self, body: IO[bytes], network: str) -> None:
        """Delete the body of a request."""
        self._buffered[network] -= self._counted(body.seek(0, os.SEEK_END))
        if not self._buffered[network]:
            del self._buffered[network]
        body.close()

    def _respond(self, environ: dict[str, Any]) -> _Response:
        """Run the application, which calls `start_response` before it returns."""
        started: list[Any] = []

        def start_response(status: str, headers: list[tuple[str, str]], *_: Any) -> Any:
            started[:] = [int(status[:3]), headers]

        result = self._application(environ, start_response)
        status, headers = started
        close = getattr(result, "close", lambda: None)
        length = next((value for name, value in headers if name.lower() == "content-length"), "")
        if environ["REQUEST_METHOD"] == "HEAD" or (length and int(length) <= _WHOLE_BYTES):
            try:
                return _Response(status, headers, b"".join(result), None, close)
            finally:
                close()
        return _Response(status, headers, b"", iter(result), close)


def _network(client: str) -> str:
    """Return a client's address, of IPv6 its first 64 bits; empty for one of this machine.

    A proxy on this machine sends the requests of many clients, so it has no share of its own.
    """
    try:
        address = ip_address(_host(client))
    except ValueError:  # of a Unix socket
        return ""
    address = getattr(address, "ipv4_mapped", None) or address
    if address.is_loopback:
        return ""
    return str(ip_network((address, 64 if address.version == 6 else 32), strict=False))


def _host(client: str) -> str:
    return client.rpartition(":")[0].strip("[]")


def _refuse(protocol: HTTPProtocol, status: int) -> None:
    headers = [("content-type", "text/plain; charset=utf-8"), ("connection", "close")]
    protocol.response_bytes(status, headers, _REFUSALS[status])


def _file_blocks(file: IO[bytes], _size: int = 0) -> FileWrapper:
    """Return a file as large parts: each part costs a change of threads."""
    return FileWrapper(file, _FILE_BLOCK)


_ENVIRON: Final[dict[str, Any]] = {
    "SCRIPT_NAME": "",
    "wsgi.version": (1, 0),
    "wsgi.errors": sys.stderr,
    "wsgi.file_wrapper": _file_blocks,
    "wsgi.input_terminated": True,
    "wsgi.multiprocess": True,
    "wsgi.multithread": True,
    "wsgi.run_once": False,
}


def _environ(scope: Scope, body: IO[bytes]) -> dict[str, Any]:
    """Return the WSGI environment of a request, without the variables of the process."""
    host, _, port = scope.server.rpartition(":")
    environ = {
        **_ENVIRON,
        "REQUEST_METHOD": scope.method,
        "PATH_INFO": scope.path.encode().decode("latin-1"),
        "QUERY_STRING": scope.query_string,
        "REMOTE_ADDR": _host(scope.client),
        "SERVER_NAME": host.strip("[]"),
        "SERVER_PORT": port,
        "SERVER_PROTOCOL": f"HTTP/{scope.http_version}",
        "wsgi.url_scheme": scope.scheme,
        "wsgi.input": body,
    }
    for name, value in scope.headers.items():
        if "_" in name:  # would be taken for the same name with hyphens
            continue
        key = name.upper().replace("-", "_")
        if key not in {"CONTENT_TYPE", "CONTENT_LENGTH"}:
            key = f"HTTP_{key}"
        if key in environ:
            value = f"{environ[key]}{'; ' if key == 'HTTP_COOKIE' else ','}{value}"  # noqa: PLW2901
        environ[key] = value
    return environ


def _disconnect_stopped_readers(loop: asyncio.AbstractEventLoop, milliseconds: int) -> None:
    """Have the system close connections whose client takes nothing for that long (Linux).

    Connections inherit the option from the listening socket, which granian opens in the worker.
    """
    if not hasattr(socket, "TCP_USER_TIMEOUT"):
        return
    is_set = False
    for descriptor in [int(each.name) for each in Path("/proc/self/fd").iterdir()]:
        with suppress(OSError):
            if not stat.S_ISSOCK(os.fstat(descriptor).st_mode):
                continue
        with suppress(OSError), socket.socket(fileno=os.dup(descriptor)) as candidate:
            if candidate.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
                candidate.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, milliseconds)
                is_set = True
    if not is_set:
        loop.call_later(0.05, _disconnect_stopped_readers, loop, milliseconds)
