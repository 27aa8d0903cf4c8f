"""Requests per second and their times with many callers, compared with Datasette and searx.

    python -m bench.load [--seconds 4] [--callers 1,16,64,256] [--delays 0,50,200]
    python -m bench.load --overhead [--delays 50]       # over the upstream's own time
    python -m bench.load --people 1000 [--seconds 60]   # browsing, a page each 10 s
    python -m bench.load --memory 12000                 # over so many distinct searches

Akin behind granian (2 workers of 8 threads) and behind gunicorn (2 gthread workers of 8), in front
of an API with a delay (`bench.slowapi`). A page is either always the same search (cached) or never
the same (uncached; the 48 hits are always the same, so their cards have been rendered before).
Datasette serves a table page of 48 rows with the same fields from one process; searx, the
predecessor of SearXNG, searches the same API for distinct words behind gunicorn 2x8 and shows the
same 48 hits. A cell contains pages per second and, in brackets, p50 and p99 in ms and the ratio to
Datasette's pages per second (the same) or searx' (distinct).

wrk: `apt-get install wrk`. Other programs that are not installed are left out and reported.
"""

from __future__ import annotations

import argparse
import itertools
import json
import random
import re
import shutil
import subprocess
import sys
import tempfile
import urllib.request
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bench import serving
from bench.processes import cpu_seconds, resident
from bench.rate import at_rate, one_by_one

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bench.rate import Timings

DISTINCT = """
local thread = 0
function setup(t) t:set("number", thread); thread = thread + 1 end
function init() count = 0 end
function request()
  count = count + 1
  return wrk.format("GET", "{path}" .. os.time() .. "." .. number .. "." .. count)
end
"""
_LINE = re.compile(r"\s*(50|99)%\s+([\d.]+)(us|ms|s|m)")
_UNIT = {"us": 0.001, "ms": 1.0, "s": 1000.0, "m": 60_000.0}
EACH_SECONDS = 10.0  # between two pages of one person
VIEWS_A_CALL = 5.18  # of bench.day
LATELY = 500  # recent pages of the team, which are opened again
PEOPLES_DELAY = 50  # milliseconds


@dataclass(frozen=True)
class Measured:
    """Result of wrk: requests per second, milliseconds, and failed requests."""

    rate: float
    p50: float
    p99: float
    failed: int


def wrk(url: str, callers: int, seconds: float, path: str = "") -> Measured:
    """Run wrk with so many connections; with `path`, for distinct addresses that begin so."""
    command = ["wrk", "--latency", "--timeout", "20s", "-t", "1" if callers == 1 else "2"]
    command += ["-c", str(callers), "-d", f"{seconds:g}s"]
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        if path:
            script.write(DISTINCT.replace("{path}", path))
            script.flush()
            command += ["-s", script.name]
        output = subprocess.run([*command, url], check=True, capture_output=True, text=True).stdout
    times = {share: float(value) * _UNIT[unit] for share, value, unit in _LINE.findall(output)}
    rate = re.search(r"Requests/sec:\s+([\d.]+)", output)
    failed = sum(
        int(n) for n in re.findall(r"(?:Non-2xx or 3xx responses: |timeout )(\d+)", output)
    )
    return Measured(float(rate[1]) if rate else 0.0, times["50"], times["99"], failed)


def measure(arguments: argparse.Namespace) -> None:
    """Print the table of pages a second."""
    # At least eight seconds: with 256 callers the first page of the others takes some.
    longer = max(arguments.seconds, 8)
    heads = [f"{callers} at once" for callers in arguments.callers]
    print(f"| server | upstream | pages | {' | '.join(heads)} |")
    print(f"| --- | --- | --- |{' --- |' * len(heads)}")
    ours = serving.servers(0)
    units: dict[str, list[float]] = {}  # of the rivals, by the pages that they are beside

    def row(server: str, upstream: str, pages: str, url: str, path: str, seconds: float) -> None:
        cells, rates = [], []
        for place, callers in enumerate(arguments.callers):
            run = wrk(url, callers, seconds, path)
            rates.append(run.rate)
            unit = units[pages][place] if pages in units else 0.0
            beside = f", {run.rate / unit:.1f}x" if unit else ""
            failed = f", {run.failed} failed" if run.failed else ""
            cells.append(f"{run.rate:.0f} ({run.p50:.1f}, {run.p99:.0f}{beside}{failed})")
        if server not in ours:
            units[pages] = rates
        print(f"| {server} | {upstream} | {pages} | {' | '.join(cells)} |", flush=True)

    with serving.datasette() as url:
        if url:
            row("Datasette, one process", "its own", "the same", url, "", longer)
    with serving.upstream(0) as api, serving.searx(api) as url:
        if url:
            row("searx, gthread 2x8", "0 ms", "distinct", url, "/search?q=word+", longer)
    for delay in arguments.delays:
        with serving.upstream(delay) as api:
            for name in ours:
                with serving.akin(api, name) as (url, _):
                    for pages, path in (("the same", ""), ("distinct", "/?query=word+")):
                        row(name, f"{delay} ms", pages, url, path, arguments.seconds)


def overhead(delays: list[int], seconds: float) -> None:
    """Print the time of a page minus the upstream's, alone and at half of saturation."""
    numbers = itertools.count()

    def distinct(count: int) -> Iterator[str]:
        return (f"/?query=word+{next(numbers)}" for _ in range(count))

    print("| upstream | pages | callers | a second | p50 ms | p99 ms | failed | CPU ms a page |")
    print("| --- | --- | --- | ---: | ---: | ---: | ---: | ---: |")
    for delay in delays:
        with serving.upstream(delay) as api, serving.akin(api) as (url, group):
            ours = f"http://127.0.0.1:{api}/"
            one_by_one(url, distinct(50))
            for pages, path in (("distinct", "/?query=word+"), ("the same", "")):
                full = wrk(url, 64, min(seconds, 8), path)
                _cells(f"{delay} ms", pages, f"saturated, 64 callers: {full.rate:.0f}")
                half = full.rate / 2
                count = max(int(half * seconds), 20)
                alone = 200 if delay < 100 else 50
                # The upstream's own time, measured at the same rate.
                search = itertools.repeat("/v1/search/assets")
                own = [
                    one_by_one(ours, itertools.islice(search, alone)),
                    at_rate(ours, itertools.islice(search, int(half * 5)), half),
                ]
                for number, how in enumerate(("one caller", "half of that, open loop")):
                    before = cpu_seconds(group)
                    if number:
                        addresses = distinct(count) if path else iter(["/"] * count)
                        run = at_rate(url, addresses, half)
                    else:
                        addresses = distinct(alone) if path else iter(["/"] * alone)
                        run = one_by_one(url, addresses)
                    used = 1000 * (cpu_seconds(group) - before)
                    _over(f"{delay} ms", pages, how, half if number else 0, run, own[number], used)


def _over(
    delay: str, pages: str, how: str, rate: float, run: Timings, own: Timings, used: float
) -> None:
    base = own.percentile(0.5) if pages == "distinct" else 0.0
    _cells(
        *(delay, pages, how, f"{rate:.0f}" if rate else ""),
        f"{run.percentile(0.5) - base:.1f}",
        f"{run.percentile(0.99) - base:.1f}",
        *(str(run.failed), f"{used / max(len(run.seconds), 1):.1f}"),
    )
    if pages == "distinct":
        own_times = f"{own.percentile(0.5):.1f}", f"{own.percentile(0.99):.1f}"
        _cells(delay, "the upstream itself", how, "", *own_times, str(own.failed), "")


def _cells(*cells: str) -> None:
    print(f"| {' | '.join((*cells, *[''] * (8 - len(cells))))} |", flush=True)


def people(count: int, seconds: float) -> int:
    """Print the times of so many people who open a page every ten seconds; 1 where any failed.

    One view in VIEWS_A_CALL is a new search; the others are recent pages of the team. Browsers
    cache nothing, which is worse than in bench.day.
    """
    source, numbers = random.Random(1), itertools.count()
    lately: deque[str] = deque(maxlen=LATELY)

    def views(number: int) -> Iterator[str]:
        for _ in range(number):
            if not lately or source.random() < 1 / VIEWS_A_CALL:
                lately.append(f"/?query=word+{next(numbers)}")
                yield lately[-1]
            else:
                yield source.choice(lately)

    rate = count / EACH_SECONDS
    with serving.upstream(PEOPLES_DELAY) as api, serving.akin(api) as (url, group):
        at_rate(url, views(int(rate * 5)), rate)
        before = cpu_seconds(group)
        run = at_rate(url, views(int(rate * seconds)), rate)
        used = cpu_seconds(group) - before
    print("| people | pages a second | p50 ms | p99 ms | worst ms | failed | of a core |")
    print("| ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
    print(
        f"| {count} | {rate:g} | {run.percentile(0.5):.1f} | {run.percentile(0.99):.1f} | "
        f"{run.percentile(1):.0f} | {run.failed} | {used / seconds:.2f} |"
    )
    return 1 if run.failed else 0


def memory(searches: int) -> None:
    """Print the memory of all workers during so many distinct searches."""
    with serving.upstream(0) as api, serving.akin(api) as (url, group):
        count = f"http://127.0.0.1:{api}/count"
        print("| searches | MB |\n| ---: | ---: |")
        seen = [(0, resident(group))]
        print(f"| 0 | {seen[0][1]:.0f} |", flush=True)
        while seen[-1][0] < searches:
            wrk(url, 16, 8, "/?query=word+")
            searches_made = json.load(urllib.request.urlopen(count))["count"]
            seen.append((searches_made, resident(group)))
            print(f"| {searches_made} | {seen[-1][1]:.0f} |", flush=True)
    half = next(each for each in seen if each[0] >= seen[-1][0] / 2)
    grown, meanwhile = seen[-1][1] - half[1], seen[-1][0] - half[0]
    if meanwhile:
        print(f"\nThe second half: {grown:+.1f} MB in {meanwhile} searches.")


def _numbers(text: str) -> list[int]:
    return [int(part) for part in text.split(",")]


def main() -> int | str:
    """Run the measurement that the command line names."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seconds", type=float)
    parser.add_argument("--callers", default=[1, 16, 64, 256], type=_numbers)
    parser.add_argument("--delays", type=_numbers)
    parser.add_argument("--overhead", action="store_true")
    parser.add_argument("--people", type=int, default=0)
    parser.add_argument("--memory", type=int, default=0)
    arguments = parser.parse_args()
    if shutil.which("wrk") is None:
        return "wrk is not installed: apt-get install wrk"
    if arguments.people:
        return people(arguments.people, arguments.seconds or 60)
    if arguments.memory:
        memory(arguments.memory)
    elif arguments.overhead:
        overhead(arguments.delays or [50], arguments.seconds or 15)
    else:
        for line in serving.missing():
            print(f"Not installed: {line}", file=sys.stderr)
        arguments.seconds = arguments.seconds or 4
        arguments.delays = arguments.delays or [0, 50, 200]
        measure(arguments)
    return 0


if __name__ == "__main__":
    sys.exit(main())
