"""How long a search takes, and how much it finds: one library, every kind of query.

    python -m bench.search HOME COUNT [--queries 60] [--rivals]

Builds a library of COUNT synthetic documents in HOME unless it is there (bench.synthetic), then
measures whole requests in process (WSGI in, JSON out): one caller; then four callers while another
process writes 20 assets twice a second. Texts are embedded by a stand-in, since the model's own
time does not depend on the library. Beside it, in the same run: numpy's product of one query with
all vectors in full floats. With --rivals also tantivy, LanceDB and usearch's HNSW over the same
documents, where they are installed. Prints Markdown.
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
import sqlalchemy as sa

from bench import rivals
from bench.synthetic import World, build, items
from library import create_library
from library.homes import KeyPair
from library.index import Index
from library.schema import vectors
from library.shelves import Shelves

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from flask import Flask


class Took(NamedTuple):
    """Milliseconds by the clock, and of them those that a processor worked for it."""

    clock: float
    work: float


PAIR = "Basic " + base64.b64encode(b"key:secret").decode()
PAGE = 20


class StandIn:
    """Gives every text a place among the library's documents, the same each time."""

    def __init__(self, world: World) -> None:
        self._world = world

    def embed_texts(self, texts: list[str], *, query: bool = False) -> np.ndarray:
        """(1, 384) the place of the text."""
        del query
        random = np.random.default_rng(sum(map(ord, texts[0])))
        cluster = random.integers(0, len(self._world.centres), 1)
        return self._world.vectors(random, self._world.latent(random, cluster), "text")

    def embed_images(self, images: Any) -> Any:
        """No query of the bench brings a picture."""
        raise NotImplementedError(images)

    def decode(self, data: bytes) -> Any:
        """As `embed_images`."""
        raise NotImplementedError(data)


def kinds(world: World, count: int) -> dict[str, Callable[[np.random.Generator], dict[str, Any]]]:
    """Name -> a body of that kind of query, drawn at random."""

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
        "a word of a prompt": lambda r: {"filter": f"prompt:{words(r, 1)[0]}"},
        "part of a prompt": lambda r: {"filter": f"prompt CONTAINS {words(r, 1)[0]}"},
        "part of a prompt, across two words": lambda r: {
            "filter": f'prompt CONTAINS "{words(r, 1)[0]} {words(r, 1)[0]}"'
        },
    }


def request(library: Flask, body: dict[str, Any]) -> tuple[Took, Any]:
    """What one search took, and its answer."""
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
    told: list[str] = []
    began, worked = time.perf_counter(), time.thread_time()
    answer = b"".join(library.wsgi_app(environ, lambda status, _: told.append(status)))
    took = Took((time.perf_counter() - began) * 1000, (time.thread_time() - worked) * 1000)
    if told != ["200 OK"]:
        raise RuntimeError(f"{told}: {answer[:300]!r} to {body}")
    return took, json.loads(answer)


def percentiles(times: list[float]) -> tuple[float, float]:
    """(p50, p95) of some milliseconds."""
    ordered = sorted(times)
    return statistics.median(ordered), ordered[min(len(ordered) - 1, int(len(ordered) * 0.95))]


def one_caller(library: Flask, asked: dict[str, list[dict[str, Any]]]) -> dict[str, list[Took]]:
    """Kind -> milliseconds, each query once, after three that warm up."""
    times: dict[str, list[Took]] = {}
    for kind, bodies in asked.items():
        for body in bodies[:3]:
            request(library, body)
        times[kind] = [request(library, body)[0] for body in bodies]
    return times


def several_callers(
    library: Flask, asked: dict[str, list[dict[str, Any]]], callers: int
) -> dict[str, list[Took]]:
    """The same with `callers` at once, each in an order of its own."""
    times: dict[str, list[Took]] = {kind: [] for kind in asked}
    lock = threading.Lock()

    def call(seed: int) -> None:
        mixed = [(kind, body) for kind, bodies in asked.items() for body in bodies[seed::callers]]
        np.random.default_rng(seed).shuffle(mixed)  # type: ignore[arg-type]
        for kind, body in mixed:
            took, _ = request(library, body)
            with lock:
                times[kind].append(took)

    threads = [threading.Thread(target=call, args=(seed,)) for seed in range(callers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return times


def write_on(home: Path, count: int, stop: Any) -> None:
    """Write 20 assets twice a second until told to stop."""
    index = Index.open(home)
    batch = next(items(World.of(count), 2000))
    place = 0
    while not stop.wait(0.5):
        index.write(batch[place : place + 20])
        place = (place + 20) % 1900
    index.close()


def memory() -> dict[str, int]:
    """MB of this process: its own, and of files that it shares with others and may give back."""
    found = {}
    for line in Path("/proc/self/status").read_text("utf-8").splitlines():
        name, _, value = line.partition(":")
        if name in {"RssAnon", "RssFile", "VmHWM"}:
            found[name] = int(value.split()[0]) // 1024
    return found


def exact_parts(index: Index, name: str) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """(numbers, vectors) of one kind from the table, 20,000 at a time."""
    table = vectors[name]
    last = 0
    with index.reading() as connection:
        while rows := connection.execute(
            sa.select(table.c.number, table.c.vector)
            .where(table.c.number > last)
            .order_by(table.c.number)
            .limit(20_000)
        ).all():
            last = rows[-1][0]
            joined = np.frombuffer(b"".join(row[1] for row in rows), dtype="<f2")
            yield np.array([row[0] for row in rows]), joined.reshape(len(rows), -1).astype("f4")


def recall(library: Flask, index: Index, count: int, queries: int) -> float:
    """Part of the 20 truly nearest by subject that a search by example finds, the mean."""
    ids = [f"asset_{n:024d}" for n in np.random.default_rng(5).integers(0, count, queries)]
    with index.reading() as connection:
        numbers = index.numbers(connection, ids)
        space = Shelves(index).at(connection).space["subject"]
    wanted = [numbers[asset_id] for asset_id in ids]
    asked: dict[int, np.ndarray] = {}
    for found, given in exact_parts(index, "subject"):
        asked |= {n: space.comparable(given[found == n])[0] for n in wanted if n in found}
    queries_matrix = np.array([asked[n] for n in wanted]).T
    best: list[list[tuple[float, int]]] = [[] for _ in wanted]
    for found, given in exact_parts(index, "subject"):
        products = space.comparable(given) @ queries_matrix
        for place in range(len(wanted)):
            top = np.argpartition(-products[:, place], 21)[:21]
            best[place] += [(float(products[n, place]), int(found[n])) for n in top]
    names = {number: asset_id for asset_id, number in numbers.items()}
    hits = 0
    for place, number in enumerate(wanted):
        nearest = [n for _, n in sorted(best[place], reverse=True) if n != number][:20]
        _, answer = request(library, {"image": names[number]})
        with index.reading() as connection:
            truth = {values["id"] for values in index.values(connection, nearest).values()}
        hits += len(truth & {hit["id"] for hit in answer["hits"]})
    return hits / (20 * len(wanted))


def bare_product(index: Index, count: int) -> tuple[str, list[Took]]:
    """Milliseconds of numpy's product of one query with every text vector, and the 20 best."""
    matrix = np.empty((count, 384), dtype=np.float32)
    place = 0
    for _, given in exact_parts(index, "text"):
        part = given[: count - place]
        matrix[place : place + len(part)] = part
        place += len(part)
    times = []
    for row in range(0, count, count // 25):
        began, worked = time.perf_counter(), time.thread_time()
        products = matrix @ matrix[row]
        top = np.argpartition(-products, PAGE)[:PAGE]
        top[np.argsort(-products[top])]
        clock = (time.perf_counter() - began) * 1000
        times.append(Took(clock, (time.thread_time() - worked) * 1000))
    return f"numpy, bare product of {count} x 384 floats and 20 best", times


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("home", type=Path)
    parser.add_argument("count", type=int)
    parser.add_argument("--queries", type=int, default=60)
    parser.add_argument("--rivals", action="store_true")
    given = parser.parse_args()
    build(given.home, given.count)
    world = World.of(given.count)
    began = time.perf_counter()
    index = Index.open(given.home)
    assets = Shelves(index).warm()
    print(f"\n{assets} assets; read, and the cache written, in {time.perf_counter() - began:.1f} s")

    began = time.perf_counter()
    library = create_library(given.home, key_pair=KeyPair("key", "secret"), models=StandIn(world))
    request(library, {"filter": "kind = image"})
    started = time.perf_counter() - began
    print(f"Start from the cache to the first answer: {started:.2f} s\n")

    random = np.random.default_rng(17)
    asked = {
        kind: [make(random) for _ in range(given.queries)]
        for kind, make in kinds(world, given.count).items()
    }
    alone = one_caller(library, asked)
    used = memory()
    stop = multiprocessing.get_context("spawn").Event()
    writer = multiprocessing.get_context("spawn").Process(
        target=write_on, args=(given.home, given.count, stop)
    )
    writer.start()
    together = several_callers(library, asked, 4)
    stop.set()
    writer.join()

    print("| query | work p50 | p95 | clock p50 | p95 | 4 callers, writer: clock p50 | p95 |")
    print("| --- | ---: | ---: | ---: | ---: | ---: | ---: |")
    for kind, times in alone.items():
        row = (
            *percentiles([took.work for took in times]),
            *percentiles([took.clock for took in times]),
            *percentiles([took.clock for took in together[kind]]),
        )
        print(f"| {kind} | {' | '.join(f'{value:.1f}' for value in row)} |")
    name, bare = bare_product(index, given.count)
    print(rivals.row(name, bare))
    if given.rivals:
        for line in rivals.measured(index, world, given.count, given.queries):
            print(line)
    print("\nMilliseconds; `work` is processor time.")
    print(f"Memory: {used['RssAnon']} MB of its own, {used['RssFile']} MB of mapped files.")
    print(f"Recall at 20, by subject: {recall(library, index, given.count, 50):.4f}")


if __name__ == "__main__":
    main()
