"""From the start of a new host to its first search: with a shipped snapshot, and without one.

    python -m bench.new_host "postgresql://...?library=NAME"

The library is a copy of one of bench.synthetic (`python -m library copy sqlite:HOME URL`). A host
with an empty home reads the library. Its home then writes the snapshot to the shared place, as an
indexer does, and another host with an empty home loads it. Prints seconds by clock from the start
of each process, its processor time, and its peak of memory, mapped files included.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path

from bench.machine import machine
from bench.search import request
from library import create_library
from library.home import KeyPair
from library.reader import shipping
from library.reader.index_reader import IndexReader
from library.store.index import Index

SEARCH = {"filter": "kind = image", "sortBy": ["createdAt:desc"], "page": 1, "hitsPerPage": 20}


def search(home: Path) -> None:
    """Open the library in this process, and search once."""
    library = create_library(home, key_pair=KeyPair("key", "secret"))
    _, response = request(library, SEARCH)
    print(f"{response['totalHits']} hits", end="; ")


def warm(home: Path) -> None:
    """Read the library, and write its snapshot to the shared place."""
    with closing(Index.open(home)) as index:
        IndexReader(index).warm()


def remove_snapshots(home: Path) -> None:
    """Remove what an earlier run has shipped."""
    with closing(Index.open(home)) as index:
        blobs = index.store.blobs
        for name in list(blobs.names(shipping.PREFIX)):
            blobs.remove([name])


def report(name: str, step: str, home: str) -> None:
    """Run a step in a process of its own, and print what it took."""
    began = time.perf_counter()
    command = [sys.executable, "-m", "bench.new_host", "--step", step, home]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    print(f"{name}: {time.perf_counter() - began:.1f} s by clock; {done.stdout.strip()}")


def main(url: str) -> None:
    """Measure the three hosts."""
    os.environ["AKIN_LIBRARY_URL"] = url
    print(machine())
    with tempfile.TemporaryDirectory() as base:
        remove_snapshots(Path(base, "none"))
        report("without a snapshot", "search", f"{base}/first")
        report("writing the snapshot", "warm", f"{base}/first")
        report("with the snapshot", "search", f"{base}/second")
    print(machine())


STEPS = {"search": search, "warm": warm}

if __name__ == "__main__":
    if sys.argv[1] == "--step":
        STEPS[sys.argv[2]](Path(sys.argv[3]))
        used = resource.getrusage(resource.RUSAGE_SELF)
        print(
            f"{used.ru_utime + used.ru_stime:.1f} s of processor time, "
            f"{used.ru_maxrss // 1024} MB at most"
        )
    else:
        main(sys.argv[1])
