"""The two ends of a scale: their searches, and what only one of them has."""

from __future__ import annotations

from app.insight.extremes import ends, only, scales
from app.query.params import pairs_of
from app.query.search import Search


def test_a_search_has_the_scales_of_its_words_and_examples() -> None:
    """Words with a query, likeness with an example."""
    found = {
        query: scales(Search.parse(pairs_of(query)))
        for query in ("", "kind=image", "query=a", "like=b", "unlike=b", "query=a&like=b")
    }
    assert found == {
        "": (),
        "kind=image": (),
        "query=a": ("words",),
        "like=b": ("likeness",),
        "unlike=b": ("likeness",),
        "query=a&like=b": ("words", "likeness"),
    }


def test_the_ends_of_words_and_of_likeness() -> None:
    """Everything else of the search stays, from its first page."""
    search = Search.parse(pairs_of("query=a&querySemanticRatio=0.4&like=b&kind=image&page=3"))
    assert [(end.label, end.search.url()) for end in ends(search, "words")] == [
        ("Exact words", "/?query=a&querySemanticRatio=0&like=b&kind=image"),
        ("Meaning", "/?query=a&querySemanticRatio=1&like=b&kind=image"),
    ]
    assert [(end.label, end.search.url()) for end in ends(search, "likeness")] == [
        (
            "Near-duplicates",
            "/?query=a&querySemanticRatio=0.4&like=b&imageSemanticRatio=0&kind=image",
        ),
        ("Same subject", "/?query=a&querySemanticRatio=0.4&like=b&kind=image"),
    ]


def test_only_is_what_the_other_end_lacks() -> None:
    """Order and repetition make no difference."""
    assert only(["a", "b", "c"], ["c", "d"]) == {"a", "b"}
