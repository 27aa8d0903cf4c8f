"""What the pages that hand something over have in common: addresses, file names, turns.

An answer that is sent for minutes holds a thread of the server: only a few may at a time.
"""

from __future__ import annotations

import tempfile
import threading
import unicodedata
from contextlib import ExitStack
from typing import TYPE_CHECKING, BinaryIO, Final
from urllib.parse import quote

from flask import Response, current_app, request
from werkzeug.wsgi import wrap_file

from app.errors import Busy
from app.exports.names import file_name
from app.exports.sheets import Sheets

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from flask import Flask

AT_ONCE: Final = 4  # long answers of one process
_SHEETS: Final = "akin sheets"
_TURNS: Final = threading.BoundedSemaphore(AT_ONCE)


def origin() -> str:
    """Scheme and host that this request was asked under; every absolute address begins so."""
    return request.host_url.rstrip("/")


def init_app(app: Flask) -> None:
    """Give an application its own drawer of contact sheets; it needs its Site before."""
    app.extensions[_SHEETS] = Sheets(app.extensions["akin"].media)


def sheets() -> Sheets:
    """What draws contact sheets for the application that answers this request."""
    found: Sheets = current_app.extensions[_SHEETS]
    return found


class _Turn:
    """One long answer; it ends once, with its last part or when its reader leaves."""

    def __init__(self) -> None:
        if not _TURNS.acquire(blocking=False):
            raise Busy("Others are being sent right now.")
        self._end = _TURNS.release
        self._guard = threading.Lock()
        self._has_ended = False

    def end(self) -> None:
        with self._guard:
            if not self._has_ended:
                self._has_ended = True
                self._end()

    def over(self, parts: Iterator[bytes]) -> Iterator[bytes]:
        try:
            yield from parts
        finally:
            self.end()


def streamed(parts: Iterator[bytes], *, mimetype: str, name: str, suffix: str) -> Response:
    """A download that is sent as it is made. Raises Busy."""
    turn = _Turn()
    response = Response(turn.over(parts), mimetype=mimetype)
    response.call_on_close(turn.end)  # the reader may leave before the first part
    response.headers["X-Accel-Buffering"] = "no"
    response.headers["Accept-Ranges"] = "none"  # made while it is sent: it cannot be resumed
    return as_download(response, name=name, suffix=suffix)


def fetched(fetch: Callable[[BinaryIO], object], *, mimetype: str) -> Response:
    """A file that `fetch` writes, sent once it is whole. Raises Busy, and what `fetch` raises."""
    with ExitStack() as held:
        held.callback(_Turn().end)
        file = held.enter_context(tempfile.TemporaryFile())
        fetch(file)
        size = file.tell()
        file.seek(0)
        response = Response(wrap_file(request.environ, file), mimetype=mimetype)
        response.content_length = size
        response.call_on_close(held.pop_all().close)
    return response


def as_download(response: Response, *, name: str, suffix: str) -> Response:
    """Give an answer the name of the file that it becomes; it is asked for anew each time."""
    full = file_name(f"Akin {name}", suffix, otherwise="Akin")
    plain = unicodedata.normalize("NFKD", full).encode("ascii", "ignore").decode()
    also = {} if plain == full else {"filename*": f"UTF-8''{quote(full, safe='')}"}  # RFC 6266
    response.headers.set("Content-Disposition", "attachment", filename=plain, **also)
    response.headers["Cache-Control"] = "no-store"
    return response
