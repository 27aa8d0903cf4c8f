"""One request and the wire that its answer goes back on.

Knows HTTP/1.1's framing and how to break it; nothing of the Scenario API.
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
    """What a client asked: header names in lower case, the body as it came."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body, deciphered; ValueError where it is not JSON."""
        return json.loads(self.body)


class Refusal(Exception):
    """An answer of the API that is an error: its status and its JSON."""

    def __init__(self, status: int, error: str, code: str = "") -> None:
        """Spell the body as the API does."""
        super().__init__(error)
        self.status = status
        self.body: dict[str, Any] = {"error": error} | ({"code": code} if code else {})


class Exchange:
    """One request and the wire back, with everything an honest server would never do."""

    def __init__(self, request: Request, wire: socket.socket, closing: threading.Event) -> None:
        """Answer `request` on `wire`; `closing` ends every wait."""
        self.request = request
        self.keep_open = True
        self._wire = wire
        self._closing = closing

    def head(self, status: int, headers: Mapping[str, str]) -> None:
        """Send the status line and the headers, and nothing of a body."""
        lines = [f"HTTP/1.1 {status} Pretended", *(f"{k}: {v}" for k, v in headers.items())]
        self.send("\r\n".join([*lines, "", ""]).encode("latin-1"))

    def send(self, data: bytes) -> None:
        """Send bytes as they are."""
        self._wire.sendall(data)

    def answer(
        self, status: int, body: bytes, kind: str = "application/json", **headers: str
    ) -> None:
        """Send a whole, honest answer; `retry_after="1"` becomes `retry-after: 1`."""
        spelled = {name.replace("_", "-"): value for name, value in headers.items()}
        self.head(status, {"content-type": kind, "content-length": str(len(body))} | spelled)
        self.send(body)

    def json(self, value: object, status: int = 200, **headers: str) -> None:
        """Send a value as a whole, honest JSON answer."""
        self.answer(status, json.dumps(value).encode(), **headers)

    def wait(self, seconds: float) -> bool:
        """Keep the client waiting; false as soon as it has left or the server closes."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            if self._closing.wait(min(left, 0.02)):
                return False
            if select.select([self._wire], [], [], 0)[0] and not self._wire.recv(
                1, socket.MSG_PEEK
            ):
                return False
        return True

    def hang_up(self) -> None:
        """Close the connection in good order after what was sent."""
        self.keep_open = False

    def reset(self) -> None:
        """Close the connection with RST instead of FIN."""
        self._wire.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.keep_open = False


def chunk(data: bytes) -> bytes:
    """The bytes as one chunk of a chunked body; the last chunk where there are none."""
    return b"%x\r\n%s\r\n" % (len(data), data)
