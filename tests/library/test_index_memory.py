"""What is kept in memory says the same as a plain computation, and survives growing and caching."""

from __future__ import annotations

import shutil
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from library import snapshot
from library.documents import Embeddings
from library.index import Index
from library.ordering import foremost, leading, window
from library.postings import grown, merged, segment
from library.shelves import WORTH, Shelves
from library.space import EXACT_MOST, Space
from library.strip import Strip
from tests.library import engine_samples as samples

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from library.shelf import Shelf


@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), max_size=60),
    st.integers(0, 70),
    st.integers(0, 70),
)
def test_a_small_window_is_a_slice_of_the_sorted_whole(
    rows: list[tuple[int, int]], start: int, size: int
) -> None:
    check_window(np.array(rows, dtype=np.float64).reshape(-1, 2), start, start + size)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**31), st.integers(1, 2000), st.integers(0, 40_000), st.integers(0, 200))
def test_a_window_of_many_is_a_slice_of_the_sorted_whole(
    seed: int, different: int, start: int, size: int
) -> None:
    random = np.random.default_rng(seed)
    check_window(random.integers(0, different, (45_000, 2)).astype(float), start, start + size)


def check_window(columns: np.ndarray, start: int, stop: int) -> None:
    first, second = columns[:, 0], columns[:, 1]
    slots = np.flatnonzero(np.arange(len(columns)) % 7 != 3)
    keys = [lambda s: first[s], lambda s: -second[s], lambda s: s]
    whole = slots[np.lexsort([slots, -second[slots], first[slots]])]
    assert window(slots, keys, start, stop).tolist() == whole[start:stop].tolist()
    assert sorted(foremost(slots, keys, stop)) == sorted(whole[:stop])


def test_a_strip_grows_behind_those_who_hold_it(tmp_path: Path) -> None:
    short = Strip.of(np.arange(3))
    states = [short]
    for step in range(50):
        states.append(states[-1].grown(np.arange(step)))
    expected = np.concatenate([np.arange(3), *(np.arange(step) for step in range(50))])
    assert [len(state.rows) for state in states] == list(np.cumsum([3, *range(50)]))
    assert states[-1].rows.tolist() == expected.tolist()
    assert states[0].rows.tolist() == [0, 1, 2]
    states[-1].save(tmp_path / "strip.npy")
    loaded = Strip.load(tmp_path / "strip.npy", len(expected))
    longer = loaded.grown(np.array([7, 8]))
    assert longer.rows.tolist() == [*expected.tolist(), 7, 8]
    assert Strip.load(tmp_path / "strip.npy", len(expected)).rows.tolist() == expected.tolist()


TEXT = st.lists(st.sampled_from(["castle", "castles", "dragon", "ox", "the"]), max_size=6).map(
    " ".join
)


@given(st.lists(st.tuples(TEXT, TEXT, TEXT, TEXT, TEXT), max_size=12), st.integers(1, 5))
def test_postings_know_who_has_a_word_however_they_were_gathered(
    rows: list[tuple[str, ...]], step: int
) -> None:
    postings = ()
    for start in range(0, len(rows), step):
        part = rows[start : start + step]
        slots = np.arange(start, start + len(part))
        postings = grown(postings, segment([(slots, list(zip(*part, strict=True)))]))
    for word in ("castle", "dragon", "nothing"):
        expected = [slot for slot, row in enumerate(rows) if word in " ".join(row).split()]
        found = [slot for held in postings for slot in held.slots[held.word(word)].tolist()]
        assert found == expected
    if postings:
        whole = merged(postings)
        begun = whole.completions("castle")
        expected = {n for n, row in enumerate(rows) if "castle" in " ".join(row)}
        assert set(whole.slots[begun].tolist()) == expected
        assert whole.words == sorted(whole.words)


@given(st.lists(st.tuples(TEXT, TEXT, TEXT, TEXT, TEXT), max_size=12), st.integers(1, 8))
def test_postings_are_the_same_however_many_are_gathered_at_once(
    rows: list[tuple[str, ...]], together: int
) -> None:
    parts = [(np.array([slot]), list(zip(row, strict=True))) for slot, row in enumerate(rows)]
    whole, piecemeal = segment(parts), segment(parts, together=together)
    assert piecemeal.words == whole.words
    for name in ("begin", "slots", "impacts", "where"):
        assert getattr(piecemeal, name).tolist() == getattr(whole, name).tolist()
    assert piecemeal.assets == whole.assets


def test_a_word_weighs_more_in_a_name_and_in_a_short_text() -> None:
    rows = [
        ("castle", "", "", "", ""),
        ("", "", "castle", "", ""),
        ("", "", "castle and much else that is of no matter at all", "", ""),
    ]
    found = segment([(np.arange(3), list(zip(*rows, strict=True)))])
    name, prompt, buried = found.impacts[found.word("castle")].tolist()
    assert name > prompt > buried


def clustered(count: int, width: int) -> np.ndarray:
    random = np.random.default_rng(7)
    centres = random.normal(size=(count // 50, width))
    found = centres[random.integers(0, len(centres), count)]
    found = found + 0.4 * random.normal(size=found.shape)
    return (found / np.linalg.norm(found, axis=1, keepdims=True)).astype(np.float32)


def test_a_large_space_finds_nearly_all_of_the_nearest() -> None:
    count, width = EXACT_MOST + 2_000, 192
    given_vectors = clustered(count, width)
    space = Space.empty("text").grown(
        given_vectors[: count - 500], np.arange(count - 500), count - 500
    )
    space = space.grown(given_vectors[count - 500 :], np.arange(count - 500, count), count)
    assert space.reduction is not None
    recalled = 0
    for row in range(0, count, 400):
        query = given_vectors[row]
        exact = set(np.argsort(-(given_vectors @ query))[:20].tolist())
        asked = space.asked(query)
        slots, products = space.near(asked, np.ones(count, dtype=np.bool_))
        recalled += len(exact & set(slots[np.argsort(-products)[:400]].tolist()))
        approximate = space.approximate(asked, slots)
        assert np.abs(products + space.refined(asked, slots) - approximate).max() < 1e-5
        assert np.abs(approximate - given_vectors @ query).max() < 0.2
    assert recalled / (20 * len(range(0, count, 400))) >= 0.98


def test_a_space_answers_for_the_slots_of_the_mask_only() -> None:
    vectors = np.eye(5, dtype=np.float32)
    space = Space.empty("text").grown(vectors[:3], np.array([1, 3, 4]), 6)
    mask = np.array([True, True, False, False, True, True])
    slots, products = space.near(space.asked(vectors[0]), mask)
    found = dict(zip(slots.tolist(), products.tolist(), strict=True))
    assert (found[1], found[4]) == (1, 0)
    rare = np.zeros(6, dtype=np.bool_)
    slots, products = space.near(space.asked(vectors[0]), rare)
    assert (slots.tolist(), products.tolist()) == ([], [])
    assert space.has().tolist() == [False, True, False, True, True, False]


@pytest.fixture(scope="module")
def pattern(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The home of a library that is worth a cache."""
    home: Path = tmp_path_factory.mktemp("pattern")
    index = samples.library(home, [])
    index.write(
        (
            replace(
                samples.document(f"name {n}", tags=(f"t{n % 5}",), width=n % 7),
                id=f"asset_{n}",
            ),
            Embeddings(text=samples.topic_vector(samples.TOPICS[n % 6])),
        )
        for n in range(WORTH + 1)
    )
    index.close()
    return home


@pytest.fixture
def many(pattern: Path, tmp_path: Path) -> Iterator[Index]:
    """A copy of it that a test may change; it lies in `tmp_path`."""
    shutil.copytree(pattern, tmp_path, dirs_exist_ok=True)
    index = Index.open(tmp_path)
    yield index
    index.close()


def told(shelf: Shelf) -> dict[str, object]:
    """What can be asked of a shelf, as plain values."""
    words = [
        (
            word,
            sorted(
                slot for held in shelf.postings for slot in held.slots[held.word(word)].tolist()
            ),
        )
        for word in ("name", "17", "t3", "added")
    ]
    column, text = shelf.column, shelf.space["text"]
    return {
        "number": shelf.number.tolist(),
        "key": shelf.key.tolist(),
        "alive": shelf.alive.tolist(),
        "width": np.nan_to_num(column["width"].numbers(), nan=-1).tolist(),
        "tags": column["tags"].where(lambda tag: tag == "t2").tolist(),
        "created": column["createdAt"].numbers().tolist(),
        "near": text.near(text.asked(samples.topic_vector("ship")), shelf.alive)[1].tolist(),
        "words": words,
    }


def test_a_cached_shelf_is_the_shelf_that_was_read(many: Index, tmp_path: Path) -> None:
    with many.reading() as connection:
        read = Shelves(many).at(connection)
        uid = many.uid(connection)
    cached = snapshot.load(tmp_path, uid)
    assert cached is not None
    assert told(cached) == told(read)


def test_a_cache_that_is_behind_is_caught_up(many: Index) -> None:
    Shelves(many).warm()
    many.remove(["asset_3"])
    many.write([(samples.document("added", tags=("t2",)), Embeddings())])
    with many.reading() as connection:
        caught_up = Shelves(many).at(connection)
    (many.home / snapshot.FOLDER).rename(many.home / "aside")
    with many.reading() as connection:
        afresh = Shelves(many).at(connection)
    # Read afresh, the removed asset has no slot at all.
    living = {
        name: [v for v, alive in zip(values, caught_up.alive, strict=True) if alive]
        for name, values in told(caught_up).items()
        if name in {"number", "width", "tags"}
    }
    assert living == {name: told(afresh)[name] for name in living}
    assert not caught_up.alive.all()


def test_a_cache_of_another_library_is_not_used(many: Index, tmp_path: Path) -> None:
    Shelves(many).warm()
    assert snapshot.load(tmp_path, "another") is None


def test_a_broken_cache_is_made_again(many: Index, tmp_path: Path) -> None:
    Shelves(many).warm()
    (folder,) = (tmp_path / snapshot.FOLDER).glob("shelf-*")
    (folder / "number.npy").write_bytes(b"garbage")
    with many.reading() as connection:
        assert len(Shelves(many).at(connection).number) == WORTH + 1


@settings(max_examples=40, deadline=None)
@given(
    st.integers(0, 2**31),
    st.sampled_from([1, 3, 1000, 10**6]),
    st.floats(0.001, 1),
    st.integers(0, 40_000),
)
def test_the_leading_slots_hold_the_page(
    seed: int, different: int, share: float, stop: int
) -> None:
    random = np.random.default_rng(seed)
    values = random.integers(0, different, 50_000).astype(np.float32)
    mask = random.random(50_000) < share
    keys = [lambda s: -values[s], lambda s: s]
    whole = window(np.flatnonzero(mask), keys, 0, stop)
    assert window(leading(values, mask, stop), keys, 0, stop).tolist() == whole.tolist()
