"""Facets, held against counting the hits one by one."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from library.columns import Lists
from library.facets import VALUES_MOST
from library.index import Index
from library.query import read
from library.ranking import Engine, Ranked
from library.shelves import Shelves
from tests.library import engine_samples as samples

COUNTED = ("kind", "scheduler", "tags", "width")
FILTERS = (
    "",
    "kind = image",
    "kind != image",
    "width > 20",
    "tags = big OR scheduler EXISTS",
    "tags IS EMPTY",
    "kind = 3d AND width > 20",
)
BODIES = st.fixed_dictionaries(
    {"filter": st.sampled_from(FILTERS[1:])},
    optional={
        "query": st.sampled_from(["castle", "ship", "castle ship", "nothing"]),
        "querySemanticRatio": st.sampled_from([0, 0.5, 1]),
        "image": st.sampled_from([samples.asset_id("0"), samples.asset_id("1")]),
        "imageSemanticRatio": st.sampled_from([0, 0.5, 1]),
    },
)


class Asked:
    """A library of 60 assets, its engine, and what it was made of."""

    def __init__(self, index: Index) -> None:
        self.index = index
        self.engine = Engine(Shelves(index), samples.Tastes())

    def ranked(self, **body: Any) -> Ranked:
        with self.index.reading() as connection:
            return self.engine.search(connection, read(json.dumps(body).encode(), {}))

    def documents(self, **body: Any) -> list[dict[str, Any]]:
        """Every hit of a search of everything at most."""
        with self.index.reading() as connection:
            numbers = self.engine.search(
                connection, read(json.dumps(body | {"limit": 100}).encode(), {})
            ).numbers
            return list(self.index.values(connection, numbers).values())


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asked]:
    colours = [*samples.shades("red", 8), *samples.shades("blue", 8)]
    documents = [
        samples.document(
            f"{n}",
            prompt=("castle", "ship", "castle ship", None)[n % 4],
            kind=("image", "image", "video", "3d")[n % 4 if n % 5 else 0],
            scheduler=(None, "euler", "ddim")[n % 3],
            tags=(("Big",), ("big", "Red"), ())[n % 3],
            width=10 * (n % 7),
        )
        for n in range(60)
    ]
    index = samples.library(
        tmp_path_factory.mktemp("home"),
        [
            (document, colours[n] if n < len(colours) else None)
            for n, document in enumerate(documents)
        ],
    )
    yield Asked(index)
    index.close()


def naive(documents: list[dict[str, Any]], name: str) -> dict[str, int]:
    """Folded value -> how many of the documents have it."""
    found: Counter[str] = Counter()
    for values in documents:
        value = values[name]
        if isinstance(value, list):
            found.update({entry.lower() for entry in value})
        elif value is not None:
            found[str(value)] += 1
    return dict(found)


def folded(distribution: dict[str, int]) -> dict[str, int]:
    return {value.lower(): count for value, count in distribution.items()}


@settings(max_examples=150, deadline=None)
@given(body=BODIES)
def test_facets_count_every_hit_once(asked: Asked, body: dict[str, Any]) -> None:
    found = asked.ranked(**body, facets=list(COUNTED))
    hits = asked.documents(**body)
    assert found.facets is not None
    assert len(hits) == found.total
    for name in COUNTED:
        assert folded(found.facets.distribution[name]) == naive(hits, name)


@settings(max_examples=150, deadline=None)
@given(
    body=BODIES, own=st.dictionaries(st.sampled_from(COUNTED), st.sampled_from(FILTERS), min_size=1)
)
def test_a_facet_with_a_filter_of_its_own_is_counted_under_it(
    asked: Asked, body: dict[str, Any], own: dict[str, str]
) -> None:
    plain = asked.ranked(**body, facets=list(COUNTED))
    found = asked.ranked(**body, facets=list(COUNTED), facetFilters=own)
    assert (found.total, found.numbers) == (plain.total, plain.numbers)
    assert found.facets is not None
    assert plain.facets is not None
    for name in COUNTED:
        there = plain
        if name in own:
            there = asked.ranked(**(body | {"filter": own[name] or "width >= 0"}), facets=[name])
        assert there.facets is not None
        assert found.facets.distribution[name] == there.facets.distribution[name]
        assert found.facets.stats.get(name) == there.facets.stats.get(name)


def test_a_choice_does_not_empty_the_other_values_of_its_field(asked: Asked) -> None:
    found = asked.ranked(
        filter="kind = video AND width > 20",
        facets=["kind", "tags"],
        facetFilters={"kind": "width > 20"},
    )
    assert found.facets is not None
    everything = asked.ranked(filter="width > 20", facets=["kind"])
    assert everything.facets is not None
    assert set(found.facets.distribution["kind"]) == {"image", "video", "3d"}
    assert found.facets.distribution["kind"] == everything.facets.distribution["kind"]
    assert found.total == everything.facets.distribution["kind"]["video"]


@pytest.mark.parametrize("kept", [3, 40, 150, 300, 399])
def test_of_many_values_the_most_frequent_are_told(tmp_path: Path, kept: int) -> None:
    documents = [
        samples.document(f"{n}", width=n, tags=tuple(f"t{m}" for m in {n % 7, n % 150, n}))
        for n in range(400)
    ]
    index = samples.library(tmp_path, [(document, None) for document in documents[:350]])
    asked = Asked(index)
    asked.ranked(filter=f"width < {kept}", facets=["tags", "width"])
    index.write([(document, samples.embeddings(document, None)) for document in documents[350:]])
    found = asked.ranked(filter=f"width < {kept}", facets=["tags", "width"])
    index.close()
    counts = naive([{"tags": list(d.tags)} for d in documents[:kept]], "tags")
    assert found.facets is not None
    told = found.facets.distribution["tags"]
    assert list(told.values()) == sorted(counts.values(), reverse=True)[:VALUES_MOST]
    assert told == {value: counts[value] for value in told}
    assert found.facets.stats["width"] == {"min": 0, "max": kept - 1}


@pytest.mark.parametrize("values", [30, 5000])
def test_entries_by_value_are_counted_as_they_are_one_by_one(values: int) -> None:
    random = np.random.default_rng(values)
    column = Lists.empty()
    for start in (0, 4_000):
        owners = np.sort(random.integers(start, start + 4_000, 9_000)).tolist()
        column = column.grown(owners, random.integers(0, values, 9_000).tolist(), start + 4_000)
        mask = random.random(start + 4_000) < 0.4
        known = len(column.values.listed)
        expected = Counter(column.codes.rows[mask[column.owner.rows]].tolist())
        actual = column.counts(np.flatnonzero(mask), known)
        assert {place: count for place, count in enumerate(actual.tolist()) if count} == expected
