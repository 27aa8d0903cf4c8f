"""What was changed is shown at once, though the search index and cached responses lag behind."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest
from bs4 import BeautifulSoup

from app.scenario.overlay import INDEX_SECONDS, POLL_SECONDS
from tests.support.clock import Clock
from tests.support.forms import SAME_ORIGIN
from tests.support.scenario_api import asset_id, make_app

if TYPE_CHECKING:
    from pathlib import Path

    from flask.testing import FlaskClient

    from tests.support.scenario_api import FakeAPI

ONE = asset_id(8)


@pytest.fixture
def clock() -> Clock:
    """A clock that stands still, at the real time, since the URLs of the API expire."""
    return Clock(time.time())


@pytest.fixture
def browsers(api: FakeAPI, tmp_path: Path, clock: Clock) -> tuple[FlaskClient, FlaskClient]:
    """The one who writes, and another, before an API whose search index is behind."""
    api.healthy.writes.is_behind = True
    app = make_app(api, tmp_path, cache_seconds=60, clock=clock)
    return app.test_client(), app.test_client()


def _rating(client: FlaskClient, api: FakeAPI) -> Any:
    name = api.healthy.hit(8)["metadata"]["name"]
    page = BeautifulSoup(client.get(f"/?query={name}").data, "html.parser")
    card = page.select_one(f"article[data-asset-id={ONE}]")
    assert card is not None
    return card.get("data-rating")


def _edit(client: FlaskClient, **fields: str) -> None:
    answer = client.post("/edit", data={"id": ONE, "next": "/", **fields}, headers=SAME_ORIGIN)
    assert answer.status_code == 303


def test_the_index_is_bridged_for_all_readers(
    browsers: tuple[FlaskClient, FlaskClient], api: FakeAPI, clock: Clock
) -> None:
    writer, other = browsers
    assert (_rating(writer, api), _rating(other, api)) == (None, None)
    clock.now += 1
    _edit(writer, action="rate:4")
    clock.now += 1
    assert _rating(writer, api) == "4"
    clock.now += POLL_SECONDS
    assert _rating(other, api) == "4"
    _edit(writer, action="rate:2")
    assert _rating(writer, api) == "2"


def test_what_the_index_says_after_that_time_counts(
    browsers: tuple[FlaskClient, FlaskClient], api: FakeAPI, clock: Clock
) -> None:
    """Another program may have changed the asset since."""
    writer, _ = browsers
    _edit(writer, action="rate:4")
    clock.now += 1
    assert _rating(writer, api) == "4"
    clock.now += INDEX_SECONDS
    assert _rating(writer, api) == "4", "the cached response is from before that time"
    reload = {"Cache-Control": "no-cache"}
    name = api.healthy.hit(8)["metadata"]["name"]
    page = BeautifulSoup(writer.get(f"/?query={name}", headers=reload).data, "html.parser")
    card = page.select_one(f"article[data-asset-id={ONE}]")
    assert card is not None
    assert card.get("data-rating") is None


def test_an_asset_is_shown_as_it_is_on_its_page(
    browsers: tuple[FlaskClient, FlaskClient], clock: Clock
) -> None:
    """To others as well, from whose cached response on hours would pass."""
    writer = browsers[0]
    for client in browsers:
        client.get(f"/assets/{ONE}")
    clock.now += 1
    _edit(
        writer, **{"edit.tag": "a, b", "edit.collection": "Folder 1", "action": "untag:synthetic"}
    )
    clock.now += POLL_SECONDS
    for client in browsers:
        page = BeautifulSoup(client.get(f"/assets/{ONE}").data, "html.parser")
        tags = [each.get_text() for each in page.select("#tags .chip")]
        assert ("a, b" in tags, "synthetic" in tags) == (True, False)
        names = [each.get_text() for each in page.select("#collections .chip")]
        assert names == ["Folder 3", "Folder 1"]
