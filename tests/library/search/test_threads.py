"""Threads search while the library is written: each response is of one state of it."""

from __future__ import annotations

import json
import threading
from base64 import b64encode
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from library import create_library
from library.home import KeyPair
from library.reader.vectors import EXACT_MOST
from library.schema.documents import Document, Embeddings
from tests.support import sample_documents
from tests.support.waiting import eventually

if TYPE_CHECKING:
    from pathlib import Path

    from flask import Flask

pytestmark = pytest.mark.usefixtures("every_store")

GROUP = 20  # assets that are always written together
VERSIONS = 12
CALLERS = 4
FILLERS = EXACT_MOST + 200  # so that the spaces are reduced ones
PAIR = {"Authorization": "Basic " + b64encode(b"key:secret").decode()}


def member(position: int, version: int) -> tuple[Document, Embeddings]:
    """One asset of the group, and its vectors, which depend on the version."""
    document = sample_documents.document(
        f"member {position}",
        prompt=f"steady version{version} words",
        tags=("group", f"v{version}"),
        scheduler=f"scheduler {version}",
        createdAt=f"2026-01-01T00:{version:02d}:{position:02d}.000Z",
    )
    random = np.random.default_rng([position, version])
    return document, Embeddings(
        text=sample_documents.topic_vector("castle"),
        subject=np.r_[4.0, random.normal(size=7)].astype(np.float32),
        look=np.r_[1.0, random.normal(size=7)].astype(np.float32),
    )


def fillers() -> list[tuple[Document, Embeddings]]:
    """Assets that are not similar to the group."""
    random = np.random.default_rng(3)
    vectors = random.normal(size=(FILLERS, 8)).astype(np.float32)
    base = sample_documents.document("filler", prompt="something else")
    return [
        (
            replace(base, id=f"asset_filler{n}", source=replace(base.source, path=f"{n}")),
            Embeddings(text=sample_documents.topic_vector("sound"), subject=vector, look=vector),
        )
        for n, vector in enumerate(vectors)
    ]


SEARCHES: tuple[dict[str, Any], ...] = (
    {"filter": "tags = group", "limit": 100},
    {"filter": "tags = group", "sortBy": ["createdAt:asc"], "limit": 100},
    {"filter": "prompt CONTAINS tead", "limit": 100},
    {"filter": 'prompt CONTAINS "steady vers"', "limit": 100},
    {"filter": "prompt:steady", "limit": 100},
    {"filter": "name STARTS WITH member", "limit": 100},
    {"query": "steady words", "limit": 100},
    {"query": "steady", "querySemanticRatio": 0.5, "filter": "tags = group", "limit": 100},
    {"query": "castle", "querySemanticRatio": 1, "filter": "scheduler EXISTS", "limit": 100},
    {"image": "asset_filler1", "filter": "tags = group", "limit": 100},
    {"image": "asset_filler2", "imageSemanticRatio": 0.5, "filter": "tags = group", "limit": 100},
)


def is_whole(response: dict[str, Any]) -> bool:
    """Return whether the response is the whole group in one version."""
    prompts = {hit["metadata"]["prompt"] for hit in response["hits"]}
    versions = set(response["facetDistribution"]["tags"]) - {"group"}
    return (
        len(response["hits"]) == response["estimatedTotalHits"] == GROUP
        and len({hit["id"] for hit in response["hits"]}) == GROUP
        and len(versions) == 1
        and prompts == {f"steady version{next(iter(versions))[1:]} words"}
        and set(response["facetDistribution"]["tags"].values()) == {GROUP}
    )


class Callers:
    """Threads that search until they are stopped or a response is wrong."""

    def __init__(self, library: Flask) -> None:
        self.library = library
        self.wrong: list[Any] = []
        self.seen: Counter[str] = Counter()
        self.answered = 0
        self._done = threading.Event()
        self._threads = [
            threading.Thread(target=self._guarded, args=(seed,)) for seed in range(CALLERS)
        ]

    def __enter__(self) -> Callers:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        for thread in self._threads:
            thread.join()

    def see_another(self) -> None:
        """Wait for one more response, right or wrong."""
        before = self.answered
        eventually(lambda: self.answered != before or self.wrong)

    def _guarded(self, seed: int) -> None:
        try:
            self._call(seed)
        except Exception as error:  # noqa: BLE001 - the test reports any error
            self.wrong.append(error)

    def _call(self, seed: int) -> None:
        client = self.library.test_client()
        order = np.random.default_rng(seed)
        while not self._done.is_set() and not self.wrong:
            body = SEARCHES[order.integers(len(SEARCHES))] | {"facets": ["tags", "scheduler"]}
            response = client.post("/v1/search/assets", data=json.dumps(body), headers=PAIR)
            if response.status_code != 200 or not is_whole(response.get_json()):
                self.wrong.append((body, response.get_data(as_text=True)))
                return
            self.seen.update(response.get_json()["facetDistribution"]["tags"])
            self.answered += 1


def test_each_response_is_of_one_state_of_the_library(tmp_path: Path) -> None:
    index = sample_documents.library(tmp_path, [])
    index.write(fillers())
    index.write([member(position, 0) for position in range(GROUP)])
    library = create_library(
        tmp_path, key_pair=KeyPair("key", "secret"), models=sample_documents.Tastes()
    )
    with Callers(library) as callers:
        for version in range(1, VERSIONS):
            index.write([member(position, version) for position in range(GROUP)])
            index.remove([f"asset_filler{version + 10}"])
            callers.see_another()
            if callers.wrong:
                break
    index.close()
    assert callers.wrong == []
    assert callers.seen["v0"] < callers.seen["group"]  # the state changed during the searches
