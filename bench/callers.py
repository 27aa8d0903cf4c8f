"""Four callers and a writer before a library that two processes serve, on SQLite and PostgreSQL.

    python -m bench.callers HOME URL [--queries 25]

HOME has a library of bench.synthetic, and URL (`postgresql://...?library=NAME`) its copy, as for
bench.stores. Each is served as `make serve` does it, by two worker processes. Four callers send
searches of all kinds over HTTP while a process writes 20 assets twice a second. Prints milliseconds
by clock, from the request to the last byte of the response; the callers use the same processors.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import tempfile
import threading
import time
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import numpy as np

from bench.machine import machine
from bench.processes import server, started
from bench.search import PAIR, kinds, percentiles, write_on
from bench.synthetic import World
from library.store.index import Index
from tests.support.ports import free_port

CALLERS = 4
WARM_UP = 6  # rounds of all kinds, so that each process has answered each


def call(port: int, mixed: list[tuple[str, Any]], times: dict[str, list[float]]) -> None:
    """Send searches one after the other, and add the milliseconds that each took."""
    headers = {"Authorization": PAIR, "Content-Type": "application/json"}
    with closing(HTTPConnection("127.0.0.1", port, timeout=600)) as connection:
        for kind, body in mixed:
            began = time.perf_counter()
            connection.request("POST", "/v1/search/assets", json.dumps(body), headers)
            response = connection.getresponse()
            text = response.read()
            if response.status != 200:
                raise RuntimeError(f"{response.status}: {text[:300]!r} to {body}")
            times[kind].append((time.perf_counter() - began) * 1000)


def together(port: int, queries: dict[str, list[Any]]) -> dict[str, list[float]]:
    """Return the milliseconds by kind; the callers share the queries, each in its own order."""
    times: dict[str, list[float]] = {kind: [] for kind in queries}
    threads = []
    for seed in range(CALLERS):
        mixed = [(kind, body) for kind, bodies in queries.items() for body in bodies[seed::CALLERS]]
        np.random.default_rng(seed).shuffle(mixed)
        threads.append(threading.Thread(target=call, args=(port, mixed, times)))
        threads[-1].start()
    for thread in threads:
        thread.join()
    return times


def measured(home: Path, url: str, count: int, queries: int) -> dict[str, list[float]]:
    """Serve the library of a home, in the database `url` or in files, and measure it."""
    port, context = free_port(), multiprocessing.get_context("spawn")
    settings = {"BENCH_HOME": str(home), "BENCH_COUNT": str(count), "AKIN_LIBRARY_URL": url}
    command = server("bench.served_library:application", port, workers=2, threads=8)
    random = np.random.default_rng(17)
    makers = kinds(World.of(count), count)
    with started(command, f"http://127.0.0.1:{port}/v1/assets", **settings):
        warm = {kind: [make(random)] * CALLERS for kind, make in makers.items()}
        for _ in range(WARM_UP):
            together(port, warm)
        os.environ["AKIN_LIBRARY_URL"] = url
        stop = context.Event()
        writer = context.Process(target=write_on, args=(home, count, stop))
        writer.start()
        try:
            bodies = {kind: [make(random) for _ in range(queries)] for kind, make in makers.items()}
            return together(port, bodies)
        finally:
            stop.set()
            writer.join()


def main() -> None:
    """Measure and print Markdown."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("home", type=Path)
    parser.add_argument("url")
    parser.add_argument("--queries", type=int, default=25, help="of each kind")
    options = parser.parse_args()
    with closing(Index.open(options.home)) as index:
        count = index.count()
    print(f"{count} assets. {machine()}\n")
    with tempfile.TemporaryDirectory() as other:
        columns = [
            measured(options.home, "", count, options.queries),
            measured(Path(other), options.url, count, options.queries),
        ]
    print("| query | SQLite clock p50 | p95 | PostgreSQL clock p50 | p95 |")
    print("| --- | ---: | ---: | ---: | ---: |")
    columns = [
        each | {"all": [ms for of_kind in each.values() for ms in of_kind]} for each in columns
    ]
    for kind in columns[0]:
        row = [value for each in columns for value in percentiles(each[kind])]
        print(f"| {kind} | {' | '.join(f'{value:.1f}' for value in row)} |")
    print(f"\n{machine()}")


if __name__ == "__main__":
    main()
