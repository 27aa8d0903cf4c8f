"""Searches by group, compared with grouping the single hits one by one."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from library.reader import disk_cache
from library.reader.index_reader import IndexReader
from library.store import groups
from library.store.index import Index
from tests.support import sample_documents
from tests.support.library_search import Searcher

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from library.schema.documents import Document

pytestmark = pytest.mark.usefixtures("every_store")

NAMES = (
    *("ship_v1", "ship_v2", "ship_FINAL"),
    *("castle_v1", "castle_v2"),
    *("dragon_v1", "dragon_v2", "dragon_v3", "dragon_v4"),
    *("tree", "rock", "ship sail"),
)


def _document(name: str, number: int, folder: str = "art") -> Document:
    found = sample_documents.document(
        name,
        tags=(name.partition("_")[0], "even" if number % 2 else "odd"),
        width=number + 1,
        createdAt=f"2025-01-{number + 1:02}T00:00:00.000Z",
    )
    return replace(found, source=replace(found.source, path=f"{folder}/{name}.png", sha256=name))


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Index]:
    with closing(Index.open(tmp_path, create=True)) as opened:
        _write(opened, *(_document(name, number) for number, name in enumerate(NAMES)))
        yield opened


def _write(index: Index, *documents: Document) -> None:
    index.write(
        [
            (each, sample_documents.embeddings(each, sample_documents.COLOURS["red"]))
            for each in documents
        ]
    )
    groups.regroup(index)


def _expected(searcher: Searcher, body: dict[str, Any]) -> list[str]:
    """Return the first of each stem among all hits, in their order."""
    hits = searcher.names(**body, limit=100)
    first: dict[str, str] = {}
    for name in hits:
        stem, _, version = name.partition("_")
        best = first.setdefault(stem, name)
        if version == "FINAL" or (best != "ship_FINAL" and name > best):
            first[stem] = name
    return list(first.values())


@pytest.mark.parametrize(
    "body",
    [
        {"filter": "width > 0"},
        {"filter": "width > 0", "sortBy": ["name:asc"]},
        {"filter": "width > 0", "sortBy": ["width:desc"]},
        {"filter": "tags = odd"},
        {"query": "ship"},
        {"query": "ship dragon castle", "querySemanticRatio": 1},
        {"image": sample_documents.asset_id("tree")},
        {"filter": "width > 900"},
    ],
)
def test_a_group_is_one_hit(index: Index, body: dict[str, Any]) -> None:
    searcher = Searcher(index)
    expected = _expected(searcher, body)
    single, _ = searcher.ranked(**body)
    pages = []
    for start in range(0, len(expected) + 2, 2):
        found, names = searcher.ranked(**body, groupBy="group", offset=start, limit=2)
        assert (found.total, found.assets) == (len(expected), single.total)
        pages += names
    assert pages == expected


def test_facets_count_groups_that_have_a_value(index: Index) -> None:
    searcher = Searcher(index)
    body = {"filter": "width > 0", "facets": ["tags", "kind"], "folders": ["", "art"]}
    found, _ = searcher.ranked(**body, groupBy="group")
    assert found.facets
    tags = found.facets.distribution["tags"]
    assert found.facets.distribution["kind"] == {"image": found.total}
    assert found.facets.levels[""].folders[0].hits == found.total
    assert (tags["ship"], tags["dragon"], tags["tree"]) == (1, 1, 1)
    for tag, count in tags.items():
        assert searcher.ranked(filter=f"tags = '{tag}'", groupBy="group")[0].total == count


def test_a_search_follows_changes_of_groups(index: Index) -> None:
    searcher = Searcher(index)
    body = {"filter": "width > 0", "groupBy": "group"}
    assert searcher.ranked(**body)[0].total == 6
    _write(index, _document("tree_v2", 20), _document("rock_v2", 21, "elsewhere"))
    found, names = searcher.ranked(**body)
    assert found.total == 7
    assert {"tree_v2", "rock", "rock_v2"} < set(names)
    index.remove([sample_documents.asset_id("ship_FINAL"), sample_documents.asset_id("tree")])
    groups.regroup(index)
    found, names = searcher.ranked(**body)
    assert found.total == 7
    assert "ship_v2" in names
    assert Searcher(index).ranked(**body)[1] == names


def test_a_stored_snapshot_has_the_groups(index: Index) -> None:
    with index.reading() as connection:
        snapshot = IndexReader(index).at(connection)
        disk_cache.save(index.home, index.uid(connection), snapshot)
        loaded = disk_cache.load(index.home, index.uid(connection))
    assert loaded
    assert loaded.groups.ids == snapshot.groups.ids
    assert loaded.groups.seq == snapshot.groups.seq
    assert loaded.groups.codes.tolist() == snapshot.groups.codes.tolist()
    assert loaded.groups.places.tolist() == snapshot.groups.places.tolist()


def test_an_asset_that_is_written_again_stays_in_its_group(index: Index) -> None:
    searcher = Searcher(index)
    before = searcher.ranked(filter="width > 0", groupBy="group")[0].total
    index.write(
        [
            (
                _document("dragon_v4", 8),
                sample_documents.embeddings(
                    _document("dragon_v4", 8), sample_documents.COLOURS["red"]
                ),
            )
        ]
    )
    assert searcher.ranked(filter="width > 0", groupBy="group")[0].total == before
