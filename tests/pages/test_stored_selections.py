"""Stored selections: an address for others, pages, exports, and all results of a search."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import pytest
from bs4 import BeautifulSoup

from app.records.selections import KEPT_DAYS
from app.web.context import services_of
from tests.faults.synthetic import asset_id
from tests.support.clock import Clock
from tests.support.forms import SAME_ORIGIN, submitted
from tests.support.scenario_api import FakeAPI, make_app

if TYPE_CHECKING:
    from pathlib import Path

    from flask.testing import FlaskClient
    from werkzeug.test import TestResponse

COUNT = 530


@pytest.fixture
def api() -> FakeAPI:
    """The API, with more assets than one address takes."""
    return FakeAPI(count=COUNT)


@pytest.fixture
def clock() -> Clock:
    """The time of the application."""
    return Clock(1_800_000_000.0)


@pytest.fixture
def client(api: FakeAPI, tmp_path: Path, clock: Clock) -> FlaskClient:
    """A browser."""
    return make_app(api, tmp_path, clock=clock).test_client()


def page(client: FlaskClient, path: str) -> BeautifulSoup:
    response = client.get(path)
    assert response.status_code == 200, response.text
    return BeautifulSoup(response.data, "html.parser")


def ids(count: int) -> list[str]:
    return [asset_id(number) for number in range(count)]


def store(client: FlaskClient, chosen: list[str], **fields: str) -> TestResponse:
    return client.post("/selections", data={"id": chosen, **fields})


def test_all_results_of_a_search_without_scripts(client: FlaskClient, api: FakeAPI) -> None:
    results = page(client, "/?kind=image")
    button = results.select_one("button[formaction='/selections/all']")
    assert button["formmethod"] == "post"
    assert "Select all" in button.get_text()
    form = urlencode(submitted(results, "selection", pressed=button))
    answer = client.post(
        "/selections/all", data=form, content_type="application/x-www-form-urlencoded"
    )
    assert answer.status_code == 303
    shown = page(client, answer.location)
    total = len({hit["id"] for hit in map(api.healthy.hit, range(COUNT))})
    count = int(shown.h1.get_text().split(" ")[0].replace("\u202f", ""))
    assert 200 < count <= total
    assert len(shown.select(".card")) == 48
    assert page(client, shown.select_one("a[rel=next]")["href"]).select(".card")
    assert shown.select_one("a.back")["href"] == "/?kind=image"


def test_a_selection_has_a_link_that_expires(client: FlaskClient, clock: Clock) -> None:
    path = store(client, ids(3), query="castle").location
    shown = page(client, path)
    assert [each["value"] for each in shown.select(".card .pick")] == ids(3)
    assert f"http://localhost{path}" in shown.select_one("pre").get_text()
    assert "until 2027-02-14" in shown.get_text()
    clock.now += KEPT_DAYS * 86_400
    assert client.get(path).status_code == 404


def test_more_than_an_address_takes_is_stored(client: FlaskClient) -> None:
    answer = client.post("/selection", data={"id": ids(201)})
    assert (answer.status_code, answer.location) == (307, "/selections")
    assert page(client, store(client, ids(COUNT)).location).h1.get_text() == "530 assets selected"


def test_exports_say_what_they_leave_out(client: FlaskClient) -> None:
    path = store(client, ids(COUNT)).location
    notes = {
        each.find(string=True, recursive=False).strip(): each.select_one(".note")
        for each in page(client, path).select(".actions a[href*='.']")
    }
    assert {name: note and note.get_text() for name, note in notes.items()} == {
        "ZIP": "first 200",
        "Contact sheet": "first 200",
        "PDF": "first 200",
        "CSV": None,
    }
    table = client.get(f"{path}.csv")
    rows = list(csv.DictReader(io.StringIO(table.text.removeprefix("\ufeff"))))
    assert [row["id"] for row in rows] == ids(COUNT)
    assert client.get(f"{path}.exe").status_code == 404


def test_assets_that_are_gone_are_named(client: FlaskClient, api: FakeAPI) -> None:
    path = store(client, ids(3)).location
    api.healthy.writes.deleted.add(ids(2)[1])
    shown = page(client, path)
    assert len(shown.select(".card")) == 2
    assert ids(2)[1] in shown.select_one(".notices").get_text()


def test_a_search_with_too_many_results_is_refused(api: FakeAPI, tmp_path: Path) -> None:
    client = make_app(api, tmp_path, export_rows=150).test_client()
    answer = client.post("/selections/all", data={})
    assert answer.status_code == 400
    assert "at most 150 assets" in answer.text
    assert client.get("/selections/none").status_code == 404


@pytest.mark.parametrize("chosen", [[], ["no id!"], [""]])
def test_nothing_is_not_stored(client: FlaskClient, chosen: list[str]) -> None:
    assert store(client, chosen).status_code == 400


def test_its_owner_deletes_it(client: FlaskClient) -> None:
    path = store(client, ids(2), query="castle").location
    answer = client.post(f"{path}/delete")
    assert (answer.status_code, answer.location) == (303, "/?query=castle")
    assert client.get(path).status_code == 404


@pytest.mark.parametrize("number", ["0", "-1", "x", "999999", "3"])
def test_pages_that_do_not_exist(client: FlaskClient, number: str) -> None:
    path = store(client, ids(60)).location
    assert page(client, f"{path}?page={number}").select(".card")


def test_all_of_it_is_edited_by_one_form(api: FakeAPI, tmp_path: Path) -> None:
    app = make_app(api, tmp_path, write="all")
    services = services_of(app)
    services.worker.close()
    client = app.test_client()
    path = store(client, ids(COUNT)).location
    form = page(client, page(client, path).select_one("a[href$='/edit']")["href"])
    assert "Apply to 530" in form.get_text()
    fields = [*submitted(form, "edit"), ("edit.tag", "night market")]
    answer = client.post(
        "/edit",
        data=urlencode([pair for pair in fields if pair[1]]),
        content_type="application/x-www-form-urlencoded",
        headers=SAME_ORIGIN,
    )
    assert (answer.status_code, answer.location) == (303, path)
    while services.editor.work():
        pass
    [change] = services.editor.recent(most=2)
    assert (change.done, change.changed) == (COUNT, COUNT)
    services.close()


def test_a_selection_that_has_expired_changes_nothing(api: FakeAPI, tmp_path: Path) -> None:
    client = make_app(api, tmp_path, write="all").test_client()
    answer = client.post("/edit", data={"selection": "none", "edit.tag": "castle"})
    assert answer.status_code == 400
    assert "has expired, or was deleted" in answer.text
