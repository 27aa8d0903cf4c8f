"""A request as a visit: how long it may take, whether somebody has clicked, what it was made of.

A page that is made of the same answers as the one that the browser has is not made again: its
entity tag says the search, the answers, the build and the reader's session, and a browser that
names it is told "not modified" before anything is rendered.
"""

from __future__ import annotations

import hashlib
import math
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Final

import cachetools
from flask import Response, current_app, g, request

from app import visits
from app.auth import current_door
from app.visits import Visit

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask

    from app.errors import AkinError

    Rendered = str | bytes | Response

MOST_PAGES: Final = 32 * 1024 * 1024  # bytes of rendered pages that a process keeps
MOST_COMPRESSED: Final = 8 * 1024 * 1024  # bytes of the same as they are sent
_BUILD: Final = "akin build"
_PAGES: Final = "akin pages"
_SOURCES: Final = ("app/**/*.py", "templates/**/*.html", "static/**/*.*")


def init_app(app: Flask, *, seconds: float) -> None:
    """Let every request of `app` be a visit of at most `seconds`."""
    app.extensions[_BUILD] = build(Path(app.root_path).parent)
    app.extensions[_PAGES] = _Pages(MOST_PAGES)

    def arrive() -> None:
        # Browsers say it in Sec-Purpose, which scripts may not set: those say Purpose.
        purpose = request.headers.get("Sec-Purpose", "") + request.headers.get("Purpose", "")
        wish = request.headers.get("Cache-Control", "") + request.headers.get("Pragma", "")
        visits.begin(
            Visit.lasting(seconds, is_prefetch="prefetch" in purpose, wants_new="no-cache" in wish)
        )

    def leave(_error: BaseException | None) -> None:
        visits.begin(None)

    app.before_request(arrive)
    app.teardown_request(leave)


def keep_compressed(app: Flask) -> None:
    """Let Flask-Compress, which is to be made after this, compress a kept page once.

    It would do so for each reader, which takes as long as all else that a kept page does.
    """
    app.config["COMPRESS_CACHE_BACKEND"] = _Compressed
    app.config["COMPRESS_CACHE_KEY"] = lambda _request: g.get("kept_page", "")


def build(root: Path) -> str:
    """What this version of the application is made of, as a short text; the same on every host."""
    total = hashlib.blake2b(digest_size=8)
    for pattern in _SOURCES:
        for path in sorted(root.glob(pattern)):
            total.update(path.relative_to(root).as_posix().encode() + path.read_bytes())
    return total.hexdigest()


def unless_unchanged(
    render: Callable[[], Rendered], *parts: object, error: AkinError | None = None
) -> Response:
    """Answer what `render` makes, or 304 where the browser has it already.

    What the page was made of is in the visit; `parts` is what it depends on besides. A page with
    an error on it is answered with the error's status and never kept.
    """
    if error is not None:
        response = _finished(render())
        response.status_code = error.status
        response.headers.update(failure_headers(error))
        return response
    digest = hashlib.blake2b(visits.current().digest, digest_size=12)
    reader = current_door().viewer()
    # Pages name themselves in full; the query in bytes, which need not be UTF-8.
    address = (request.host_url, request.path, request.query_string)
    for part in (address, current_app.extensions[_BUILD], reader, *parts):
        digest.update(repr(part).encode("utf-8", "surrogatepass") + b"\0")
    tag = digest.hexdigest()
    if request.if_none_match.contains_weak(tag):
        response = Response(status=304)
    else:
        response = _kept(tag, render)
    response.set_etag(tag, weak=True)
    # Asked again each time, since a page ends with the reader's session and the next renewal.
    response.headers["Cache-Control"] = "private, no-cache"
    return response


class _Pages:
    """The rendered pages of one application."""

    def __init__(self, most_bytes: int) -> None:
        self._pages: cachetools.LRUCache[str, bytes] = cachetools.LRUCache(most_bytes, len)
        self._guard = threading.Lock()

    def get(self, tag: str) -> bytes | None:
        with self._guard:
            return self._pages.get(tag)

    def put(self, tag: str, page: bytes) -> None:
        with self._guard:
            if len(page) <= self._pages.maxsize:
                self._pages[tag] = page


class _Compressed:
    """Kept pages as they are sent, as Flask-Compress asks for them: by `encoding;tag`."""

    def __init__(self) -> None:
        self._pages = _Pages(MOST_COMPRESSED)

    def get(self, key: str) -> bytes | None:
        return self._pages.get(key)

    def set(self, key: str, page: bytes) -> None:
        if not key.endswith(";"):  # what has no tag is nobody's a second time
            self._pages.put(key, page)


def _kept(tag: str, render: Callable[[], Rendered]) -> Response:
    """The page of a tag, rendered once: a link that is shared is opened by many."""
    pages: _Pages = current_app.extensions[_PAGES]
    page = pages.get(tag)
    if page is None:
        made = render()
        if isinstance(made, Response):
            return made
        page = made.encode() if isinstance(made, str) else made
        pages.put(tag, page)
    g.kept_page = tag
    return Response(page, mimetype="text/html")


def failure_headers(error: AkinError) -> dict[str, str]:
    """What an answer with an error carries: nobody keeps it, and when to come again."""
    headers = {"Cache-Control": "no-store"}
    if error.retry_after is not None:
        headers["Retry-After"] = str(math.ceil(error.retry_after))
    return headers


def _finished(made: Rendered) -> Response:
    return made if isinstance(made, Response) else Response(made, mimetype="text/html")
