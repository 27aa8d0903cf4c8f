"""Processor time and memory of reading a library for the first time, without its cache.

    OMP_NUM_THREADS=1 python -m bench.reading HOME

Reads the index of HOME (see bench.synthetic) in a process of its own, from a second home that
shares the file and has no cache, and writes that cache. Prints processor seconds and the maximum
memory of the process, mapped files included, as the kernel counts them.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from library.reader.index_reader import IndexReader
from library.store.backends.sqlite import FILE
from library.store.index import Index


def read(home: Path) -> None:
    """Read the library in `home` and print its cost."""
    index = Index.open(home)
    began = time.process_time()
    assets = IndexReader(index).warm()
    worked = time.process_time() - began
    index.close()
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(f"{assets} assets read in {worked:.1f} s of processor time; {most} MB at most")


def main(home: Path) -> None:
    """Read `home` in a new process, without its cache."""
    with tempfile.TemporaryDirectory(dir=home.parent) as beside:
        (Path(beside) / FILE).symlink_to((home / FILE).resolve())
        subprocess.run([sys.executable, "-m", "bench.reading", "--read", beside], check=True)


if __name__ == "__main__":
    if sys.argv[1] == "--read":
        read(Path(sys.argv[2]))
    else:
        main(Path(sys.argv[1]))
