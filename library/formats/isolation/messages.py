"""Messages between the library and its workers: JSON, bytes, descriptors.

A message is the lengths of its two parts, a JSON object and plain bytes. Descriptors travel with
the lengths. Nothing of a message is executed by its receiver, and its size is bounded.
"""

from __future__ import annotations

import json
import mmap
import os
import socket
import struct
import time
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

MAX_BYTES: Final = 1024**3
MAX_DESCRIPTORS: Final = 16
_LENGTHS: Final = struct.Struct("!II?")  # of the object, of the bytes; are these in shared memory?


def send(
    connection: socket.socket,
    content: dict[str, Any],
    blob: bytes | memoryview = b"",
    descriptors: Sequence[int] = (),
    shared: mmap.mmap | None = None,
) -> None:
    """Send one message, its bytes in the memory `shared` where they fit.

    Raises OSError when the other side has ended, and TypeError or ValueError, before anything is
    sent, when `content` is not JSON.
    """
    text = json.dumps(content).encode()
    fits = shared is not None and 0 < len(blob) <= len(shared)
    if shared is not None and fits:
        shared[: len(blob)] = blob
    lengths = _LENGTHS.pack(len(text), len(blob), fits)
    if descriptors:
        socket.send_fds(connection, [lengths], list(descriptors))
        connection.sendall(text)
    else:
        connection.sendall(lengths + text)
    if blob and not fits:
        connection.sendall(blob)


def receive(
    connection: socket.socket,
    deadline: float | None = None,
    *,
    limit: int = MAX_BYTES,
    descriptors: bool = False,
    shared: mmap.mmap | None = None,
) -> tuple[dict[str, Any], bytes | bytearray, list[int]]:
    """Return the next message: its object, its bytes, its descriptors.

    Descriptors are accepted only where `descriptors` is set; otherwise the system closes them.
    Raises EOFError when the other side has ended, TimeoutError after `deadline` (of
    `time.monotonic`), and ValueError, TypeError or RecursionError when the message
    is larger than `limit` bytes or its first part is not a JSON object.
    """
    lengths = bytearray()
    received: list[int] = []
    if descriptors:
        part, received, _, _ = socket.recv_fds(connection, _LENGTHS.size, MAX_DESCRIPTORS)
        if not part:
            raise EOFError
        lengths += part
    try:
        lengths += _exactly(connection, _LENGTHS.size - len(lengths), deadline)
        text, blob, in_memory = _LENGTHS.unpack(lengths)
        if text + blob > limit:
            raise ValueError("a message is too large")  # noqa: TRY301 - one clean-up
        content = json.loads(_exactly(connection, text, deadline))
        if not isinstance(content, dict):
            raise TypeError("a message is no object")  # noqa: TRY301
        if not in_memory:
            return content, _exactly(connection, blob, deadline), received
        if shared is None or blob > len(shared):
            raise ValueError("no memory is shared")  # noqa: TRY301
        return content, shared[:blob], received
    except BaseException:
        for descriptor in received:
            os.close(descriptor)
        raise


def _exactly(connection: socket.socket, count: int, deadline: float | None) -> bytearray:
    content = bytearray(count)
    view = memoryview(content)
    while view:
        if deadline is not None:
            left = deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError
            connection.settimeout(left)
        length = connection.recv_into(view)
        if not length:
            raise EOFError
        view = view[length:]
    return content
