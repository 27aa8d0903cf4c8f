"""Facets, compared with counting the hits one by one."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from library.query.search_query import parse_search
from library.reader.columns import Lists
from library.reader.index_reader import IndexReader
from library.search.engine import Engine, SearchResult
from library.search.facets import VALUES_MOST
from library.store.index import Index
from tests.support import sample_documents

pytestmark = pytest.mark.usefixtures("every_store")

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
        "image": st.sampled_from([sample_documents.asset_id("0"), sample_documents.asset_id("1")]),
        "imageSemanticRatio": st.sampled_from([0, 0.5, 1]),
    },
)


class Library:
    """An index of 60 assets and its engine."""

    def __init__(self, index: Index) -> None:
        self.index = index
        self.engine = Engine(IndexReader(index), sample_documents.Tastes())

    def ranked(self, **body: Any) -> SearchResult:
        with self.index.reading() as connection:
            return self.engine.search(connection, parse_search(json.dumps(body).encode(), {}))

    def documents(self, **body: Any) -> list[dict[str, Any]]:
        """Return all hits of a search."""
        with self.index.reading() as connection:
            numbers = self.engine.search(
                connection, parse_search(json.dumps(body | {"limit": 100}).encode(), {})
            ).numbers
            return list(self.index.values(connection, numbers).values())


@pytest.fixture(scope="module")
def library(every_store: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:  # noqa: ARG001 - created in it
    colours = [*sample_documents.shades("red", 8), *sample_documents.shades("blue", 8)]
    documents = [
        sample_documents.document(
            f"{n}",
            prompt=("castle", "ship", "castle ship", None)[n % 4],
            kind=("image", "image", "video", "3d")[n % 4 if n % 5 else 0],
            scheduler=(None, "euler", "ddim")[n % 3],
            tags=(("Big",), ("big", "Red"), ())[n % 3],
            width=10 * (n % 7),
        )
        for n in range(60)
    ]
    index = sample_documents.library(
        tmp_path_factory.mktemp("home"),
        [
            (document, colours[n] if n < len(colours) else None)
            for n, document in enumerate(documents)
        ],
    )
    yield Library(index)
    index.close()


def naive(documents: list[dict[str, Any]], name: str) -> dict[str, int]:
    """Return folded value -> how many of the documents have it."""
    counts: Counter[str] = Counter()
    for values in documents:
        value = values[name]
        if isinstance(value, list):
            counts.update({entry.lower() for entry in value})
        elif value is not None:
            counts[str(value)] += 1
    return dict(counts)


def folded(distribution: dict[str, int]) -> dict[str, int]:
    return {value.lower(): count for value, count in distribution.items()}


@given(body=BODIES)
def test_facets_count_each_hit_once(library: Library, body: dict[str, Any]) -> None:
    result = library.ranked(**body, facets=list(COUNTED))
    hits = library.documents(**body)
    assert result.facets is not None
    assert len(hits) == result.total
    for name in COUNTED:
        assert folded(result.facets.distribution[name]) == naive(hits, name)


@given(
    body=BODIES, own=st.dictionaries(st.sampled_from(COUNTED), st.sampled_from(FILTERS), min_size=1)
)
def test_a_facet_with_a_filter_of_its_own_is_counted_with_it(
    library: Library, body: dict[str, Any], own: dict[str, str]
) -> None:
    plain = library.ranked(**body, facets=list(COUNTED))
    result = library.ranked(**body, facets=list(COUNTED), facetFilters=own)
    assert (result.total, result.numbers) == (plain.total, plain.numbers)
    assert result.facets is not None
    assert plain.facets is not None
    for name in COUNTED:
        alone = plain
        if name in own:
            alone = library.ranked(**(body | {"filter": own[name] or "width >= 0"}), facets=[name])
        assert alone.facets is not None
        assert result.facets.distribution[name] == alone.facets.distribution[name]
        assert result.facets.stats.get(name) == alone.facets.stats.get(name)


def test_a_chosen_value_does_not_empty_the_other_values_of_its_field(library: Library) -> None:
    result = library.ranked(
        filter="kind = video AND width > 20",
        facets=["kind", "tags"],
        facetFilters={"kind": "width > 20"},
    )
    assert result.facets is not None
    everything = library.ranked(filter="width > 20", facets=["kind"])
    assert everything.facets is not None
    assert set(result.facets.distribution["kind"]) == {"image", "video", "3d"}
    assert result.facets.distribution["kind"] == everything.facets.distribution["kind"]
    assert result.total == everything.facets.distribution["kind"]["video"]


@pytest.mark.parametrize("hits", [3, 40, 150, 300, 399])
def test_of_many_values_the_most_frequent_are_returned(tmp_path: Path, hits: int) -> None:
    documents = [
        sample_documents.document(f"{n}", width=n, tags=tuple(f"t{m}" for m in {n % 7, n % 150, n}))
        for n in range(400)
    ]
    index = sample_documents.library(tmp_path, [(document, None) for document in documents[:350]])
    library = Library(index)
    library.ranked(filter=f"width < {hits}", facets=["tags", "width"])
    index.write(
        [(document, sample_documents.embeddings(document, None)) for document in documents[350:]]
    )
    result = library.ranked(filter=f"width < {hits}", facets=["tags", "width"])
    index.close()
    counts = naive([{"tags": list(d.tags)} for d in documents[:hits]], "tags")
    assert result.facets is not None
    returned = result.facets.distribution["tags"]
    assert list(returned.values()) == sorted(counts.values(), reverse=True)[:VALUES_MOST]
    assert returned == {value: counts[value] for value in returned}
    assert result.facets.stats["width"] == {"min": 0, "max": hits - 1}


@pytest.mark.parametrize("values", [30, 5000])
def test_inverted_entries_are_counted_as_one_by_one(values: int) -> None:
    random = np.random.default_rng(values)
    column = Lists.empty()
    for start in (0, 4_000):
        owners = np.sort(random.integers(start, start + 4_000, 9_000)).tolist()
        column = column.grown(owners, random.integers(0, values, 9_000).tolist(), start + 4_000)
        mask = random.random(start + 4_000) < 0.4
        known = len(column.values.listed)
        expected = Counter(column.codes.rows[mask[column.owner.rows]].tolist())
        actual = column.counts(np.flatnonzero(mask), known)
        assert {code: count for code, count in enumerate(actual.tolist()) if count} == expected
