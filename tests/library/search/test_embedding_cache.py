"""All pages of a search use one call of the models."""

from __future__ import annotations

import base64
import json
from itertools import chain
from typing import TYPE_CHECKING, Any

import pytest

from library.errors import BadRequest
from library.query.search_query import parse_search
from library.reader.index_reader import IndexReader
from library.search.embedding_cache import EmbeddingCache
from library.search.engine import Engine
from tests.support import sample_documents

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from PIL import Image

    from library.schema.documents import Vector

pytestmark = pytest.mark.usefixtures("every_store")


class Counting(sample_documents.Tastes):
    """Counts the calls."""

    def __init__(self) -> None:
        self.calls: list[str] = []

    def embed_texts(self, texts: Sequence[str], *, query: bool = False) -> Vector:
        self.calls += texts
        return super().embed_texts(texts, query=query)

    def embed_images(self, images: Sequence[Image.Image]) -> tuple[Vector, Vector]:
        self.calls += ["a picture"] * len(images)
        return super().embed_images(images)


def data_url(content: bytes) -> str:
    return "data:image/png;base64," + base64.b64encode(content).decode()


def test_all_pages_of_a_search_call_the_models_once(tmp_path: Path) -> None:
    index = sample_documents.library(
        tmp_path,
        [
            (sample_documents.document(f"castle {n}"), colour)
            for n, colour in enumerate(sample_documents.shades("red", 9))
        ],
    )
    models = Counting()
    engine = Engine(IndexReader(index), models)
    red = data_url(sample_documents.picture(sample_documents.COLOURS["red"]))

    def page(offset: int, **body: Any) -> list[int]:
        query = parse_search(json.dumps({**body, "offset": offset, "limit": 3}).encode(), {})
        with index.reading() as connection:
            return engine.search(connection, query).numbers

    worded = [page(offset, query="castle", querySemanticRatio=1) for offset in (0, 3, 6)]
    pictured = [page(offset, image=red) for offset in (0, 3, 6)]
    index.close()
    assert [len(set(chain.from_iterable(pages))) for pages in (worded, pictured)] == [9, 9]
    assert models.calls == ["castle", "a picture"]


def test_another_library_has_its_own_embeddings() -> None:
    models = Counting()
    cache = EmbeddingCache(models)
    for uid in ("one", "two", "one"):
        cache.words(uid, "castle")
    assert models.calls == ["castle", "castle"]


def test_an_unreadable_image_is_an_error_each_time(tmp_path: Path) -> None:
    index = sample_documents.library(
        tmp_path, [(sample_documents.document("red"), sample_documents.COLOURS["red"])]
    )
    engine = Engine(IndexReader(index), Counting())
    query = parse_search(json.dumps({"image": data_url(b"no picture")}).encode(), {})
    for _ in range(2):
        with index.reading() as connection, pytest.raises(BadRequest):
            engine.search(connection, query)
    index.close()
