"""Terms that distinguish likes from unlikes, and the searches that they lead to."""

from __future__ import annotations

import pytest

from app.insight.distinctive_terms import MOST_TERMS, Term, distinctive_terms, excluding, including
from app.query.filters import unbalanced
from app.query.search import Search
from library.query.filter_parser import parse_filter
from library.query.filter_tree import And
from tests.support.assets import asset


def terms(*args: object) -> list[tuple[str, str, str]]:
    found = distinctive_terms(*args)  # type: ignore[arg-type]
    return [(term.side, term.field, term.text) for term in found]


def test_terms_of_only_one_side_are_distinctive() -> None:
    """Terms of both sides are not."""
    likes = [asset("a", tags="castle night"), asset("b", tags="castle night Fog")]
    unlikes = [asset("c", tags="castle day"), asset("d", tags="castle day")]
    assert terms(likes, unlikes, []) == [("like", "tags", "night"), ("unlike", "tags", "day")]


def test_words_of_prompts_and_names_are_terms() -> None:
    """Names are used only without a prompt, since they repeat it or are numbers."""
    likes = [asset("knight", tags="armour", prompt="armour of a knight, moody light")]
    unlikes = [asset("pawn_flat")]
    assert terms(likes, unlikes, []) == [
        ("like", "tags", "armour"),
        ("like", "prompt", "knight"),
        ("like", "prompt", "light"),
        ("like", "prompt", "moody"),
        ("unlike", "name", "flat"),
        ("unlike", "name", "pawn"),
    ]


def test_a_term_is_counted_once_across_fields() -> None:
    """It leads to the field in which it is most frequent."""
    likes = [
        asset("a", tags="Castle", prompt="x"),
        asset("b", prompt="a castle"),
        asset("c", prompt="castle hill"),
    ]
    assert terms(likes, [asset("d", prompt="a hut")], []) == [
        ("like", "prompt", "castle"),
        ("unlike", "prompt", "hut"),
    ]
    assert terms(likes[:2], [asset("d", prompt="a hut")], [])[0] == ("like", "tags", "Castle")


def test_a_term_of_one_of_many_likes_is_ignored() -> None:
    """With two likes or more, two have to share it."""
    likes = [asset("a", tags="x"), asset("b", tags="y"), asset("c", tags="x")]
    assert terms(likes, [asset("d")], []) == [("like", "tags", "x")]


def test_without_unlikes_likes_are_compared_with_the_results() -> None:
    """A term of all results is not distinctive."""
    likes = [asset("a", tags="castle night")]
    shown = [asset(f"s{at}", tags="castle") for at in range(5)]
    assert terms(likes, [], shown) == [("like", "tags", "night")]
    assert terms(likes, [], []) == []


def test_likes_among_the_results_are_not_compared_with_themselves() -> None:
    """Some servers return the liked picture as well."""
    likes = [asset("a", tags="night"), asset("b", tags="night")]
    shown = [*likes, asset("c", tags="day")]
    assert terms(likes, [], shown) == [("like", "tags", "night")]


def test_the_number_of_terms_is_limited() -> None:
    """Terms that are rare among the results come first."""
    many = " ".join(f"tag{at}" for at in range(20))
    shown = [asset("s", tags="tag7")]
    found = distinctive_terms([asset("a", tags=many)], [asset("b", tags="other")], shown)
    sides = [term.side for term in found]
    assert (sides.count("like"), sides.count("unlike")) == (MOST_TERMS, 1)
    assert "tag7" not in [term.text for term in found]


def test_stop_words_and_numbers_are_ignored() -> None:
    """They say nothing about a picture."""
    likes = [asset("x", prompt="the and 2024 of")]
    assert terms(likes, [asset("y", prompt="z")], []) == []


@pytest.mark.parametrize(
    ("term", "included_url", "excluded_url"),
    [
        (
            Term("tags", "night sky", "like"),
            "/?query=castle&tags=night+sky",
            "/?query=castle&tags.not=night+sky",
        ),
        (
            Term("prompt", "fog", "like"),
            "/?query=castle+fog",
            "/?query=castle&filter=NOT+prompt+CONTAINS+%22fog%22",
        ),
        (
            Term("name", "castle", "unlike"),
            "/?query=castle",
            "/?query=castle&filter=NOT+name+CONTAINS+%22castle%22",
        ),
    ],
)
def test_a_term_is_included_or_excluded(term: Term, included_url: str, excluded_url: str) -> None:
    """A tag by its facet, a word by the query or the filter; nothing is added twice."""
    search = Search(query="castle", page=3)
    assert including(search, term).url() == included_url
    assert excluding(search, term).url() == excluded_url
    assert excluding(excluding(search, term), term).url() == excluded_url


@pytest.mark.parametrize(
    "before",
    [
        "(kind = image)OR(kind = video)",
        "kind = image\tor\nkind = video",
        "tags IN [a]OR(height > 3)",
        "(width > 5) OR (height > 3)",
    ],
)
def test_excluding_a_word_applies_to_the_whole_filter(before: str) -> None:
    """In any spelling of its OR, the library parses the same conjunction."""
    found = excluding(Search(filter=before), Term("prompt", "fog", "unlike"))
    whole, avoided = parse_filter(before), parse_filter('NOT prompt CONTAINS "fog"')
    assert parse_filter(found.filter) == And((whole, avoided))
    again = excluding(found, Term("prompt", "sword or axe", "unlike"))
    assert parse_filter(again.filter) == parse_filter(
        f'({found.filter}) AND NOT prompt CONTAINS "sword or axe"'
    )


def test_a_filter_without_or_needs_no_parentheses() -> None:
    """Letters within quotes are not an operator."""
    found = excluding(Search(filter='tags = "this or that"'), Term("name", "fog", "unlike"))
    assert found.filter == 'tags = "this or that" AND NOT name CONTAINS "fog"'


def test_excluding_a_word_keeps_the_filter() -> None:
    """An OR is put in parentheses, and the result is balanced."""
    search = Search(filter="kind = image OR kind = video")
    found = excluding(search, Term("prompt", "o'clock", "unlike"))
    expected = '(kind = image OR kind = video) AND NOT prompt CONTAINS "o\'clock"'
    assert found.filter == expected
    assert unbalanced(found.filter) is None
    plain = excluding(Search(filter="width > 9"), Term("prompt", "fog", "unlike"))
    assert plain.filter == 'width > 9 AND NOT prompt CONTAINS "fog"'
