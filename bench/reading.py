"""What it takes to read a library for the first time, without its cache.

    OMP_NUM_THREADS=1 python -m bench.reading HOME

Reads the index of HOME (made by bench.synthetic) in a process of its own, from a home beside it
that has no cache and shares the file, and writes that cache. Prints processor seconds and the
highest memory that the process had, mapped files included, as the kernel counts them.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from library.database import FILE
from library.index import Index
from library.shelves import Shelves


def read(home: Path) -> None:
    """Read the library in `home` and print what it took."""
    index = Index.open(home)
    began = time.process_time()
    assets = Shelves(index).warm()
    worked = time.process_time() - began
    index.close()
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(f"{assets} assets read in {worked:.1f} s of processor time; {most} MB at most")


def main(home: Path) -> None:
    """Read `home` in a fresh process, beside its cache."""
    with tempfile.TemporaryDirectory(dir=home.parent) as beside:
        (Path(beside) / FILE).symlink_to((home / FILE).resolve())
        subprocess.run([sys.executable, "-m", "bench.reading", "--read", beside], check=True)


if __name__ == "__main__":
    if sys.argv[1] == "--read":
        read(Path(sys.argv[2]))
    else:
        main(Path(sys.argv[1]))
