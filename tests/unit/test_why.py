"""Why a result is here: where the words of the query stand, and what examples share."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.insight.why import Place, Shared, slips_between, why
from app.search import Search
from tests.unit.gallery import asset


def places(query: str, **fields: str) -> dict[str, list[tuple[str, str, str]]]:
    """The places of each word of a query in an asset with these fields."""
    found = why(Search(query=query), asset("thing", **fields), {})  # type: ignore[arg-type]
    return {
        word.word: [(each.label, each.word, each.how) for each in word.places]
        for word in found.words
    }


def test_a_word_is_found_where_it_stands() -> None:
    """In tags, name, prompt and description, each named once."""
    fields = {"tags": "castle hill", "prompt": "a castle, a Castle", "description": "Castle."}
    assert places("castle", **fields) == {
        "castle": [
            ("tag", "castle", "exactly"),
            ("prompt", "castle", "exactly"),
            ("description", "castle", "exactly"),
        ]
    }


def test_a_word_that_is_nowhere_says_so() -> None:
    """Rather than being left out."""
    assert places("castle fog", prompt="a castle") == {
        "castle": [("prompt", "castle", "exactly")],
        "fog": [],
    }


@pytest.mark.parametrize("query", ["castle -gold", '-"gold coin" castle', "-low-poly castle"])
def test_what_is_left_out_is_no_word_of_a_result(query: str) -> None:
    """A result is never here for a word that it must not have."""
    assert list(places(query, prompt="a low castle, coin")) == ["castle"]


def test_a_hyphen_inside_is_part_of_a_word() -> None:
    """As the search reads it."""
    assert list(places("low-poly --castle", prompt="")) == ["low", "poly", "castle"]


@pytest.mark.parametrize(
    ("query", "prompt", "how"),
    [
        ("cast", "castle", "as a beginning"),
        ("castel", "castle", "with a slip"),  # neighbours swapped
        ("catle", "castle", "with a slip"),
        ("castles", "castle", "with a slip"),
        ("windmilsl", "windmills", "with a slip"),
        ("waetrmilsl", "watermills", "with a slip"),  # two, from nine letters
        ("CASTLE", "Castle", "exactly"),
        ("城", "竜城", ""),  # as pairs of characters
        ("竜城", "竜城", "exactly"),
        ("cat", "cut", ""),  # too short to be forgiven
        ("ctale", "castle", ""),  # two slips in five letters
    ],
)
def test_a_word_matches_as_the_search_matches(query: str, prompt: str, how: str) -> None:
    """Exactly, as a beginning, or with one slip from five letters and two from nine."""
    found = why(Search(query=query), asset("x", prompt=prompt), {}).words[0].places
    assert [each.how for each in found] == ([how] if how else [])


def test_the_best_match_of_a_field_is_shown() -> None:
    """Not the first one."""
    found = why(Search(query="castle"), asset("x", prompt="castles, cattle, castle"), {})
    assert found.words[0].places == (Place("prompt", "castle", "exactly"),)


def test_a_seed_is_a_word() -> None:
    """Numbers are searched as well."""
    found = why(Search(query="4000123"), asset("x", seed=4000123), {})
    assert found.words[0].places == (Place("seed", "4000123", "exactly"),)


def test_empty_words_are_not_explained_unless_there_is_nothing_else() -> None:
    """Whoever searches "the" means it."""
    assert [word.word for word in why(Search(query="the old the"), asset("x"), {}).words] == ["old"]
    assert [word.word for word in why(Search(query="the"), asset("x"), {}).words] == ["the"]


def test_each_example_shows_what_it_shares() -> None:
    """Tags as written on the result, words of both prompts that are no tag, likes first."""
    likes = asset("a", tags="Castle night", prompt="a castle in the fog, 2024", job="j")
    unlike = asset("b", tags="day", prompt="a sunny hill")
    result = asset("c", tags="castle", prompt="2024 fog over a castle hill", job="j")
    search = Search(like=(likes.id,), unlike=(unlike.id, "ref_" + "0" * 32))
    found = why(search, result, {likes.id: likes, unlike.id: unlike})
    assert found.shared == (
        Shared(likes.id, "like", ("castle",), ("fog",), is_same_job=True),
        Shared(unlike.id, "unlike", (), ("hill",)),
    )


def test_names_speak_where_prompts_have_nothing_in_common() -> None:
    """As in a folder of files."""
    found = why(
        Search(like=("asset_tank_red",)),
        asset("tank_blue"),
        {"asset_tank_red": asset("tank_red")},
    )
    assert found.shared == (Shared("asset_tank_red", "like", (), ("tank",)),)


def test_nothing_shared_is_false() -> None:
    """So that a page can say that it is here for how it looks."""
    found = why(Search(like=("asset_a",)), asset("b"), {"asset_a": asset("a")})
    assert [bool(each) for each in found.shared] == [False]


@given(st.text("abc", max_size=5), st.text("abc", max_size=5))
def test_slips_are_counted_as_the_definition_says(one: str, other: str) -> None:
    """Compared with the recursive definition of optimal string alignment."""

    def slow(a: str, b: str) -> int:
        if not a or not b:
            return len(a) + len(b)
        least = min(
            slow(a[:-1], b) + 1,
            slow(a, b[:-1]) + 1,
            slow(a[:-1], b[:-1]) + (a[-1] != b[-1]),
        )
        if len(a) > 1 and len(b) > 1 and a[-1] == b[-2] and a[-2] == b[-1]:
            least = min(least, slow(a[:-2], b[:-2]) + 1)
        return least

    assert slips_between(one, other) == slow(one, other)
