"""Users of Akin: each one opens pages, decides or adds files until the end.

    with Load(studio, assets) as load:
        load.phase("a web host is killed", act)

Each phase has the numbers of its requests. A request is in flight at a failure when it began before
it; its failure is counted apart from those of requests that began later.
"""

from __future__ import annotations

import itertools
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

import requests

from tests.support.processes import MAX_SECONDS
from tests.support.sample_files import png
from tests.support.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.cluster.studio import Studio

READERS: Final = 2
PAUSE: Final = 0.3  # seconds between two decisions
FILE_PAUSE: Final = 2.0  # and between two files
_SIZES: Final = itertools.count()
COLOURS: Final = ("tomato", "gold", "navy", "teal", "orchid", "olive", "sienna")


@dataclass(slots=True)
class Phase:
    """The requests that ended in a phase."""

    name: str
    failed_at: float = 0.0  # when its failure was complete
    pages: int = 0
    seconds: list[float] = field(default_factory=list)  # of each page
    in_flight: list[str] = field(default_factory=list)  # pages that failed, and began before
    failures: list[str] = field(default_factory=list)  # other pages that failed
    acknowledged: int = 0  # decisions
    refused: list[str] = field(default_factory=list)  # decisions
    first: float = 0.0  # seconds from `failed_at` to the first decision that began later

    def percentile(self, share: float) -> float:
        """Return the milliseconds within which that share of the pages arrived."""
        ordered = sorted(self.seconds)
        return 1000 * ordered[min(len(ordered) - 1, int(len(ordered) * share))]


class Load:
    """Context manager of the users. `acknowledged` are the tags that were accepted, by asset."""

    def __init__(self, studio: Studio, asset_ids: Sequence[str]) -> None:
        """Sign in; `asset_ids` are opened and changed."""
        self._studio, self._ids = studio, asset_ids
        self._cookies = studio.session().cookies
        self._over = threading.Event()
        jobs = [*[self._read] * READERS, self._decide, self._add_files]
        self._threads = [threading.Thread(target=job, daemon=True) for job in jobs]
        self.acknowledged: list[tuple[str, str]] = []
        self.files: list[str] = []
        self.phases = [Phase("")]

    def __enter__(self) -> Load:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()

    @property
    def current(self) -> Phase:
        """Return the phase in progress."""
        return self.phases[-1]

    def phase(
        self, name: str, act: Callable[[], object] = lambda: None, *, pages: int = 30
    ) -> Phase:
        """Begin a phase, do something, and wait for so many pages after it."""
        phase = Phase(name)
        self.phases.append(phase)
        act()
        phase.failed_at = time.monotonic()
        self.wait(lambda: phase.pages, pages)
        return phase

    def wait(self, count: Callable[[], int], more: int) -> None:
        """Wait until a count has grown."""
        target = count() + more

        def reached() -> bool:
            assert all(thread.is_alive() for thread in self._threads), "a user has given up"
            return count() >= target

        eventually(reached, MAX_SECONDS)

    def _session(self) -> requests.Session:
        session = self._studio.anonymous()
        session.cookies = self._cookies.copy()
        return session

    def _read(self) -> None:
        """Open searches, assets and their pictures."""
        session = self._session()
        for number in itertools.count():
            if self._over.is_set():
                return
            asset = self._ids[number % len(self._ids)]
            paths = (f"/?query=picture%20{number % 50}", f"/assets/{asset}", f"/changes?n={number}")
            path = paths[number % 3]
            began = time.monotonic()
            failure = self._open(session, path)
            phase = self.current
            phase.pages += 1
            phase.seconds.append(time.monotonic() - began)
            if failure:
                is_late = phase.failed_at and began > phase.failed_at
                line = f"{path}: {failure}, after {time.monotonic() - began:.1f} s"
                (phase.failures if is_late else phase.in_flight).append(line)

    def _open(self, session: requests.Session, path: str) -> str:
        """Return why a page has failed; "" where it has not."""
        try:
            response = session.get(self._studio.url + path, timeout=150, allow_redirects=False)
        except requests.RequestException as error:
            return type(error).__name__
        is_there = response.status_code == 200
        return "" if is_there else f"{response.status_code} {response.text[:300]}"

    def _decide(self) -> None:
        """Add a tag of its own to one asset after the other."""
        session = self._session()
        session.headers["Accept"] = "application/json"
        for number in itertools.count():
            if self._over.wait(PAUSE):
                return
            asset, tag = self._ids[number % len(self._ids)], f"decision{number}"
            began = time.monotonic()
            form = {"id": asset, "action": "tag", "value": tag}
            try:
                response = session.post(f"{self._studio.url}/edit", form, timeout=150)
                refusal = "" if response.status_code == 200 else f"{response.status_code}"
                if not refusal and response.json()["failures"]:
                    refusal = str(response.json()["failures"])
            except requests.RequestException as error:
                refusal = type(error).__name__
            phase = self.current
            if refusal:
                phase.refused.append(f"{refusal} after {time.monotonic() - began:.1f} s")
                continue
            self.acknowledged.append((asset, tag))
            phase.acknowledged += 1
            if phase.failed_at and not phase.first and began > phase.failed_at:
                phase.first = time.monotonic() - phase.failed_at

    def _add_files(self) -> None:
        """Add a picture now and then, complete at once."""
        for number in itertools.count():
            if self._over.wait(FILE_PAUSE):
                return
            name = f"added {number}.png"
            draft = self._studio.network.shared / "draft.png"
            size = (64 + number % 50, 64 + number // 50)  # no two files are the same
            draft.write_bytes(png(COLOURS[number % len(COLOURS)], size))
            draft.rename(self._studio.network.art / name)
            self.files.append(name)


def found(session: requests.Session, url: str, query: str) -> list[dict[str, Any]]:
    """Return all hits of a search, in pages of a size that no response in a cache has."""
    hits: list[dict[str, Any]] = []
    size = 60 + next(_SIZES) % 40
    for page in itertools.count(1):
        path = f"/search.json?query={quote(query)}&hitsPerPage={size}&page={page}"
        response = session.get(url + path)
        assert response.status_code == 200, response.text[:1000]
        hits += response.json()["hits"]
        if page >= response.json()["totalPages"]:
            return hits
    raise AssertionError
