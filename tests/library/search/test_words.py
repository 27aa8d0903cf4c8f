"""Which words find which: forms, spellings, parts of words, and exact matches alone."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from library.store.backends.sqlite import FILE
from library.store.decisions.follow import follow
from library.store.index import Index
from tests.support import sample_documents
from tests.support.library_search import Searcher, named, searcher

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("every_store")


@pytest.mark.parametrize(
    ("name", "query"),
    [
        ("old vehicles", "vehicle"),
        ("vehicle", "vehicles"),
        ("three mice", "mouse"),
        ("knives", "knife"),
        ("grey wall", "gray"),
        ("armor", "armour"),
        ("Łódź at night", "lodz"),
        ("smorrebrod", "smørrebrød"),
        ("x-ray", "xray"),
        ("X_ray", "xray"),
        ("xray", "x-ray"),
        ("t-shirt", "tshirt"),
        ("8-bit hero", "8bit"),
        ("c++ guide", "c++"),
        ("cpp guide", "c++"),
        ("c# guide", "csharp"),
    ],
)
def test_a_word_finds_its_other_forms_without_guesses(
    tmp_path: Path, name: str, query: str
) -> None:
    assert named(tmp_path, name, "c", "else").names(query=query, exactWords="only") == [name]


def test_a_name_with_a_sign_is_not_its_letter(tmp_path: Path) -> None:
    found = named(tmp_path, "c++", "c#", "vitamin c")
    assert found.names(query="c++", exactWords="only") == ["c++"]
    assert found.names(query="-c#", sortBy=["width:asc"]) == ["c++", "vitamin c"]
    assert set(found.names(query="c", exactWords="only")) == {"c++", "c#", "vitamin c"}


@pytest.fixture
def cars(tmp_path: Path) -> Searcher:
    """Cars by their folder alone, and many cards by name."""
    document = sample_documents.document
    return searcher(
        tmp_path,
        *(document(f"card {number}") for number in range(30)),
        document("idle", tags=("racing",), description="a car that stands still"),
    )


def test_whole_words_rank_above_parts_of_words(cars: Searcher) -> None:
    assert cars.names(query="car", limit=1) == ["idle"]
    assert cars.ranked(query="car")[0].total == 31


def test_completions_are_exact_only_where_no_asset_has_the_word(cars: Searcher) -> None:
    assert cars.names(query="car", exactWords="only") == ["idle"]
    assert cars.names(query="rac", exactWords="only") == ["idle"]


@pytest.mark.parametrize(
    ("query", "only"),
    [
        ("the racing car", ["idle"]),  # function words are not required
        ("racing boat", []),  # all others are
        ("raceing", []),  # no guesses
        ("the", []),
        ('"a car"', ["idle"]),
    ],
)
def test_exact_matches_have_all_typed_words(cars: Searcher, query: str, only: list[str]) -> None:
    assert cars.names(query=query, exactWords="only") == only


@pytest.mark.parametrize("ratio", [0, 0.5, 1])
def test_the_rest_of_a_search_has_no_exact_matches(cars: Searcher, ratio: float) -> None:
    body = {"query": "car", "querySemanticRatio": ratio, "limit": 100}
    found, names = cars.ranked(**body, exactWords="except", facets=["kind"])
    assert "idle" not in names
    assert found.total == 30 == len(names)
    assert found.facets is not None
    assert found.facets.distribution["kind"] == {"image": 30}


def test_a_search_without_words_to_find_has_only_exact_matches(cars: Searcher) -> None:
    assert cars.ranked(query="-card", exactWords="only")[0].total == 1
    assert cars.ranked(query="-card", exactWords="except")[0].total == 0
    assert cars.ranked(filter="width > 1", exactWords="except")[0].total == 0


@pytest.mark.sqlite
def test_words_of_an_earlier_analysis_are_made_again(tmp_path: Path) -> None:
    """An asset that has other words now is written again, without its file."""
    document = sample_documents.document
    index = sample_documents.library(tmp_path, [(document("Łódź"), None), (document("inn"), None)])
    follow(index)
    with closing(sqlite3.connect(tmp_path / FILE)) as connection, connection:
        connection.execute("UPDATE words SET name = 'łodz' WHERE name = 'lodz'")
        connection.execute("DELETE FROM meta WHERE key = 'analysis'")
    index.close()
    with closing(Index.open(tmp_path)) as again:
        found = Searcher(again)
        assert found.names(query="lodz") == []
        follow(again)
        assert found.names(query="lodz") == ["Łódź"]
        assert found.names(query="inn") == ["inn"]
        assert found.names(query="fortress", querySemanticRatio=1) != []
