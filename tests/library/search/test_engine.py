"""The hits of a search and their order, compared with what a user expects."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from library.errors import BadRequest, NotFound
from library.query.query_text import parse_text
from library.reader.index_reader import IndexReader
from library.reader.vectors import EXACT_MOST
from library.schema.documents import Embeddings
from library.search import alternatives, keywords
from library.store.index import Index
from tests.support import sample_documents
from tests.support.library_search import Searcher, named, searcher

pytestmark = pytest.mark.usefixtures("every_store")


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("castle", ["castle"]),
        ("CASTLE", ["castle"]),
        ("cast", ["castle"]),
        ("catle", ["castle"]),  # a letter left out
        ("casttle", ["castle"]),  # a letter too many
        ("caztle", ["castle"]),  # a wrong letter
        ("acstle", ["castle"]),  # the first two swapped
        ("caslte", ["castle"]),  # swapped neighbours are one error
        ("astle", ["castle"]),
        ("cstl", []),  # no errors are tolerated in four letters
        ("catlee", []),  # two errors in six letters
        ("illustartoin", ["illustration"]),  # two errors in twelve
        ("illustrtn", []),
        ("sandpit", ["sand pit", "sandpit"]),
        ("sand pit", ["sand pit", "sandpit"]),
        ("café", ["cafe"]),
        ("城堡", ["古い城堡の絵"]),
        ("堡", ["古い城堡の絵"]),
        ("堡城", []),
        ("замок", ["Замок"]),
        ("10", ["clubs 10", "cardClubs10"]),
        ("clubs", ["clubs 10", "cardClubs10"]),
        ("1", []),
        ("nothing like it", []),
        ("!?", []),
    ],
)
def test_typing_errors_are_tolerated_as_in_the_api(
    tmp_path: Path, query: str, names: list[str]
) -> None:
    library = named(
        tmp_path,
        "keep",
        "illustration",
        "sand pit",
        "sandpit",
        "castle",
        "cafe",
        "古い城堡の絵",
        "Замок",
        "clubs 10",
        "cardClubs10",
    )
    assert sorted(library.names(query=query)) == sorted(names)


def test_the_word_itself_ranks_above_completions_and_typing_errors(tmp_path: Path) -> None:
    library = named(tmp_path, "dragonfly", "dragin", "dragon")
    assert library.names(query="dragon") == ["dragon", "dragonfly", "dragin"]


def test_a_word_scores_more_in_the_name_than_in_tags_or_prompt(
    tmp_path: Path,
) -> None:
    library = searcher(
        tmp_path,
        sample_documents.document("in description", description="an ox"),
        sample_documents.document("in prompt", prompt="an ox"),
        sample_documents.document("in tags", tags=("an ox",)),
        sample_documents.document("an ox indeed"),
    )
    expected = ["an ox indeed", "in tags", "in prompt", "in description"]
    assert library.names(query="ox") == expected


def test_a_seed_is_a_word(tmp_path: Path) -> None:
    library = searcher(
        tmp_path, sample_documents.document("a", seed="123456"), sample_documents.document("b")
    )
    assert library.names(query="123456") == ["a"]


def test_guesses_of_the_classifier_are_searched(tmp_path: Path) -> None:
    library = searcher(
        tmp_path,
        sample_documents.document("IMG_1", guesses=("Egyptian cat",)),
        sample_documents.document("cat"),
    )
    assert library.names(query="cat") == ["cat", "IMG_1"]


@pytest.mark.parametrize(
    "values",
    [
        {"modelId": "heron_v2"},
        {"baseModelId": "heron"},
        {"loras": ("Heron", "other")},
        {"unread": "a note\nabout the heron"},
    ],
)
def test_models_loras_and_unread_texts_are_searched(tmp_path: Path, values: dict[str, Any]) -> None:
    """After the assets that have the word in a field that is shown."""
    library = searcher(
        tmp_path,
        sample_documents.document("a", **values),
        sample_documents.document("heron"),
        sample_documents.document("b"),
    )
    assert library.names(query="heron") == ["heron", "a"]


def test_assets_are_found_and_filtered_by_author_and_licence(tmp_path: Path) -> None:
    library = searcher(
        tmp_path,
        sample_documents.document("a", author="Ada Møller", license="CC BY 4.0"),
        sample_documents.document("b", license="CC0 1.0"),
        sample_documents.document("c"),
    )
    assert library.names(query="Møller") == ["a"]
    assert library.names(filter='author = "ada møller"') == ["a"]
    assert library.names(filter='license IN ["cc by 4.0", "cc0 1.0"]') == ["b", "a"]
    assert library.names(filter="license NOT EXISTS") == ["c"]


def test_assets_are_filtered_by_their_loras(tmp_path: Path) -> None:
    library = searcher(
        tmp_path,
        sample_documents.document("a", loras=("Ink wash", "maps")),
        sample_documents.document("b", loras=("ink",)),
        sample_documents.document("c"),
    )
    assert library.names(filter='loras = "ink wash"') == ["a"]
    assert library.names(filter="loras IS EMPTY") == ["c"]


def test_negative_prompts_are_not_searched(tmp_path: Path) -> None:
    library = searcher(tmp_path, sample_documents.document("a", negativePrompt="blurry"))
    assert library.names(query="blurry") == []


def test_no_word_is_dropped_where_enough_assets_have_all_words(tmp_path: Path) -> None:
    both = [f"red dragon {n}" for n in range(20)]
    library = named(tmp_path, *both, "red ox", "green dragon")
    assert sorted(library.names(query="red dragon", limit=100)) == sorted(both)


def test_the_most_frequent_word_is_dropped_first(tmp_path: Path) -> None:
    library = named(tmp_path, "red wyvern", "green wyvern", "red ox", "red ant", "red eel")
    assert library.names(query="red wyvern") == ["red wyvern", "green wyvern"]


def test_a_guessed_word_is_dropped_before_a_word_as_typed(tmp_path: Path) -> None:
    """`ground` matches `round` only as a typing error, so `snow` is kept; `catle` is `castle`."""
    library = named(tmp_path, "snow mid", "snow left", "snow pile", "star round", "red castle")
    assert sorted(library.names(query="snow ground")) == ["snow left", "snow mid", "snow pile"]
    assert library.names(query="snow catle")[0] == "red castle"
    assert library.names(query="ground") == ["star round"]


@pytest.mark.parametrize(
    ("query", "certainty"),
    [
        ("red castle", 1),
        ("castle", 1),
        ("cast", alternatives.COMPLETED),
        ("red catle", (1 + alternatives.MISTYPED) / 2),
        ("astle", keywords.GUESSED),
        ("red unicorn", 1 / 2),
        ("the castle", 1),
        ("of", 1),
        ('"red castle" unicorn', 1 / 2),
        ("unicorn", 1),  # no match at all
    ],
)
def test_matches_have_a_certainty(tmp_path: Path, query: str, certainty: float) -> None:
    library = named(tmp_path, "red castle", "house of a king")
    with library.index.reading() as connection:
        snapshot = IndexReader(library.index).at(connection)
        matches = keywords.search(connection, snapshot, parse_text(query), snapshot.alive)
    assert matches.certainty == pytest.approx(certainty)


def test_beside_meaning_a_guess_scores_less_than_the_word(tmp_path: Path) -> None:
    library = named(tmp_path, "castle", "ox", "ship")
    for query, words in (("castle", 1.0), ("astle", keywords.GUESSED)):
        mixed, by_meaning = (
            dict(zip(names, result.scores, strict=True))
            for result, names in (
                library.ranked(query=query, querySemanticRatio=ratio) for ratio in (0.5, 1)
            )
        )
        assert mixed["castle"] == pytest.approx(by_meaning["castle"] / 2 + words / 2, abs=1e-3)


def test_a_word_that_no_asset_has_is_ignored(tmp_path: Path) -> None:
    assert named(tmp_path, "red ox").names(query="red xyzzyplugh") == ["red ox"]


def test_assets_written_later_are_found_too(tmp_path: Path) -> None:
    library = named(tmp_path, "red castle")
    assert library.names(query="castle") == ["red castle"]
    for name in ("blue castle", "castles"):
        document = sample_documents.document(name)
        library.index.write([(document, sample_documents.embeddings(document, None))])
        assert name in library.names(query="castle")
    library.index.remove([sample_documents.asset_id("red castle")])
    assert sorted(library.names(query="castle")) == ["blue castle", "castles"]


@settings(max_examples=30)
@given(
    st.lists(
        st.lists(st.sampled_from(["castle", "dragon", "ox", "ship", "tree"]), max_size=4),
        min_size=1,
        max_size=12,
    ),
    st.lists(st.sampled_from(["castle", "dragon", "ox", "ship", "tree"]), min_size=1, max_size=3),
)
def test_the_hits_are_those_of_a_naive_scan(
    tmp_path_factory: pytest.TempPathFactory, texts: list[list[str]], query: list[str]
) -> None:
    home = tmp_path_factory.mktemp("home")
    library = searcher(
        home,
        *(
            replace(sample_documents.document(f"{n}x", prompt=" ".join(words)), name=f"{n}x")
            for n, words in enumerate(texts)
        ),
    )
    hits = library.names(query=" ".join(query), limit=100)
    library.index.close()
    known = [word for word in dict.fromkeys(query) if any(word in words for words in texts)]
    known.sort(key=lambda word: sum(word in words for words in texts))
    required = known[:]
    having: list[str] = []
    while required:
        having = [f"{n}x" for n, words in enumerate(texts) if set(required) <= set(words)]
        if len(having) >= 20 or len(required) == 1:
            break
        required.pop()
    # Equally frequent words may be dropped in either order: the count of the last is the same.
    most = sum(known[0] in words for words in texts) if known else 0
    assert len(hits) == (len(having) if required and len(required) > 1 else most)


# Meaning


@pytest.fixture
def topics(tmp_path: Path) -> Iterator[Searcher]:
    """Castles, fortresses, ships and forests, by name and meaning."""
    names = [f"{topic} {n}" for topic in ("castle", "fortress", "ship", "forest") for n in range(5)]
    library = named(tmp_path, *names)
    yield library
    library.index.close()


def test_meaning_finds_assets_without_the_words(topics: Searcher) -> None:
    by_words = topics.names(query="castle", limit=20)
    by_meaning = topics.names(query="castle", querySemanticRatio=1, limit=10)
    assert {name.split()[0] for name in by_words} == {"castle"}
    assert {name.split()[0] for name in by_meaning} == {"castle", "fortress"}


def test_a_mix_ranks_words_above_meaning(topics: Searcher) -> None:
    names = topics.names(query="castle", querySemanticRatio=0.5, limit=10)
    assert [name.split()[0] for name in names] == ["castle"] * 5 + ["fortress"] * 5


def test_the_mix_is_monotone_and_equals_either_search_at_its_ends(topics: Searcher) -> None:
    scores: dict[str, list[float]] = {}
    ratios = (0, 0.001, 0.25, 0.5, 0.75, 0.999, 1)
    for ratio in ratios:
        result, names = topics.ranked(query="castle", querySemanticRatio=ratio, limit=100)
        for name, score in zip(names, result.scores, strict=True):
            scores.setdefault(name, []).append(score)
    for name, along in scores.items():
        steps = np.diff(along if len(along) == len(ratios) else [0, *along])
        assert (steps >= -1e-6).all() or (steps <= 1e-6).all(), name
    keyword = topics.names(query="castle", limit=5)
    nearly = topics.names(query="castle", querySemanticRatio=0.001, limit=5)
    assert sorted(nearly) == sorted(keyword)
    meaning = topics.names(query="castle", querySemanticRatio=1, limit=100)
    almost = topics.names(query="castle", querySemanticRatio=0.999, limit=100)
    assert {name.split()[0] for name in almost[:10]} == {name.split()[0] for name in meaning[:10]}


def test_sorting_is_ignored_with_meaning_or_references(tmp_path: Path) -> None:
    """In both directions; it is not ignored for exact words alone."""
    items = [
        (sample_documents.document(f"castle {n}", width=100 - n), pixel)
        for n, pixel in enumerate(sample_documents.shades("red", 8))
    ]
    library = Searcher(sample_documents.library(tmp_path, items))
    first = sample_documents.asset_id("castle 0")
    for body in (
        {"query": "castle", "querySemanticRatio": 0.5},
        {"image": first},
        {"images": {"unlike": [first]}},
        {"query": "castle", "image": first},
    ):
        orders = [
            library.names(**body, sortBy=[f"width:{direction}"]) for direction in ("asc", "desc")
        ]
        assert orders == [library.names(**body)] * 2
    names = [document.name for document, _ in items]
    assert library.names(query="castle", sortBy=["width:desc"]) == names
    assert library.names(query="castle", sortBy=["width:asc"]) == names[::-1]


def test_public_assets_alone_are_found_where_requested(tmp_path: Path) -> None:
    """And counted in facets, also in those with a filter of their own."""
    library = searcher(
        tmp_path,
        sample_documents.document("castle a", privacy="public"),
        sample_documents.document("castle b", kind="video", privacy="public"),
        sample_documents.document("castle c"),
        sample_documents.document("castle d", privacy="unlisted"),
    )
    for body in ({"query": "castle"}, {"filter": "width > 0"}):
        assert len(library.names(**body)) == 4
        assert sorted(library.names(**body, public=True)) == ["castle a", "castle b"]
    facets = {"facets": ["kind"], "facetFilters": {"kind": ""}}
    result, names = library.ranked(query="castle", filter="kind = image", public=True, **facets)
    assert (names, result.total) == (["castle a"], 1)
    assert result.facets is not None
    assert result.facets.distribution == {"kind": {"image": 1, "video": 1}}


# Similarity


@pytest.fixture
def colours(tmp_path: Path) -> Iterator[Searcher]:
    """Ten shades of each of four colours, and a sound."""
    items = [
        (sample_documents.document(f"{colour} {n}"), pixel)
        for colour in sample_documents.COLOURS
        for n, pixel in enumerate(sample_documents.shades(colour, 10))
    ]
    sound = sample_documents.document("sound", kind="audio", width=None, height=None)
    library = Searcher(sample_documents.library(tmp_path, [*items, (sound, None)]))
    yield library
    library.index.close()


def mean_rank(names: list[str], start: str) -> float:
    """The mean rank of the assets whose names begin with `start`."""
    return float(np.mean([n for n, name in enumerate(names) if name.startswith(start)]))


@pytest.mark.parametrize("ratio", [0, 0.5, 1])
def test_a_reference_finds_similar_assets_and_not_itself(colours: Searcher, ratio: float) -> None:
    names = colours.names(
        image=sample_documents.asset_id("red 0"), imageSemanticRatio=ratio, limit=50
    )
    assert names[:3] == ["red 1", "red 2", "red 3"]
    assert len(names) == 39


def test_a_further_like_ranks_similar_assets_higher(colours: Searcher) -> None:
    red, blue = sample_documents.asset_id("red 0"), sample_documents.asset_id("blue 0")
    alone = colours.names(images={"like": [red]}, limit=50)
    both = colours.names(images={"like": [red, blue]}, limit=50)
    assert mean_rank(both, "blue") < mean_rank(alone, "blue")
    assert not {"red 0", "blue 0"} & set(both)


def test_an_unlike_ranks_similar_assets_lower(colours: Searcher) -> None:
    red, green = sample_documents.asset_id("red 0"), sample_documents.asset_id("green 0")
    alone = colours.names(images={"like": [red]}, limit=50)
    less = colours.names(images={"like": [red], "unlike": [green]}, limit=50)
    assert mean_rank(less, "green") > mean_rank(alone, "green")
    assert {name.split()[0] for name in less[:5]} == {"red"}


def test_an_unlike_alone_ranks_similar_assets_last(colours: Searcher) -> None:
    names = colours.names(images={"unlike": [sample_documents.asset_id("red 0")]}, limit=50)
    assert mean_rank(names, "red") > 25


def test_a_sound_is_compared_by_its_words(colours: Searcher) -> None:
    result, names = colours.ranked(image=sample_documents.asset_id("sound"))
    assert result.total == 40
    assert "sound" not in names


def test_an_asset_without_vectors_as_a_reference_is_an_error(tmp_path: Path) -> None:
    index = Index.open(tmp_path, create=True)
    index.write([(sample_documents.document("bare"), Embeddings())])
    with pytest.raises(BadRequest, match="neither an image nor words"):
        Searcher(index).names(image=sample_documents.asset_id("bare"))
    index.close()


def test_a_removed_reference_is_unknown(colours: Searcher) -> None:
    colours.index.remove([sample_documents.asset_id("red 0")])
    with pytest.raises(NotFound):
        colours.names(image=sample_documents.asset_id("red 0"))


def test_words_and_a_reference_are_combined(colours: Searcher) -> None:
    names = colours.names(query="blue", image=sample_documents.asset_id("red 0"), limit=50)
    assert sorted(names) == sorted(f"blue {n}" for n in range(10))


@pytest.mark.parametrize("colour", ["blue", "green"])
def test_of_assets_with_the_words_the_most_similar_ranks_first(
    colours: Searcher, colour: str
) -> None:
    names = colours.names(query=colour, image=sample_documents.asset_id(f"{colour} 0"), limit=4)
    assert names == [f"{colour} {n}" for n in (1, 2, 3, 4)]


def test_subject_and_look_count_in_the_given_proportion(tmp_path: Path) -> None:
    index = Index.open(tmp_path, create=True)
    near, far = np.zeros((2, 16), np.float32)
    near[0], far[:2] = 1, (0.6, 0.8)
    seen = {"reference": (near, near), "same subject": (near, far), "same look": (far, near)}
    text = sample_documents.topic_vector("")
    index.write(
        (sample_documents.document(name), Embeddings(text=text, subject=subject, look=look))
        for name, (subject, look) in seen.items()
    )
    library = Searcher(index)
    first = [
        library.names(image=sample_documents.asset_id("reference"), imageSemanticRatio=ratio)[0]
        for ratio in (0, 0.1, 0.9, 1)
    ]
    assert first == ["same look", "same look", "same subject", "same subject"]


def test_a_filter_is_applied_before_ranking(colours: Searcher) -> None:
    names = colours.names(
        image=sample_documents.asset_id("red 0"), filter="name STARTS WITH blue", limit=50
    )
    assert len(names) == 10


# Pages, sorts, facets


@pytest.mark.parametrize(
    "body",
    [
        {"filter": "width >= 0"},
        {"filter": "width >= 0", "sortBy": ["width:asc"]},
        {"filter": "width >= 0", "sortBy": ["height:desc", "width:asc", "createdAt:desc"]},
        {"filter": "width >= 0", "sortBy": ["name:desc"]},
        {"filter": "width >= 0", "sortBy": ["size:asc", "random:7"]},
        {"query": "tile"},
        {"query": "tile", "sortBy": ["width:desc"]},
        {"query": "tile", "sortBy": ["random:1"]},
        {"query": "tile", "querySemanticRatio": 0.5},
        {"image": sample_documents.asset_id("tile 0")},
    ],
)
def test_pages_neither_repeat_nor_skip_assets(tmp_path: Path, body: dict[str, Any]) -> None:
    items = [
        (sample_documents.document(f"tile {n}", width=n % 3, height=n % 2), (200, 10, 10))
        for n in range(53)
    ]
    library = Searcher(sample_documents.library(tmp_path, items))
    whole = library.names(**body, limit=100)
    paged = [
        name for start in range(0, 60, 7) for name in library.names(**body, offset=start, limit=7)
    ]
    library.index.close()
    assert paged == whole
    assert len(set(whole)) == (52 if "image" in body else 53)


def test_names_are_sorted_as_people_read_them(tmp_path: Path) -> None:
    """Numbers by value, case and accents aside; those without a name last; equal ones by date."""
    document = sample_documents.document
    newest = "2025-02-01T00:00:00.000Z"
    library = searcher(
        tmp_path,
        *(document(name) for name in ("walk_10", "Walk_2", "Élan", "zebra", "eland")),
        replace(document("same a"), name="same"),
        replace(document("same b"), name="same", createdAt=newest, width=7),
        replace(document("none"), name=""),
    )
    order = ["Élan", "eland", "same", "same", "Walk_2", "walk_10", "zebra"]
    assert library.names(filter="width > 0", sortBy=["name:asc"]) == [*order, ""]
    assert library.names(filter="width > 0", sortBy=["name:desc"]) == [*order[::-1], ""]
    found, _ = library.ranked(filter="name = same", sortBy=["name:asc"])
    with library.index.reading() as connection:
        first = library.index.values(connection, found.numbers[:1]).popitem()[1]
    assert first["width"] == 7
    library.index.write([(document("Ant"), sample_documents.embeddings(document("Ant"), None))])
    assert library.names(filter="width > 0", sortBy=["name:asc"], limit=1) == ["Ant"]


def test_a_random_order_is_that_of_its_number(tmp_path: Path) -> None:
    library = named(tmp_path, *(f"tile {n}" for n in range(40)))
    once, again, other = (
        library.names(query="tile", sortBy=[order], limit=100)
        for order in ("random:3", "random:3", "random:4")
    )
    assert once == again
    assert once != other
    assert sorted(once) == sorted(other)


def test_sorting_uses_all_keys_and_puts_assets_without_the_field_last(tmp_path: Path) -> None:
    library = searcher(
        tmp_path,
        *(
            sample_documents.document(name, width=width, height=height)
            for name, width, height in (("a", 1, 2), ("b", 2, 2), ("c", 1, 1), ("d", None, 3))
        ),
    )
    everything = {"filter": "createdAt EXISTS"}
    assert library.names(**everything, sortBy=["width:asc", "height:asc"]) == ["c", "a", "b", "d"]
    assert library.names(**everything, sortBy=["width:desc", "height:desc"]) == ["b", "a", "c", "d"]


def test_the_newest_are_first_without_any_other_order(tmp_path: Path) -> None:
    library = searcher(
        tmp_path,
        *(
            sample_documents.document(f"{day}", createdAt=f"2025-01-{day:02d}T00:00:00.000Z")
            for day in (3, 1, 2)
        ),
    )
    assert library.names(filter="createdAt > 2000") == ["3", "2", "1"]


def test_facets_count_all_hits_and_not_the_page(tmp_path: Path) -> None:
    library = searcher(
        tmp_path,
        *(
            sample_documents.document(
                f"tile {n}",
                kind="image" if n < 5 else "Video",
                tags=("Big",) if n % 2 else ("big", "Red"),
                width=10 * (n % 3),
                size=n,
            )
            for n in range(7)
        ),
    )
    result, _ = library.ranked(
        query="tile", limit=2, facets=["kind", "tags", "width", "size", "guidance"]
    )
    assert result.facets is not None
    assert result.facets.distribution == {
        "kind": {"image": 5, "Video": 2},
        "tags": {"big": 7, "Red": 4},
        "width": {"0": 3, "10": 2, "20": 2},
        "size": {},
        "guidance": {},
    }
    assert result.facets.stats == {"width": {"min": 0, "max": 20}, "size": {"min": 0, "max": 6}}


def test_scores_fall_from_one(topics: Searcher) -> None:
    result, _ = topics.ranked(query="castle", querySemanticRatio=0.5, limit=20)
    assert result.scores == sorted(result.scores, reverse=True)
    assert result.scores[0] == pytest.approx(1)


def test_the_best_score_of_exact_words_is_one_for_any_notation(tmp_path: Path) -> None:
    library = named(tmp_path, "castle", "ox")
    for query in ("castle", "cast", "astle", "castle unicorn"):
        assert library.ranked(query=query)[0].scores == pytest.approx([1.0])


# A large library


def test_a_large_library_is_ranked_as_by_an_exact_scan(tmp_path: Path) -> None:
    random = np.random.default_rng(11)
    count, width = EXACT_MOST + 1_000, 192
    centres = random.normal(size=(100, width))
    vectors = centres[random.integers(0, 100, count)] + 0.3 * random.normal(size=(count, width))
    vectors = vectors.astype(np.float16).astype(np.float32)
    index = Index.open(tmp_path, create=True)
    index.write(
        (
            replace(sample_documents.document(f"{n}"), id=f"asset_{n}"),
            Embeddings(subject=vectors[n]),
        )
        for n in range(count)
    )
    library = Searcher(index)
    centred = vectors - vectors.mean(axis=0)
    centred /= np.linalg.norm(centred, axis=1, keepdims=True)
    recalled = 0
    for row in range(0, count, 1_000):
        exact = [n for n in np.argsort(-(centred @ centred[row])) if n != row][:20]
        names = library.names(image=f"asset_{row}")
        recalled += len({str(n) for n in exact} & set(names))
    pages = [
        name
        for start in range(0, 300, 50)
        for name in library.names(image="asset_5", offset=start, limit=50)
    ]
    index.close()
    assert recalled >= 0.98 * 20 * len(range(0, count, 1_000))
    assert len(set(pages)) == 300


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("ทะเล", ["แมวน้ำในทะเล"]),
        ("น้ำ", ["แมวน้ำในทะเล"]),
        ("เลท", []),
        ("हिन्दी", ["हिन्दी कविता"]),
        ("कवि", ["हिन्दी कविता"]),
        ("हन्द", []),  # other vowels are another word
        ("မာစာ", ["မြန်မာစာ"]),
        ("ខ្មែរ", ["ភាសាខ្មែរ"]),
        ("தமிழ்", ["தமிழ் நூல்"]),
        ("🚀", ["👩\u200d🚀 lift off"]),
        ("🇫🇷", ["🇫🇷 flag"]),
        ("cafe\u0301", ["Café"]),
        ("می\u200cخواهم", ["میخواهم"]),
        ("한국", ["한국어"]),
    ],
)
def test_words_of_every_script_are_found(tmp_path: Path, query: str, names: list[str]) -> None:
    library = named(
        tmp_path, "แมวน้ำในทะเล", "हिन्दी कविता", "မြန်မာစာ", "ភាសាខ្មែរ", "தமிழ் நூல்",
        "👩\u200d🚀 lift off", "🇫🇷 flag", "Café", "میخواهم", "한국어",
    )  # fmt: skip
    assert library.names(query=query) == names


def test_vowel_signs_are_no_letters_that_may_be_mistyped(tmp_path: Path) -> None:
    library = named(tmp_path, "दिल", "दुकान")
    assert library.names(query="दिली") == []  # two letters
    assert library.names(query="दल") == []


def test_authors_and_places_are_found(tmp_path: Path) -> None:
    written = {"author": "Ottoline", "damaged": "truncated", "rating": 4, "headline": "Sturm Käfer"}
    library = searcher(tmp_path, sample_documents.document("heron", metadata=written))
    assert library.names(query="ottoline") == ["heron"]
    assert library.names(query="kafer") == ["heron"]
    assert library.names(query="truncated") == []


def test_recognised_text_counts_less_than_stated_text(tmp_path: Path) -> None:
    stated = sample_documents.document("stated", text="Closed on Mondays")
    recognised = sample_documents.document("recognised")
    recognised = replace(recognised, source=replace(recognised.source, sha256="of-its-own"))
    engine = searcher(tmp_path, recognised, stated)
    assert engine.names(query="mondays", querySemanticRatio=0) == ["stated"]
    engine.index.set_parts({"text": "1"})
    engine.index.add_findings("text", "1", {"of-its-own": {"text": "Closed on Mondays"}})
    assert engine.names(query="mondays", querySemanticRatio=0) == ["stated", "recognised"]
    assert set(engine.names(filter='text = "closed on mondays"')) == {"stated", "recognised"}
