"""Decoding of images of other people, in worker processes with limits on time and memory.

A worker is started for a session and ended with it, so that no memory of a large image stays in
this process. Knows the worker's protocol; nothing of where the bytes come from or go to.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, BinaryIO, Final, cast

from PIL import Image

from app.errors import Busy, InvalidReference
from app.services.images import worker as image_worker

if TYPE_CHECKING:
    from collections.abc import Iterator

    from app.query.crop import Crop

UPLOAD_BYTES: Final = 1_000_000_000  # 100 megapixels of PNG or JPEG, 55 of WebP
THUMBNAIL_BYTES: Final = 200_000_000

_CPU_SECONDS: Final = 10
_SECONDS: Final = 120.0  # on a machine that is busy with other things
_TURN_SECONDS: Final = 10.0


class ImageDecoder:
    """Decodes images in at most `at_once` workers, each with a limit on decoded bytes."""

    def __init__(
        self,
        *,
        max_bytes: int,
        at_once: int,
        seconds: float = _SECONDS,
        turn_seconds: float = _TURN_SECONDS,
    ) -> None:
        """Start no worker yet. `seconds` is for one image, `turn_seconds` for a free worker."""
        self._max_bytes = max_bytes
        self._seconds = seconds
        self._turn_seconds = turn_seconds
        self._slots = threading.BoundedSemaphore(at_once)

    @contextmanager
    def session(self) -> Iterator[DecodingSession]:
        """Return a worker for several images. Raises Busy when none is free in time."""
        if not self._slots.acquire(timeout=self._turn_seconds):
            raise Busy("As many pictures as this server decodes at once are being decoded.")
        try:
            session = DecodingSession(self._max_bytes, self._seconds)
            try:
                yield session
            finally:
                session.close()
        finally:
            self._slots.release()

    def decode(self, content: bytes, *, side: int, crop: Crop | None = None) -> Image.Image:
        """Return one image. Raises as `DecodingSession.decode`, and Busy."""
        with self.session() as session:
            return session.decode(content, side=side, crop=crop)


class DecodingSession:
    """One worker at a time: a worker that ended is replaced. Threads may share a session."""

    def __init__(self, max_bytes: int, seconds: float) -> None:
        """Start no worker yet."""
        self._max_bytes = max_bytes
        self._seconds = seconds
        self._lock = threading.Lock()
        self._worker: _Worker | None = None

    def decode(self, content: bytes, *, side: int, crop: Crop | None = None) -> Image.Image:
        """Return an image upright, as RGB or RGBA, at most `side` pixels on its longer side.

        With a `crop` only that part of it. Metadata is dropped. Raises InvalidReference with the
        reason in its message.
        """
        box = None if crop is None else (crop.left, crop.top, crop.width, crop.height)
        request = {"length": len(content), "side": side, "crop": box}
        with self._lock:
            self._worker = self._worker or _Worker(self._max_bytes)
            try:
                response, pixels = self._worker.exchange(request, content, self._seconds)
                if "error" in response:
                    raise InvalidReference(response["error"])
                return Image.frombytes(response["mode"], tuple(response["size"]), pixels)
            except (OSError, ValueError) as error:  # the worker was killed, or has crashed
                self.close()
                message = "The picture takes too much time or memory to be decoded."
                raise InvalidReference(message) from error

    def close(self) -> None:
        """End the worker."""
        worker, self._worker = self._worker, None
        if worker is not None:
            worker.end()


class _Worker:
    """A process that runs `image_worker`."""

    def __init__(self, max_bytes: int) -> None:
        command = [sys.executable, "-I", "-W", "ignore", image_worker.__file__]
        self._process = subprocess.Popen(  # noqa: S603 - nothing of a request is in the command
            [*command, str(max_bytes), str(_CPU_SECONDS)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={name: os.environ[name] for name in ("SYSTEMROOT",) if name in os.environ},
        )
        self._requests = cast("BinaryIO", self._process.stdin)
        self._responses = cast("BinaryIO", self._process.stdout)

    def exchange(
        self, request: dict[str, Any], content: bytes, seconds: float
    ) -> tuple[dict[str, Any], bytes]:
        """Return the response and its pixels; of a worker that ended, as much as it sent.

        Raises OSError or ValueError when it has ended before, or is killed after `seconds`.
        """
        timer = threading.Timer(seconds, self._process.kill)
        timer.start()
        try:
            self._requests.write(json.dumps(request).encode() + b"\n" + content)
            self._requests.flush()
            response: dict[str, Any] = json.loads(self._responses.readline())
            return response, self._responses.read(response.get("length", 0))
        finally:
            timer.cancel()

    def end(self) -> None:
        """Kill the process, close its pipes and wait for it."""
        self._process.kill()
        self._process.communicate()
