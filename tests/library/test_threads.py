"""Many threads search while the library is written: every answer is of one state of it."""

from __future__ import annotations

import json
import threading
import time
from base64 import b64encode
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from library import create_library
from library.documents import Document, Embeddings
from library.homes import KeyPair
from library.space import EXACT_MOST
from tests.library import engine_samples as samples

if TYPE_CHECKING:
    from pathlib import Path

    from flask import Flask

GROUP = 20  # assets that are always written together
VERSIONS = 40
CALLERS = 4
FILLERS = EXACT_MOST + 200  # so that the spaces are reduced ones
PAIR = {"Authorization": "Basic " + b64encode(b"key:secret").decode()}


def member(place: int, version: int) -> tuple[Document, Embeddings]:
    """One asset of the group, and its vectors, which move with the version."""
    document = samples.document(
        f"member {place}",
        prompt=f"steady version{version} words",
        tags=("group", f"v{version}"),
        scheduler=f"scheduler {version}",
        createdAt=f"2026-01-01T00:{version:02d}:{place:02d}.000Z",
    )
    random = np.random.default_rng([place, version])
    return document, Embeddings(
        text=samples.topic_vector("castle"),
        subject=np.r_[4.0, random.normal(size=7)].astype(np.float32),
        look=np.r_[1.0, random.normal(size=7)].astype(np.float32),
    )


def fillers() -> list[tuple[Document, Embeddings]]:
    """Assets that have nothing in common with the group."""
    random = np.random.default_rng(3)
    vectors = random.normal(size=(FILLERS, 8)).astype(np.float32)
    base = samples.document("filler", prompt="something else")
    return [
        (
            replace(base, id=f"asset_filler{n}", source=replace(base.source, path=f"{n}")),
            Embeddings(text=samples.topic_vector("sound"), subject=vector, look=vector),
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


def is_whole(answer: dict[str, Any]) -> bool:
    """Whether the answer is the group, all of it, in one version."""
    prompts = {hit["metadata"]["prompt"] for hit in answer["hits"]}
    versions = set(answer["facetDistribution"]["tags"]) - {"group"}
    return (
        len(answer["hits"]) == answer["estimatedTotalHits"] == GROUP
        and len({hit["id"] for hit in answer["hits"]}) == GROUP
        and len(versions) == 1
        and prompts == {f"steady version{next(iter(versions))[1:]} words"}
        and set(answer["facetDistribution"]["tags"].values()) == {GROUP}
    )


class Callers:
    """Threads that search until they are stopped or something is wrong."""

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
        """Wait for one more answer, right or wrong, however busy the machine is."""
        before = self.answered
        while self.answered == before and not self.wrong:
            time.sleep(0.001)

    def _guarded(self, seed: int) -> None:
        try:
            self._call(seed)
        except Exception as error:  # noqa: BLE001 - whatever it is, the test is to say so
            self.wrong.append(error)

    def _call(self, seed: int) -> None:
        client = self.library.test_client()
        order = np.random.default_rng(seed)
        while not self._done.is_set() and not self.wrong:
            body = SEARCHES[order.integers(len(SEARCHES))] | {"facets": ["tags", "scheduler"]}
            answer = client.post("/v1/search/assets", data=json.dumps(body), headers=PAIR)
            if answer.status_code != 200 or not is_whole(answer.json):
                self.wrong.append((body, answer.get_data(as_text=True)))
                return
            self.seen.update(answer.json["facetDistribution"]["tags"])
            self.answered += 1


def test_every_answer_is_of_one_state_of_the_library(tmp_path: Path) -> None:
    index = samples.library(tmp_path, [])
    index.write(fillers())
    index.write([member(place, 0) for place in range(GROUP)])
    library = create_library(tmp_path, key_pair=KeyPair("key", "secret"), models=samples.Tastes())
    with Callers(library) as callers:
        for version in range(1, VERSIONS):
            index.write([member(place, version) for place in range(GROUP)])
            index.remove([f"asset_filler{version + 10}"])
            callers.see_another()
            if callers.wrong:
                break
    index.close()
    assert callers.wrong == []
    assert callers.seen["v0"] < callers.seen["group"]  # the state did change while they asked
