"""Nothing found: which searches have one condition less, and which of them is offered first."""

from __future__ import annotations

from dataclasses import replace

from app.insight.nothing import by_cost, ways
from app.reading import pairs_of
from app.search import Search


def offered(query: str, names: dict[str, str] | None = None) -> list[tuple[str, str]]:
    return [(way.words, way.search.url()) for way in ways(Search.parse(pairs_of(query)), names)]


def test_each_condition_is_left_out_once() -> None:
    """All values of one parameter are one condition; the suspected ones come first."""
    query = "query=castle&kind=image&kind=video&tags.all=a&tags.all=b&width=512..&filter=size+%3E+1"
    rest = "query=castle&kind=image&kind=video"
    assert offered(query) == [
        ("size > 1", f"/?{rest}&tags.all=a&tags.all=b&width=512.."),
        ("tag a (all), tag b (all)", f"/?{rest}&width=512..&filter=size+%3E+1"),
        (
            "the words “castle”",
            "/?kind=image&kind=video&tags.all=a&tags.all=b&width=512..&filter=size+%3E+1",
        ),
        (
            "kind image or kind video",
            "/?query=castle&tags.all=a&tags.all=b&width=512..&filter=size+%3E+1",
        ),
        ("width from 512", f"/?{rest}&tags.all=a&tags.all=b&filter=size+%3E+1"),
    ]


def test_names_stand_for_ids() -> None:
    """As in the chips."""
    found = offered("query=castle&collectionIds=c1", {"c1": "Forts"})
    assert [words for words, _ in found] == ["the words “castle”", "collection Forts"]


def test_a_lone_condition_is_not_left_out() -> None:
    """What is left would be everything, and no answer to the question."""
    assert offered("query=castle") == []
    assert offered("tags=a&tags=b") == []


def test_beside_an_example_a_lone_condition_is() -> None:
    """What is like it, without the filter, is an answer."""
    assert offered("like=asset_a&tags=x") == [("tag x", "/?like=asset_a")]


def test_a_sort_is_no_condition() -> None:
    """Nor is the page."""
    assert offered("query=castle&sortBy=width:asc&page=3") == []


def test_the_costliest_comes_first_and_dead_ends_are_left_out() -> None:
    """The costliest condition is the one without which most is found."""
    one, two, three = ways(Search.parse(pairs_of("query=a&tags=b&kind=c")))
    counted = replace(one, count=2), replace(two, count=0), replace(three, count=9)
    assert by_cost(counted) == (counted[2], counted[0])
    assert by_cost([replace(one, count=None)]) == ()
