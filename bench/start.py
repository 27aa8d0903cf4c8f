"""From `make run` to the first page, and from Ctrl-C to the end, on the demo library once indexed.

    python -m bench.start [--runs 10]

Beside it, by turns, Datasette from its command to the first page of the same library's file (where
it is installed: sh scripts/setup requirements-bench.txt). Seconds by the clock, nothing else
running. The first of each is left out: files are still to be read then, or the library to be made.
"""

from __future__ import annotations

import argparse
import os
import signal
import statistics
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING

from tests.ports import free_port

if TYPE_CHECKING:
    from collections.abc import Sequence

ROOT = Path(__file__).parents[1]
HOME = ROOT / "instance" / "bench" / "start"
DATASETTE = Path(sys.executable).with_name("datasette")
PAUSE = 0.01  # seconds between two attempts


def started_and_ended(command: Sequence[str], url: str, sign: bytes) -> tuple[float, float]:
    """Start a command and end it with Ctrl-C: seconds to a page with `sign` in it, and to its end.

    Raises:
        RuntimeError: it ended before it answered, or its page has no `sign`.
    """
    kept = {n: v for n, v in os.environ.items() if not n.startswith(("AKIN_", "SCENARIO_", "MAKE"))}
    began = time.monotonic()
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env=kept | {"AKIN_DATA": str(HOME)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        while not (page := _page(url)):
            if process.poll() is not None:
                raise RuntimeError(f"{' '.join(command)} ended with {process.returncode}")
            time.sleep(PAUSE)
        answered = time.monotonic()
        if sign not in page:
            raise RuntimeError(f"{url} has no {sign.decode()}")
        os.killpg(process.pid, signal.SIGINT)
        process.wait()
        return answered - began, time.monotonic() - answered
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _page(url: str) -> bytes:
    try:
        with urllib.request.urlopen(url, timeout=600) as answer:  # noqa: S310 - our own servers
            return bytes(answer.read())
    except OSError:
        return b""


def akin() -> tuple[float, float]:
    """`make run`, as somebody types it."""
    port = free_port()
    return started_and_ended(
        ["make", "run", f"PORT={port}"], f"http://127.0.0.1:{port}/", b"data-asset-id="
    )


def datasette() -> tuple[float, float]:
    """Datasette over the demo library's file."""
    port = free_port()
    file = HOME / "libraries" / "demo" / "library.sqlite"
    return started_and_ended(
        [str(DATASETTE), "serve", "--immutable", str(file), "--port", str(port)],
        f"http://127.0.0.1:{port}/library/assets",
        b"<tr",
    )


def main(runs: int) -> None:
    """Measure both by turns."""
    rows = {"make run": [akin()]}
    measured = {"make run": akin}
    if DATASETTE.exists():
        rows["Datasette"] = [datasette()]
        measured["Datasette"] = datasette
    else:
        print("Datasette is not there: sh scripts/setup requirements-bench.txt", file=sys.stderr)
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
