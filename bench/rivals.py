"""The same documents in other engines, for `bench.search --rivals`.

Each runs the query of a library that it is best at: tantivy two words, LanceDB the nearest subjects
with and without a filter (without an index, which is its default), usearch the nearest subjects
through HNSW. None of them is part of Akin; those that are not installed are left out.
"""

from __future__ import annotations

import tempfile
import time
from typing import TYPE_CHECKING, Any

import numpy as np

from bench import exact_vectors

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

    from bench.synthetic import World
    from library.store.index import Index


def measured(index: Index, world: World, count: int, queries: int) -> Iterator[str]:
    """Yield a row of the table for each engine that is installed."""
    for rival in (_tantivy, _lancedb, _usearch):
        try:
            yield from rival(index, world, count, queries)
        except ImportError as missing:
            yield f"| {missing.name} is not installed | | | | | | |"


def row(name: str, times: Sequence[tuple[float, float]]) -> str:
    """Return a row of the table: p50 and p95 of processor time, then of elapsed time."""
    cells = []
    for place in (1, 0):
        ordered = sorted(duration[place] for duration in times)
        last = min(len(ordered) - 1, int(len(ordered) * 0.95))
        cells += [ordered[len(ordered) // 2], ordered[last]]
    return f"| {name} | {' | '.join(f'{cell:.1f}' for cell in cells)} | | |"


def _timed(queries: int, search: Callable[[int], Any]) -> list[tuple[float, float]]:
    times = []
    for number in range(queries + 3):
        began, worked = time.perf_counter(), time.process_time()
        search(number)
        clock = (time.perf_counter() - began) * 1000
        times.append((clock, (time.process_time() - worked) * 1000))
    return times[3:]


def _documents(index: Index, count: int) -> Iterator[dict[str, Any]]:
    with index.reading() as connection:
        for start in range(1, count + 1, 5000):
            yield from index.values(connection, range(start, start + 5000)).values()


def _subjects(index: Index, count: int) -> NDArray[np.float32]:
    batches = exact_vectors.batches(index, "subject")
    whole = np.concatenate([part for _, part in batches])[:count]
    whole -= whole.mean(axis=0)
    whole /= np.linalg.norm(whole, axis=1, keepdims=True)
    return whole


def _tantivy(index: Index, world: World, count: int, queries: int) -> Iterator[str]:
    import tantivy

    builder = tantivy.SchemaBuilder()
    builder.add_text_field("id", stored=True)
    for name in ("name", "tags", "prompt"):
        builder.add_text_field(name)
    engine = tantivy.Index(builder.build())
    writer = engine.writer(heap_size=200_000_000)
    for values in _documents(index, count):
        writer.add_document(
            tantivy.Document(
                id=values["id"],
                name=values["name"],
                tags=" ".join(values["tags"]),
                prompt=values["prompt"],
            )
        )
    writer.commit()
    engine.reload()
    searcher = engine.searcher()
    random = np.random.default_rng(17)

    def search(_: int) -> None:
        words = random.choice(len(world.words), 2, p=world.chances)
        text = " AND ".join(world.words[word] for word in words)
        parsed = engine.parse_query(text, ["name", "tags", "prompt"])
        for _score, address in searcher.search(parsed, 20).hits:
            searcher.doc(address)

    yield row("tantivy: keyword, two words, 20 ids", _timed(queries, search))


def _lancedb(index: Index, world: World, count: int, queries: int) -> Iterator[str]:
    del world
    import lancedb
    import pyarrow as pa

    subjects = _subjects(index, count)
    with tempfile.TemporaryDirectory() as folder:
        table = lancedb.connect(folder).create_table(
            "assets",
            pa.table(
                {
                    "number": np.arange(count),
                    "rare": np.arange(count) % 100 == 7,
                    "vector": pa.FixedSizeListArray.from_arrays(
                        pa.array(subjects.reshape(-1)), subjects.shape[1]
                    ),
                }
            ),
        )

        def like(number: int) -> None:
            query = subjects[number * 97 % count]
            table.search(query).metric("cosine").select(["number"]).limit(20).to_arrow()

        def filtered(number: int) -> None:
            query = subjects[number * 97 % count]
            search = table.search(query).metric("cosine").where("rare", prefilter=True)
            search.select(["number"]).limit(20).to_arrow()

        yield row("LanceDB, no index: like, 20 numbers", _timed(min(queries, 20), like))
        yield row("LanceDB, no index: like, filter keeps 1 %", _timed(min(queries, 20), filtered))


def _usearch(index: Index, world: World, count: int, queries: int) -> Iterator[str]:
    del world
    from usearch.index import Index as Graph

    subjects = _subjects(index, count)
    graph = Graph(ndim=subjects.shape[1], metric="ip", dtype="i8")
    began = time.perf_counter()
    graph.add(np.arange(count), subjects, threads=2)
    built = time.perf_counter() - began
    hits = 0
    for number in range(50):
        query = subjects[number * 97 % count]
        truth = np.argpartition(-(subjects @ query), 20)[:20]
        hits += len(set(truth.tolist()) & set(graph.search(query, 20).keys.tolist()))
    times = _timed(queries, lambda number: graph.search(subjects[number * 97 % count], 20))
    yield row(
        f"usearch HNSW, int8: like, 20 numbers; recall {hits / 1000:.3f}, built in {built:.0f} s "
        f"on two threads, {graph.memory_usage // 2**20} MB",
        times,
    )
