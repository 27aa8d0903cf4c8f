"""The servers that `bench.load` compares, each started on a free port and stopped again.

Akin behind granian and gunicorn; Datasette over the same 48 rows; searx, the predecessor of SearXNG
that Debian ships, with the same API. Servers that are not installed are left out and reported.
"""

from __future__ import annotations

import importlib.util
import json
import shutil
import sqlite3
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from bench.processes import server, started
from tests.faults.synthetic import hit
from tests.support.ports import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator

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
def upstream(milliseconds: float) -> Iterator[int]:
    """Run an API that responds after that time (`bench.slowapi`); yields its port."""
    port = free_port()
    command = [sys.executable, "-m", "bench.slowapi", str(port), str(milliseconds)]
    with started(command, f"http://127.0.0.1:{port}/count"):
        yield port


def servers(port: int) -> dict[str, list[str]]:
    """Return the commands that serve Akin by name."""
    commands = {"granian 2x8": server("wsgi:application", port, workers=WORKERS, threads=THREADS)}
    if importlib.util.find_spec("gunicorn"):
        gunicorn = [sys.executable, "-m", "gunicorn", *_gunicorn(port), "wsgi:application"]
        commands["gunicorn gthread 2x8"] = gunicorn
    return commands


def _gunicorn(port: int) -> list[str]:
    return [
        *("--bind", f"127.0.0.1:{port}", "--worker-class", "gthread", "--workers", str(WORKERS)),
        *("--threads", str(THREADS), "--keep-alive", "30", "--log-level", "error"),
    ]


def settings(data: Path, api: int) -> dict[str, str]:
    """Return Akin's settings for an API on that port."""
    return {
        "AKIN_DATA": str(data),
        "SCENARIO_BASE_URL": f"http://127.0.0.1:{api}/v1",
        "SCENARIO_SDK_API_KEY": "key",
        "SCENARIO_SDK_API_SECRET": "secret",
    }


@contextmanager
def akin(api: int, name: str = "granian 2x8") -> Iterator[tuple[str, int]]:
    """Run Akin with an API on that port; yields its address and the id of its session."""
    port = free_port()
    url = f"http://127.0.0.1:{port}/"
    with (
        tempfile.TemporaryDirectory() as data,
        started(servers(port)[name], url, **settings(Path(data), api)) as process,
    ):
        yield url, process.pid


def missing() -> list[str]:
    """Return what is not installed, with the command that installs it."""
    commands = []
    if importlib.util.find_spec("gunicorn") is None or shutil.which(_datasette()) is None:
        commands.append(
            "gunicorn, datasette: sh scripts/python -m scripts.install requirements/bench.txt"
        )
    if not (SEARX.exists() and Path("/usr/bin/gunicorn").exists()):
        commands.append("searx: apt-get install --no-install-recommends searx gunicorn")
    return commands


def _datasette() -> str:
    return str(Path(sys.executable).with_name("datasette"))


@contextmanager
def datasette() -> Iterator[str | None]:
    """Run Datasette over 48 rows; yields its table page, None where it is not installed."""
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
        with started(command, url):
            yield url


@contextmanager
def searx(api: int) -> Iterator[str | None]:
    """Run searx with an API on that port; yields its search page, None where it is missing."""
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
        with started(command, url, SEARX_SETTINGS_PATH=str(file)):
            yield url
