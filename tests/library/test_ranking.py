"""What a search finds and in which order, held against what its reader would expect."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from library import keywords
from library.documents import Embeddings
from library.errors import BadRequest, NotFound
from library.index import Index
from library.query import read
from library.ranking import Engine, Ranked
from library.shelves import Shelves
from library.space import EXACT_MOST
from library.wording import wording
from tests.library import engine_samples as samples


class Searcher:
    """A library and its engine, asked with the API's words."""

    def __init__(self, index: Index) -> None:
        self.index = index
        self.engine = Engine(Shelves(index), samples.Tastes())

    def ranked(self, **body: Any) -> tuple[Ranked, list[str]]:
        query = read(json.dumps(body).encode(), {})
        with self.index.reading() as connection:
            found = self.engine.search(connection, query)
            values = self.index.values(connection, found.numbers)
        return found, [entry["name"] for entry in values.values()]

    def names(self, **body: Any) -> list[str]:
        return self.ranked(**body)[1]


def searcher(home: Path, *documents: samples.Document) -> Searcher:
    return Searcher(samples.library(home, [(document, None) for document in documents]))


def named(home: Path, *names: str) -> Searcher:
    return searcher(home, *(samples.document(name) for name in names))


# Keywords


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("castle", ["castle"]),
        ("CASTLE", ["castle"]),
        ("cast", ["castle"]),
        ("catle", ["castle"]),  # one letter left out
        ("casttle", ["castle"]),  # one too many
        ("caztle", ["castle"]),  # a wrong one
        ("acstle", ["castle"]),  # the first two swapped
        ("caslte", ["castle"]),  # swapped neighbours are one error
        ("astle", ["castle"]),
        ("cstl", []),  # four letters are not forgiven
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
def test_words_are_forgiven_as_the_api_promises(
    tmp_path: Path, query: str, names: list[str]
) -> None:
    asked = named(
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
    assert sorted(asked.names(query=query)) == sorted(names)


def test_the_word_itself_goes_before_its_completions_and_typos(tmp_path: Path) -> None:
    asked = named(tmp_path, "dragonfly", "dragin", "dragon")
    assert asked.names(query="dragon") == ["dragon", "dragonfly", "dragin"]


def test_a_word_in_the_name_counts_more_than_in_the_tags_and_in_the_prompt(
    tmp_path: Path,
) -> None:
    asked = searcher(
        tmp_path,
        samples.document("in description", description="an ox"),
        samples.document("in prompt", prompt="an ox"),
        samples.document("in tags", tags=("an ox",)),
        samples.document("an ox indeed"),
    )
    expected = ["an ox indeed", "in tags", "in prompt", "in description"]
    assert asked.names(query="ox") == expected


def test_a_seed_is_a_word(tmp_path: Path) -> None:
    asked = searcher(tmp_path, samples.document("a", seed="123456"), samples.document("b"))
    assert asked.names(query="123456") == ["a"]


def test_what_a_classifier_saw_is_found(tmp_path: Path) -> None:
    asked = searcher(
        tmp_path, samples.document("IMG_1", guesses=("Egyptian cat",)), samples.document("cat")
    )
    assert asked.names(query="cat") == ["cat", "IMG_1"]


def test_words_that_are_not_wanted_are_not_searched(tmp_path: Path) -> None:
    asked = searcher(tmp_path, samples.document("a", negativePrompt="blurry"))
    assert asked.names(query="blurry") == []


def test_with_enough_assets_that_have_all_words_no_word_is_dropped(tmp_path: Path) -> None:
    both = [f"red dragon {n}" for n in range(20)]
    asked = named(tmp_path, *both, "red ox", "green dragon")
    assert sorted(asked.names(query="red dragon", limit=100)) == sorted(both)


def test_with_too_few_the_least_telling_word_is_dropped_first(tmp_path: Path) -> None:
    asked = named(tmp_path, "red wyvern", "green wyvern", "red ox", "red ant", "red eel")
    assert asked.names(query="red wyvern") == ["red wyvern", "green wyvern"]


def test_a_word_as_it_was_typed_is_kept_before_a_guess(tmp_path: Path) -> None:
    """`ground` may be `round` mistyped, but hardly where there is snow; `catle` is `castle`."""
    asked = named(tmp_path, "snow mid", "snow left", "snow pile", "star round", "red castle")
    assert sorted(asked.names(query="snow ground")) == ["snow left", "snow mid", "snow pile"]
    assert asked.names(query="snow catle")[0] == "red castle"
    assert asked.names(query="ground") == ["star round"]


@pytest.mark.parametrize(
    ("query", "sure"),
    [
        ("red castle", 1),
        ("castle", 1),
        ("cast", keywords.COMPLETED),
        ("red catle", (1 + keywords.MISTYPED) / 2),
        ("astle", keywords.GUESSED),
        ("red unicorn", 1 / 2),
        ("the castle", 1),
        ("of", 1),
        ('"red castle" unicorn', 1 / 2),
        ("unicorn", 1),  # of nothing
    ],
)
def test_how_sure_words_are_is_told(tmp_path: Path, query: str, sure: float) -> None:
    asked = named(tmp_path, "red castle", "house of a king")
    with asked.index.reading() as connection:
        shelf = Shelves(asked.index).at(connection)
        found = keywords.search(connection, shelf, wording(query), shelf.alive)
    assert found.sure == pytest.approx(sure)


def test_beside_meaning_a_guess_counts_for_less_than_the_word(tmp_path: Path) -> None:
    asked = named(tmp_path, "castle", "ox", "ship")
    for query, words in (("castle", 1.0), ("astle", keywords.GUESSED)):
        told, by_meaning = (
            dict(zip(names, found.scores, strict=True))
            for found, names in (
                asked.ranked(query=query, querySemanticRatio=ratio) for ratio in (0.5, 1)
            )
        )
        assert told["castle"] == pytest.approx(by_meaning["castle"] / 2 + words / 2, abs=1e-3)


def test_a_word_that_no_asset_has_does_not_empty_the_result(tmp_path: Path) -> None:
    assert named(tmp_path, "red ox").names(query="red xyzzyplugh") == ["red ox"]


def test_assets_written_later_are_found_beside_the_first(tmp_path: Path) -> None:
    asked = named(tmp_path, "red castle")
    assert asked.names(query="castle") == ["red castle"]
    for name in ("blue castle", "castles"):
        found = samples.document(name)
        asked.index.write([(found, samples.embeddings(found, None))])
        assert name in asked.names(query="castle")
    asked.index.remove([samples.asset_id("red castle")])
    assert sorted(asked.names(query="castle")) == ["blue castle", "castles"]


@settings(max_examples=30, deadline=None)
@given(
    st.lists(
        st.lists(st.sampled_from(["castle", "dragon", "ox", "ship", "tree"]), max_size=4),
        min_size=1,
        max_size=12,
    ),
    st.lists(st.sampled_from(["castle", "dragon", "ox", "ship", "tree"]), min_size=1, max_size=3),
)
def test_the_hits_are_those_of_a_naive_scan(
    tmp_path_factory: pytest.TempPathFactory, texts: list[list[str]], asked: list[str]
) -> None:
    home = tmp_path_factory.mktemp("home")
    found = searcher(
        home,
        *(
            replace(samples.document(f"{n}x", prompt=" ".join(words)), name=f"{n}x")
            for n, words in enumerate(texts)
        ),
    )
    hits = found.names(query=" ".join(asked), limit=100)
    found.index.close()
    known = [word for word in dict.fromkeys(asked) if any(word in words for words in texts)]
    known.sort(key=lambda word: sum(word in words for words in texts))
    wanted = known[:]
    having: list[str] = []
    while wanted:
        having = [f"{n}x" for n, words in enumerate(texts) if set(wanted) <= set(words)]
        if len(having) >= 20 or len(wanted) == 1:
            break
        wanted.pop()
    # Equally telling words may be dropped in either order: the count of the last is the same.
    most = sum(known[0] in words for words in texts) if known else 0
    assert len(hits) == (len(having) if wanted and len(wanted) > 1 else most)


# Meaning


@pytest.fixture
def topics(tmp_path: Path) -> Iterator[Searcher]:
    """Castles, fortresses, ships and forests, by name and meaning."""
    names = [f"{topic} {n}" for topic in ("castle", "fortress", "ship", "forest") for n in range(5)]
    found = named(tmp_path, *names)
    yield found
    found.index.close()


def test_meaning_finds_what_the_words_do_not(topics: Searcher) -> None:
    by_words = topics.names(query="castle", limit=20)
    by_meaning = topics.names(query="castle", querySemanticRatio=1, limit=10)
    assert {name.split()[0] for name in by_words} == {"castle"}
    assert {name.split()[0] for name in by_meaning} == {"castle", "fortress"}


def test_a_mix_has_the_words_first_and_the_meaning_behind_them(topics: Searcher) -> None:
    found = topics.names(query="castle", querySemanticRatio=0.5, limit=10)
    assert [name.split()[0] for name in found] == ["castle"] * 5 + ["fortress"] * 5


def test_the_mix_is_monotone_and_meets_either_search_at_its_end(topics: Searcher) -> None:
    scores: dict[str, list[float]] = {}
    ratios = (0, 0.001, 0.25, 0.5, 0.75, 0.999, 1)
    for ratio in ratios:
        found, names = topics.ranked(query="castle", querySemanticRatio=ratio, limit=100)
        for name, score in zip(names, found.scores, strict=True):
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


def test_sorting_is_ignored_while_meaning_or_likeness_counts(tmp_path: Path) -> None:
    """Either way round; by exact words alone it is not."""
    items = [
        (samples.document(f"castle {n}", width=100 - n), pixel)
        for n, pixel in enumerate(samples.shades("red", 8))
    ]
    asked = Searcher(samples.library(tmp_path, items))
    first = samples.asset_id("castle 0")
    for body in (
        {"query": "castle", "querySemanticRatio": 0.5},
        {"image": first},
        {"images": {"unlike": [first]}},
        {"query": "castle", "image": first},
    ):
        found = [asked.names(**body, sortBy=[f"width:{way}"]) for way in ("asc", "desc")]
        assert found == [asked.names(**body)] * 2
    names = [document.name for document, _ in items]
    assert asked.names(query="castle", sortBy=["width:desc"]) == names
    assert asked.names(query="castle", sortBy=["width:asc"]) == names[::-1]


def test_the_public_ones_alone_are_found_where_they_alone_are_wanted(tmp_path: Path) -> None:
    """And counted, also where a facet is counted under another filter."""
    asked = searcher(
        tmp_path,
        samples.document("castle a", privacy="public"),
        samples.document("castle b", kind="video", privacy="public"),
        samples.document("castle c"),
        samples.document("castle d", privacy="unlisted"),
    )
    for body in ({"query": "castle"}, {"filter": "width > 0"}):
        assert len(asked.names(**body)) == 4
        assert sorted(asked.names(**body, public=True)) == ["castle a", "castle b"]
    facets = {"facets": ["kind"], "facetFilters": {"kind": ""}}
    found, names = asked.ranked(query="castle", filter="kind = image", public=True, **facets)
    assert (names, found.total) == (["castle a"], 1)
    assert found.facets is not None
    assert found.facets.distribution == {"kind": {"image": 1, "video": 1}}


# Likeness


@pytest.fixture
def colours(tmp_path: Path) -> Iterator[Searcher]:
    """Ten shades of each of four colours, and a sound."""
    items = [
        (samples.document(f"{colour} {n}"), pixel)
        for colour in samples.COLOURS
        for n, pixel in enumerate(samples.shades(colour, 10))
    ]
    sound = samples.document("sound", kind="audio", width=None, height=None)
    found = Searcher(samples.library(tmp_path, [*items, (sound, None)]))
    yield found
    found.index.close()


def place(names: list[str], start: str) -> float:
    """The mean place of the assets whose names begin so."""
    return float(np.mean([n for n, name in enumerate(names) if name.startswith(start)]))


@pytest.mark.parametrize("ratio", [0, 0.5, 1])
def test_a_picture_finds_its_like_and_never_itself(colours: Searcher, ratio: float) -> None:
    found = colours.names(image=samples.asset_id("red 0"), imageSemanticRatio=ratio, limit=50)
    assert found[:3] == ["red 1", "red 2", "red 3"]
    assert len(found) == 39


def test_a_further_like_brings_its_own_neighbours_nearer(colours: Searcher) -> None:
    red, blue = samples.asset_id("red 0"), samples.asset_id("blue 0")
    alone = colours.names(images={"like": [red]}, limit=50)
    both = colours.names(images={"like": [red, blue]}, limit=50)
    assert place(both, "blue") < place(alone, "blue")
    assert not {"red 0", "blue 0"} & set(both)


def test_an_unlike_moves_its_neighbours_down(colours: Searcher) -> None:
    red, green = samples.asset_id("red 0"), samples.asset_id("green 0")
    alone = colours.names(images={"like": [red]}, limit=50)
    less = colours.names(images={"like": [red], "unlike": [green]}, limit=50)
    assert place(less, "green") > place(alone, "green")
    assert {name.split()[0] for name in less[:5]} == {"red"}


def test_an_unlike_alone_turns_away_from_it(colours: Searcher) -> None:
    found = colours.names(images={"unlike": [samples.asset_id("red 0")]}, limit=50)
    assert place(found, "red") > 25


def test_a_sound_is_compared_by_its_words(colours: Searcher) -> None:
    found, names = colours.ranked(image=samples.asset_id("sound"))
    assert found.total == 40
    assert "sound" not in names


def test_an_asset_with_nothing_to_compare_is_refused(tmp_path: Path) -> None:
    index = Index.open(tmp_path, create=True)
    index.write([(samples.document("bare"), Embeddings())])
    with pytest.raises(BadRequest, match="neither a picture nor words"):
        Searcher(index).names(image=samples.asset_id("bare"))
    index.close()


def test_a_removed_reference_is_unknown(colours: Searcher) -> None:
    colours.index.remove([samples.asset_id("red 0")])
    with pytest.raises(NotFound):
        colours.names(image=samples.asset_id("red 0"))


def test_words_and_a_picture_are_searched_together(colours: Searcher) -> None:
    found = colours.names(query="blue", image=samples.asset_id("red 0"), limit=50)
    assert sorted(found) == sorted(f"blue {n}" for n in range(10))


@pytest.mark.parametrize("colour", ["blue", "green"])
def test_of_what_the_words_find_the_most_like_the_picture_goes_first(
    colours: Searcher, colour: str
) -> None:
    found = colours.names(query=colour, image=samples.asset_id(f"{colour} 0"), limit=4)
    assert found == [f"{colour} {n}" for n in (1, 2, 3, 4)]


def test_subject_and_look_count_as_much_as_is_said(tmp_path: Path) -> None:
    index = Index.open(tmp_path, create=True)
    near, far = np.zeros((2, 16), np.float32)
    near[0], far[:2] = 1, (0.6, 0.8)
    seen = {"asked": (near, near), "same subject": (near, far), "same look": (far, near)}
    text = samples.topic_vector("")
    index.write(
        (samples.document(name), Embeddings(text=text, subject=subject, look=look))
        for name, (subject, look) in seen.items()
    )
    asked = Searcher(index)
    first = [
        asked.names(image=samples.asset_id("asked"), imageSemanticRatio=ratio)[0]
        for ratio in (0, 0.1, 0.9, 1)
    ]
    assert first == ["same look", "same look", "same subject", "same subject"]


def test_a_filter_is_applied_before_ranking(colours: Searcher) -> None:
    found = colours.names(image=samples.asset_id("red 0"), filter="name STARTS WITH blue", limit=50)
    assert len(found) == 10


# Pages, sorts, facets


@pytest.mark.parametrize(
    "body",
    [
        {"filter": "width >= 0"},
        {"filter": "width >= 0", "sortBy": ["width:asc"]},
        {"filter": "width >= 0", "sortBy": ["height:desc", "width:asc", "createdAt:desc"]},
        {"query": "tile"},
        {"query": "tile", "sortBy": ["width:desc"]},
        {"query": "tile", "querySemanticRatio": 0.5},
        {"image": samples.asset_id("tile 0")},
    ],
)
def test_pages_neither_repeat_nor_skip(tmp_path: Path, body: dict[str, Any]) -> None:
    items = [
        (samples.document(f"tile {n}", width=n % 3, height=n % 2), (200, 10, 10)) for n in range(53)
    ]
    asked = Searcher(samples.library(tmp_path, items))
    whole = asked.names(**body, limit=100)
    paged = [
        name for start in range(0, 60, 7) for name in asked.names(**body, offset=start, limit=7)
    ]
    asked.index.close()
    assert paged == whole
    assert len(set(whole)) == (52 if "image" in body else 53)


def test_a_sort_follows_its_keys_and_puts_the_missing_last(tmp_path: Path) -> None:
    asked = searcher(
        tmp_path,
        *(
            samples.document(name, width=width, height=height)
            for name, width, height in (("a", 1, 2), ("b", 2, 2), ("c", 1, 1), ("d", None, 3))
        ),
    )
    everything = {"filter": "createdAt EXISTS"}
    assert asked.names(**everything, sortBy=["width:asc", "height:asc"]) == ["c", "a", "b", "d"]
    assert asked.names(**everything, sortBy=["width:desc", "height:desc"]) == ["b", "a", "c", "d"]


def test_the_newest_go_first_when_nothing_else_is_said(tmp_path: Path) -> None:
    asked = searcher(
        tmp_path,
        *(
            samples.document(f"{day}", createdAt=f"2025-01-{day:02d}T00:00:00.000Z")
            for day in (3, 1, 2)
        ),
    )
    assert asked.names(filter="createdAt > 2000") == ["3", "2", "1"]


def test_facets_count_the_hits_and_not_the_page(tmp_path: Path) -> None:
    asked = searcher(
        tmp_path,
        *(
            samples.document(
                f"tile {n}",
                kind="image" if n < 5 else "Video",
                tags=("Big",) if n % 2 else ("big", "Red"),
                width=10 * (n % 3),
                size=n,
            )
            for n in range(7)
        ),
    )
    found, _ = asked.ranked(
        query="tile", limit=2, facets=["kind", "tags", "width", "size", "guidance"]
    )
    assert found.facets is not None
    assert found.facets.distribution == {
        "kind": {"image": 5, "Video": 2},
        "tags": {"big": 7, "Red": 4},
        "width": {"0": 3, "10": 2, "20": 2},
        "size": {},
        "guidance": {},
    }
    assert found.facets.stats == {"width": {"min": 0, "max": 20}, "size": {"min": 0, "max": 6}}


def test_scores_are_told_best_first(topics: Searcher) -> None:
    found, _ = topics.ranked(query="castle", querySemanticRatio=0.5, limit=20)
    assert found.scores == sorted(found.scores, reverse=True)
    assert found.scores[0] == pytest.approx(1)


def test_the_best_of_exact_words_is_told_as_one_however_it_is_written(tmp_path: Path) -> None:
    asked = named(tmp_path, "castle", "ox")
    for query in ("castle", "cast", "astle", "castle unicorn"):
        assert asked.ranked(query=query)[0].scores == pytest.approx([1.0])


# A large library


def test_a_large_library_is_ranked_as_an_exact_scan_would(tmp_path: Path) -> None:
    random = np.random.default_rng(11)
    count, width = EXACT_MOST + 1_000, 192
    centres = random.normal(size=(100, width))
    vectors = centres[random.integers(0, 100, count)] + 0.3 * random.normal(size=(count, width))
    vectors = vectors.astype(np.float16).astype(np.float32)
    index = Index.open(tmp_path, create=True)
    index.write(
        (replace(samples.document(f"{n}"), id=f"asset_{n}"), Embeddings(subject=vectors[n]))
        for n in range(count)
    )
    asked = Searcher(index)
    centred = vectors - vectors.mean(axis=0)
    centred /= np.linalg.norm(centred, axis=1, keepdims=True)
    recalled = 0
    for row in range(0, count, 1_000):
        exact = [n for n in np.argsort(-(centred @ centred[row])) if n != row][:20]
        found = asked.names(image=f"asset_{row}")
        recalled += len({str(n) for n in exact} & set(found))
    pages = [
        name
        for start in range(0, 300, 50)
        for name in asked.names(image="asset_5", offset=start, limit=50)
    ]
    index.close()
    assert recalled >= 0.98 * 20 * len(range(0, count, 1_000))
    assert len(set(pages)) == 300
