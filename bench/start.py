"""Time from `make run` to the first page of the indexed demo library, and from Ctrl-C to the end.

    python -m bench.start [--runs 10]

Beside it, in turns, Datasette from its command to the first page of the same library's file, where
it is installed (sh scripts/python -m scripts.install requirements/bench.txt). Wall-clock seconds,
with nothing else running. The first run of each is left out: caches are cold then, or the library
has to be made.
"""

from __future__ import annotations

import argparse
import os
import signal
import statistics
import sys
import time
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING

from bench.processes import ROOT, started
from tests.support.ports import free_port

if TYPE_CHECKING:
    from collections.abc import Sequence

HOME = ROOT / "instance" / "bench" / "start"
DATASETTE = Path(sys.executable).with_name("datasette")


def started_and_ended(command: Sequence[str], url: str, sign: str) -> tuple[float, float]:
    """Return the seconds from a command to its page, and from Ctrl-C to its end.

    Raises:
        RuntimeError: it ended before it responded, or its page does not contain `sign`.
    """
    began = time.monotonic()
    with started(command, url, AKIN_DATA=str(HOME)) as process:
        responded = time.monotonic()
        with urllib.request.urlopen(url, timeout=60) as page:  # noqa: S310 - our own servers
            if sign.encode() not in page.read():
                raise RuntimeError(f"{url} has no {sign}")
        stopped = time.monotonic()
        os.killpg(process.pid, signal.SIGINT)
        process.wait()
        return responded - began, time.monotonic() - stopped


def akin() -> tuple[float, float]:
    """Start and end `make run`."""
    port = free_port()
    return started_and_ended(
        ["make", "run", f"PORT={port}"], f"http://127.0.0.1:{port}/", "data-asset-id="
    )


def datasette() -> tuple[float, float]:
    """Start and end Datasette over the demo library's file."""
    port = free_port()
    file = HOME / "libraries" / "demo" / "library.sqlite"
    return started_and_ended(
        [str(DATASETTE), "serve", "--immutable", str(file), "--port", str(port)],
        f"http://127.0.0.1:{port}/library/assets",
        "<tr",
    )


def main(runs: int) -> None:
    """Measure both in turn and print Markdown."""
    rows = {"make run": [akin()]}
    measured = {"make run": akin}
    if DATASETTE.exists():
        rows["Datasette"] = [datasette()]
        measured["Datasette"] = datasette
    else:
        print(
            "Datasette is not there: sh scripts/python -m scripts.install requirements/bench.txt",
            file=sys.stderr,
        )
    for _ in range(runs):
        for name, measure in measured.items():
            rows[name].append(measure())
    print("| seconds | to the first page: median (least to most) | to the end: median (most) |")
    print("| --- | ---: | ---: |")
    for name, times in rows.items():
        starts, ends = zip(*times[1:], strict=True)
        start, end = statistics.median(starts), statistics.median(ends)
        spread = f"{min(starts):.2f} to {max(starts):.2f}"
        print(f"| {name} | {start:.2f} ({spread}) | {end:.2f} ({max(ends):.2f}) |")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--runs", type=int, default=10)
    main(parser.parse_args().runs)
