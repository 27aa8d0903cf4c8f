"""Selected assets as a value and as an address."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from app.query.display import Display
from app.query.params import MOST_LIKES, pairs_of
from app.query.search import Search
from app.query.selection import MOST_SELECTED, Selection
from tests.support.searches import searches

IDS = st.lists(st.from_regex(r"asset_[a-z0-9]{1,4}", fullmatch=True), max_size=6).map(tuple)


@given(IDS, searches(), st.booleans())
def test_address_and_selection_are_inverse(
    ids: tuple[str, ...], search: Search, stacks: bool
) -> None:
    """Ids in their order, the search and its display."""
    selection = Selection(ids, search, Display(stacks=stacks))
    query = selection.url().partition("?")[2]
    found, rest, problems = Selection.take(pairs_of(query))
    display, rest, _ = Display.take(rest)
    read, _ = Search.read(rest)
    assert found.within(read, display) == selection
    assert problems == []


def test_each_id_is_selected_once_in_order() -> None:
    """A repetition has no effect."""
    assert Selection(("b", "a", "b")).ids == ("b", "a")


def test_invalid_ids_are_reported_and_ignored() -> None:
    """The other pairs are returned."""
    pairs = [("id", "a"), ("id", "../x"), ("id", ""), ("query", "castle"), ("id", " b ")]
    found, rest, problems = Selection.take(pairs)
    assert found.ids == ("a", "b")
    assert rest == [("query", "castle")]
    assert [(each.parameter, each.value) for each in problems] == [("id", "../x")]


def test_the_number_of_ids_is_limited() -> None:
    """To those of one bulk call of the API."""
    pairs = [("id", f"asset_{number}") for number in range(MOST_SELECTED + 5)]
    found, _, problems = Selection.take(pairs)
    assert len(found.ids) == MOST_SELECTED
    assert [each.message for each in problems] == ["Only the first 200 of 205 are used."]


def test_its_likes_are_added_to_its_search() -> None:
    """Filters and words stay; an unlike becomes a like."""
    search = Search(query="castle", like=("a",), unlike=("b", "c"), page=3)
    assert Selection(("b", "d"), search).as_likes() == Search(
        query="castle", like=("a", "b", "d"), unlike=("c",)
    )


def test_the_number_of_likes_is_limited() -> None:
    """The first ones are used."""
    ids = tuple(f"asset_{number:02}" for number in range(30))
    assert Selection(ids).as_likes().like == ids[:MOST_LIKES]
