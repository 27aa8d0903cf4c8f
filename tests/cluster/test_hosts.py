"""Failures of two hosts: one dies, Redis dies, both return, all are restarted.

The load goes on during all of it. Requests are counted, no times are measured.
"""

from __future__ import annotations

import io
import itertools
import threading
from typing import TYPE_CHECKING

import pytest
import requests
from bs4 import BeautifulSoup
from PIL import Image

from tests.cluster.hosts import PASSWORD, Cluster, missing
from tests.support.processes import MAX_SECONDS
from tests.support.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.cluster.hosts import Host

pytestmark = pytest.mark.cluster

CALLERS = 4


class Load:
    """Clients that open one page after the other: shared links and searches of their own."""

    def __init__(self, url: str, cookies: requests.cookies.RequestsCookieJar, link: str) -> None:
        self._url = url
        self._cookies = cookies
        self._link = link
        self._numbers = itertools.count()
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._browse) for _ in range(CALLERS)]
        self.done = 0
        self.failures: list[str] = []

    def __enter__(self) -> Load:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()

    def pages(self, count: int) -> list[str]:
        """Wait for a number of pages; return the requests that failed meanwhile."""
        before, target = len(self.failures), self.done + count

        def reached() -> bool:
            assert all(thread.is_alive() for thread in self._threads)
            return self.done >= target

        eventually(reached, MAX_SECONDS)
        return self.failures[before:]

    def reaches(self, host: Host) -> list[str]:
        """Wait until a host has responded to more requests; return those that failed meanwhile."""
        before, served = len(self.failures), host.served
        while host.served < served + 10:
            assert host.runs, f"{host.name} has ended"
            self.pages(5)
        return self.failures[before:]

    def _browse(self) -> None:
        session = requests.Session()
        session.cookies = self._cookies.copy()
        while not self._over.is_set():
            number = next(self._numbers)
            path = self._link if number % 3 == 0 else f"/?query=word{number % 40}"
            try:
                response = session.get(self._url + path, timeout=30, allow_redirects=False)
                if response.status_code != 200:
                    self.failures.append(f"{path}: {response.status_code}")
            except requests.RequestException as error:
                self.failures.append(f"{path}: {type(error).__name__}")
            self.done += 1


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    """Two hosts, or a skipped test where they cannot be made."""
    if reason := missing():
        pytest.skip(reason)
    with Cluster(tmp_path) as cluster:
        yield cluster


def signed_in(url: str) -> requests.Session:
    """A client that is signed in."""
    session = requests.Session()
    session.headers["Origin"] = url
    form = {"name": "ada", "password": PASSWORD, "next": "/"}
    response = session.post(f"{url}/sign-in", form, timeout=30, allow_redirects=False)
    assert (response.status_code, bool(session.cookies)) == (303, True)
    return session


def with_a_picture(url: str, session: requests.Session) -> str:
    """The link to a search by an uploaded image."""
    file = io.BytesIO()
    Image.new("RGB", (32, 32), "teal").save(file, "PNG")
    files = {"image": ("teal.png", file.getvalue())}
    response = session.post(f"{url}/references", files=files, timeout=30, allow_redirects=False)
    assert response.status_code == 303
    return str(response.headers["Location"])


def test_failures_lose_no_page(cluster: Cluster) -> None:
    session = signed_in(cluster.url)
    link = with_a_picture(cluster.url, session)
    first, second = cluster.hosts
    with Load(cluster.url, session.cookies, link) as load:
        assert load.pages(40) == []

        first.vanish()
        in_flight = load.pages(60)
        assert len(in_flight) <= CALLERS
        first.come_back()
        assert load.reaches(first) == []
        second.vanish()
        assert len(load.pages(60)) <= CALLERS
        second.come_back()
        assert load.reaches(second) == []

        cluster.redis.stop()
        assert load.pages(60) == []
        cluster.redis.start()
        assert load.pages(60) == []

        for host in cluster.hosts:
            host.restart()
            assert load.reaches(host) == []

    page = BeautifulSoup(session.get(cluster.url + link, timeout=30).text, "html.parser")
    pictures = page.select(".bar .example img")
    assert len(pictures) == 1
    assert session.get(cluster.url + str(pictures[0]["src"]), timeout=30).status_code == 200
