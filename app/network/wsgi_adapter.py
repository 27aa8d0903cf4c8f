"""Transport adapter for requests that calls a WSGI application in this process.

Without a key, wsgi.py gives the client a session with this adapter for the library, so the client
has one code path for the network and for the library. Tests use it with applications of their own.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from requests import PreparedRequest, Response
from requests.adapters import BaseAdapter
from requests.structures import CaseInsensitiveDict
from requests.utils import get_encoding_from_headers
from urllib3 import HTTPResponse
from werkzeug.test import run_wsgi_app

if TYPE_CHECKING:
    from collections.abc import Iterable

    from _typeshed.wsgi import WSGIApplication
    from typing_extensions import Buffer


class _Body(io.RawIOBase):
    """The body of a WSGI response as a file, read while it is generated."""

    def __init__(self, parts: Iterable[bytes]) -> None:
        super().__init__()
        self._parts = parts
        self._iterator = iter(parts)
        self._left = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Buffer, /) -> int:
        view = memoryview(buffer)
        while not self._left:
            try:
                self._left = memoryview(next(self._iterator))
            except StopIteration:
                return 0
        taken = self._left[: len(view)]
        self._left = self._left[len(taken) :]
        view[: len(taken)] = taken
        return len(taken)

    def close(self) -> None:
        if not self.closed and (close := getattr(self._parts, "close", None)) is not None:
            close()
        super().close()


class WSGIAdapter(BaseAdapter):
    """Adapter for a WSGI application; time-outs and certificates do not apply."""

    def __init__(self, application: WSGIApplication) -> None:
        """Send the requests of the session to `application`."""
        super().__init__()
        self._application = application

    def send(self, request: PreparedRequest, *_: Any, **__: Any) -> Response:
        """Return the response to a prepared request."""
        url = urlsplit(request.url or "")
        content: object = request.body or b""
        body = content.encode() if isinstance(content, str) else content
        if not isinstance(body, bytes):
            raise TypeError("The body of a request must be in memory.")
        environ: dict[str, Any] = {
            "REQUEST_METHOD": request.method or "GET",
            "SCRIPT_NAME": "",
            "PATH_INFO": unquote(str(url.path), encoding="latin-1"),
            "QUERY_STRING": str(url.query),
            "SERVER_NAME": str(url.hostname or "localhost"),
            "SERVER_PORT": str(url.port or 80),
            "SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": "127.0.0.1",
            "CONTENT_LENGTH": str(len(body)),
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": str(url.scheme or "http"),
            "wsgi.input": io.BytesIO(body),
            "wsgi.errors": io.StringIO(),
            "wsgi.multithread": True,
            "wsgi.multiprocess": True,
            "wsgi.run_once": False,
        }
        headers_sent: dict[str, Any] = dict(request.headers.items())
        for name, value in headers_sent.items():
            key = name.upper().replace("-", "_")
            environ[key if key == "CONTENT_TYPE" else f"HTTP_{key}"] = value
        parts, status, headers = run_wsgi_app(self._application, environ)
        code, _space, reason = status.partition(" ")
        response = Response()
        response.status_code = int(code)
        response.reason = reason
        response.headers = CaseInsensitiveDict(headers.items())
        response.encoding = get_encoding_from_headers(response.headers)
        response.raw = HTTPResponse(
            body=io.BufferedReader(_Body(parts)),
            headers=dict(headers),
            status=int(code),
            preload_content=False,
        )
        response.url = request.url or ""
        response.request = request
        return response

    def close(self) -> None:
        """Do nothing: no connection is open."""
