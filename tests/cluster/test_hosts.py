"""A team's afternoon on two machines: one dies, Redis dies, both come back, all are restarted.

The load goes on through all of it. What is counted is requests, never time.
"""

from __future__ import annotations

import io
import itertools
import threading
import time
from typing import TYPE_CHECKING

import pytest
import requests
from bs4 import BeautifulSoup
from PIL import Image

from tests.cluster.hosts import PASSWORD, Cluster, missing

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.cluster.hosts import Host

CALLERS = 4


class Load:
    """Callers who open one page after the other: shared links and searches of their own."""

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
        """Wait for so many more pages; answers what failed meanwhile."""
        before, target = len(self.failures), self.done + count
        while self.done < target:
            assert all(thread.is_alive() for thread in self._threads)
            time.sleep(0.02)
        return self.failures[before:]

    def reaches(self, host: Host) -> list[str]:
        """Wait until a host has answered some more; answers what failed meanwhile."""
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
                answer = session.get(self._url + path, timeout=30, allow_redirects=False)
                if answer.status_code != 200:
                    self.failures.append(f"{path}: {answer.status_code}")
            except requests.RequestException as error:
                self.failures.append(f"{path}: {type(error).__name__}")
            self.done += 1


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    """Two hosts, or the reason why there are none."""
    if reason := missing():
        pytest.skip(reason)
    with Cluster(tmp_path) as made:
        yield made


def signed_in(url: str) -> requests.Session:
    """Somebody who has signed in."""
    session = requests.Session()
    session.headers["Origin"] = url
    form = {"name": "ada", "password": PASSWORD, "next": "/"}
    answer = session.post(f"{url}/sign-in", form, timeout=30, allow_redirects=False)
    assert (answer.status_code, bool(session.cookies)) == (303, True)
    return session


def with_a_picture(url: str, session: requests.Session) -> str:
    """The link to a search by an uploaded picture."""
    file = io.BytesIO()
    Image.new("RGB", (32, 32), "teal").save(file, "PNG")
    files = {"image": ("teal.png", file.getvalue())}
    answer = session.post(f"{url}/references", files=files, timeout=30, allow_redirects=False)
    assert answer.status_code == 303
    return str(answer.headers["Location"])


def test_machines_die_and_come_back_and_nobody_loses_a_page(cluster: Cluster) -> None:
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
