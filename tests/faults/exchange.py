"""One request and the socket for its response.

Knows HTTP/1.1 framing and how to break it; independent of the Scenario API.
"""

from __future__ import annotations

import json
import select
import socket
import struct
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import threading
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Request:
    """A request of a client: header names in lower case, the body as bytes."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """Return the parsed body. Raises ValueError if it is not JSON."""
        return json.loads(self.body)


class Refusal(Exception):
    """An error response of the API: its status and its JSON."""

    def __init__(self, status: int, error: str, code: str = "") -> None:
        """Build the body in the API's format."""
        super().__init__(error)
        self.status = status
        self.body: dict[str, Any] = {"error": error} | ({"code": code} if code else {})


class Exchange:
    """One request and the connection for its response, with ways to break the protocol."""

    def __init__(
        self, request: Request, connection: socket.socket, closing: threading.Event
    ) -> None:
        """Respond to `request` on `connection`; `closing` ends every wait."""
        self.request = request
        self.keep_open = True
        self._connection = connection
        self._closing = closing

    def head(self, status: int, headers: Mapping[str, str]) -> None:
        """Send the status line and the headers, and nothing of a body."""
        lines = [f"HTTP/1.1 {status} Fake", *(f"{k}: {v}" for k, v in headers.items())]
        self.send("\r\n".join([*lines, "", ""]).encode("latin-1"))

    def send(self, data: bytes) -> None:
        """Send bytes as they are."""
        self._connection.sendall(data)

    def answer(
        self, status: int, body: bytes, kind: str = "application/json", **headers: str
    ) -> None:
        """Send a whole, valid response; `retry_after="1"` becomes `retry-after: 1`."""
        formatted = {name.replace("_", "-"): value for name, value in headers.items()}
        self.head(status, {"content-type": kind, "content-length": str(len(body))} | formatted)
        self.send(body)

    def json(self, value: object, status: int = 200, **headers: str) -> None:
        """Send a value as a whole, valid JSON response."""
        self.answer(status, json.dumps(value).encode(), **headers)

    def wait(self, seconds: float) -> bool:
        """Let the client wait; return False once it has left or the server closes."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            if self._closing.wait(min(left, 0.02)):
                return False
            if select.select([self._connection], [], [], 0)[0] and not self._connection.recv(
                1, socket.MSG_PEEK
            ):
                return False
        return True

    def hang_up(self) -> None:
        """Close the connection with FIN after the sent bytes."""
        self.keep_open = False

    def reset(self) -> None:
        """Close the connection with RST instead of FIN."""
        self._connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.keep_open = False


def chunk(data: bytes) -> bytes:
    """Return the bytes as one chunk of a chunked body; the last chunk if there are none."""
    return b"%x\r\n%s\r\n" % (len(data), data)
