"""A simulated day of a team: API calls per page view.

    python -m bench.day [PEOPLE]

The application is the real one, in this process, on a clock that jumps from one page view to the
next; the API counts its calls. People come in sessions (Poisson, more of them before and after
lunch), search the team's topics (Zipf), steer, page, open assets and go back; their browsers cache
pages and send entity tags. Every second session ends with a link that ten others open, half of them
within twenty minutes; each of them continues for a few pages. New pictures arrive all day. All
calls count: searches, assets, names, rows below an asset. The random numbers are seeded.
"""

from __future__ import annotations

import heapq
import itertools
import json
import logging
import random
import re
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import requests

from app import create_app
from app.network.wsgi_adapter import WSGIAdapter
from app.storage.cache import CacheStore, MemoryBackend
from app.web.context import services_of
from config import Settings
from tests.faults.synthetic import hit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

PEOPLE = 300
HOURS = 9.0
SESSIONS = 6.0  # a person, on average
STEPS = 8.0  # in a session, on average
TOPICS = 200  # searches of the team; the first is 200 times as frequent as the last
SHARED = 0.5  # of the sessions end with a link to others
READERS = 10  # of a shared link
ARRIVALS = 40.0  # new pictures an hour
THINKING = 15.0  # median seconds between two views
WORDS = re.compile(rb'data-asset-id="(asset_[0-9a-f]+)"')


class Upstream:
    """An API without delay; the response to a search changes when a new picture arrives."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self.calls: Counter[str] = Counter()
        self._clock = clock
        self._began = clock()
        self._hits = [
            hit(n, cdn="https://cdn.scenario.com", expires=self._began + 7 * 86400)
            for n in range(600)
        ]

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        """Respond as a WSGI application."""
        path = environ["PATH_INFO"].removeprefix("/v1")
        body = environ["wsgi.input"].read()
        kind = path.split("/")[1]
        self.calls[f"{kind}/get-bulk" if path.endswith("get-bulk") else kind] += 1
        start("200 OK", [("Content-Type", "application/json")])
        return [json.dumps(self._response(path, json.loads(body) if body else {})).encode()]

    def _response(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        if path == "/search/assets":
            page, size = body.get("page", 1), body.get("hitsPerPage", 20)
            search = {name: value for name, value in body.items() if name != "page"}
            first = random.Random(json.dumps(search, sort_keys=True)).randrange(len(self._hits))
            if "query" not in body and "image" not in body and "images" not in body:
                first -= int((self._clock() - self._began) / 3600 * ARRIVALS)  # the newest
            start = first + (page - 1) * size
            hits = [self._hits[n % len(self._hits)] for n in range(start, start + size)]
            total = 2_000
            return {
                "hits": hits,
                "page": page,
                "hitsPerPage": size,
                "totalHits": total,
                "totalPages": -(-total // size),
            }
        if path.endswith("get-bulk"):
            ids = set(body.get("assetIds", ()))
            return {"assets": [hit for hit in self._hits if hit["id"] in ids], "models": []}
        if path.startswith("/assets/"):
            asset = next(hit for hit in self._hits if hit["id"] == path.split("/")[2])
            return {"asset": asset}
        return {"collections": [], "tags": []}


@dataclass
class Clock:
    """Now, in seconds since 1970."""

    now: float

    def __call__(self) -> float:
        """Return it."""
        return self.now


@dataclass
class Browser:
    """One person's browser: its history and the entity tags of cached pages."""

    tags: dict[str, str] = field(default_factory=dict)
    history: list[str] = field(default_factory=list)


class Day:
    """A day's page views in order of time."""

    def __init__(self, people: int, seed: int = 1) -> None:
        self.random = random.Random(seed)
        self.clock = Clock(float(int(time.time())))
        self.began = self.clock.now
        self.upstream = Upstream(self.clock)
        self.people = [Browser() for _ in range(people)]
        self.views: Counter[str] = Counter()
        self._order = itertools.count()
        self._queue: list[tuple[float, int, int, str, int, bool]] = []
        self._weights = [1 / rank for rank in range(1, TOPICS + 1)]
        self._application()

    def _application(self) -> None:
        session = requests.Session()
        session.auth = ("key", "secret")
        session.mount("http://upstream", WSGIAdapter(self.upstream))
        with tempfile.TemporaryDirectory() as data:
            settings = Settings(base_url="http://upstream/v1", data=Path(data))
            cache = CacheStore(MemoryBackend(clock=self.clock), None)
            self.app = create_app(settings, session=session, clock=self.clock, cache=cache)
        self.responses = services_of(self.app).responses
        self.client = self.app.test_client()

    def run(self) -> None:
        """Make all page views of the day."""
        for person in range(len(self.people)):
            for _ in range(_poisson(self.random, SESSIONS)):
                # Two humps: before and after lunch.
                hour = self.random.choice((2.2, 6.5)) + self.random.gauss(0, 1.2)
                start = self.began + 3600 * min(max(hour, 0), HOURS)
                self._come(start, person, self._first_view(), self._length(STEPS), shares=True)
        while self._queue:
            self.clock.now, _, person, path, steps, shares = heapq.heappop(self._queue)
            self._view(person, path, steps, shares=shares)

    def _come(
        self, when: float, person: int, path: str, steps: int, *, shares: bool = False
    ) -> None:
        heapq.heappush(self._queue, (when, next(self._order), person, path, steps, shares))

    def _length(self, mean: float) -> int:
        return int(self.random.expovariate(1 / mean))

    def _topic(self) -> str:
        (topic,) = self.random.choices(range(TOPICS), self._weights)
        return f"topic+{topic}"

    def _first_view(self) -> str:
        return "/" if self.random.random() < 0.4 else f"/?query={self._topic()}"

    def _view(self, person: int, path: str, steps: int, *, shares: bool) -> None:
        page = self._get(person, path)
        browser = self.people[person]
        browser.history.append(path)
        if steps <= 0:
            if shares and self.random.random() < SHARED:
                self._share(path, person)
            return
        when = self.clock.now + self.random.lognormvariate(0, 0.8) * THINKING
        following = self._next(browser, path, page)
        self._come(when, person, following, steps - 1, shares=shares)

    def _get(self, person: int, path: str) -> bytes:
        browser = self.people[person]
        headers = {"If-None-Match": browser.tags[path]} if path in browser.tags else {}
        response = self.client.get(path, headers=headers)
        if response.status_code == 302:
            response = self.client.get(response.headers["Location"])
        if response.status_code not in {200, 304}:
            raise RuntimeError(f"{path}: status {response.status_code}")
        kind = "asset" if path.startswith("/assets/") else "results"
        self.views[f"{kind} {response.status_code}"] += 1
        if "ETag" in response.headers:
            browser.tags[path] = response.headers["ETag"]
        if kind == "asset" and self.random.random() < 0.3:  # some scroll to the similar assets
            self.client.get(f"{path.partition('?')[0]}/strip/similar")
        while self.responses.renewals:  # background renewals end before the next page
            time.sleep(0.0005)
        return bytes(response.data)

    def _next(  # noqa: PLR0911 - one return per action
        self, browser: Browser, path: str, page: bytes
    ) -> str:
        ids = [each.decode() for each in dict.fromkeys(WORDS.findall(page))][:20]
        query = path.partition("?")[2]
        if path.startswith("/assets/") or not ids:
            if len(browser.history) > 1 and self.random.random() < 0.8:
                return browser.history[-2]
            return f"/?like={path.split('/')[2].partition('?')[0]}" if "assets" in path else "/"
        (action,) = self.random.choices(
            ["search", "next", "open", "back", "similar", "steer", "filter"],
            [15, 22, 25, 15, 8, 10, 5],
        )
        chosen = self.random.choice(ids[:12])
        if action == "back" and len(browser.history) > 1:
            return browser.history[-2]
        if action == "open":
            return f"/assets/{chosen}?{query}" if query else f"/assets/{chosen}"
        if action == "similar":
            return f"/?like={chosen}"
        words = re.search(r"query=([^&]+)", query)
        if action == "next":
            number = int((re.search(r"page=(\d+)", query) or [0, 1])[1]) + 1
            rest = re.sub(r"&?page=\d+", "", query)
            return f"/?{rest}&page={number}".replace("?&", "?")
        if action == "steer" and words:
            return f"/?query={words[1]}&like={chosen}"
        if action == "filter" and words:
            return f"/?query={words[1]}&kind=image"
        return f"/?query={self._topic()}"

    def _share(self, path: str, sender: int) -> None:
        others = [person for person in range(len(self.people)) if person != sender]
        for person in self.random.sample(others, min(READERS, len(others))):
            delay = self.random.lognormvariate(0, 1.5) * 20 * 60
            if (when := self.clock.now + delay) < self.began + 3600 * (HOURS + 1):
                self._come(when, person, path, self._length(1.0))


def _poisson(source: random.Random, mean: float) -> int:
    count, passed = 0, source.expovariate(1.0)
    while passed < mean:
        count += 1
        passed += source.expovariate(1.0)
    return count


def main(arguments: list[str]) -> int:
    """Print the day's calls; return 1 where there is more than one call in five views."""
    logging.disable(logging.CRITICAL)
    day = Day(int(arguments[0]) if arguments else PEOPLE)
    day.run()
    views, calls = day.views.total(), day.upstream.calls.total()
    print(f"{len(day.people)} people, {views} page views: {dict(sorted(day.views.items()))}")
    print(f"{calls} calls of the API: {dict(day.upstream.calls.most_common())}")
    print(f"page views a call: {views / calls:.2f}")
    return 0 if views >= 5 * calls else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
