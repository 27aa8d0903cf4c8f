"""What a results page of 48 costs: CPU in the server, and bytes over the wire.

    python -m bench.page              in process, and beside Datasette behind 16 callers

Every figure is taken beside another of the same run, since machines are noisy: in process, beside
what Jinja's own escaping of the same 48 hits costs; over the wire, beside Datasette's table page
with the same 48 rows (fetched by pip into a folder of its own, kept in `instance/bench`).
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import socket
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import venv
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import requests
from markupsafe import escape
from werkzeug.test import EnvironBuilder, run_wsgi_app

from app import create_app
from app.sending import open_session
from app.transport import WSGIAdapter
from config import Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from flask import Flask

ROOT = Path(__file__).parent.parent
KEPT = ROOT / "instance" / "bench"
DATASETTE = "datasette==0.65.1"
HITS = 48
CALLERS = 16


def hit(number: int) -> dict[str, Any]:
    """One hit of about 2 KB, as the API answers it: long signed URLs, a prompt, tags."""
    asset_id = f"asset_{number:024d}"
    policy = "eyJTdGF0ZW1lbnQiOlt7IlJlc291cmNlIjoiaHR0cHM6Ly9jZG4uY2xvdWQuc2NlbmFyaW8uY29tL2Fzc2V0"
    signed = f"?p=100&Policy={policy * 2}&Key-Pair-Id=K36FIAB9LE2OLR&Signature={'aZ0-' * 85}"
    base = "https://cdn.cloud.scenario.com"
    return {
        "id": asset_id,
        "authorId": "user_1",
        "collectionIds": ["collection_1"],
        "createdAt": "2025-01-31T12:00:00.000Z",
        "updatedAt": "2025-01-31T12:00:00.000Z",
        "metadata": {
            "aspectRatio": "3:2",
            "width": 1536,
            "height": 1024,
            "kind": "image",
            "modelId": "flux.1-dev",
            "name": f"castle & moat {number}",
            "prompt": f"a castle on hill {number}, “storybook”, soft light, highly detailed " * 4,
            "seed": str(number),
            "size": 1234567,
            "type": "inference-txt2img",
            "guidance": 3.5,
            "numInferenceSteps": 28,
        },
        "mimeType": "image/png",
        "nsfw": [],
        "ownerId": "project_1",
        "privacy": "private",
        "tags": ["castle", "hill", f"set-{number % 7}"],
        "teamId": "team_1",
        "url": f"{base}/assets-transform/{asset_id}{signed}",
        "thumbnail": {"assetId": asset_id, "url": f"{base}/assets-transform/{asset_id}{signed}"},
    }


def upstream(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """The API with answers made beforehand: the query is the number of the first hit."""
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    if environ["PATH_INFO"].endswith("/search/assets"):
        first = int(msgspec.json.decode(body).get("query") or 0)
        answer = ANSWERS.get(first) or answered(first)
    else:
        answer = b'{"collections": [], "tags": [], "models": [], "assets": []}'
    start_response("200 OK", [("Content-Type", "application/json")])
    return [answer]


ANSWERS: dict[int, bytes] = {}


def answered(first: int) -> bytes:
    """Make an answer and keep it."""
    page = {
        "hits": [hit(first * HITS + place) for place in range(HITS)],
        "page": 1,
        "hitsPerPage": HITS,
        "totalHits": 5000,
        "totalPages": 105,
    }
    return ANSWERS.setdefault(first, msgspec.json.encode(page))


def bench_app(data: str) -> Flask:
    """The application over the answers made beforehand."""
    session = open_session("key", "secret", "")
    session.mount("http://upstream", WSGIAdapter(upstream))
    settings = Settings(
        base_url="http://upstream/v1", data=Path(data), cache_seconds=600, calls_per_minute=10**6
    )
    return create_app(settings, session=session)


def get(app: Flask, address: str, **headers: str) -> tuple[str, bytes, Any]:
    """Answer one GET in this process."""
    path, _, query = address.partition("?")
    environ = EnvironBuilder(
        path=path, query_string=query, headers=headers, base_url="http://127.0.0.1:8000"
    ).get_environ()
    environ["REMOTE_ADDR"] = "127.0.0.1"
    parts, status, answer_headers = run_wsgi_app(app, environ, buffered=True)
    body = b"".join(parts)
    if not status.startswith(("200", "304")):
        sys.exit(f"{address}: {status}")
    return status, body, answer_headers


def milliseconds(work: Callable[[int], object], times: int) -> float:
    """Median CPU milliseconds of a call."""
    taken = []
    for number in range(times):
        start = time.process_time_ns()
        work(number)
        taken.append((time.process_time_ns() - start) / 1e6)
    return statistics.median(taken)


def escaping() -> None:
    """The measure: every text of 48 hits escaped once, as any template must."""
    for number in range(HITS):
        for value in _texts(hit(number)):
            escape(value)


def _texts(value: Any) -> Iterable[str]:
    if isinstance(value, dict):
        for each in value.values():
            yield from _texts(each)
    elif isinstance(value, list):
        for each in value:
            yield from _texts(each)
    else:
        yield str(value)


def in_process(times: int) -> None:
    """CPU of one page: new, with cards seen before, and again."""
    with tempfile.TemporaryDirectory() as data:
        app = bench_app(data)
        for first in range(2 * times + 20):
            answered(first)
        get(app, "/?query=0")
        measure = milliseconds(lambda _: escaping(), 200)
        _, page, headers = get(app, "/?query=1")
        tag = headers["ETag"]
        zstd = get(app, "/?query=1", **{"Accept-Encoding": "zstd"})[1]
        rows = {
            "new search, new cards": milliseconds(lambda n: get(app, f"/?query={10 + n}"), times),
            "new search, cards seen before": milliseconds(
                lambda n: get(app, f"/?query={10 + n}&width=..{n + 1}"), times
            ),
            "same search again": milliseconds(lambda _: get(app, "/?query=11"), times),
            "same search, browser has it (304)": milliseconds(
                lambda _: get(app, "/?query=1", **{"If-None-Match": tag}), times
            ),
        }
    print(f"page: {len(page)} bytes, {len(zstd)} over the wire (zstd)")
    print(f"measure, escaping 48 hits once: {measure:.2f} ms")
    for name, cost in rows.items():
        print(f"{name:36} {cost:6.2f} ms CPU = {cost / measure:5.2f} x the measure")


def cpu_seconds(pid: int) -> float:
    """User and system time of a process and its children, from /proc."""
    ticks = os.sysconf("SC_CLK_TCK")
    total = 0.0
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(folder.name) == pid or int(fields[1]) == pid:
            total += (int(fields[11]) + int(fields[12])) / ticks
    return total


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def behind_a_server(
    command: list[str], addresses: list[str], port: int, requests_each: int
) -> float:
    """CPU milliseconds of the server for a page, 16 callers at a time."""
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    server = subprocess.Popen(
        command, cwd=ROOT, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        base = f"http://127.0.0.1:{port}"
        for _ in range(200):
            try:
                requests.get(base + addresses[0], timeout=5)
                break
            except requests.ConnectionError:
                time.sleep(0.1)
        for address in addresses:
            if requests.get(base + address, timeout=10).status_code != 200:
                sys.exit(f"{command[0]}: no page at {address}")
        before = cpu_seconds(server.pid)

        def caller(number: int) -> None:
            with requests.Session() as session:
                for turn in range(requests_each):
                    session.get(base + addresses[(number + turn) % len(addresses)], timeout=30)

        callers = [threading.Thread(target=caller, args=(number,)) for number in range(CALLERS)]
        for thread in callers:
            thread.start()
        for thread in callers:
            thread.join()
        return (cpu_seconds(server.pid) - before) / (CALLERS * requests_each) * 1000
    finally:
        server.send_signal(signal.SIGTERM)
        try:
            server.wait(10)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def datasette() -> Path:
    """Datasette in a folder of its own; installed on the first run."""
    home = KEPT / DATASETTE
    program = home / "bin" / "datasette"
    if not program.exists():
        venv.create(home, with_pip=True)
        subprocess.run(
            [
                home / "bin" / "python",
                "-m",
                "pip",
                "install",
                "--quiet",
                DATASETTE,
                "setuptools<81",
            ],
            check=True,
        )
    return program


def table(path: Path) -> None:
    """The same 48 rows as a SQLite table."""
    with sqlite3.connect(path) as database:
        database.execute(
            "CREATE TABLE assets (id TEXT PRIMARY KEY, name TEXT, prompt TEXT, url TEXT, width INT,"
            " height INT, kind TEXT, createdAt TEXT, tags TEXT)"
        )
        for number in range(HITS):
            each = hit(number)
            made = each["metadata"]
            database.execute(
                "INSERT INTO assets VALUES (?,?,?,?,?,?,?,?,?)",
                (
                    each["id"],
                    made["name"],
                    made["prompt"],
                    each["url"],
                    made["width"],
                    made["height"],
                    made["kind"],
                    each["createdAt"],
                    json.dumps(each["tags"]),
                ),
            )


def beside_datasette(requests_each: int) -> None:
    """CPU of the server for a page, behind 16 callers, beside Datasette with the same rows."""
    program = datasette()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "rows.db"
        table(file)
        port = free_port()
        theirs = behind_a_server(
            [str(program), "serve", "--port", str(port), str(file)],
            [f"/rows/assets?_size={HITS}&_nofacet=1&_nosuggest=1&_nocount=1"],
            port,
            requests_each,
        )
        port = free_port()
        granian = [sys.executable, "-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1"]
        granian += ["--port", str(port), "--workers", "1", "--blocking-threads", "8"]
        granian += ["--log-level", "error", "bench.page:application"]
        ours = behind_a_server(
            granian, [f"/?query={number}" for number in range(8)], port, requests_each
        )
    print(f"behind {CALLERS} callers, CPU a page: Akin {ours:.2f} ms, Datasette {theirs:.2f} ms")
    print(f"Datasette / Akin = {theirs / ours:.1f}")


def __getattr__(name: str) -> Any:
    # What granian serves; made when it is asked for, so that a measuring run makes none.
    if name == "application":
        return bench_app(tempfile.mkdtemp(prefix="akin-bench-"))
    raise AttributeError(name)


def main() -> None:
    """Take the figures."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--times", type=int, default=100, help="pages of each kind in process")
    parser.add_argument("--requests", type=int, default=25, help="pages of each of 16 callers")
    arguments = parser.parse_args()
    in_process(arguments.times)
    beside_datasette(arguments.requests)


if __name__ == "__main__":
    main()
