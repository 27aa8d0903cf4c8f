"""Addresses made by replacing parameters equal those of the changed searches."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from app.query import describe
from app.query.display import DENSITIES, GROUNDS, Display
from app.query.filters import RANGES, Range
from app.query.links import SearchLinks, changes_to
from app.query.search import Search
from tests.support.searches import NASTY, SEARCHES

DISPLAYS = st.builds(
    Display,
    density=st.sampled_from(DENSITIES),
    ground=st.sampled_from(tuple(GROUNDS)),
    endless=st.booleans(),
    stacks=st.booleans(),
    unfold=st.lists(st.sampled_from(["asset_1", "asset_2"])).map(tuple),
)


@given(SEARCHES, DISPLAYS, DISPLAYS)
def test_its_own_address_and_its_first_page(
    search: Search, display: Display, other: Display
) -> None:
    """With any display."""
    here = SearchLinks.of(search, display)
    assert here.url() == display.url(search)
    assert here.url(changes_to(other)) == other.url(search)
    assert here.start.url(path="/tags") == display.url(search.with_(), "/tags")


@given(SEARCHES, DISPLAYS, st.sampled_from(sorted(RANGES)), st.sampled_from(["2025", "1999"]))
def test_another_range(search: Search, display: Display, field: str, year: str) -> None:
    """It replaces the range of the field and can be removed."""
    end = f"{year}-01-31" if RANGES[field] == "date" else year
    start = SearchLinks.of(search, display).start
    ranges = (*(each for each in search.ranges if each.field != field), Range(field, end))
    assert start.url({field: (f"{end}..",)}) == display.url(search.with_(ranges=ranges))
    assert start.url({field: ()}) == display.url(search.without(field))


@given(SEARCHES, DISPLAYS, st.sets(st.sampled_from(["1:1", "16:9", "a b"])))
def test_other_values_of_a_facet(search: Search, display: Display, values: set[str]) -> None:
    """The other modes of the facet stay."""
    found = SearchLinks.of(search, display).start.url({"aspectRatio": tuple(sorted(values))})
    assert found == display.url(search.any_of("aspectRatio", values))


@given(SEARCHES, DISPLAYS, st.sampled_from(["tags", "tags.all", "tags.not"]), NASTY)
def test_one_value_more(search: Search, display: Display, name: str, value: str) -> None:
    """If the value is valid as it is written."""
    start = SearchLinks.of(search, display).start
    if start.can_add(name, value):
        assert start.adding(name, value) == display.url(search.adding(name, value))


def test_values_beyond_the_limit_cannot_be_added() -> None:
    """Nor values that would be changed by parsing."""
    start = SearchLinks.of(Search.parse([("tags", f"t{at}") for at in range(50)]), Display())
    found = [start.can_add("tags", "a"), start.can_add("tags.not", "a")]
    assert found == [False, True]
    odd = ["", " a", "a\n", "x" * 201]
    assert [start.can_add("tags.not", each) for each in odd] == [False] * len(odd)


@given(SEARCHES, DISPLAYS)
def test_without_a_condition(search: Search, display: Display) -> None:
    """Each condition that can be removed."""
    start = SearchLinks.of(search, display).start
    for name, value, _ in describe.conditions(search):
        assert start.without(name, value) == display.url(search.without(name, value))


@given(SEARCHES, DISPLAYS, st.integers(1, 1000))
def test_other_pages(search: Search, display: Display, number: int) -> None:
    """By number, and the previous and next page, also with an offset."""
    here, size = SearchLinks.of(search, display), search.size
    assert here.at((number - 1) * size, size=size) == display.url(search.on_page(number))
    assert here.at(search.first + size, size=size) == display.url(search.after())
    assert here.at(max(0, search.first - size), size=size) == display.url(search.before())
