"""What a reader has written is on their next page; others see it when the cache is renewed."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from bs4 import BeautifulSoup

from app.auth.cookies import address_digest
from tests.support.clock import Clock
from tests.support.scenario_api import answer, make_app, page

if TYPE_CHECKING:
    from pathlib import Path

    from flask.testing import FlaskClient

    from tests.support.scenario_api import FakeAPI

COOKIE = f"akin-written-{address_digest('localhost', '')}"


def _cards(client: FlaskClient) -> int:
    return len(BeautifulSoup(client.get("/").data, "html.parser").select("article.card"))


def test_the_writer_sees_it_at_once_and_others_no_later_than_the_cache_allows(
    api: FakeAPI, tmp_path: Path
) -> None:
    app = make_app(api, tmp_path, by_library=True, cache_seconds=60, clock=Clock(time.time()))
    writer, other = app.test_client(), app.test_client()
    first, second = api.healthy.hit(1), api.healthy.hit(2)
    api.always(page(first, second))
    assert _cards(writer) == 2
    api.always(page(first))
    api.next(answer({"removed": 1}), on="/v1/library/prune")
    assert writer.post("/problems/prune").status_code == 303
    assert _cards(other) == 2, "the cache of others is not lost"
    assert _cards(writer) == 1
    assert _cards(other) == 1


@pytest.mark.parametrize("value", ["nonsense", "nan", "inf", "-1", "9e99", "1" * 3000, "1,2"])
def test_a_forged_time_is_ignored(api: FakeAPI, tmp_path: Path, value: str) -> None:
    client = make_app(api, tmp_path, cache_seconds=60, clock=Clock(time.time())).test_client()
    client.get("/")
    before = len(api.received())
    client.set_cookie(COOKIE, value)
    assert client.get("/").status_code == 200
    assert len(api.received()) == before
