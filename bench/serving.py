"""What `bench.load` puts beside each other, each started on a free port and stopped again.

Akin behind granian and gunicorn; Datasette over the same 48 rows; searx, SearXNG's forerunner as
Debian has it, before the same API. What is not installed is left out, and said.
"""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from tests.faults.synthetic import hit
from tests.ports import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

ROOT = Path(__file__).parents[1]
WORKERS, THREADS = 2, 8
SEARX = Path("/usr/share/doc/searx/examples/settings.yml")
ENGINE = """
engines:
  - name: pretended
    engine: json_engine
    search_url: http://127.0.0.1:{port}/v1/search/assets?q={{query}}
    results_query: hits
    url_query: url
    title_query: metadata/name
    content_query: metadata/prompt
    shortcut: p
    timeout: 10.0
    enable_http: True
    categories: general
"""


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


@contextmanager
def upstream(milliseconds: float) -> Iterator[int]:
    """An API that answers after so long (`bench.slowapi`); yields its port."""
    port = free_port()
    command = [sys.executable, "-m", "bench.slowapi", str(port), str(milliseconds)]
    with process(command, f"http://127.0.0.1:{port}/count"):
        yield port


def servers(port: int) -> dict[str, list[str]]:
    """The commands that serve Akin, by name."""
    python = sys.executable
    granian = [python, "-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1"]
    granian += ["--port", str(port), "--workers", str(WORKERS), "--backlog", "1024"]
    granian += ["--blocking-threads", str(THREADS), "--log-level", "error", "wsgi:application"]
    found = {"granian 2x8": granian}
    if importlib.util.find_spec("gunicorn"):
        command = [python, "-m", "gunicorn", *_gunicorn(port), "wsgi:application"]
        found["gunicorn gthread 2x8"] = command
    return found


def _gunicorn(port: int) -> list[str]:
    return [
        *("--bind", f"127.0.0.1:{port}", "--worker-class", "gthread", "--workers", str(WORKERS)),
        *("--threads", str(THREADS), "--keep-alive", "30", "--log-level", "error"),
    ]


def settings(data: Path, api: int) -> dict[str, str]:
    """Akin's settings before an API on that port."""
    return {
        "AKIN_DATA": str(data),
        "SCENARIO_BASE_URL": f"http://127.0.0.1:{api}/v1",
        "SCENARIO_SDK_API_KEY": "key",
        "SCENARIO_SDK_API_SECRET": "secret",
    }


@contextmanager
def akin(api: int, server: str = "granian 2x8") -> Iterator[tuple[str, int]]:
    """Akin before an API on that port; yields its address and its process group."""
    port = free_port()
    url = f"http://127.0.0.1:{port}/"
    with (
        tempfile.TemporaryDirectory() as data,
        process(servers(port)[server], url, **settings(Path(data), api)) as group,
    ):
        yield url, group


def missing() -> list[str]:
    """What would be measured as well if it were installed, and how to install it."""
    lacking = []
    if importlib.util.find_spec("gunicorn") is None or shutil.which(_datasette()) is None:
        lacking.append("gunicorn, datasette: sh scripts/setup requirements-bench.txt")
    if not (SEARX.exists() and Path("/usr/bin/gunicorn").exists()):
        lacking.append("searx: apt-get install --no-install-recommends searx gunicorn")
    return lacking


def _datasette() -> str:
    return str(Path(sys.executable).with_name("datasette"))


@contextmanager
def datasette() -> Iterator[str | None]:
    """Datasette over 48 rows; yields the address of its table page, None without it."""
    if shutil.which(_datasette()) is None:
        yield None
        return
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "assets.db"
        with sqlite3.connect(file) as database:
            rows = [hit(n * 8, cdn="https://cdn.scenario.com") for n in range(48)]
            database.execute(
                "create table assets (id text primary key, name, prompt, kind, tags, url)"
            )
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
        command = [_datasette(), "serve", "--immutable", str(file), "--port", str(port)]
        command += ["--setting", "default_page_size", "48", "--setting", "suggest_facets", "off"]
        url = f"http://127.0.0.1:{port}/assets/assets"
        with process(command, url):
            yield url


@contextmanager
def searx(api: int) -> Iterator[str | None]:
    """Searx before an API on that port; yields its search page, None without it."""
    if not (SEARX.exists() and Path("/usr/bin/gunicorn").exists()):
        yield None
        return
    before, _, rest = SEARX.read_text().partition("\nengines:")
    after = rest.partition("\nlocales:")[2]
    text = before.replace("ultrasecretkey", "of-the-bench-0123456789") + ENGINE.format(port=api)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "settings.yml"
        file.write_text(f"{text}\nlocales:{after}")
        port = free_port()
        url = f"http://127.0.0.1:{port}/search?q=word"
        command = ["/usr/bin/gunicorn", *_gunicorn(port), "searx.webapp:app"]
        with process(command, url, SEARX_SETTINGS_PATH=str(file)):
            yield url


def resident(group: int) -> float:
    """Megabytes of the processes of a group, what they share counted once (Pss)."""
    kilobytes = 0
    for folder in _processes(group):
        try:
            for line in (folder / "smaps_rollup").read_text().splitlines():
                if line.startswith("Pss:"):
                    kilobytes += int(line.split()[1])
        except OSError:
            continue  # it has ended meanwhile
    return kilobytes / 1000


def cpu_seconds(group: int) -> float:
    """Seconds of processor time that the processes of a group have used."""
    ticks = 0
    for folder in _processes(group):
        try:
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
            ticks += int(fields[11]) + int(fields[12])
        except OSError:
            continue
    return ticks / os.sysconf("SC_CLK_TCK")


def _processes(group: int) -> list[Path]:
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[2]) == group:
            found.append(folder)
    return found
