"""Taste words: what tells the likes from the unlikes, and where a click on one leads."""

from __future__ import annotations

import pytest

from app.filters import unbalanced
from app.insight.taste import MOST_TERMS, Term, away_from, taste, towards
from app.search import Search
from tests.unit.gallery import asset


def terms(*args: object) -> list[tuple[str, str, str]]:
    found = taste(*args)  # type: ignore[arg-type]
    return [(term.side, term.field, term.text) for term in found]


def test_what_only_one_side_has_speaks_for_it() -> None:
    """And what both have for none."""
    likes = [asset("a", tags="castle night"), asset("b", tags="castle night Fog")]
    unlikes = [asset("c", tags="castle day"), asset("d", tags="castle day")]
    assert terms(likes, unlikes, []) == [("like", "tags", "night"), ("unlike", "tags", "day")]


def test_prompts_and_names_speak_where_tags_do_not() -> None:
    """A name only where there is no prompt: else it says the same, or a number."""
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


def test_a_term_is_one_wherever_it_stands() -> None:
    """A tag here and a word of a prompt there; it leads to the field where most have it."""
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


def test_one_of_many_likes_says_nothing() -> None:
    """A word has to be shared by two, where there are two."""
    likes = [asset("a", tags="x"), asset("b", tags="y"), asset("c", tags="x")]
    assert terms(likes, [asset("d")], []) == [("like", "tags", "x")]


def test_without_unlikes_the_results_are_what_likes_differ_from() -> None:
    """What everything on the page has is not telling."""
    likes = [asset("a", tags="castle night")]
    shown = [asset(f"s{at}", tags="castle") for at in range(5)]
    assert terms(likes, [], shown) == [("like", "tags", "night")]
    assert terms(likes, [], []) == []


def test_likes_that_are_shown_do_not_count_against_themselves() -> None:
    """A liked picture stays on the page of some servers."""
    likes = [asset("a", tags="night"), asset("b", tags="night")]
    shown = [*likes, asset("c", tags="day")]
    assert terms(likes, [], shown) == [("like", "tags", "night")]


def test_each_side_has_at_most_a_few() -> None:
    """The most telling ones: rare among the results first."""
    many = " ".join(f"tag{at}" for at in range(20))
    shown = [asset("s", tags="tag7")]
    found = taste([asset("a", tags=many)], [asset("b", tags="other")], shown)
    sides = [term.side for term in found]
    assert (sides.count("like"), sides.count("unlike")) == (MOST_TERMS, 1)
    assert "tag7" not in [term.text for term in found]


def test_empty_words_and_numbers_never_speak() -> None:
    """They tell nothing about a picture."""
    likes = [asset("x", prompt="the and 2024 of")]
    assert terms(likes, [asset("y", prompt="z")], []) == []


@pytest.mark.parametrize(
    ("term", "towards_url", "away_url"),
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
def test_a_term_is_added_or_avoided(term: Term, towards_url: str, away_url: str) -> None:
    """A tag by its facet, a word by the query or the filter; what is there is not added twice."""
    search = Search(query="castle", page=3)
    assert towards(search, term).url() == towards_url
    assert away_from(search, term).url() == away_url
    assert away_from(away_from(search, term), term).url() == away_url


def test_avoiding_a_word_keeps_the_filter_that_is_there() -> None:
    """An OR in it is held together, and the whole stays balanced."""
    search = Search(filter="kind = image OR kind = video")
    found = away_from(search, Term("prompt", "o'clock", "unlike"))
    expected = '(kind = image OR kind = video) AND NOT prompt CONTAINS "o\'clock"'
    assert found.filter == expected
    assert unbalanced(found.filter) is None
    plain = away_from(Search(filter="width > 9"), Term("prompt", "fog", "unlike"))
    assert plain.filter == 'width > 9 AND NOT prompt CONTAINS "fog"'
