"""A library that is copied to another store and back: equal rows, equal results, in equal order."""

from __future__ import annotations

import json
import random
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from library.__main__ import main
from library.query.search_query import parse_search
from library.reader.index_reader import IndexReader
from library.schema.documents import Collection
from library.search.engine import Engine
from library.store.blobs import THUMBNAILS, thumbnail_name
from library.store.copying import CannotCopy, copy
from library.store.decisions import edits
from library.store.decisions.follow import follow
from library.store.identities import Identity
from library.store.index import Index
from library.store.opening import store_at
from library.store.tables import assets
from tests.support import sample_documents

if TYPE_CHECKING:
    from collections.abc import Iterator

    from library.schema.documents import Document

WORDS = ("castle", "ship", "dragon", "red", "ÄÖü", "straße", "城", "の", "old inn", "a\x00b", "z-9")
COUNT = 300
PICTURES = {thumbnail_name(f"asset_{n}"): b"%d" % n * 9000 for n in range(230)}


def _documents() -> list[Document]:
    chosen = random.Random(7)

    def words(most: int) -> str:
        return " ".join(chosen.choices(WORDS, k=chosen.randint(0, most)))

    return [
        replace(
            sample_documents.document(f"{words(2)} {n}"),
            id=f"asset_{n}",
            prompt=words(6) or None,
            negativePrompt=words(3) or None,
            description=words(4) or None,
            tags=tuple(dict.fromkeys(chosen.choices(("Big", "big", "Ж", "z", "é"), k=n % 3))),
            kind=chosen.choice(("image", "video", "3d")),
            scheduler=chosen.choice((None, "Euler", "ddim")),
            guidance=chosen.choice((None, 1.5, 7.0)),
            width=chosen.choice((None, 64, 2**40)),
        )
        for n in range(COUNT)
    ]


def _fill(index: Index) -> None:
    colours = list(sample_documents.COLOURS.values())
    items = [
        (document, sample_documents.embeddings(document, colours[n % len(colours)]))
        for n, document in enumerate(_documents())
    ]
    index.write(items[: COUNT // 2], [Collection(id="collection_1", name="Ünder")])
    index.write(items[COUNT // 2 :])
    index.remove(["asset_5", f"asset_{COUNT - 1}"])  # the highest number is one of none
    index.write([(items[9][0], items[9][1])])
    edits.edit_tags(index, "asset_1", ["Stone"], ["Big"], strict=False, by="Ann")
    edits.edit_values(index, "asset_2", {"name": "renamed", "rating": 4}, by="Ben")
    edits.create_collection(index, "Best", by="Ann")
    follow(index)
    with closing(index.store.identities()) as ids:
        ids.name_roots({"/art": "art"})
        ids.put([Identity("asset_1", "art", "a\udcff.png", "ab" * 32)])


class Searched:
    """An index and its engine."""

    def __init__(self, index: Index) -> None:
        self.index = index
        self.engine = Engine(IndexReader(index), sample_documents.Tastes())

    def results(self, body: dict[str, Any]) -> Any:
        with self.index.reading() as connection:
            found = self.engine.search(connection, parse_search(json.dumps(body).encode(), {}))
            values = self.index.values(connection, found.numbers)
        levels = found.facets and (found.facets.distribution, found.facets.stats)
        return found.total, found.numbers, found.scores, levels, list(values.values())


@pytest.fixture(scope="module")
def addresses(postgres: Any, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str, str]:
    """A library in a folder, its copy in PostgreSQL, and the copy of that in a folder."""
    base = tmp_path_factory.mktemp("copies")
    with closing(Index.open(base / "one", create=True)) as index:
        _fill(index)
        index.store.blobs.write(PICTURES)
    one, other, third = (
        f"sqlite:{base / 'one'}",
        f"{postgres.new_database()}?library=art",
        f"sqlite:{base / 'three'}",
    )
    (base / "three").mkdir()
    assert main(["copy", one, other]) == 0
    assert main(["copy", other, third]) == 0
    return one, other, third


@pytest.fixture(scope="module")
def copies(addresses: tuple[str, str, str], tmp_path_factory: Any) -> Iterator[list[Searched]]:
    indexes = [
        Index(tmp_path_factory.mktemp("home"), store_at(address, create=False))
        for address in addresses
    ]
    yield [Searched(index) for index in indexes]
    for index in indexes:
        index.close()


FILTERS = st.sampled_from(
    [
        *(f'{field} {test}' for field in ("prompt", "name", "negativePrompt")
          for test in ('CONTAINS "a"', 'CONTAINS "gon re"', 'STARTS WITH "ca"', "EXISTS",
                       '= "castle"', '> "é"', '!= "ship"')),
        "prompt:dragon",
        'prompt:"old inn"',
        'negativePrompt:"red castle"', 'prompt CONTAINS "城の"',
        'prompt CONTAINS "a\x00b"', "width > 1.5", "guidance = 7", "tags = big", "tags IS EMPTY",
        'scheduler IN ["euler", "ddim"]', "rating >= 3",
    ]
)  # fmt: skip
BODIES = st.fixed_dictionaries(
    {"limit": st.sampled_from([5, 50, 100])},
    optional={
        "query": st.lists(
            st.sampled_from([*WORDS[:9], '"old inn"', "-red", "dragn", "oldinn", '"城の"']),
            min_size=1,
            max_size=3,
        ).map(" ".join),
        "querySemanticRatio": st.sampled_from([0, 0.5, 1]),
        "filter": st.one_of(
            FILTERS,
            st.tuples(FILTERS, st.sampled_from(["AND", "OR", "AND NOT"]), FILTERS).map(
                lambda three: f"({three[0]}) {three[1]} ({three[2]})"
            ),
        ),
        "sortBy": st.sampled_from([["width:asc"], ["createdAt:desc", "width:desc"]]),
        "images": st.just({"like": ["asset_3"], "unlike": ["asset_4"]}),
        "offset": st.sampled_from([0, 40, 250]),
        "facets": st.just(["tags", "kind", "scheduler", "guidance"]),
    },
)


@given(body=BODIES)
def test_all_copies_have_the_same_results_in_the_same_order(
    copies: list[Searched], body: dict[str, Any]
) -> None:
    body.setdefault("filter", "width EXISTS OR NOT width EXISTS")
    first, *others = [each.results(body) for each in copies]
    assert all(other == first for other in others)


def test_a_copy_has_the_decisions_and_the_ids(copies: list[Searched]) -> None:
    for searched in copies:
        index = searched.index
        assert index.decisions.of(["asset_1"])["asset_1"].tags == {"stone": "Stone", "big": None}
        with closing(index.store.identities()) as ids:
            assert ids.at("art", "a\udcff.png") == Identity(
                "asset_1", "art", "a\udcff.png", "ab" * 32
            )
    uids = {searched.index.unique_id() for searched in copies}
    assert len(uids) == len(copies)  # no cache of one is used for another


def test_a_copy_has_the_thumbnails(copies: list[Searched]) -> None:
    for blobs in (searched.index.store.blobs for searched in copies):
        assert {name: blobs.read(name) for name in blobs.names(THUMBNAILS)} == PICTURES


def test_a_copy_gives_numbers_that_no_asset_had(copies: list[Searched]) -> None:
    written = sample_documents.document("new")
    numbers = []
    for searched in copies:
        searched.index.write([(written, sample_documents.embeddings(written, None))])
        with searched.index.reading() as connection:
            numbers.append(searched.index.numbers(connection, [written.id])[written.id])
        searched.index.remove([written.id])
    assert len(set(numbers)) == 1


def test_a_stopped_copy_continues_and_a_library_is_not_overwritten(
    addresses: tuple[str, str, str], postgres: Any
) -> None:
    with (
        closing(store_at(addresses[0], create=False)) as source,
        closing(store_at(f"{postgres.new_database()}?library=x", create=True)) as target,
    ):

        class Stopped(Exception):
            pass

        def stop(line: str) -> None:
            if line.startswith("copied assets"):
                raise Stopped

        with pytest.raises(Stopped):
            copy(source, target, stop)
        lines: list[str] = []
        copy(source, target, lines.append)
        assert "copied assets: 0 rows" in lines
        with target.reading() as connection:
            assert connection.execute(sa.select(sa.func.count()).select_from(assets)).scalar()
        with pytest.raises(CannotCopy, match="nothing was changed"):
            copy(source, target, lines.append)
