"""Duration and recall of searches: one library, every kind of query.

    python -m bench.search HOME COUNT [--queries 60] [--rivals]

Builds a library of COUNT synthetic documents in HOME unless it is there (bench.synthetic), then
measures whole requests in process (WSGI in, JSON out): one caller; then four callers while another
process writes 20 assets twice a second. Texts get synthetic vectors, since the model's time does
not depend on the library. The same run measures numpy's product of one query with all vectors in
floats and, with --rivals, tantivy, LanceDB and usearch's HNSW over the same documents, where they
are installed. Prints Markdown.
"""

from __future__ import annotations

import argparse
import base64
import io
import json
import multiprocessing
import statistics
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from bench import exact_vectors, rivals
from bench.synthetic import World, build, items
from library import create_library
from library.home import KeyPair
from library.reader.index_reader import IndexReader
from library.store.index import Index

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from flask import Flask
    from numpy.typing import NDArray


class Duration(NamedTuple):
    """Milliseconds elapsed, and milliseconds of processor time."""

    clock: float
    work: float


PAIR = "Basic " + base64.b64encode(b"key:secret").decode()
PAGE = 20


class SyntheticEmbedder:
    """Vectors for texts: a place among the library's documents, the same in every run."""

    def __init__(self, world: World) -> None:
        self._world = world

    def embed_texts(self, texts: Sequence[str], *, query: bool = False) -> NDArray[np.float32]:
        """Return the (1, 384) vector of a text."""
        del query
        random = np.random.default_rng(sum(map(ord, texts[0])))
        cluster = random.integers(0, len(self._world.centres), 1)
        return self._world.vectors(random, self._world.latent(random, cluster), "text")

    def embed_images(self, images: Any) -> Any:
        """Raise NotImplementedError: no query of this benchmark contains a picture."""
        raise NotImplementedError(images)

    def decode(self, data: bytes) -> Any:
        """Raise NotImplementedError."""
        raise NotImplementedError(data)


def kinds(world: World, count: int) -> dict[str, Callable[[np.random.Generator], dict[str, Any]]]:
    """Return functions that make a random request body of a kind of query, by its name."""

    def words(random: np.random.Generator, number: int) -> list[str]:
        chosen = random.choice(len(world.words), number, p=world.chances)
        return [world.words[word] for word in chosen]

    def mistyped(random: np.random.Generator) -> str:
        word = max(words(random, 8), key=len)
        return word[:2] + word[3] + word[2] + word[4:]

    def asset(random: np.random.Generator) -> str:
        return f"asset_{random.integers(0, count):024d}"

    everything = 'createdAt >= "1970-01-01"'
    return {
        "keyword, two words": lambda r: {"query": " ".join(words(r, 2))},
        "keyword, mistyped": lambda r: {"query": mistyped(r)},
        "like": lambda r: {"image": asset(r)},
        "like, subject and look": lambda r: {"image": asset(r), "imageSemanticRatio": 0.5},
        "like and unlike, filter keeps 1 %": lambda r: {
            "images": {"like": [asset(r), asset(r)], "unlike": [asset(r)]},
            "filter": "nsfw IS NOT EMPTY",
        },
        "meaning": lambda r: {"query": " ".join(words(r, 3)), "querySemanticRatio": 1},
        "hybrid": lambda r: {"query": " ".join(words(r, 2)), "querySemanticRatio": 0.5},
        "filter and two sorts": lambda r: {
            "filter": f"kind = image AND width >= {r.choice([256, 512, 1024])}",
            "sortBy": ["height:desc", "createdAt:asc"],
        },
        "deep page of a filter": lambda r: {
            "filter": everything,
            "offset": int(r.integers(count // 2, count - PAGE)),
        },
        "deep page of a like": lambda r: {"image": asset(r), "offset": count // 2},
        "count": lambda r: {
            "filter": f"tags = {world.words[20 + int(r.integers(0, 2000))]} OR height < 256",
            "page": 1,
            "hitsPerPage": 1,
        },
        "facets of everything": lambda r: {
            "filter": f"{everything} AND size > {r.integers(0, 1000)}",
            "facets": ["kind", "type", "width", "tags", "collectionIds", "modelId"],
        },
        "facets of a choice, each without its own": lambda r: {
            "filter": f"kind = image AND width >= {r.choice([256, 512, 1024])}",
            "facets": ["kind", "type", "width", "tags", "collectionIds", "modelId"],
            "facetFilters": {"kind": "width >= 512", "width": "kind = image"},
        },
        "two words, by group": lambda r: {"query": " ".join(words(r, 2)), "groupBy": "group"},
        "like, by group": lambda r: {"image": asset(r), "groupBy": "group"},
        "meaning, by group": lambda r: {
            "query": " ".join(words(r, 3)),
            "querySemanticRatio": 1,
            "groupBy": "group",
        },
        "everything, by group": lambda r: {
            "filter": f"{everything} AND size > {r.integers(0, 1000)}",
            "groupBy": "group",
        },
        "facets of everything, by group": lambda r: {
            "filter": f"{everything} AND size > {r.integers(0, 1000)}",
            "facets": ["kind", "type", "width", "tags", "collectionIds", "modelId"],
            "groupBy": "group",
        },
        "a word of a prompt": lambda r: {"filter": f"prompt:{words(r, 1)[0]}"},
        "part of a prompt": lambda r: {"filter": f"prompt CONTAINS {words(r, 1)[0]}"},
        "part of a prompt, across two words": lambda r: {
            "filter": f'prompt CONTAINS "{words(r, 1)[0]} {words(r, 1)[0]}"'
        },
    }


def request(library: Flask, body: dict[str, Any]) -> tuple[Duration, Any]:
    """Return the duration of one search, and its response."""
    content = json.dumps(body).encode()
    environ = {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": "/v1/search/assets",
        "QUERY_STRING": "",
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(content),
        "wsgi.errors": sys.stderr,
        "CONTENT_LENGTH": str(len(content)),
        "CONTENT_TYPE": "application/json",
        "HTTP_AUTHORIZATION": PAIR,
        "HTTP_HOST": "localhost",
    }
    statuses: list[str] = []

    def start_response(status: str, *_: Any) -> Callable[[bytes], object]:
        statuses.append(status)
        return io.BytesIO().write

    began, worked = time.perf_counter(), time.thread_time()
    response = b"".join(library.wsgi_app(environ, start_response))
    duration = Duration((time.perf_counter() - began) * 1000, (time.thread_time() - worked) * 1000)
    if statuses != ["200 OK"]:
        raise RuntimeError(f"{statuses}: {response[:300]!r} to {body}")
    return duration, json.loads(response)


def percentiles(times: list[float]) -> tuple[float, float]:
    """Return p50 and p95."""
    ordered = sorted(times)
    return statistics.median(ordered), ordered[min(len(ordered) - 1, int(len(ordered) * 0.95))]


def one_caller(
    library: Flask, queries: dict[str, list[dict[str, Any]]]
) -> dict[str, list[Duration]]:
    """Return durations by kind: each query once, after three that warm up."""
    times: dict[str, list[Duration]] = {}
    for kind, bodies in queries.items():
        for body in bodies[:3]:
            request(library, body)
        times[kind] = [request(library, body)[0] for body in bodies]
    return times


def several_callers(
    library: Flask, queries: dict[str, list[dict[str, Any]]], callers: int
) -> dict[str, list[Duration]]:
    """Return durations by kind with `callers` at once, each in an order of its own."""
    times: dict[str, list[Duration]] = {kind: [] for kind in queries}
    lock = threading.Lock()

    def call(seed: int) -> None:
        mixed = [(kind, body) for kind, bodies in queries.items() for body in bodies[seed::callers]]
        np.random.default_rng(seed).shuffle(mixed)
        for kind, body in mixed:
            duration, _ = request(library, body)
            with lock:
                times[kind].append(duration)

    threads = [threading.Thread(target=call, args=(seed,)) for seed in range(callers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return times


def write_on(home: Path, count: int, stop: Any) -> None:
    """Write 20 assets twice a second until `stop` is set."""
    index = Index.open(home)
    batch = next(items(World.of(count), 2000))
    place = 0
    while not stop.wait(0.5):
        index.write(batch[place : place + 20])
        place = (place + 20) % 1900
    index.close()


def memory() -> dict[str, int]:
    """Return megabytes of this process by kind: private, of mapped files, the maximum."""
    megabytes = {}
    for line in Path("/proc/self/status").read_text("utf-8").splitlines():
        name, _, value = line.partition(":")
        if name in {"RssAnon", "RssFile", "VmHWM"}:
            megabytes[name] = int(value.split()[0]) // 1024
    return megabytes


def recall(library: Flask, index: Index, count: int, queries: int) -> float:
    """Return the mean share of the 20 nearest subjects that a search by example finds."""
    ids = [f"asset_{n:024d}" for n in np.random.default_rng(5).integers(0, count, queries)]
    with index.reading() as connection:
        numbers = index.numbers(connection, ids)
        space = IndexReader(index).at(connection).spaces["subject"]
    examples = [numbers[asset_id] for asset_id in ids]
    vectors: dict[int, NDArray[np.float32]] = {}
    for batch, exact in exact_vectors.batches(index, "subject"):
        vectors |= {n: space.comparable(exact[batch == n])[0] for n in examples if n in batch}
    matrix = np.array([vectors[n] for n in examples]).T
    best: list[list[tuple[float, int]]] = [[] for _ in examples]
    for batch, exact in exact_vectors.batches(index, "subject"):
        products = space.comparable(exact) @ matrix
        for place in range(len(examples)):
            top = np.argpartition(-products[:, place], 21)[:21]
            best[place] += [(float(products[n, place]), int(batch[n])) for n in top]
    names = {number: asset_id for asset_id, number in numbers.items()}
    hits = 0
    for place, number in enumerate(examples):
        nearest = [n for _, n in sorted(best[place], reverse=True) if n != number][:20]
        _, response = request(library, {"image": names[number]})
        with index.reading() as connection:
            truth = {values["id"] for values in index.values(connection, nearest).values()}
        hits += len(truth & {hit["id"] for hit in response["hits"]})
    return hits / (20 * len(examples))


def bare_product(index: Index, count: int) -> tuple[str, list[Duration]]:
    """Return the durations of numpy's product of a query with all text vectors."""
    matrix = np.empty((count, 384), dtype=np.float32)
    place = 0
    for _, exact in exact_vectors.batches(index, "text"):
        part = exact[: count - place]
        matrix[place : place + len(part)] = part
        place += len(part)
    times = []
    for row in range(0, count, count // 25):
        began, worked = time.perf_counter(), time.thread_time()
        products = matrix @ matrix[row]
        top = np.argpartition(-products, PAGE)[:PAGE]
        top[np.argsort(-products[top])]
        clock = (time.perf_counter() - began) * 1000
        times.append(Duration(clock, (time.thread_time() - worked) * 1000))
    return f"numpy, bare product of {count} x 384 floats and 20 best", times


def main() -> None:
    """Measure and print Markdown."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("home", type=Path)
    parser.add_argument("count", type=int)
    parser.add_argument("--queries", type=int, default=60)
    parser.add_argument("--rivals", action="store_true")
    options = parser.parse_args()
    build(options.home, options.count)
    world = World.of(options.count)
    began = time.perf_counter()
    index = Index.open(options.home)
    assets = IndexReader(index).warm()
    print(f"\n{assets} assets; read, and the cache written, in {time.perf_counter() - began:.1f} s")

    began = time.perf_counter()
    library = create_library(
        options.home, key_pair=KeyPair("key", "secret"), models=SyntheticEmbedder(world)
    )
    request(library, {"filter": "kind = image"})
    started = time.perf_counter() - began
    print(f"Start from the cache to the first response: {started:.2f} s\n")

    random = np.random.default_rng(17)
    queries = {
        kind: [make(random) for _ in range(options.queries)]
        for kind, make in kinds(world, options.count).items()
    }
    alone = one_caller(library, queries)
    used = memory()
    stop = multiprocessing.get_context("spawn").Event()
    writer = multiprocessing.get_context("spawn").Process(
        target=write_on, args=(options.home, options.count, stop)
    )
    writer.start()
    together = several_callers(library, queries, 4)
    stop.set()
    writer.join()

    print("| query | work p50 | p95 | clock p50 | p95 | 4 callers, writer: clock p50 | p95 |")
    print("| --- | ---: | ---: | ---: | ---: | ---: | ---: |")
    for kind, times in alone.items():
        row = (
            *percentiles([duration.work for duration in times]),
            *percentiles([duration.clock for duration in times]),
            *percentiles([duration.clock for duration in together[kind]]),
        )
        print(f"| {kind} | {' | '.join(f'{value:.1f}' for value in row)} |")
    name, bare = bare_product(index, options.count)
    print(rivals.row(name, bare))
    if options.rivals:
        for line in rivals.measured(index, world, options.count, options.queries):
            print(line)
    print("\nMilliseconds; `work` is processor time.")
    print(f"Memory: {used['RssAnon']} MB of its own, {used['RssFile']} MB of mapped files.")
    print(f"Recall at 20, by subject: {recall(library, index, options.count, 50):.4f}")


if __name__ == "__main__":
    main()
