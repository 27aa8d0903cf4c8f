"""The snapshot in memory equals a plain computation, also after growing and caching."""

from __future__ import annotations

import shutil
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from library.reader import disk_cache
from library.reader.growable_array import GrowableArray
from library.reader.index_reader import IndexReader
from library.reader.postings import Postings, append_segment, build_segment, merge_segments
from library.reader.shipping import NEW_LEAST
from library.reader.vectors import EXACT_MOST, VectorSpace
from library.schema.documents import Embeddings
from library.search.top_k import partial_top, top_candidates, window
from library.store.index import Index
from tests.support import sample_documents

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from library.reader.snapshot import Snapshot

pytestmark = pytest.mark.usefixtures("store")


@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), max_size=60),
    st.integers(0, 70),
    st.integers(0, 70),
)
def test_a_window_of_few_slots_is_a_slice_of_the_sorted_whole(
    rows: list[tuple[int, int]], start: int, size: int
) -> None:
    check_window(np.array(rows, dtype=np.float64).reshape(-1, 2), start, start + size)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**31), st.integers(1, 2000), st.integers(0, 40_000), st.integers(0, 200))
def test_a_window_of_many_slots_is_a_slice_of_the_sorted_whole(
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
    assert sorted(partial_top(slots, keys, stop)) == sorted(whole[:stop])


def test_an_array_grows_without_changing_its_shorter_states(tmp_path: Path) -> None:
    short = GrowableArray.of(np.arange(3))
    states = [short]
    for step in range(50):
        states.append(states[-1].grown(np.arange(step)))
    expected = np.concatenate([np.arange(3), *(np.arange(step) for step in range(50))])
    assert [len(state.rows) for state in states] == list(np.cumsum([3, *range(50)]))
    assert states[-1].rows.tolist() == expected.tolist()
    assert states[0].rows.tolist() == [0, 1, 2]
    states[-1].save(tmp_path / "array.npy")
    loaded = GrowableArray.load(tmp_path / "array.npy", len(expected))
    longer = loaded.grown(np.array([7, 8]))
    assert longer.rows.tolist() == [*expected.tolist(), 7, 8]
    loaded = GrowableArray.load(tmp_path / "array.npy", len(expected))
    assert loaded.rows.tolist() == expected.tolist()


TEXT = st.lists(st.sampled_from(["castle", "castles", "dragon", "ox", "the"]), max_size=6).map(
    " ".join
)


@given(st.lists(st.tuples(TEXT, TEXT, TEXT, TEXT, TEXT), max_size=12), st.integers(1, 5))
def test_postings_are_right_however_they_were_built(rows: list[tuple[str, ...]], step: int) -> None:
    postings: Postings = ()
    for start in range(0, len(rows), step):
        part = rows[start : start + step]
        slots = np.arange(start, start + len(part))
        postings = append_segment(postings, build_segment([(slots, list(zip(*part, strict=True)))]))
    for word in ("castle", "dragon", "nothing"):
        expected = [slot for slot, row in enumerate(rows) if word in " ".join(row).split()]
        parts = [segment.slots[segment.word(word)].tolist() for segment in postings]
        assert [slot for part in parts for slot in part] == expected
    if postings:
        whole = merge_segments(postings)
        entries = whole.completions("castle")
        beginning = {n for n, row in enumerate(rows) if "castle" in " ".join(row)}
        assert set(whole.slots[entries].tolist()) == beginning
        assert whole.words == sorted(whole.words)


@given(st.lists(st.tuples(TEXT, TEXT, TEXT, TEXT, TEXT), max_size=12), st.integers(1, 8))
def test_postings_are_the_same_for_any_size_of_segments(
    rows: list[tuple[str, ...]], together: int
) -> None:
    parts = [(np.array([slot]), list(zip(row, strict=True))) for slot, row in enumerate(rows)]
    whole, piecemeal = build_segment(parts), build_segment(parts, segment_assets=together)
    assert piecemeal.words == whole.words
    for name in ("begin", "slots", "impacts", "columns"):
        assert getattr(piecemeal, name).tolist() == getattr(whole, name).tolist()
    assert piecemeal.assets == whole.assets


def test_a_word_has_more_impact_in_a_name_and_in_a_short_text() -> None:
    rows = [
        ("castle", "", "", "", ""),
        ("", "", "castle", "", ""),
        ("", "", "castle and much else that is of no matter at all", "", ""),
    ]
    segment = build_segment([(np.arange(3), list(zip(*rows, strict=True)))])
    name, prompt, buried = segment.impacts[segment.word("castle")].tolist()
    assert name > prompt > buried


def clustered(count: int, width: int) -> np.ndarray:
    random = np.random.default_rng(7)
    centres = random.normal(size=(count // 50, width))
    vectors = centres[random.integers(0, len(centres), count)]
    vectors = vectors + 0.4 * random.normal(size=vectors.shape)
    unit: np.ndarray = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return unit.astype(np.float32)


def test_a_reduced_space_finds_nearly_all_of_the_nearest() -> None:
    count, width = EXACT_MOST + 2_000, 192
    given_vectors = clustered(count, width)
    space = VectorSpace.empty("text").grown(
        given_vectors[: count - 500], np.arange(count - 500), count - 500
    )
    space = space.grown(given_vectors[count - 500 :], np.arange(count - 500, count), count)
    assert space.reduction is not None
    recalled = 0
    for row in range(0, count, 400):
        query = given_vectors[row]
        exact = set(np.argsort(-(given_vectors @ query))[:20].tolist())
        reduced = space.query(query)
        slots, products = space.products(reduced, np.ones(count, dtype=np.bool_))
        recalled += len(exact & set(slots[np.argsort(-products)[:400]].tolist()))
        approximate = space.approximate(reduced, slots)
        assert np.abs(products + space.refined(reduced, slots) - approximate).max() < 1e-5
        assert np.abs(approximate - given_vectors @ query).max() < 0.2
    assert recalled / (20 * len(range(0, count, 400))) >= 0.98


def test_products_are_those_of_the_slots_in_the_mask() -> None:
    vectors = np.eye(5, dtype=np.float32)
    space = VectorSpace.empty("text").grown(vectors[:3], np.array([1, 3, 4]), 6)
    mask = np.array([True, True, False, False, True, True])
    slots, products = space.products(space.query(vectors[0]), mask)
    by_slot = dict(zip(slots.tolist(), products.tolist(), strict=True))
    assert (by_slot[1], by_slot[4]) == (1, 0)
    rare = np.zeros(6, dtype=np.bool_)
    slots, products = space.products(space.query(vectors[0]), rare)
    assert (slots.tolist(), products.tolist()) == ([], [])
    assert space.has().tolist() == [False, True, False, True, True, False]


@pytest.fixture(scope="module")
def pattern(store: str, tmp_path_factory: pytest.TempPathFactory) -> Path:  # noqa: ARG001 - created in it
    """The home of a library that is large enough for a cache."""
    home: Path = tmp_path_factory.mktemp("pattern")
    index = sample_documents.library(home, [])
    index.write(
        (
            replace(
                sample_documents.document(f"name {n}", tags=(f"t{n % 5}",), width=n % 7),
                id=f"asset_{n}",
            ),
            Embeddings(text=sample_documents.topic_vector(sample_documents.TOPICS[n % 6])),
        )
        for n in range(NEW_LEAST + 1)
    )
    index.close()
    return home


@pytest.fixture
def many(pattern: Path, tmp_path: Path) -> Iterator[Index]:
    """A copy of it, in `tmp_path`, that a test may change."""
    shutil.copytree(pattern, tmp_path, dirs_exist_ok=True)
    index = Index.open(tmp_path)
    yield index
    index.close()


def plain(snapshot: Snapshot) -> dict[str, Any]:
    """The content of a snapshot as plain values."""
    words = [
        (
            word,
            sorted(
                slot
                for segment in snapshot.postings
                for slot in segment.slots[segment.word(word)].tolist()
            ),
        )
        for word in ("name", "17", "t3", "added")
    ]
    columns: Any = snapshot.columns
    text = snapshot.spaces["text"]
    return {
        "number": snapshot.number.tolist(),
        "key": snapshot.key.tolist(),
        "alive": snapshot.alive.tolist(),
        "width": np.nan_to_num(columns["width"].numbers(), nan=-1).tolist(),
        "tags": columns["tags"].where(lambda tag: tag == "t2").tolist(),
        "created": columns["createdAt"].numbers().tolist(),
        "near": text.products(text.query(sample_documents.topic_vector("ship")), snapshot.alive)[
            1
        ].tolist(),
        "words": words,
    }


@pytest.mark.sqlite
def test_a_cached_snapshot_equals_the_snapshot_that_was_read(many: Index, tmp_path: Path) -> None:
    with many.reading() as connection:
        read = IndexReader(many).at(connection)
        uid = many.uid(connection)
    cached = disk_cache.load(tmp_path, uid)
    assert cached is not None
    assert plain(cached) == plain(read)


@pytest.mark.sqlite
def test_an_old_cache_is_updated(many: Index) -> None:
    IndexReader(many).warm()
    many.remove(["asset_3"])
    many.write([(sample_documents.document("added", tags=("t2",)), Embeddings())])
    with many.reading() as connection:
        updated = IndexReader(many).at(connection)
    (many.home / disk_cache.FOLDER).rename(many.home / "old-cache")
    with many.reading() as connection:
        fresh = IndexReader(many).at(connection)
    # In a fresh snapshot the removed asset has no slot at all.
    living = {
        name: [v for v, alive in zip(values, updated.alive, strict=True) if alive]
        for name, values in plain(updated).items()
        if name in {"number", "width", "tags"}
    }
    assert living == {name: plain(fresh)[name] for name in living}
    assert not updated.alive.all()


@pytest.mark.sqlite
def test_a_cache_of_another_library_is_not_used(many: Index, tmp_path: Path) -> None:
    IndexReader(many).warm()
    assert disk_cache.load(tmp_path, "another") is None


@pytest.mark.sqlite
def test_a_damaged_cache_is_replaced(many: Index, tmp_path: Path) -> None:
    IndexReader(many).warm()
    (folder,) = (tmp_path / disk_cache.FOLDER).glob("snapshot-*")
    (folder / "number.npy").write_bytes(b"garbage")
    with many.reading() as connection:
        assert len(IndexReader(many).at(connection).number) == NEW_LEAST + 1


@settings(max_examples=40, deadline=None)
@given(
    st.integers(0, 2**31),
    st.sampled_from([1, 3, 1000, 10**6]),
    st.floats(0.001, 1),
    st.integers(0, 40_000),
)
def test_the_top_candidates_include_the_page(
    seed: int, different: int, share: float, stop: int
) -> None:
    random = np.random.default_rng(seed)
    values = random.integers(0, different, 50_000).astype(np.float32)
    mask = random.random(50_000) < share
    keys = [lambda s: -values[s], lambda s: s]
    whole = window(np.flatnonzero(mask), keys, 0, stop)
    assert window(top_candidates(values, mask, stop), keys, 0, stop).tolist() == whole.tolist()
