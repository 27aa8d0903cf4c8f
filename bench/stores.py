"""The same searches on SQLite and on PostgreSQL, by turns in one run; writing, and following.

    python -m bench.stores HOME URL [--queries 40]

HOME has a library of bench.synthetic, and URL (`postgresql://...?library=NAME`) its copy:

    python -m library copy sqlite:HOME URL

Each search is made on one, then on the other, with results compared. Then both are written, 32
assets in a transaction, and a reader that polls every 5 ms reports when it sees each commit.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import threading
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from bench.machine import machine
from bench.search import SyntheticEmbedder, kinds, percentiles, request
from bench.synthetic import World, items
from library import create_library
from library.home import KeyPair
from library.store.index import Index

if TYPE_CHECKING:
    from flask import Flask

BATCH = 32  # assets in a transaction
WRITTEN = 1_920
POLL = 0.005  # seconds


def library_at(home: Path, url: str, world: World) -> tuple[Flask, Index]:
    """Return the library of a home, in the database `url` or else in files, and its index."""
    os.environ["AKIN_LIBRARY_URL"] = url
    pair, models = KeyPair("key", "secret"), SyntheticEmbedder(world)
    return create_library(home, key_pair=pair, models=models), Index.open(home)


def searches(libraries: dict[str, Flask], world: World, count: int, queries: int) -> None:
    """Print durations by kind of query. Raises RuntimeError where results differ."""
    random = np.random.default_rng(17)
    print("| query | SQLite clock p50 | p95 | PostgreSQL clock p50 | p95 | work p50: SQLite | PG |")
    print("| --- | ---: | ---: | ---: | ---: | ---: | ---: |")
    for kind, make in kinds(world, count).items():
        clock: dict[str, list[float]] = {name: [] for name in libraries}
        work: dict[str, list[float]] = {name: [] for name in libraries}
        for number in range(queries + 3):
            body = make(random)
            found = []
            for name, library in libraries.items():
                duration, response = request(library, body)
                found.append([hit["id"] for hit in response["hits"]])
                if number >= 3:  # the first ones warm up
                    clock[name].append(duration.clock)
                    work[name].append(duration.work)
            if found[0] != found[1]:
                raise RuntimeError(f"different results of {body}")
        row = [value for times in clock.values() for value in percentiles(times)]
        row += [percentiles(times)[0] for times in work.values()]
        print(f"| {kind} | {' | '.join(f'{value:.1f}' for value in row)} |")


def writing(index: Index, world: World) -> tuple[float, list[float]]:
    """Return assets written in a second, and the milliseconds until each commit was visible."""
    batch = next(items(world, 2_000))[:WRITTEN]
    committed: dict[int, float] = {}
    seen: dict[int, float] = {}
    stop = threading.Event()

    def follow() -> None:
        while not stop.is_set():
            with index.reading() as connection:
                generation = index.generation(connection)
            seen.setdefault(generation, time.perf_counter())
            time.sleep(POLL)

    with index.reading() as connection:
        first = index.generation(connection)
    follower = threading.Thread(target=follow)
    follower.start()
    began = time.perf_counter()
    for start in range(0, WRITTEN, BATCH):
        index.write(batch[start : start + BATCH])
        committed[first + 1 + start // BATCH] = time.perf_counter()
    elapsed = time.perf_counter() - began
    time.sleep(0.5)
    stop.set()
    follower.join()
    delays = [
        max(0.0, min(at for other, at in seen.items() if other >= generation) - when) * 1000
        for generation, when in committed.items()
    ]
    return WRITTEN / elapsed, delays


def main() -> None:
    """Measure and print Markdown."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("home", type=Path)
    parser.add_argument("url")
    parser.add_argument("--queries", type=int, default=40)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as other:
        with closing(Index.open(options.home)) as index:
            count = index.count()
        world = World.of(count)
        libraries, indexes = {}, {}
        for name, home, url in (
            ("SQLite", options.home, ""),
            ("PostgreSQL", Path(other), options.url),
        ):
            began = time.perf_counter()
            libraries[name], indexes[name] = library_at(home, url, world)
            request(libraries[name], {"filter": "kind = image"})
            print(f"{name}: first response after {time.perf_counter() - began:.1f} s")
        print(f"\n{count} assets. {machine()}\n")
        searches(libraries, world, count, options.queries)
        for name, index in indexes.items():
            rate, delays = writing(index, world)
            p50, p95 = percentiles(delays)
            print(
                f"\n{name}: {rate:.0f} assets written per second, {BATCH} in a transaction; a "
                f"commit is visible after {p50:.0f} ms (p95 {p95:.0f})"
            )
            index.close()
        print(f"\n{machine()}")


if __name__ == "__main__":
    main()
