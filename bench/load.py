"""Requests a second and their times, with many callers at once, beside Datasette.

    python -m bench.load [--seconds 4] [--callers 1,16,64,256] [--delays 0,50,200] [--datasette BIN]
    python -m bench.load --memory 20000

Akin behind granian (2 workers of 8 threads) and behind gunicorn (2 gthread workers of 8), in front
of an API that answers after so many milliseconds (`bench.slowapi`), each page either always the
same search (cached) or never the same (uncached). Datasette serves a table page of 48 rows with the
same fields, its one process behind the same wrk in the same run; its figure is the unit of the last
column. wrk, gunicorn and datasette are left out where they are not installed: `apt-get install
wrk`, `pip install gunicorn==27.0.1`, and datasette in a venv of its own.

`--memory` asks for that many distinct searches and prints the workers' memory on the way.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests.cluster.programs import free_port
from tests.faults.synthetic import hit

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

ROOT = Path(__file__).parents[1]
WORKERS, THREADS = 2, 8
DISTINCT = """
local thread = 0
function setup(t) t:set("number", thread); thread = thread + 1 end
function init() count = 0 end
function request()
  count = count + 1
  return wrk.format("GET", "/?query=word+" .. os.time() .. "." .. number .. "." .. count)
end
"""
_LINE = re.compile(r"\s*(50|99)%\s+([\d.]+)(us|ms|s|m)")
_UNIT = {"us": 0.001, "ms": 1.0, "s": 1000.0, "m": 60_000.0}


@dataclass(frozen=True)
class Measured:
    """What wrk says: requests a second, milliseconds, and answers that were none."""

    rate: float
    p50: float
    p99: float
    failed: int


@contextmanager
def process(command: Sequence[str], ready: str, **environment: str) -> Iterator[int]:
    """A process group while it is entered, once `ready` answers; yields its id."""
    kept = {n: v for n, v in os.environ.items() if not n.startswith(("AKIN_", "SCENARIO_"))}
    with tempfile.TemporaryFile() as log:
        child = subprocess.Popen(
            command,
            cwd=ROOT,
            env=kept | {"OMP_NUM_THREADS": "1"} | environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        try:
            while not _answers(ready):
                if child.poll() is not None:
                    log.seek(0)
                    raise RuntimeError(f"{command[0]} ended: {log.read().decode()[-2000:]}")
                time.sleep(0.05)
            yield child.pid
        finally:
            if child.poll() is None:
                os.killpg(child.pid, signal.SIGTERM)
            try:
                child.wait(10)
            except subprocess.TimeoutExpired:
                os.killpg(child.pid, signal.SIGKILL)
                child.wait()


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=30):  # noqa: S310 - our own servers
            return True
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False


def servers(port: int) -> dict[str, list[str]]:
    """The commands that serve Akin, by name."""
    python = sys.executable
    granian = [python, "-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1"]
    granian += ["--port", str(port), "--workers", str(WORKERS), "--backlog", "1024"]
    granian += ["--blocking-threads", str(THREADS), "--log-level", "error", "wsgi:application"]
    found = {"granian 2x8": granian}
    if importlib.util.find_spec("gunicorn"):
        found["gunicorn gthread 2x8"] = [python, "-m", "gunicorn", "--bind", f"127.0.0.1:{port}"]
        found["gunicorn gthread 2x8"] += ["--worker-class", "gthread", "--workers", str(WORKERS)]
        found["gunicorn gthread 2x8"] += ["--threads", str(THREADS), "--log-level", "error"]
        found["gunicorn gthread 2x8"] += ["--keep-alive", "30", "wsgi:application"]
    return found


def wrk(url: str, callers: int, seconds: float, script: Path | None = None) -> Measured:
    """Ask from so many connections at once."""
    command = ["wrk", "--latency", "--timeout", "20s", "-t", "1" if callers == 1 else "2"]
    command += ["-c", str(callers), "-d", f"{seconds:g}s"]
    if script is not None:
        command += ["-s", str(script)]
    said = subprocess.run([*command, url], check=True, capture_output=True, text=True).stdout
    times = {share: float(value) * _UNIT[unit] for share, value, unit in _LINE.findall(said)}
    rate = re.search(r"Requests/sec:\s+([\d.]+)", said)
    failed = sum(int(n) for n in re.findall(r"(?:Non-2xx or 3xx responses: |timeout )(\d+)", said))
    return Measured(float(rate[1]) if rate else 0.0, times["50"], times["99"], failed)


def akin(data: Path, upstream: int) -> dict[str, str]:
    """Akin's settings before an upstream on that port."""
    return {
        "AKIN_DATA": str(data),
        "SCENARIO_BASE_URL": f"http://127.0.0.1:{upstream}/v1",
        "SCENARIO_SDK_API_KEY": "key",
        "SCENARIO_SDK_API_SECRET": "secret",
    }


def datasette(stack: ExitStack, program: str, folder: Path) -> str:
    """Start Datasette over the same 48 rows; answers the address of its table page."""
    file = folder / "assets.db"
    with sqlite3.connect(file) as database:
        rows = [hit(n * 8, cdn="https://cdn.scenario.com") for n in range(48)]
        database.execute("create table assets (id text primary key, name, prompt, kind, tags, url)")
        database.executemany(
            "insert into assets values (?, ?, ?, ?, ?, ?)",
            [
                (
                    row["id"],
                    row["metadata"]["name"],
                    row["metadata"]["prompt"],
                    row["metadata"]["kind"],
                    json.dumps(row["tags"]),
                    row["url"],
                )
                for row in rows
            ],
        )
    port = free_port()
    command = [program, "serve", "--immutable", str(file), "--port", str(port)]
    command += ["--setting", "default_page_size", "48", "--setting", "suggest_facets", "off"]
    url = f"http://127.0.0.1:{port}/assets/assets"
    stack.enter_context(process(command, url))
    return url


def measure(arguments: argparse.Namespace) -> None:
    """Print the table."""
    # Datasette gets eight seconds at least: with 256 callers its first page takes some.
    print("| server | upstream | pages | callers | a second | p50 ms | p99 ms | failed | beside |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- | --- |")
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        script = folder / "distinct.lua"
        script.write_text(DISTINCT)
        unit: dict[int, float] = {}
        if arguments.datasette:
            with ExitStack() as other:
                url = datasette(other, arguments.datasette, folder)
                for callers in arguments.callers:
                    got = wrk(url, callers, max(arguments.seconds, 8))
                    unit[callers] = got.rate
                    _row("Datasette, one process", "its own", "the same", callers, got, 1.0)
        for delay in arguments.delays:
            upstream = free_port()
            api = [sys.executable, "-m", "bench.slowapi", str(upstream), str(delay)]
            with process(api, f"http://127.0.0.1:{upstream}/count"):
                for name, command in servers(port := free_port()).items():
                    data = Path(stack.enter_context(tempfile.TemporaryDirectory()))
                    url = f"http://127.0.0.1:{port}/"
                    with process(command, url, **akin(data, upstream)):
                        for pages, lua in (("the same", None), ("distinct", script)):
                            for callers in arguments.callers:
                                got = wrk(url, callers, arguments.seconds, lua)
                                ratio = got.rate / unit[callers] if unit.get(callers) else 0.0
                                _row(name, f"{delay} ms", pages, callers, got, ratio)


def _row(name: str, delay: str, pages: str, callers: int, got: Measured, ratio: float) -> None:
    beside = f"{ratio:.1f}" if ratio else ""
    print(
        f"| {name} | {delay} | {pages} | {callers} | {got.rate:.0f} | {got.p50:.1f} "
        f"| {got.p99:.1f} | {got.failed} | {beside} |",
        flush=True,
    )


def memory(searches: int) -> None:
    """Print the memory of all workers on the way through so many distinct searches."""
    upstream, port = free_port(), free_port()
    api = [sys.executable, "-m", "bench.slowapi", str(upstream), "0"]
    url = f"http://127.0.0.1:{port}/"
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        script = folder / "distinct.lua"
        script.write_text(DISTINCT)
        stack.enter_context(process(api, f"http://127.0.0.1:{upstream}/count"))
        command = servers(port)["granian 2x8"]
        group = stack.enter_context(process(command, url, **akin(folder, upstream)))
        count = f"http://127.0.0.1:{upstream}/count"
        print(f"{0:7} searches  {resident(group):5.0f} MB")
        while (asked := json.load(urllib.request.urlopen(count))["count"]) < searches:
            wrk(url, 16, 10, script)
            print(f"{asked:7} searches  {resident(group):5.0f} MB", flush=True)


def resident(group: int) -> float:
    """Megabytes that the processes of a group have in memory, shared pages counted in each."""
    pages = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
            if int(fields[2]) == group:
                pages += int((stat.parent / "statm").read_text().split()[1])
        except (OSError, ValueError):
            continue  # it has ended meanwhile
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def main() -> int | str:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    numbers = {"type": lambda text: [int(part) for part in text.split(",")]}
    parser.add_argument("--seconds", type=float, default=4)
    parser.add_argument("--callers", default=[1, 16, 64, 256], **numbers)
    parser.add_argument("--delays", default=[0, 50, 200], **numbers)
    parser.add_argument("--datasette", default=shutil.which("datasette"))
    parser.add_argument("--memory", type=int, default=0)
    arguments = parser.parse_args()
    if shutil.which("wrk") is None:
        return "wrk is not installed: apt-get install wrk"
    if arguments.memory:
        memory(arguments.memory)
    else:
        measure(arguments)
    return 0


if __name__ == "__main__":
    sys.exit(main())
