"""Downloads: streamed responses and file names.

A response that is sent for minutes occupies a thread of the server: only a few may at a time.
"""

from __future__ import annotations

import itertools
import threading
import unicodedata
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from flask import Response

from app.errors import Busy
from app.exports.file_names import file_name
from app.scenario.background_download import BackgroundDownload

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from app.exports.formats import ExportFormat
    from app.scenario.background_download import Target

AT_ONCE: Final = 4  # long responses of one process
PATIENCE: Final = 5.0  # seconds that a file may take to be sent with its length
PAUSE: Final = 0.7  # seconds without bytes until it is tried whether the client is still there


class Downloads:
    """Responses that take long, a limited number at once."""

    def __init__(self, at_once: int = AT_ONCE) -> None:
        """Send nothing yet."""
        self._slots = threading.BoundedSemaphore(at_once)

    def stream(self, chunks: Iterator[bytes], *, mimetype: str, name: str, suffix: str) -> Response:
        """Return a download that is sent while it is produced. Raises Busy."""
        slot = _Slot(self._slots)
        response = Response(slot.around(chunks), mimetype=mimetype)
        response.call_on_close(slot.release)  # the client may leave before the first chunk
        response.headers["X-Accel-Buffering"] = "no"
        response.headers["Accept-Ranges"] = "none"  # its size is not known
        return as_download(response, name=name, suffix=suffix)

    def send_file(
        self,
        fetch: Callable[[Target], str],
        *,
        mimetype: str,
        patience: float = PATIENCE,
        pause: float = PAUSE,
    ) -> Response:
        """Return the file that `fetch` writes, sent as it arrives.

        A file that is complete after `patience` seconds has a length. Of another one the first
        bytes are awaited. Raises Busy, and what `fetch` raises before them.
        """
        with ExitStack() as resources:
            resources.callback(_Slot(self._slots).release)
            executor = ThreadPoolExecutor(1, thread_name_prefix="download")
            download = BackgroundDownload(executor, fetch)
            executor.shutdown(wait=False)
            resources.callback(download.close)
            is_complete = download.wait_for_end(patience)
            parts = download.chunks(pause)
            first = next((part for part in parts if part), b"")
            response = Response(itertools.chain([first], parts), mimetype=mimetype)
            response.headers["X-Accel-Buffering"] = "no"
            if is_complete:
                response.content_length = download.size
            response.call_on_close(resources.pop_all().close)
        return response

    def export(
        self, export_format: ExportFormat[Any], content: bytes | Iterator[bytes], *, name: str
    ) -> Response:
        """Return an export as a response: a download named `name`, or a file to be cached.

        Raises Busy for a download that is written while it is sent.
        """
        mimetype, suffix = export_format.mime_type, f".{export_format.suffix}"
        if not isinstance(content, bytes):
            return self.stream(content, mimetype=mimetype, name=name, suffix=suffix)
        response = Response(content, mimetype=mimetype)
        if export_format.is_download:
            return as_download(response, name=name, suffix=suffix)
        response.headers["Cache-Control"] = f"private, max-age={export_format.seconds}"
        response.add_etag()
        return response


class _Slot:
    """The turn of one long response; released once, after its last chunk or when it is closed."""

    def __init__(self, slots: threading.BoundedSemaphore) -> None:
        if not slots.acquire(blocking=False):
            raise Busy("Others are being sent right now.")
        self._slots = slots
        self._lock = threading.Lock()
        self._is_released = False

    def release(self) -> None:
        with self._lock:
            if not self._is_released:
                self._is_released = True
                self._slots.release()

    def around(self, chunks: Iterator[bytes]) -> Iterator[bytes]:
        try:
            yield from chunks
        finally:
            self.release()


def as_download(response: Response, *, name: str, suffix: str) -> Response:
    """Return a response with the name of its file; it is not cached."""
    named(response, file_name(f"Akin {name}", suffix, otherwise="Akin"))
    response.headers["Cache-Control"] = "no-store"
    return response


def named(response: Response, name: str, *, inline: bool = False) -> None:
    """Give a response the name of its file (RFC 6266); a browser saves it unless `inline`."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    extended = {} if plain == name else {"filename*": f"UTF-8''{quote(name, safe='')}"}
    kind = "inline" if inline else "attachment"
    response.headers.set("Content-Disposition", kind, filename=plain, **extended)
