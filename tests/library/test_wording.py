"""Quotes, hyphens and function words in a query: what is wanted, and what must not be there."""

from __future__ import annotations

from dataclasses import replace
from itertools import groupby, permutations, product
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from library.analysis import Word, tells, words
from library.wording import MOST, wording
from tests.library import engine_samples as samples
from tests.library.test_ranking import Searcher, named, searcher

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

# Reading


@pytest.mark.parametrize(
    ("query", "loose", "phrases", "without", "text"),
    [
        ("gold coin", "gold coin", [], [], "gold coin"),
        ('"Gold coin"', "", ["gold coin"], [], "Gold coin"),
        ('old "gold coin" pile', "old pile", ["gold coin"], [], "old gold coin pile"),
        ("coin -gold", "coin", [], ["gold"], "coin"),
        ('coin -"old gold" x', "coin x", [], ["old gold"], "coin x"),
        ("-gold", "", [], ["gold"], ""),
        ("-low-poly", "", [], ["low poly"], ""),
        ("low-poly tree", "low poly tree", [], [], "low-poly tree"),
        ("coin - gold", "coin gold", [], [], "coin - gold"),
        ("tree --no people", "tree no people", [], [], "tree --no people"),
        ('"gold coin', "gold coin", [], [], '"gold coin'),
        ('-"gold coin', "gold coin", [], [], '-"gold coin'),
        ('"a b" c"', "c", ["a b"], [], 'a b c"'),
        ('"" -"" -!', "", [], [], '-"" -!'),
        ('"城堡" -龍', "", ["城 堡"], ["龍"], "城堡"),
        ('"x" "x" -y -y', "", ["x"], ["y"], "x x"),
    ],
)
def test_a_query_is_taken_apart(
    query: str, loose: str, phrases: list[str], without: list[str], text: str
) -> None:
    found = wording(query)
    assert (
        " ".join(word.text for word in found.loose),
        [" ".join(phrase) for phrase in found.phrases],
        [" ".join(phrase) for phrase in found.without],
        found.text,
    ) == (loose, phrases, without, text)


@given(st.text(alphabet='ab- "\n龍é', max_size=24))
def test_no_word_of_a_query_is_lost(query: str) -> None:
    found = wording(query)
    taken = [word.text for word in found.loose]
    taken += [word for phrase in (*found.phrases, *found.without) for word in phrase]
    assert {word.text for word in words(query)} == set(taken)


@given(st.text(alphabet='ab- "', max_size=40).filter(lambda text: '"' not in text))
def test_without_quotes_and_hyphens_all_is_words(query: str) -> None:
    plain = query.replace("-", " ")
    assert wording(plain).loose == tuple(words(plain))


def test_what_a_query_asks_is_bounded() -> None:
    many = " ".join(f'"p{n}" -w{n}' for n in range(1000)) + ' "' + "long " * 1000 + '"'
    found = wording(many)
    assert (len(found.phrases), len(found.without)) == (MOST, MOST)
    assert max(map(len, wording('"' + "long " * 1000 + '"').phrases)) == MOST


# Searching


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("coin -gold", ["coin pile", "silver coin"]),
        ('"gold coin"', ["gold coin", "old gold coin"]),
        ('"coin gold"', []),
        ('"gold coin" -old', ["gold coin"]),
        ('"gold coin" old', ["gold coin", "old gold coin"]),
        ('coin -"old gold"', ["coin pile", "gold coin", "silver coin"]),
        ('"gold" "pile"', []),
        ('"gol"', []),  # neither completed
        ('"glod"', []),  # nor mistyped
        ("-coin", ["castle"]),
        ("-coi", ["castle", "coin pile", "gold coin", "old gold coin", "silver coin"]),
        ("-coin -castle", []),
        ('coin -"', ["coin pile", "gold coin", "old gold coin", "silver coin"]),
    ],
)
def test_quotes_and_hyphens_are_obeyed(query: str, names: list[str], tmp_path: Path) -> None:
    asked = named(tmp_path, "gold coin", "old gold coin", "silver coin", "coin pile", "castle")
    assert sorted(asked.names(query=query)) == names


def test_a_phrase_in_a_name_goes_before_one_in_a_description(tmp_path: Path) -> None:
    asked = searcher(
        tmp_path, samples.document("x", description="a gold coin"), samples.document("gold coin")
    )
    assert asked.names(query='"gold coin"') == ["gold coin", "x"]


def test_an_exclusion_alone_has_the_newest_first(tmp_path: Path) -> None:
    dated = [
        samples.document(name, createdAt=f"2025-01-0{day}T00:00:00.000Z")
        for name, day in (("ship", 1), ("castle", 3), ("dragon", 2))
    ]
    asked = searcher(tmp_path, *dated)
    assert asked.names(query="-castle") == ["dragon", "ship"]
    assert asked.names(query="-castle", sortBy=["createdAt:asc"]) == ["ship", "dragon"]
    assert asked.names(query="-castle", querySemanticRatio=1) == ["dragon", "ship"]


@pytest.mark.parametrize("ratio", [0.0, 0.5, 1.0])
def test_an_exclusion_holds_for_meaning_and_in_facets(ratio: float, tmp_path: Path) -> None:
    asked = named(tmp_path, "castle red", "castle", "fortress", "ship")
    ranked, found = asked.ranked(
        query="castle -red", querySemanticRatio=ratio, facets=["kind"], facetFilters={"kind": ""}
    )
    expected = {"castle"} if ratio == 0 else {"castle", "fortress", "ship"}
    assert set(found) == expected
    assert ranked.facets is not None
    assert ranked.facets.distribution == {"kind": {"image": len(expected)}}


def test_quotes_are_nothing_to_the_model(tmp_path: Path) -> None:
    asked = named(tmp_path, "fortress", "castle", "ship")
    plain = asked.names(query="castle", querySemanticRatio=1)
    assert asked.names(query='"castle" -dragon', querySemanticRatio=1) == plain


# Function words


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("a cute insect", []),
        ("a cute card", ["card of hearts", "the card"]),
        ("the card", ["card of hearts", "the card"]),
        ("bridge of gold", ["bridge A"]),
        ("w bridge", ["bridge A"]),
        ("a", ["a slide", "bridge A"]),  # when nothing else is asked for
        ("the", ["the card"]),
        ("plan 7", ["slide 7"]),
        ('"a" insect', ["a slide", "bridge A"]),  # quoted, it is meant
    ],
)
def test_nothing_rests_on_function_words_alone(
    query: str, names: list[str], tmp_path: Path
) -> None:
    asked = named(tmp_path, "bridge A", "a slide", "slide 7", "card of hearts", "the card")
    assert sorted(asked.names(query=query)) == names


def test_of_a_long_text_the_telling_words_are_looked_up(tmp_path: Path) -> None:
    asked = named(tmp_path, "bridge A", "slide")
    assert asked.names(query="a " * MOST + "slide") == ["slide"]
    assert asked.names(query="a " * MOST + "insect") == []
    assert asked.names(query="a " * 2 * MOST) == ["bridge A"]


def test_a_word_the_library_lacks_within_a_filter_leaves_nothing_to_function_words(
    tmp_path: Path,
) -> None:
    asked = named(tmp_path, "an insect", "a slide")
    assert asked.names(query="a insect", filter='name != "an insect"') == []


def test_which_words_tell() -> None:
    asked = ["castle", "7", "ox", "a", "the", "x", "я", "of"]
    assert [word for word in asked if tells(Word(word, False))] == ["castle", "7", "ox"]
    assert tells(Word("龍", True))


# Against the definition

VOCABULARY = ["castle", "dragon", "ox", "of", "a"]
some_words = st.lists(st.sampled_from(VOCABULARY), min_size=1, max_size=3)
parts = st.lists(
    st.tuples(st.sampled_from(["loose", "phrase", "without"]), some_words), min_size=1, max_size=4
)


def _in_a_row(wanted: Sequence[str], text: Sequence[str]) -> bool:
    return any(list(text[at : at + len(wanted)]) == list(wanted) for at in range(len(text)))


def _orders(ranked: list[str], key: Callable[[str], object]) -> Iterator[list[str]]:
    """The orders of `ranked`, of which equals may stand in any."""
    equals = [list(same) for _, same in groupby(sorted(ranked, key=key), key)]  # type: ignore[arg-type,type-var]
    for each in product(*(permutations(same) for same in equals)):
        yield [word for same in each for word in same]


def _expected(
    texts: Sequence[Sequence[str]], asked: list[tuple[str, list[str]]]
) -> set[frozenset[int]]:
    """What the rules allow to be found: more than one answer where words tell the same."""
    without = [part for way, part in asked if way == "without"]
    phrases = [part for way, part in asked if way == "phrase"]
    loose = [word for way, part in asked if way == "loose" for word in part]
    left = [n for n, text in enumerate(texts) if not any(_in_a_row(p, text) for p in without)]
    if not loose and not phrases:
        return {frozenset(left)}
    base = [n for n in left if all(_in_a_row(p, texts[n]) for p in phrases)]
    if phrases and not base:
        return {frozenset()}
    have = {word: sum(word in texts[n] for n in left) for word in loose}
    known = [word for word in dict.fromkeys(loose) if have[word]]
    light = {"of", "a"}
    if not phrases and (not known or (set(loose) - light and not set(known) - light)):
        return {frozenset()}
    found = set()
    for order in _orders(known, lambda word: (word in light, have[word])):
        for count in range(len(order), -1 if phrases else 0, -1):
            hits = [n for n in base if set(order[:count]) <= set(texts[n])]
            if len(hits) >= 20 or count == (0 if phrases else 1):
                found.add(frozenset(hits))
                break
    return found


def _spelled(asked: list[tuple[str, list[str]]]) -> str:
    ways = {"loose": "{}", "phrase": '"{}"', "without": '-"{}"'}
    return " ".join(ways[way].format(" ".join(part)) for way, part in asked)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(st.sampled_from(VOCABULARY), max_size=5), max_size=8), parts,
       st.sampled_from([1, 20]))  # fmt: skip
def test_the_hits_are_those_of_the_definition(
    tmp_path_factory: pytest.TempPathFactory,
    texts: list[list[str]],
    asked: list[tuple[str, list[str]]],
    times: int,
) -> None:
    texts = texts * times
    found: Searcher = searcher(
        tmp_path_factory.mktemp("home"),
        *(
            replace(samples.document(f"{n}x"), prompt=" ".join(text))
            for n, text in enumerate(texts)
        ),
    )
    total = found.ranked(query=_spelled(asked))[0].total
    hits: set[int] = set()
    for start in range(0, total, 100):
        names = found.names(query=_spelled(asked), offset=start, limit=100)
        hits |= {int(name[:-1]) for name in names}
    found.index.close()
    assert frozenset(hits) in _expected(texts, asked)
