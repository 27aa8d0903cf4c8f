"""Compressed pages from the cache are those of the requested URL."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

import brotli
import pytest
from backports import zstd
from bs4 import BeautifulSoup

if TYPE_CHECKING:
    from flask.testing import FlaskClient

READERS = {"gzip": gzip.decompress, "br": brotli.decompress, "zstd": zstd.decompress}
TITLES = {
    "/?query=castle": "castle · Akin",
    "/?query=castle&page=2": "castle · page 2 · Akin",
    "/?query=boat": "boat · Akin",
    "/code?query=boat": "Use in code: boat · Akin",
}


@pytest.mark.parametrize("encoding", sorted(READERS))
def test_every_address_answers_itself_in_every_encoding(client: FlaskClient, encoding: str) -> None:
    """On the first request, from the cache, and without a cache."""
    for each in (*TITLES, *reversed(TITLES)):
        response = client.get(each, headers={"Accept-Encoding": encoding})
        assert response.headers["Content-Encoding"] == encoding
        assert len(response.data) == response.content_length
        page = BeautifulSoup(READERS[encoding](response.data), "html.parser")
        assert [TITLES[each]] == [title.get_text() for title in page.select("head title")]
