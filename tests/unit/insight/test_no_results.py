"""No results: the searches with one condition less, and their order."""

from __future__ import annotations

from dataclasses import replace

from app.insight.no_results import by_count, ways
from app.query.params import pairs_of
from app.query.search import Search


def offered(query: str, names: dict[str, str] | None = None) -> list[tuple[str, str]]:
    return [(way.words, way.search.url()) for way in ways(Search.parse(pairs_of(query)), names)]


def test_each_condition_is_removed_once() -> None:
    """All values of one parameter are one condition; the most restrictive ones come first."""
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


def test_ids_are_shown_by_name() -> None:
    """As in the list of conditions."""
    found = offered("query=castle&collectionIds=c1", {"c1": "Forts"})
    assert [words for words, _ in found] == ["the words “castle”", "collection Forts"]


def test_a_single_condition_is_not_removed() -> None:
    """The search would be left without any."""
    assert offered("query=castle") == []
    assert offered("tags=a&tags=b") == []


def test_a_single_condition_beside_an_example_is_removed() -> None:
    """The example is left to search by."""
    assert offered("like=asset_a&tags=x") == [("tag x", "/?like=asset_a")]


def test_the_order_is_not_a_condition() -> None:
    """Nor is the page."""
    assert offered("query=castle&sortBy=width:asc&page=3") == []


def test_the_search_with_most_results_comes_first() -> None:
    """Searches without results or without a count are left out."""
    one, two, three = ways(Search.parse(pairs_of("query=a&tags=b&kind=c")))
    counted = replace(one, count=2), replace(two, count=0), replace(three, count=9)
    assert by_count(counted) == (counted[2], counted[0])
    assert by_count([replace(one, count=None)]) == ()
