"""Cache of rendered pages by entity tag, as they are and compressed."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Final

import cachetools

from app.auth.request_state import request_state

if TYPE_CHECKING:
    from flask import Flask

MAX_BYTES: Final = 32 * 1024 * 1024  # of rendered pages in one process
MAX_COMPRESSED_BYTES: Final = 8 * 1024 * 1024


class PageCache:
    """Rendered pages of one process; the least recently used ones are dropped first."""

    def __init__(self, max_bytes: int = MAX_BYTES) -> None:
        """Store nothing yet."""
        self._pages: cachetools.LRUCache[str, bytes] = cachetools.LRUCache(max_bytes, len)
        self._lock = threading.Lock()

    def get(self, tag: str) -> bytes | None:
        """Return the page of a tag; None where it is not stored."""
        with self._lock:
            return self._pages.get(tag)

    def put(self, tag: str, page: bytes) -> None:
        """Store the page of a tag, unless it is larger than the whole cache."""
        with self._lock:
            if len(page) <= self._pages.maxsize:
                self._pages[tag] = page


class _CompressedPages:
    """The cache that Flask-Compress reads and writes, with keys `encoding;tag`."""

    def __init__(self) -> None:
        self._pages = PageCache(MAX_COMPRESSED_BYTES)

    def get(self, key: str) -> bytes | None:
        return self._pages.get(key)

    def set(self, key: str, page: bytes) -> None:
        if not key.endswith(";"):  # a response without a tag is not requested a second time
            self._pages.put(key, page)


def compress_once(app: Flask) -> None:
    """Let Flask-Compress, which is initialised after this, compress a cached page once.

    Compression takes as long as everything else that a cached page needs.
    """
    app.config["COMPRESS_CACHE_BACKEND"] = _CompressedPages
    app.config["COMPRESS_CACHE_KEY"] = lambda _request: request_state().page_tag


def use_tag(tag: str) -> None:
    """Let the response of this request be stored compressed under a tag."""
    request_state().page_tag = tag
