"""The page of a change: progress without scripts, failures, undo, stop, continue; and the list."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from bs4 import BeautifulSoup

from app.query.edits import Action, Edit
from app.records.change_tables import State
from app.web.context import services_of
from tests.faults.synthetic import asset_id
from tests.support.forms import SAME_ORIGIN
from tests.support.scenario_api import FakeAPI, make_app

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from flask.testing import FlaskClient
    from werkzeug.test import TestResponse

    from app.web.context import Services

TAG = Edit(Action.TAG, "<b>castle</b>")


@pytest.fixture
def api() -> FakeAPI:
    """The API, with some assets."""
    return FakeAPI(count=120)


@pytest.fixture
def services(api: FakeAPI, tmp_path: Path) -> Iterator[Services]:
    """Services of an application that may write; changes are made by the test."""
    found = services_of(make_app(api, tmp_path, write="all"))
    found.worker.close()
    yield found
    found.close()


@pytest.fixture
def client(api: FakeAPI, tmp_path: Path, services: Services) -> FlaskClient:
    """A browser, at another process of the same installation."""
    app = make_app(api, tmp_path, write="all")
    services_of(app).worker.close()
    assert services.database.is_empty
    return app.test_client()


def soup(response: TestResponse) -> BeautifulSoup:
    """Return a page, parsed."""
    assert response.status_code == 200, response.text
    return BeautifulSoup(response.data, "html.parser")


def post(client: FlaskClient, path: str, **fields: str) -> TestResponse:
    """Submit a form of a page of Akin."""
    return client.post(path, data=fields, headers=SAME_ORIGIN)


def ids(count: int) -> list[str]:
    return [asset_id(number) for number in range(count)]


def test_progress_without_scripts(services: Services, client: FlaskClient) -> None:
    change = services.editor.apply("Ada", [TAG], ids(120))
    services.editor.work()
    response = client.get(f"/changes/{change.id}")
    page = soup(response)
    assert response.headers["Cache-Control"] == "no-store"
    assert page.select_one("noscript meta[http-equiv=refresh]")["content"] == "3"
    assert page.select_one("progress")["value"] == "49"
    assert page.select_one(".edits").get_text() == "Add the tag “<b>castle</b>”"
    assert "49 changed, 71 left" in page.select_one(".state").get_text()
    assert [button.get_text() for button in page.select(".change button")] == ["Stop"]
    while services.editor.work():
        pass
    page = soup(client.get(f"/changes/{change.id}"))
    assert page.select_one("meta[http-equiv=refresh]") is None
    assert "Done. 120 changed" in page.select_one(".state").get_text()


def test_undo_leads_back(services: Services, client: FlaskClient) -> None:
    change = services.editor.apply("Ada", [TAG], ids(3))
    response = post(client, f"/changes/{change.id}/undo", next="/?query=castle")
    assert (response.status_code, response.location) == (303, "/?query=castle")
    assert "akin-written" in " ".join(response.headers.getlist("Set-Cookie"))
    undone = services.editor.change(change.id).undone_by
    page = soup(client.get(f"/changes/{change.id}"))
    assert page.select_one(f'a[href="/changes/{undone}"]') is not None
    assert "3 changed" in soup(client.get(f"/changes/{undone}")).select_one(".state").get_text()


@pytest.mark.parametrize("path", ["//evil.example", "https://evil.example", "x"])
def test_undo_leads_to_no_other_site(services: Services, client: FlaskClient, path: str) -> None:
    change = services.editor.apply("Ada", [TAG], ids(1))
    assert post(client, f"/changes/{change.id}/undo", next=path).location == "/"


def test_stop_and_continue(services: Services, client: FlaskClient) -> None:
    change = services.editor.apply("Ada", [TAG], ids(120))
    assert post(client, f"/changes/{change.id}/stop").location == f"/changes/{change.id}"
    assert services.editor.change(change.id).state is State.STOPPED
    page = soup(client.get(f"/changes/{change.id}"))
    assert [button.get_text() for button in page.select(".change button")] == ["Continue"]
    assert post(client, f"/changes/{change.id}/continue").status_code == 303
    assert services.editor.change(change.id).state is State.OPEN


def test_failures_have_reasons_and_can_be_tried_again(
    api: FakeAPI, services: Services, client: FlaskClient
) -> None:
    gone = ids(2)[1]
    api.healthy.writes.deleted.add(gone)
    change = services.editor.apply("Ada", [TAG], ids(3))
    page = soup(client.get(f"/changes/{change.id}"))
    [row] = page.select("table.changes tbody tr")
    assert gone in row.get_text()
    assert "does not exist any more" in row.get_text()
    labels = [button.get_text() for button in page.select(".change button")]
    assert labels == ["Undo", "Try again for 1 asset"]


def test_a_change_that_waits_for_another_one_says_so(
    services: Services, client: FlaskClient
) -> None:
    first = services.editor.apply("Ada", [Edit(Action.LABEL, "pick")], ids(60))
    fields = {"action": "label:reject", "id": ids(1)[0], "next": "/changes"}
    assert post(client, "/edit", **fields).status_code == 303
    text = "“Reject” is stored. It follows an earlier change that is still in progress."
    notice = soup(client.get("/changes")).select_one(".done")
    assert text in notice.get_text()
    assert notice.select_one("button") is None
    details = soup(client.get(notice.select_one("a")["href"]))
    assert "Waiting until an earlier change" in details.select_one(".state").get_text()
    assert details.select_one(f'a[href="/changes/{first.id}"]') is not None
    headers = {**SAME_ORIGIN, "Accept": "application/json"}
    body = client.post("/edit", data=fields, headers=headers).json
    assert (body["isFinished"], body["undo"], body["assets"]) == (False, "", {})
    assert body["message"] == text
    while services.editor.work():
        pass
    assert services.client.latest_assets(ids(1))[ids(1)[0]].metadata.label == "reject"


def test_the_list(services: Services, client: FlaskClient) -> None:
    assert "Nothing has been changed" in client.get("/changes").text
    change = services.editor.apply("Ada", [TAG, Edit(Action.RATE, "4")], ids(2))
    services.editor.undo("Bob", change.id)
    rows = soup(client.get("/changes")).select("tbody tr")
    assert ["Undo" in row.get_text() for row in rows].count(True) >= 1
    assert "Rate 4 stars" in rows[-1].get_text()


@pytest.mark.parametrize("user_name", ["Ada", ""])
def test_the_list_has_no_empty_column(
    services: Services, client: FlaskClient, user_name: str
) -> None:
    services.editor.apply(user_name, [TAG], ids(1))
    heads = [each.get_text() for each in soup(client.get("/changes")).select("thead th")]
    cells = soup(client.get("/changes")).select("tbody tr > *")
    assert ("By" in heads) == bool(user_name)
    assert len(cells) == len(heads)


def test_who_may_not_write_sees_no_buttons_and_changes_nothing(
    api: FakeAPI, tmp_path: Path, services: Services
) -> None:
    change = services.editor.apply("Ada", [TAG], ids(1))
    reader = make_app(api, tmp_path, write="off").test_client()
    assert soup(reader.get(f"/changes/{change.id}")).select(".change button") == []
    for action in ("undo", "stop", "continue"):
        assert post(reader, f"/changes/{change.id}/{action}").status_code == 403
    assert not services.editor.change(change.id).undone_by


def test_an_unknown_change(client: FlaskClient) -> None:
    for path in ("/changes/none", "/changes/..%2f", "/changes/" + "x" * 500):
        assert client.get(path).status_code == 404
    assert post(client, "/changes/none/undo").status_code == 404
