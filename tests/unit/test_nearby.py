"""The addresses around a search are those of the searches that lie there."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from app import words
from app.display import DENSITIES, GROUNDS, Display
from app.filters import RANGES, Range
from app.nearby import Nearby, changes_to
from app.search import Search
from tests.unit.searches import NASTY, SEARCHES

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
    """However it is shown."""
    here = Nearby.of(search, display)
    assert here.url() == display.url(search)
    assert here.url(changes_to(other)) == other.url(search)
    assert here.start.url(path="/tags") == display.url(search.with_(), "/tags")


@given(SEARCHES, DISPLAYS, st.sampled_from(sorted(RANGES)), st.sampled_from(["2025", "1999"]))
def test_another_range(search: Search, display: Display, field: str, year: str) -> None:
    """It takes the place of the one that was there, and comes off again."""
    end = f"{year}-01-31" if RANGES[field] == "date" else year
    start = Nearby.of(search, display).start
    ranges = (*(each for each in search.ranges if each.field != field), Range(field, end))
    assert start.url({field: (f"{end}..",)}) == display.url(search.with_(ranges=ranges))
    assert start.url({field: ()}) == display.url(search.without(field))


@given(SEARCHES, DISPLAYS, st.sets(st.sampled_from(["1:1", "16:9", "a b"])))
def test_other_values_of_a_facet(search: Search, display: Display, values: set[str]) -> None:
    """What is wanted in other ways stays."""
    found = Nearby.of(search, display).start.url({"aspectRatio": tuple(sorted(values))})
    assert found == display.url(search.any_of("aspectRatio", values))


@given(SEARCHES, DISPLAYS, st.sampled_from(["tags", "tags.all", "tags.not"]), NASTY)
def test_one_value_more(search: Search, display: Display, name: str, value: str) -> None:
    """Where it is one that stands as it is written."""
    start = Nearby.of(search, display).start
    if start.can_add(name, value):
        assert start.adding(name, value) == display.url(search.adding(name, value))


def test_no_value_more_than_an_address_may_have() -> None:
    """Nor one that would be read otherwise."""
    start = Nearby.of(Search.parse([("tags", f"t{at}") for at in range(50)]), Display())
    found = [start.can_add("tags", "a"), start.can_add("tags.not", "a")]
    assert found == [False, True]
    odd = ["", " a", "a\n", "x" * 201]
    assert [start.can_add("tags.not", each) for each in odd] == [False] * len(odd)


@given(SEARCHES, DISPLAYS)
def test_without_a_condition(search: Search, display: Display) -> None:
    """Each that a chip names."""
    start = Nearby.of(search, display).start
    for name, value, _ in words.conditions(search):
        assert start.without(name, value) == display.url(search.without(name, value))


@given(SEARCHES, DISPLAYS, st.integers(1, 1000))
def test_other_pages(search: Search, display: Display, number: int) -> None:
    """By their number, and the two beside this one, also where pages begin anywhere."""
    here, size = Nearby.of(search, display), search.size
    assert here.at((number - 1) * size, size=size) == display.url(search.on_page(number))
    assert here.at(search.first + size, size=size) == display.url(search.after())
    assert here.at(max(0, search.first - size), size=size) == display.url(search.before())
