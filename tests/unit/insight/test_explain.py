"""Explanations of results: occurrences of words, and what examples share."""

from __future__ import annotations

import pytest

from app.insight.explain import MatchLocation, Shared, explain
from app.query.search import Search
from app.scenario.assets import Asset, Metadata
from tests.support.assets import asset


def places(query: str, **fields: str) -> dict[str, list[tuple[str, str, str]]]:
    """The locations of each word of a query in an asset with these fields."""
    found = explain(Search(query=query), asset("thing", **fields), {})  # type: ignore[arg-type]
    return {
        word.word: [(each.label, each.word, each.how) for each in word.locations]
        for word in found.words
    }


def test_a_word_is_located_in_each_field() -> None:
    """In tags, name, prompt and description, once each."""
    fields = {"tags": "castle hill", "prompt": "a castle, a Castle", "description": "Castle."}
    assert places("castle", **fields) == {
        "castle": [
            ("tag", "castle", "exactly"),
            ("prompt", "castle", "exactly"),
            ("description", "castle", "exactly"),
        ]
    }


def test_a_word_without_occurrence_has_no_location() -> None:
    """It is listed all the same."""
    assert places("castle fog", prompt="a castle") == {
        "castle": [("prompt", "castle", "exactly")],
        "fog": [],
    }


@pytest.mark.parametrize("query", ["castle -gold", '-"gold coin" castle', "-low-poly castle"])
def test_excluded_words_are_not_explained(query: str) -> None:
    """No result contains them."""
    assert list(places(query, prompt="a low castle, coin")) == ["castle"]


def test_a_hyphen_inside_is_part_of_a_word() -> None:
    """As in the search."""
    assert list(places("low-poly --castle", prompt="")) == ["low", "poly", "castle"]


@pytest.mark.parametrize(
    ("query", "prompt", "how"),
    [
        ("cast", "castle", "as a prefix"),
        ("castel", "castle", "with a typo"),  # neighbours swapped
        ("catle", "castle", "with a typo"),
        ("castles", "castle", "with a typo"),
        ("windmilsl", "windmills", "with a typo"),
        ("waetrmilsl", "watermills", "with a typo"),  # two, from nine letters
        ("CASTLE", "Castle", "exactly"),
        ("城", "竜城", ""),  # as pairs of characters
        ("竜城", "竜城", "exactly"),
        ("cat", "cut", ""),  # too short to be forgiven
        ("ctale", "castle", ""),  # two typos in five letters
        ("waetrmilsla", "watermills", ""),  # three, from nine letters
    ],
)
def test_a_word_matches_as_in_the_search(query: str, prompt: str, how: str) -> None:
    """Exactly, as a prefix, or with one typo from five letters and two from nine."""
    found = explain(Search(query=query), asset("x", prompt=prompt), {}).words[0].locations
    assert [each.how for each in found] == ([how] if how else [])


def test_the_best_match_of_a_field_is_shown() -> None:
    """Not the first one in the text."""
    found = explain(Search(query="castle"), asset("x", prompt="castles, cattle, castle"), {})
    assert found.words[0].locations == (MatchLocation("prompt", "castle", "exactly"),)


def test_a_seed_is_searched_as_a_word() -> None:
    """Numbers are searched as well."""
    found = explain(Search(query="4000123"), asset("x", seed=4000123), {})
    assert found.words[0].locations == (MatchLocation("seed", "4000123", "exactly"),)


def test_models_and_loras_are_searched_as_words() -> None:
    """Each under a label of its own."""
    made = Asset(id="x", metadata=Metadata(modelId="heron_v2", loras=("ink", "old_heron")))
    found = explain(Search(query="heron ink"), made, {})
    assert [[(each.label, each.how) for each in word.locations] for word in found.words] == [
        [("model", "exactly"), ("LoRA", "exactly")],
        [("LoRA", "exactly")],
    ]


def test_stop_words_are_explained_only_by_themselves() -> None:
    """A query of stop words alone is meant as such."""
    assert [word.word for word in explain(Search(query="the old the"), asset("x"), {}).words] == [
        "old"
    ]
    assert [word.word for word in explain(Search(query="the"), asset("x"), {}).words] == ["the"]


def test_each_example_lists_what_it_shares() -> None:
    """Tags as written on the result, then words of both prompts; likes come first."""
    likes = asset("a", tags="Castle night", prompt="a castle in the fog, 2024", job="j")
    unlike = asset("b", tags="day", prompt="a sunny hill")
    result = asset("c", tags="castle", prompt="2024 fog over a castle hill", job="j")
    search = Search(like=(likes.id,), unlike=(unlike.id, "ref_" + "0" * 32))
    found = explain(search, result, {likes.id: likes, unlike.id: unlike})
    assert found.shared == (
        Shared(likes.id, "like", ("castle",), ("fog",), is_same_job=True),
        Shared(unlike.id, "unlike", (), ("hill",)),
    )


def test_names_are_compared_if_prompts_share_nothing() -> None:
    """Files in a folder often have only names."""
    found = explain(
        Search(like=("asset_tank_red",)),
        asset("tank_blue"),
        {"asset_tank_red": asset("tank_red")},
    )
    assert found.shared == (Shared("asset_tank_red", "like", (), ("tank",)),)


def test_nothing_shared_is_false() -> None:
    """The page then says that the result looks similar."""
    found = explain(Search(like=("asset_a",)), asset("b"), {"asset_a": asset("a")})
    assert [bool(each) for each in found.shared] == [False]


@pytest.mark.parametrize(
    ("automatic", "label"), [((), "text"), (("text",), "recognised text"), (("nsfw",), "text")]
)
def test_recognised_text_is_named_as_such(automatic: tuple[str, ...], label: str) -> None:
    result = Asset(metadata=Metadata(text="Closed on Mondays", automatic=automatic))
    (word,) = explain(Search(query="mondays"), result, {}).words
    assert word.locations == (MatchLocation(label, "mondays", "exactly"),)
