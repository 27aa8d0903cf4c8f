"""Changing assets by forms without scripts: tags, ratings, labels, collections, texts, undo."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest
from bs4 import BeautifulSoup

from app.services.labels import UNKNOWN_SECONDS
from tests.support.clock import Clock
from tests.support.forms import SAME_ORIGIN
from tests.support.scenario_api import asset_id, make_app, refusal

if TYPE_CHECKING:
    from pathlib import Path

    from flask.testing import FlaskClient
    from werkzeug.test import TestResponse

from tests.support.scenario_api import FakeAPI

ONE, TWO = asset_id(8), asset_id(16)
PAGE = f"/assets/{ONE}"
SCRIPT = {"Accept": "application/json", **SAME_ORIGIN}


def _soup(response: TestResponse) -> BeautifulSoup:
    return BeautifulSoup(response.data, "html.parser")


def _shown(client: FlaskClient, path: str = PAGE) -> BeautifulSoup:
    response = client.get(path)
    assert response.status_code == 200
    return _soup(response)


def _press(
    client: FlaskClient, page: BeautifulSoup, button: str, typed: dict[str, str] | None = None
) -> TestResponse:
    """Press the button with a name or text on the page of an asset; follow the redirect."""
    found = next(
        each
        for each in page.select("form[method=post] button")
        if button in {each.get("aria-label"), each.get("title"), each.get_text(strip=True)}
    )
    form = found.find_parent("form")
    assert form is not None
    fields = [
        (str(each["name"]), (typed or {}).get(str(each["name"]), str(each.get("value") or "")))
        for each in form.select("input[name]")
    ]
    fields += [
        (str(e["name"]), (typed or {}).get(str(e["name"]), e.get_text()))
        for e in form.select("textarea")
    ]
    if found.get("name"):
        fields.append((str(found["name"]), str(found["value"])))
    headers = SAME_ORIGIN | {"Referer": f"http://localhost{PAGE}"}
    data: Any = {name: [v for n, v in fields if n == name] for name, _ in fields}
    return client.post(str(form["action"]), data=data, headers=headers)


def _post(client: FlaskClient, data: dict[str, Any]) -> TestResponse:
    return client.post("/edit", data=data, headers=SAME_ORIGIN)


def _notice(page: BeautifulSoup) -> str:
    found = page.select_one("form.notice.done")
    return " ".join(found.get_text(" ").split()) if found else ""


def _texts(page: BeautifulSoup, selector: str) -> list[str]:
    return [each.get_text(strip=True) for each in page.select(selector)]


@pytest.fixture
def client(api: FakeAPI, tmp_path: Path) -> FlaskClient:
    """A browser of an application with a cache."""
    return make_app(api, tmp_path, cache_seconds=60).test_client()


def test_stars_are_set_shown_and_undone(client: FlaskClient, api: FakeAPI) -> None:
    done = _press(client, _shown(client), "4 stars")
    assert (done.status_code, done.headers["Location"]) == (303, PAGE)
    page = _shown(client)
    assert _notice(page) == "Done: rate 4 stars. Undo"
    assert [b["title"] for b in page.select(".star[aria-pressed=true]")] == ["4 stars"]
    assert _notice(_shown(client)) == "", "a notice is shown once"
    results = _shown(client, f"/?query={api.healthy.hit(8)['metadata']['name']}")
    card = results.select_one(f"article[data-asset-id={ONE}]")
    assert card is not None
    assert (card["data-rating"], _texts(BeautifulSoup(str(card), "html.parser"), ".marks")) == (
        "4",
        ["4of 5 stars"],
    )
    _press(client, page, "Undo")
    page = _shown(client)
    assert (_notice(page), page.select(".star[aria-pressed=true]")) == ("Undone. Redo", [])


def test_a_change_that_stops_in_the_middle_says_why_and_has_an_undo(
    client: FlaskClient, api: FakeAPI
) -> None:
    api.next("healthy", refusal(401, "Invalid key"), on=PAGE.replace("/assets", "/v1/assets"))
    fields = {"id": ONE, "action": "rate:4", "edit.tag": "kept"}
    done = client.post("/edit", data=fields, headers=SAME_ORIGIN)
    assert done.status_code == 303
    notice = _notice(_shown(client, done.headers["Location"]))
    assert "Stopped after 0 of 1 asset." in notice
    assert "key" in notice, "the reason"
    assert "Undo" in notice


def test_a_label_is_set_and_removed_by_the_same_button(client: FlaskClient) -> None:
    _press(client, _shown(client), "Reject")
    page = _shown(client)
    assert _notice(page) == "Done: reject. Undo"
    _press(client, page, "Remove this label")
    page = _shown(client)
    assert (_notice(page), page.select(".labels [aria-pressed=true]")) == (
        "Done: remove the label. Undo",
        [],
    )


@pytest.mark.parametrize("tag", ["a, b", 'say "x" & <y>', "🐉🏰", "ß" * 500, "a:b", "x'); --"])
def test_any_tag_is_added_and_removed(client: FlaskClient, tag: str) -> None:
    _press(client, _shown(client), "Add", {"edit.tag": f" {tag} "})
    page = _shown(client)
    assert tag in _texts(page, "#tags .chip")
    _press(client, page, f"Remove tag {tag}")
    assert tag not in _texts(_shown(client), "#tags .chip")


def test_a_collection_is_created_on_the_spot_and_left(client: FlaskClient, api: FakeAPI) -> None:
    _press(client, _shown(client), "Create", {"edit.collection": "Best, of 🐉"})
    page = _shown(client)
    assert _notice(page) == "Done: add to the collection “Best, of 🐉”. Undo"
    assert _texts(page, "#collections .chip") == ["Folder 3", "Best, of 🐉"]
    _press(client, page, "Remove collection Folder 3")
    assert _texts(_shown(client), "#collections .chip") == ["Best, of 🐉"]
    other = _post(client, {"id": TWO, "edit.collection": "best, OF 🐉"})
    assert other.status_code == 303
    assert list(api.healthy.writes.collections.values()).count("Best, of 🐉") == 1


def test_a_collection_that_others_have_created_gets_its_name(api: FakeAPI, tmp_path: Path) -> None:
    clock = Clock(time.time())
    client = make_app(api, tmp_path, clock=clock).test_client()
    assert _texts(_shown(client), "#collections .chip") == ["Folder 3"]
    api.healthy.writes.collections["collection_z"] = "Theirs"
    api.healthy.writes.change(api.healthy.hit(8), collectionIds=["collection_z"])
    clock.now += UNKNOWN_SECONDS
    assert _texts(_shown(client), "#collections .chip") == ["Theirs"]


def test_a_name_that_no_collection_has_is_asked_about(client: FlaskClient) -> None:
    page = _soup(_post(client, {"id": ONE, "edit.collection": "Tpyo", "next": PAGE}))
    assert "There is no collection “Tpyo”." in page.get_text()
    field = page.select_one("#correction")
    assert field is not None
    assert field["value"] == "Tpyo"
    _press(client, page, "Save", {"edit.collection": "Folder 1"})
    assert _texts(_shown(client), "#collections .chip") == ["Folder 3", "Folder 1"]
    _press(client, page, "Create this collection")
    assert "Tpyo" in _texts(_shown(client), "#collections .chip")


def test_of_two_collections_with_one_name_one_is_chosen(client: FlaskClient, api: FakeAPI) -> None:
    api.healthy.writes.collections |= {"collection_x": "Twice", "collection_y": "Twice"}
    page = _soup(_post(client, {"id": ONE, "edit.collection": "Twice", "next": PAGE}))
    names = [b["value"] for b in page.select("form.correction button")]
    assert names == ["collection_x", "collection_y"]
    assert not page.select("#correction")


def test_name_description_and_sensitive_are_changed(client: FlaskClient) -> None:
    page = _shown(client)
    forms = page.select("#edit-texts form")
    assert len(forms) == 3
    _post(client, {"id": ONE, "action": "name", "value": "Keep <b>"})
    text = "of\nthe north " + "x" * 5000
    _post(client, {"id": ONE, "action": "description", "value": text})
    _post(client, {"id": ONE, "action": "sensitive:yes"})
    page = _shown(client)
    heading, described = page.h1, page.select_one("#edit-description")
    assert heading is not None
    assert described is not None
    assert (heading.get_text(), described.get_text()) == ("Keep <b>", text)
    assert _texts(page, ".sensitive-choice [aria-pressed=true]") == ["Sensitive"]


def test_a_selection_is_changed_as_one(client: FlaskClient) -> None:
    ids = [asset_id(number) for number in range(60)]
    data = {"id": ids, "edit.tag": "bulk", "edit.collection": "Folder 0", "next": "/?query=x"}
    page = _soup(client.post("/selection/edit", data={"id": ids}))
    assert page.h1 is not None
    assert page.h1.get_text() == "Edit 60 assets"
    assert not page.select(".stars[data-rating]"), "the stars can be removed from all"
    done = _post(client, data)
    assert done.headers["Location"] == "/?query=x"


def test_the_form_of_a_selection_leads_back_to_it(client: FlaskClient) -> None:
    """The parameters of its search are no changes, though one is called label."""
    data = {"id": [ONE, TWO], "query": "castle", "label": "reject", "action": "rate:2"}
    headers = SAME_ORIGIN | {"Referer": "http://localhost/selection"}
    done = client.post("/edit", data=data, headers=headers)
    assert done.headers["Location"].startswith(f"/selection?id={ONE}&id={TWO}&query=castle")
    page = _shown(client, done.headers["Location"])
    assert _notice(page) == "Done: rate 2 stars (2 assets). Undo"
    assert [card["data-rating"] for card in page.select("article.card")] == ["2", "2"]
    assert page.select("article.card[data-label]") == []


# --- scripts ----------------------------------------------------------------------------------


def test_a_script_gets_the_new_state(client: FlaskClient) -> None:
    answer = client.post("/edit", data={"id": ONE, "action": "rate:5"}, headers=SCRIPT)
    assert answer.status_code == 200
    body = answer.get_json()
    assert (body["message"], body["undo"], body["isFinished"]) == (
        "Done: rate 5 stars.",
        "Undo",
        True,
    )
    assert body["assets"][ONE]["rating"] == 5
    assert body["assets"][ONE]["collections"] == [{"id": "collection_3", "name": "Folder 3"}]
    undone = client.post(f"/changes/{body['change']}/undo", headers=SCRIPT).get_json()
    assert (undone["message"], undone["assets"][ONE]["rating"]) == ("Undone.", 0)


def test_a_script_gets_the_wrong_field(client: FlaskClient) -> None:
    answer = client.post("/edit", data={"id": ONE, "action": "rate:9"}, headers=SCRIPT)
    assert (answer.status_code, answer.get_json()) == (
        400,
        {"error": "A rating is a number from 0 to 5.", "code": "INVALID_EDIT", "field": "rate"},
    )


# --- what cannot be done ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "words", "typed"),
    [
        ({"edit.tag": "x" * 501}, "A tag has at most 500 characters; this one has 501.", True),
        ({"edit.tag": "rating:4"}, "Change that instead", True),
        ({"action": "name", "value": "x" * 1001}, "at most 1000 characters", True),
        ({"action": "description", "value": "x" * 20001}, "at most 20000 characters", True),
        ({"action": "tag", "value": " "}, "A tag needs at least one character", False),
        ({"action": "explode", "value": "1"}, "is not one of", False),
        ({"action": "collect:no id!"}, "cannot be the id of a collection", False),
        ({}, "The form is empty", False),
        ({"id": "../../etc"}, "cannot be the id of an asset", False),
        ({"id": ""}, "cannot be the id of an asset", False),
        ({"edit.create": "1"}, "Type the name of the new collection", False),
    ],
)
def test_bad_input_is_explained_and_kept(
    client: FlaskClient, fields: dict[str, str], words: str, *, typed: bool
) -> None:
    answer = _post(client, {"id": ONE, "next": PAGE, **fields})
    page = _soup(answer)
    assert answer.status_code == 400
    message = page.select_one("#edit-error")
    assert message is not None
    assert words in message.get_text()
    field = page.select_one("#correction")
    assert bool(field) == typed
    if field:
        value = field.get("value") or field.get_text()
        assert value in fields.values()
    back = page.select_one(".failure p.buttons a")
    assert back is not None
    assert back["href"] == PAGE


def test_an_asset_that_is_gone_is_reported(client: FlaskClient, api: FakeAPI) -> None:
    api.healthy.writes.deleted.add(TWO)
    _post(client, {"id": [ONE, TWO], "action": "rate:3", "next": "/"})
    assert _notice(_shown(client, "/")) == (
        "Done: rate 3 stars (1 asset). 1 asset could not be changed. This asset does not exist "
        "any more. Undo Details"
    )


def test_an_api_that_is_down_is_reported_and_nothing_is_stored(
    client: FlaskClient, api: FakeAPI
) -> None:
    api.always(refusal(503, "Down"), on="/v1/assets/get-bulk")
    text = "a long description"
    fields = {"id": ONE, "action": "description", "value": text, "next": PAGE}
    answer = _post(client, fields)
    assert (answer.status_code, answer.headers["Cache-Control"]) == (502, "no-store")
    assert "Set-Cookie" not in answer.headers
    page = _soup(answer)
    field = page.select_one("#correction")
    assert field is not None
    assert field.get_text() == text
    api.always("healthy", on="/v1/assets/get-bulk")
    _press(client, page, "Try again")
    assert text in _shown(client).get_text()


def test_a_collection_of_a_failed_edit_is_deleted_again(client: FlaskClient, api: FakeAPI) -> None:
    before = dict(api.healthy.writes.collections)
    api.always(refusal(503, "Down"), on="/v1/assets/get-bulk")
    fields = {"id": ONE, "edit.collection": "Best", "edit.create": "1", "next": PAGE}
    assert _post(client, fields).status_code == 502
    assert api.healthy.writes.collections == before
    assert [each.method for each in api.requests if "_new" in each.path] == ["DELETE"]
    api.always("healthy", on="/v1/assets/get-bulk")
    assert _post(client, fields).status_code == 303
    assert [*api.healthy.writes.collections.values()] == [*before.values(), "Best"]


def test_the_notice_names_a_new_collection_at_once(client: FlaskClient) -> None:
    client.get("/")  # the names of the others are known
    fields = {"id": ONE, "edit.collection": "Best castles", "edit.create": "1", "next": PAGE}
    headers = {**SAME_ORIGIN, "Accept": "application/json"}
    answered = client.post("/edit", data=fields, headers=headers)
    assert "“Best castles”" in answered.get_json()["message"]


@pytest.mark.parametrize("target", ["https://evil.example", "//evil.example", "/\\evil.example"])
def test_no_form_leads_to_another_site(client: FlaskClient, target: str) -> None:
    data = {"id": ONE, "action": "rate:1", "next": target}
    assert _post(client, data).headers["Location"] == "/"
