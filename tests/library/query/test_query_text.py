"""Quotes, hyphens and function words in a query: what is required, and what is excluded."""

from __future__ import annotations

from dataclasses import replace
from itertools import groupby, permutations, product
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from library.query.query_text import TERMS_MOST, parse_text
from library.schema.text_analysis import Word, is_content_word, words
from tests.support import sample_documents
from tests.support.library_search import Searcher, named, searcher

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

# Parsing


@pytest.mark.parametrize(
    ("query", "loose", "phrases", "excluded", "text"),
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
def test_a_query_is_parsed_into_its_parts(
    query: str, loose: str, phrases: list[str], excluded: list[str], text: str
) -> None:
    parsed = parse_text(query)
    assert (
        " ".join(word.text for word in parsed.loose),
        [" ".join(phrase) for phrase in parsed.phrases],
        [" ".join(phrase) for phrase in parsed.excluded],
        parsed.text,
    ) == (loose, phrases, excluded, text)


@given(st.text(alphabet='ab- "\n龍é', max_size=24))
def test_no_word_of_a_query_is_lost(query: str) -> None:
    parsed = parse_text(query)
    parsed_words = [word.text for word in parsed.loose]
    parsed_words += [word for phrase in (*parsed.phrases, *parsed.excluded) for word in phrase]
    assert {word.text for word in words(query)} == set(parsed_words)


@given(st.text(alphabet='ab- "', max_size=40).filter(lambda text: '"' not in text))
def test_without_quotes_and_hyphens_a_query_has_only_words(query: str) -> None:
    plain = query.replace("-", " ")
    assert parse_text(plain).loose == tuple(words(plain))


def test_the_parts_of_a_query_are_limited() -> None:
    many = " ".join(f'"p{n}" -w{n}' for n in range(1000)) + ' "' + "long " * 1000 + '"'
    parsed = parse_text(many)
    assert (len(parsed.phrases), len(parsed.excluded)) == (TERMS_MOST, TERMS_MOST)
    assert max(map(len, parse_text('"' + "long " * 1000 + '"').phrases)) == TERMS_MOST


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
def test_quotes_require_and_hyphens_exclude(query: str, names: list[str], tmp_path: Path) -> None:
    library = named(tmp_path, "gold coin", "old gold coin", "silver coin", "coin pile", "castle")
    assert sorted(library.names(query=query)) == names


def test_a_phrase_in_a_name_ranks_above_one_in_a_description(tmp_path: Path) -> None:
    library = searcher(
        tmp_path,
        sample_documents.document("x", description="a gold coin"),
        sample_documents.document("gold coin"),
    )
    assert library.names(query='"gold coin"') == ["gold coin", "x"]


def test_hits_of_an_exclusion_alone_are_ordered_by_date(tmp_path: Path) -> None:
    dated = [
        sample_documents.document(name, createdAt=f"2025-01-0{day}T00:00:00.000Z")
        for name, day in (("ship", 1), ("castle", 3), ("dragon", 2))
    ]
    library = searcher(tmp_path, *dated)
    assert library.names(query="-castle") == ["dragon", "ship"]
    assert library.names(query="-castle", sortBy=["createdAt:asc"]) == ["ship", "dragon"]
    assert library.names(query="-castle", querySemanticRatio=1) == ["dragon", "ship"]


@pytest.mark.parametrize("ratio", [0.0, 0.5, 1.0])
def test_an_exclusion_applies_to_meaning_and_facets(ratio: float, tmp_path: Path) -> None:
    library = named(tmp_path, "castle red", "castle", "fortress", "ship")
    result, names = library.ranked(
        query="castle -red", querySemanticRatio=ratio, facets=["kind"], facetFilters={"kind": ""}
    )
    expected = {"castle"} if ratio == 0 else {"castle", "fortress", "ship"}
    assert set(names) == expected
    assert result.facets is not None
    assert result.facets.distribution == {"kind": {"image": len(expected)}}


def test_the_model_gets_no_quotes_and_exclusions(tmp_path: Path) -> None:
    library = named(tmp_path, "fortress", "castle", "ship")
    plain = library.names(query="castle", querySemanticRatio=1)
    assert library.names(query='"castle" -dragon', querySemanticRatio=1) == plain


# Function words


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("a cute insect", []),
        ("a cute card", ["card of hearts", "the card"]),
        ("the card", ["card of hearts", "the card"]),
        ("bridge of gold", ["bridge A"]),
        ("w bridge", ["bridge A"]),
        ("a", ["a slide", "bridge A"]),  # the query has no other word
        ("the", ["the card"]),
        ("plan 7", ["slide 7"]),
        ('"a" insect', ["a slide", "bridge A"]),  # quoted, it is required
    ],
)
def test_function_words_alone_match_nothing_beside_other_words(
    query: str, names: list[str], tmp_path: Path
) -> None:
    library = named(tmp_path, "bridge A", "a slide", "slide 7", "card of hearts", "the card")
    assert sorted(library.names(query=query)) == names


def test_the_significant_words_of_a_long_text_are_used(tmp_path: Path) -> None:
    library = named(tmp_path, "bridge A", "slide")
    assert library.names(query="a " * TERMS_MOST + "slide") == ["slide"]
    assert library.names(query="a " * TERMS_MOST + "insect") == []
    assert library.names(query="a " * 2 * TERMS_MOST) == ["bridge A"]


def test_function_words_do_not_match_where_the_filter_removes_the_other_word(
    tmp_path: Path,
) -> None:
    library = named(tmp_path, "an insect", "a slide")
    assert library.names(query="a insect", filter='name != "an insect"') == []


def test_which_words_are_significant() -> None:
    candidates = ["castle", "7", "ox", "a", "the", "x", "я", "of"]
    assert [word for word in candidates if is_content_word(Word(word, False))] == [
        "castle",
        "7",
        "ox",
    ]
    assert is_content_word(Word("龍", True))


# Comparison with the definition

VOCABULARY = ["castle", "dragon", "ox", "of", "a"]
some_words = st.lists(st.sampled_from(VOCABULARY), min_size=1, max_size=3)
parts = st.lists(
    st.tuples(st.sampled_from(["loose", "phrase", "excluded"]), some_words), min_size=1, max_size=4
)


def _has_phrase(phrase: Sequence[str], text: Sequence[str]) -> bool:
    return any(list(text[at : at + len(phrase)]) == list(phrase) for at in range(len(text)))


def _orders(ranked: list[str], key: Callable[[str], object]) -> Iterator[list[str]]:
    """Yield all orders of `ranked` in which ties may be in any order."""
    equals = [list(same) for _, same in groupby(sorted(ranked, key=key), key)]  # type: ignore[arg-type]
    for each in product(*(permutations(same) for same in equals)):
        yield [word for same in each for word in same]


def _expected(
    texts: Sequence[Sequence[str]], query: list[tuple[str, list[str]]]
) -> set[frozenset[int]]:
    """Return the sets of hits that the rules allow: several where words are equally frequent."""
    excluded = [part for kind, part in query if kind == "excluded"]
    phrases = [part for kind, part in query if kind == "phrase"]
    loose = [word for kind, part in query if kind == "loose" for word in part]
    left = [n for n, text in enumerate(texts) if not any(_has_phrase(p, text) for p in excluded)]
    if not loose and not phrases:
        return {frozenset(left)}
    base = [n for n in left if all(_has_phrase(p, texts[n]) for p in phrases)]
    if phrases and not base:
        return {frozenset()}
    frequency = {word: sum(word in texts[n] for n in left) for word in loose}
    known = [word for word in dict.fromkeys(loose) if frequency[word]]
    function = {"of", "a"}
    if not phrases and (not known or (set(loose) - function and not set(known) - function)):
        return {frozenset()}
    allowed = set()
    for order in _orders(known, lambda word: (word in function, frequency[word])):
        for count in range(len(order), -1 if phrases else 0, -1):
            hits = [n for n in base if set(order[:count]) <= set(texts[n])]
            if len(hits) >= 20 or count == (0 if phrases else 1):
                allowed.add(frozenset(hits))
                break
    return allowed


def _query_text(query: list[tuple[str, list[str]]]) -> str:
    formats = {"loose": "{}", "phrase": '"{}"', "excluded": '-"{}"'}
    return " ".join(formats[kind].format(" ".join(part)) for kind, part in query)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(st.sampled_from(VOCABULARY), max_size=5), max_size=8), parts,
       st.sampled_from([1, 20]))  # fmt: skip
def test_the_hits_are_those_of_the_definition(
    tmp_path_factory: pytest.TempPathFactory,
    texts: list[list[str]],
    query: list[tuple[str, list[str]]],
    times: int,
) -> None:
    texts = texts * times
    library: Searcher = searcher(
        tmp_path_factory.mktemp("home"),
        *(
            replace(sample_documents.document(f"{n}x"), prompt=" ".join(text))
            for n, text in enumerate(texts)
        ),
    )
    total = library.ranked(query=_query_text(query))[0].total
    hits: set[int] = set()
    for start in range(0, total, 100):
        names = library.names(query=_query_text(query), offset=start, limit=100)
        hits |= {int(name[:-1]) for name in names}
    library.index.close()
    assert frozenset(hits) in _expected(texts, query)
