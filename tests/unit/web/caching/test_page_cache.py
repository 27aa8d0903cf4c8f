"""The cache of rendered pages: bounded by bytes, the least recently used page is dropped."""

from __future__ import annotations

from app.web.caching.page_cache import PageCache


def test_the_least_recently_used_page_is_dropped() -> None:
    """Reading a page counts as use."""
    pages = PageCache(max_bytes=20)
    pages.put("first", b"x" * 10)
    pages.put("second", b"y" * 10)
    assert pages.get("first") == b"x" * 10
    pages.put("third", b"z" * 10)
    assert [tag for tag in ("first", "second", "third") if pages.get(tag)] == ["first", "third"]


def test_a_page_larger_than_the_cache_is_not_stored() -> None:
    """The stored pages stay."""
    pages = PageCache(max_bytes=20)
    pages.put("small", b"x")
    pages.put("large", b"x" * 21)
    assert (pages.get("small"), pages.get("large")) == (b"x", None)
