"""Attacks on changes: users without permission, other sites, hostile values, read-only keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from bs4 import BeautifulSoup

from app.auth.cookies import address_digest
from tests.support.forms import SAME_ORIGIN
from tests.support.injection import BREAKOUTS, foreign
from tests.support.scenario_api import asset_id, make_app
from tests.support.simulated_provider import (
    Provider,
    finish_sign_in,
    make_client,
    signed,
    start_sign_in,
)

if TYPE_CHECKING:
    from pathlib import Path

    from flask.testing import FlaskClient
    from werkzeug.test import TestResponse

    from tests.support.scenario_api import FakeAPI

PRIVATE = asset_id(24)  # in the project of the key
PAGE = f"/assets/{PRIVATE}"
EDITS = [
    {"action": "rate:5"},
    {"action": "label:reject"},
    {"edit.tag": "x"},
    {"action": "untag:synthetic"},
    {"action": "name", "value": "x"},
    {"action": "description", "value": "x"},
    {"action": "sensitive:no"},
    {"action": "collect:collection_1"},
    {"edit.collection": "Folder 1"},
    {"edit.collection": "New", "edit.create": "1"},
]
AS_TAGS = EDITS[:4]


def _post(client: FlaskClient, fields: dict[str, str], **headers: str) -> TestResponse:
    data = {"id": PRIVATE, "next": PAGE, **fields}
    return client.post("/edit", data=data, headers={**SAME_ORIGIN, **headers})


def _writes(api: FakeAPI) -> list[str]:
    is_write = {"PUT", "DELETE"}
    return [
        request.path
        for request in api.requests
        if request.method in is_write
        or (request.method, request.path) == ("POST", "/v1/collections")
    ]


def _controls(client: FlaskClient, path: str, **headers: str) -> int:
    page = BeautifulSoup(client.get(path, headers=headers).data, "html.parser")
    return len(page.select("[action='/edit'], [formaction='/edit'], [href$='#edit']"))


@pytest.mark.parametrize("fields", EDITS, ids=str)
def test_where_changes_are_off_none_is_shown_nor_made(
    api: FakeAPI, tmp_path: Path, fields: dict[str, str]
) -> None:
    client = make_app(api, tmp_path, write="off").test_client()
    assert [_controls(client, path) for path in (PAGE, "/", f"/selection?id={PRIVATE}")] == [0] * 3
    answer = _post(client, fields)
    assert (answer.status_code, _writes(api)) == (403, [])
    assert "AKIN_WRITE" in answer.text


@pytest.mark.parametrize("fields", EDITS, ids=str)
def test_with_tags_alone_nothing_else_is_changed(
    api: FakeAPI, tmp_path: Path, fields: dict[str, str]
) -> None:
    client = make_app(api, tmp_path, write="tags").test_client()
    page = BeautifulSoup(client.get(PAGE).data, "html.parser")
    assert page.select("#edit-tag")
    assert not page.select("#edit-collection, #edit-texts")
    answer = _post(client, fields)
    is_tag = fields in AS_TAGS
    assert (answer.status_code, bool(_writes(api))) == ((303, True) if is_tag else (403, False))


def test_only_editors_may_change_something(api: FakeAPI, tmp_path: Path) -> None:
    """Pages of both differ, though they are made of the same responses."""
    app = make_app(
        api, tmp_path, auth="proxy", proxies=("127.0.0.1",), write="all", editors=("ada", "Zoë B")
    )
    client = app.test_client()
    for name, is_editor in (("ada", True), ("bo", False), ("Ada", False), ("", False)):
        user = {"X-Forwarded-User": name} if name else {}
        for path in (PAGE, "/"):
            assert bool(_controls(client, path, **user)) == is_editor
        status = _post(client, {"action": "rate:5"}, **user).status_code
        assert status == (303 if is_editor else 403 if name else 401)
    assert len(_writes(api)) == 1
    changes = _changes(client, "ada")
    assert ">ada</span>" in changes
    change_id = changes.split("/changes/")[1].split("/")[0]
    for path in ("undo", "stop", "continue"):
        headers = {**SAME_ORIGIN, "X-Forwarded-User": "bo"}
        assert client.post(f"/changes/{change_id}/{path}", headers=headers).status_code == 403
    assert len(_writes(api)) == 1


def _changes(client: FlaskClient, name: str) -> str:
    user = {"X-Forwarded-User": name}
    page = BeautifulSoup(client.get("/changes", headers=user).data, "html.parser")
    link = next(a for a in page.select("main a") if str(a["href"]).startswith("/changes/"))
    return client.get(str(link["href"]), headers=user).text


@pytest.mark.parametrize(
    ("claims", "is_editor"),
    [
        ({"groups": ["/artists", "others"]}, True),
        ({"groups": ["others"]}, False),
        ({"name": "artists"}, False),
        ({"email": "artists@studio.example"}, False),
        ({"email": "Lead@studio.example"}, True),
    ],
    ids=str,
)
def test_editors_by_group(tmp_path: Path, claims: dict[str, Any], *, is_editor: bool) -> None:
    """The session contains no group but those of the setting."""
    provider = Provider()
    client = make_client(
        provider.issuer,
        tmp_path,
        oidc_domains=("studio.example",),
        write="all",
        editors=("artists", "lead@studio.example"),
    )
    state, nonce = start_sign_in(client, PAGE)
    provider.token = signed(provider.claims(nonce, **claims))
    finish_sign_in(client, state)
    assert bool(_controls(client, PAGE)) == is_editor
    assert _post(client, {"action": "rate:5"}).status_code == (303 if is_editor else 403)
    with client.session_transaction() as session:
        assert "others" not in repr(dict(session))
        assert ("editor" in session) == is_editor
    provider.close()


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
    ],
    ids=str,
)
def test_a_form_of_another_site_changes_nothing(
    client: FlaskClient, api: FakeAPI, headers: dict[str, str]
) -> None:
    data = {"id": PRIVATE, "action": "label:reject"}
    assert client.post("/edit", data=data, headers=headers).status_code == 403
    assert client.get("/edit", query_string=data).status_code == 405
    assert _writes(api) == []


@pytest.mark.parametrize("text", BREAKOUTS)
def test_values_stay_text(client: FlaskClient, text: str) -> None:
    """On the page of the asset, on cards' pages, in the notice, and in the list of changes."""
    for fields in (
        {"edit.tag": text},
        {"edit.collection": text, "edit.create": "1"},
        {"action": "name", "value": text},
        {"action": "description", "value": text},
    ):
        answer = _post(client, fields)
        assert answer.status_code in {303, 400}
        for path in (PAGE, "/", "/changes", f"/selection/edit?id={PRIVATE}"):
            assert foreign(BeautifulSoup(client.get(path).data, "html.parser")) == []
        assert foreign(BeautifulSoup(answer.data, "html.parser")) == []
    wrong = _post(client, {"edit.collection": text})
    assert foreign(BeautifulSoup(wrong.data, "html.parser")) == []


def test_a_key_that_may_only_read_ends_the_controls(api: FakeAPI, tmp_path: Path) -> None:
    client = make_app(api, tmp_path).test_client()
    assert api.healthy.hit(24)["privacy"] == "private"
    api.healthy.writes.can_write = False
    answer = _post(client, {"edit.tag": "x"})
    assert answer.status_code in {400, 403}
    page = BeautifulSoup(client.get(PAGE).data, "html.parser")
    assert not page.select("form[action='/edit']")
    hint = page.select_one("#edit .hint")
    assert hint is not None
    assert "The API lets the key of this server change nothing." in hint.get_text()
    before = len(_writes(api))
    assert _post(client, {"action": "rate:1"}).status_code == 403
    assert len(_writes(api)) == before


@pytest.mark.parametrize("value", ["../../x", "a;b", "", "x" * 500, "%00"])
def test_a_forged_notice_shows_nothing(client: FlaskClient, value: str) -> None:
    client.set_cookie(f"akin-done-{address_digest('localhost', '')}", value)
    page = BeautifulSoup(client.get("/").data, "html.parser")
    assert not page.select("form.notice.done")
