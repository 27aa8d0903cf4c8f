"""Selection: what was picked, as a value with one spelling."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from app.display import Display
from app.reading import MOST_LIKES, pairs_of
from app.search import Search
from app.selection import MOST_SELECTED, Selection
from tests.unit.searches import searches

IDS = st.lists(st.from_regex(r"asset_[a-z0-9]{1,4}", fullmatch=True), max_size=6).map(tuple)


@given(IDS, searches(), st.booleans())
def test_its_address_says_the_same_selection(
    ids: tuple[str, ...], search: Search, stacks: bool
) -> None:
    """Ids in their order, the search, and how it was shown."""
    selection = Selection(ids, search, Display(stacks=stacks))
    query = selection.url().partition("?")[2]
    found, rest, problems = Selection.take(pairs_of(query))
    display, rest, _ = Display.take(rest)
    read, _ = Search.read(rest)
    assert found.within(read, display) == selection
    assert problems == []


def test_each_id_is_picked_once_in_the_order_of_picking() -> None:
    """A second mention changes nothing."""
    assert Selection(("b", "a", "b")).ids == ("b", "a")


def test_nonsense_is_left_out_and_told() -> None:
    """The rest is for the search."""
    pairs = [("id", "a"), ("id", "../x"), ("id", ""), ("query", "castle"), ("id", " b ")]
    found, rest, problems = Selection.take(pairs)
    assert found.ids == ("a", "b")
    assert rest == [("query", "castle")]
    assert [(each.parameter, each.value) for each in problems] == [("id", "../x")]


def test_only_so_many_are_used() -> None:
    """As many as the API tells of in one call."""
    pairs = [("id", f"asset_{number}") for number in range(MOST_SELECTED + 5)]
    found, _, problems = Selection.take(pairs)
    assert len(found.ids) == MOST_SELECTED
    assert [each.message for each in problems] == ["Only the first 200 of 205 are used."]


def test_its_likes_are_added_to_its_search() -> None:
    """Filters and words stay, and what was unliked is liked now."""
    search = Search(query="castle", like=("a",), unlike=("b", "c"), page=3)
    assert Selection(("b", "d"), search).as_likes() == Search(
        query="castle", like=("a", "b", "d"), unlike=("c",)
    )


def test_there_is_room_for_so_many_likes() -> None:
    """The first ones."""
    ids = tuple(f"asset_{number:02}" for number in range(30))
    assert Selection(ids).as_likes().like == ids[:MOST_LIKES]
