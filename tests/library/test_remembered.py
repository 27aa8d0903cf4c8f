"""Paging through a search asks the models once."""

from __future__ import annotations

import base64
import json
from itertools import chain
from typing import TYPE_CHECKING, Any

import pytest

from library.errors import BadRequest
from library.query import read
from library.ranking import Engine
from library.remembered import Remembered
from library.shelves import Shelves
from tests.library import engine_samples as samples

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from PIL import Image

    from library.documents import Vector


class Counting(samples.Tastes):
    """Notes what it is asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def embed_texts(self, texts: Sequence[str], *, query: bool = False) -> Vector:
        self.asked += texts
        return super().embed_texts(texts, query=query)

    def embed_images(self, images: Sequence[Image.Image]) -> tuple[Vector, Vector]:
        self.asked += ["a picture"] * len(images)
        return super().embed_images(images)


def data_url(content: bytes) -> str:
    return "data:image/png;base64," + base64.b64encode(content).decode()


def test_every_page_of_a_search_is_one_question_to_the_models(tmp_path: Path) -> None:
    index = samples.library(
        tmp_path,
        [
            (samples.document(f"castle {n}"), colour)
            for n, colour in enumerate(samples.shades("red", 9))
        ],
    )
    models = Counting()
    engine = Engine(Shelves(index), models)
    red = data_url(samples.picture(samples.COLOURS["red"]))

    def page(offset: int, **body: Any) -> list[int]:
        query = read(json.dumps({**body, "offset": offset, "limit": 3}).encode(), {})
        with index.reading() as connection:
            return engine.search(connection, query).numbers

    worded = [page(offset, query="castle", querySemanticRatio=1) for offset in (0, 3, 6)]
    pictured = [page(offset, image=red) for offset in (0, 3, 6)]
    index.close()
    assert [len(set(chain.from_iterable(pages))) for pages in (worded, pictured)] == [9, 9]
    assert models.asked == ["castle", "a picture"]


def test_another_library_is_another_question() -> None:
    models = Counting()
    remembered = Remembered(models)
    for uid in ("one", "two", "one"):
        remembered.words(uid, "castle")
    assert models.asked == ["castle", "castle"]


def test_a_picture_that_cannot_be_read_is_refused_each_time(tmp_path: Path) -> None:
    index = samples.library(tmp_path, [(samples.document("red"), samples.COLOURS["red"])])
    engine = Engine(Shelves(index), Counting())
    query = read(json.dumps({"image": data_url(b"no picture")}).encode(), {})
    for _ in range(2):
        with index.reading() as connection, pytest.raises(BadRequest):
            engine.search(connection, query)
    index.close()
