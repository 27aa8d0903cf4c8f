"""Cost of a results page of 48: CPU in the server, and bytes over the wire.

    python -m bench.page              in process, and beside Datasette behind 16 callers
    python -m bench.page --pause 50   in process, with so many ms between two pages

Each figure is compared with another of the same run, since machines are noisy: in process, with the
cost of escaping the same 48 hits once; over the wire, with Datasette's table page of the same 48
rows (installed by pip into a folder of its own below `instance/bench`).
"""

from __future__ import annotations

import argparse
import json
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
from app.network.wsgi_adapter import WSGIAdapter
from app.scenario.transport import open_session
from bench import processes
from config import Settings
from tests.support.ports import free_port

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from flask import Flask

ROOT = Path(__file__).parent.parent
KEPT = ROOT / "instance" / "bench"
DATASETTE = "datasette==0.65.1"
HITS = 48
CALLERS = 16


def hit(number: int) -> dict[str, Any]:
    """Return a hit of about 2 KB as the API returns it: long signed URLs, a prompt, tags."""
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
    """Scenario API with prepared responses; the query is the number of the first hit."""
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    if environ["PATH_INFO"].endswith("/search/assets"):
        first = int(msgspec.json.decode(body).get("query") or 0)
        response = RESPONSES.get(first) or prepared(first)
    else:
        response = b'{"collections": [], "tags": [], "models": [], "assets": []}'
    start_response("200 OK", [("Content-Type", "application/json")])
    return [response]


RESPONSES: dict[int, bytes] = {}


def prepared(first: int) -> bytes:
    """Store and return the response that begins with a hit."""
    page = {
        "hits": [hit(first * HITS + place) for place in range(HITS)],
        "page": 1,
        "hitsPerPage": HITS,
        "totalHits": 5000,
        "totalPages": 105,
    }
    return RESPONSES.setdefault(first, msgspec.json.encode(page))


def bench_app(data: str) -> Flask:
    """Return the application in front of the prepared responses."""
    session = open_session("key", "secret", "")
    session.mount("http://upstream", WSGIAdapter(upstream))
    settings = Settings(
        base_url="http://upstream/v1", data=Path(data), cache_seconds=600, calls_per_minute=10**6
    )
    return create_app(settings, session=session)


def get(app: Flask, address: str, **headers: str) -> tuple[str, bytes, Any]:
    """Return status, body and headers of one GET in this process."""
    path, _, query = address.partition("?")
    environ = EnvironBuilder(
        path=path,
        query_string=query,
        headers=list(headers.items()),
        base_url="http://127.0.0.1:8000",
    ).get_environ()
    environ["REMOTE_ADDR"] = "127.0.0.1"
    parts, status, response_headers = run_wsgi_app(app, environ, buffered=True)
    body = b"".join(parts)
    if not status.startswith(("200", "304")):
        sys.exit(f"{address}: {status}")
    return status, body, response_headers


def milliseconds(work: Callable[[int], object], times: int, pause: float = 0) -> float:
    """Return the median CPU milliseconds of a call, with a pause in seconds before each."""
    taken = []
    for number in range(times):
        time.sleep(pause)
        start = time.process_time_ns()
        work(number)
        taken.append((time.process_time_ns() - start) / 1e6)
    return statistics.median(taken)


def escaping() -> None:
    """Escape every text of 48 hits once, as any template must: the unit of measure."""
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


def in_process(times: int, pause: float = 0) -> None:
    """Print the CPU time of one page: new, with cards seen before, and again.

    With a pause, the processor's caches and its clock are those of a server with one caller.
    """

    def cost(address: Callable[[int], str], **headers: str) -> float:
        return milliseconds(lambda n: get(app, address(n), **headers), times, pause)

    with tempfile.TemporaryDirectory() as data:
        app = bench_app(data)
        for first in range(2 * times + 20):
            prepared(first)
        get(app, "/?query=0")
        measure = milliseconds(lambda _: escaping(), times, pause)
        _, page, headers = get(app, "/?query=1")
        tag = headers["ETag"]
        zstd = get(app, "/?query=1", **{"Accept-Encoding": "zstd"})[1]
        rows = {
            "new search, new cards": cost(lambda n: f"/?query={10 + n}"),
            "new search, cards seen before": cost(lambda n: f"/?query={10 + n}&width=..{n + 1}"),
            "same search again": cost(lambda _: "/?query=11"),
            "same search, browser has it (304)": cost(
                lambda _: "/?query=1", **{"If-None-Match": tag}
            ),
        }
    print(f"page: {len(page)} bytes, {len(zstd)} over the wire (zstd)")
    print(f"measure, escaping 48 hits once: {measure:.2f} ms")
    for name, taken in rows.items():
        print(f"{name:36} {taken:6.2f} ms CPU = {taken / measure:5.2f} x the measure")


def behind_a_server(
    command: list[str], addresses: list[str], port: int, requests_each: int
) -> float:
    """Return the server's CPU milliseconds per page, with 16 callers at a time."""
    base = f"http://127.0.0.1:{port}"
    with processes.started(command, base + addresses[0]) as server:
        for address in addresses:
            if requests.get(base + address, timeout=10).status_code != 200:
                sys.exit(f"{command[0]}: no page at {address}")
        before = processes.cpu_seconds(server.pid)

        def call(number: int) -> None:
            with requests.Session() as session:
                for turn in range(requests_each):
                    session.get(base + addresses[(number + turn) % len(addresses)], timeout=30)

        callers = [threading.Thread(target=call, args=(number,)) for number in range(CALLERS)]
        for thread in callers:
            thread.start()
        for thread in callers:
            thread.join()
        used = processes.cpu_seconds(server.pid) - before
    return used / (CALLERS * requests_each) * 1000


def datasette() -> Path:
    """Return Datasette's program; the first run installs it into a folder of its own."""
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
    """Write the same 48 rows as a SQLite table."""
    with sqlite3.connect(path) as database:
        database.execute(
            "CREATE TABLE assets (id TEXT PRIMARY KEY, name TEXT, prompt TEXT, url TEXT, width INT,"
            " height INT, kind TEXT, createdAt TEXT, tags TEXT)"
        )
        for number in range(HITS):
            each = hit(number)
            metadata = each["metadata"]
            database.execute(
                "INSERT INTO assets VALUES (?,?,?,?,?,?,?,?,?)",
                (
                    each["id"],
                    metadata["name"],
                    metadata["prompt"],
                    each["url"],
                    metadata["width"],
                    metadata["height"],
                    metadata["kind"],
                    each["createdAt"],
                    json.dumps(each["tags"]),
                ),
            )


def beside_datasette(requests_each: int) -> None:
    """Print the server's CPU per page with 16 callers, and Datasette's with the same rows."""
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
        ours = behind_a_server(
            processes.server("bench.page:application", port),
            [f"/?query={number}" for number in range(8)],
            port,
            requests_each,
        )
    print(f"behind {CALLERS} callers, CPU a page: Akin {ours:.2f} ms, Datasette {theirs:.2f} ms")
    print(f"Datasette / Akin = {theirs / ours:.1f}")


def __getattr__(name: str) -> Any:
    # Only the server process asks for it.
    if name == "application":
        return bench_app(tempfile.mkdtemp(prefix="akin-bench-"))
    raise AttributeError(name)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--times", type=int, default=100, help="pages of each kind in process")
    parser.add_argument("--requests", type=int, default=25, help="pages of each of 16 callers")
    parser.add_argument("--pause", type=float, default=0, help="ms between two pages in process")
    arguments = parser.parse_args()
    in_process(arguments.times, arguments.pause / 1000)
    if not arguments.pause:
        beside_datasette(arguments.requests)


if __name__ == "__main__":
    main()
