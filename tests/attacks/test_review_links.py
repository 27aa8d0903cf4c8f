"""Links to reviews: they open one review and nothing else, and only while they are valid."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from bs4 import BeautifulSoup

from tests.support.reviews import visitor
from tests.support.scenario_api import FakeAPI, asset_id, make_app_with_cdn
from tests.support.users import NEW, OLD, PASSWORD, users_in

if TYPE_CHECKING:
    from pathlib import Path

    from flask import Flask
    from flask.testing import FlaskClient
    from werkzeug.test import TestResponse

A, B, OTHER = asset_id(0), asset_id(8), asset_id(16)


@pytest.fixture
def api() -> FakeAPI:
    """A healthy API."""
    return FakeAPI()


@pytest.fixture
def app(api: FakeAPI, tmp_path: Path) -> Flask:
    """With the users ada and bob."""
    users_in(tmp_path).set_password("bob", PASSWORD)
    return make(api, tmp_path)


def make(api: FakeAPI, folder: Path, **changes: Any) -> Flask:
    """Return an application with passwords, whose server can fetch pictures."""
    values: dict[str, Any] = {"auth": "password", "secret_keys": (OLD,), **changes}
    return make_app_with_cdn(api, folder, **values)


def signed_in(app: Flask, name: str) -> FlaskClient:
    """Return the browser of a user."""
    client = visitor(app)
    form = {"name": name, "password": PASSWORD}
    assert client.post("/sign-in", data=form).status_code == 303
    return client


def is_closed(response: TestResponse) -> bool:
    """Return whether a response is an error, or leads to the sign-in page."""
    if response.status_code == 303:
        return str(response.location).startswith("/sign-in")
    return response.status_code in {401, 404, 405}


def made(client: FlaskClient, **fields: object) -> str:
    """Make a review of A and B, and return its path."""
    form = {"question": "Which?", "id": [A, B], "search": "query=secret-words", **fields}
    response = client.post("/reviews", data=form)
    assert response.status_code == 303
    return str(response.location)


def link(client: FlaskClient, path: str, action: str = "renew") -> str:
    """Make or replace the link of a review, and return its path; "" where there is none."""
    assert client.post(f"{path}/link", data={"action": action}).status_code == 303
    page = BeautifulSoup(client.get(f"{path}/link").data, "html.parser")
    code = page.select_one("copy-text code")
    return code.get_text().removeprefix("http://localhost") if code else ""


def test_a_link_opens_the_review_and_takes_answers(app: Flask) -> None:
    ada = signed_in(app, "ada")
    path = made(ada)
    token = link(ada, path)
    guest = visitor(app)
    page = guest.get(token)
    assert page.status_code == 200
    assert page.headers["Cache-Control"] == "no-store"
    assert page.headers["Referrer-Policy"] == "same-origin"
    answer = {"verdict": "yes", "comment": "From outside", "name": "Guest"}
    assert guest.post(f"{token}/1", data=answer).location == f"{token}/2"
    assert guest.post(token, data={"verdict.2": "no"}).location == f"{token}/result"
    assert b"From outside" in guest.get(f"{token}/result").data
    assert b"From outside" in guest.get(f"{token}/result.csv").data
    assert b"Guest (typed name)" in ada.get(f"{path}/result").data


def test_its_pages_lead_to_nothing_else(app: Flask, api: FakeAPI) -> None:
    """Every address on its pages is below the link or is a static file; the search is not there."""
    ada = signed_in(app, "ada")
    token = link(ada, made(ada))
    guest = visitor(app)
    guest.post(f"{token}/1", data={"verdict": "yes", "name": "Guest"})
    for path in (token, f"{token}/1", f"{token}/result"):
        text = guest.get(path).get_data(as_text=True)
        assert "secret-words" not in text
        assert "Policy=" not in text
        page = BeautifulSoup(text, "html.parser")
        for template in page.find_all("template"):  # for pages of results
            template.decompose()
        found = {
            str(tag[name])
            for tag in page.find_all(True)
            for name in ("href", "src", "srcset", "action", "formaction", "poster")
            if tag.has_attr(name)
        }
        static = ("/static/", "/icons.svg", "/akin.css", "/js/", "/opensearch.xml", "#")
        assert [each for each in found if not each.startswith((token, *static))] == [], path
    assert [each.path for each in api.received("/v1/search")] == []


def test_pictures_of_the_review_alone(app: Flask, api: FakeAPI) -> None:
    """Sent by this server; never another asset, and no original unless the review allows it."""
    ada = signed_in(app, "ada")
    token = link(ada, made(ada))
    guest = visitor(app)
    for size in ("small", "large"):
        picture = guest.get(f"{token}/assets/{A}/{size}")
        assert (picture.status_code, picture.mimetype[:6]) == (200, "image/")
        assert "default-src 'none'" in picture.headers["Content-Security-Policy"]
    before = len(api.requests)
    for asset in (OTHER, "asset_none", "..", "%2e%2e", f"{A}%2f..%2f{OTHER}"):
        for kind in ("small", "large", "original"):
            assert is_closed(guest.get(f"{token}/assets/{asset}/{kind}"))
    assert guest.get(f"{token}/assets/{A}/original").status_code == 404
    assert is_closed(guest.get(f"{token}/assets/{A}/huge"))
    assert len(api.requests) == before
    allowed = link(ada, made(ada, originals="yes"))
    original = guest.get(f"{allowed}/assets/{A}/original", buffered=True)
    assert original.status_code == 200
    assert "attachment" in original.headers["Content-Disposition"]
    assert guest.get(f"{allowed}/assets/{OTHER}/original").status_code == 404


def test_nothing_else_is_opened(app: Flask) -> None:
    """Neither by the link, nor below it, nor by what the guest's browser stores."""
    ada = signed_in(app, "ada")
    path, other = made(ada), made(ada, question="Another?")
    token = link(ada, path)
    guest = visitor(app)
    guest.post(f"{token}/1", data={"verdict": "yes", "name": "ada"})
    closed = [
        *("/", "/search.json", "/reviews", "/reviews/new", path, f"{path}/result", other),
        *(f"/assets/{A}", f"/assets/{A}/image", f"/assets/{A}/download", f"/assets/{A}.json"),
        *(f"/selection?id={A}", f"/selection.zip?id={A}", "/tags", f"{path}/link", f"{path}/end"),
    ]
    for each in closed:
        assert is_closed(guest.get(each)), each
    for below in ("end", "delete", "reopen", "link", "search.json", f"assets/{A}", "new"):
        assert is_closed(guest.get(f"{token}/{below}")), below
        assert is_closed(guest.post(f"{token}/{below}")), below
    review = other.rpartition("/")[2]
    for wrong in (f"{token}/../../{review}", f"/reviews/link/{review}", "/reviews/link/"):
        assert is_closed(guest.get(wrong)), wrong


def test_a_changed_token_opens_nothing(app: Flask, tmp_path: Path, api: FakeAPI) -> None:
    ada = signed_in(app, "ada")
    token = link(ada, made(ada))
    guest = visitor(app)
    content, _, signature = token.rpartition(".")
    forged = [
        f"{content}.{signature[:-2]}{'AA' if signature[-2:] != 'AA' else 'BB'}",
        content,
        f"{token}x",
        f"/reviews/link/{'x' * 5000}",
        "/reviews/link/%00",
        "/reviews/link/é",
    ]
    for each in forged:
        for below in ("", "/1", "/result", "/result.csv", f"/assets/{A}/small"):
            assert guest.get(each + below).status_code == 401, each
        assert guest.post(f"{each}/1", data={"verdict": "yes", "name": "x"}).status_code == 401
    other = visitor(make(api, tmp_path, secret_keys=(NEW,)))
    assert other.get(token).status_code == 401
    rotated = visitor(make(api, tmp_path, secret_keys=(NEW, OLD)))
    assert rotated.get(token).status_code == 200


def test_errors_of_a_link_lead_back_to_the_review_alone(app: Flask) -> None:
    ada = signed_in(app, "ada")
    path = made(ada)
    token = link(ada, path)
    guest = visitor(app)
    ada.post(f"{path}/end")
    for response in (
        guest.post(f"{token}/1", data={"verdict": "yes", "name": "x"}),
        guest.get(f"{token}/assets/{OTHER}/small"),
        guest.get("/reviews/link/forged"),
    ):
        page = BeautifulSoup(response.data, "html.parser")
        assert page.find("form", id="search") is None
        links = [str(each["href"]) for each in page.select("main a")]
        assert links == ([token] if response.status_code != 401 else [])


def test_a_feed_address_is_no_link_to_a_review(app: Flask) -> None:
    ada = signed_in(app, "ada")
    path = made(ada)
    page = ada.get("/feeds?query=castle").get_data(as_text=True)
    feed = re.findall(r"/feeds/([^/]+)/search", page)[0]
    review = link(ada, path).rpartition("/")[2]
    guest = visitor(app)
    assert guest.get(f"/reviews/link/{feed}").status_code == 401
    assert guest.get(f"/feeds/{review}/search.json?query=castle").status_code == 401


def test_a_link_ends_when_it_is_replaced_removed_or_its_review_is_deleted(app: Flask) -> None:
    ada = signed_in(app, "ada")
    path = made(ada)
    guest = visitor(app)
    first = link(ada, path)
    second = link(ada, path)
    assert first != second
    assert [guest.get(each).status_code for each in (first, second)] == [401, 200]
    assert "replaced or removed" in guest.get(first).get_data(as_text=True)
    assert link(ada, path, "remove") == ""
    assert guest.get(second).status_code == 401
    third = link(ada, path)
    assert [guest.get(each).status_code for each in (first, second, third)] == [401, 401, 200]
    ada.post(f"{path}/delete")
    assert guest.get(third).status_code == 401


def test_a_link_ends_with_its_makers_account(app: Flask, tmp_path: Path) -> None:
    ada = signed_in(app, "ada")
    token = link(ada, made(ada))
    users = users_in(tmp_path)
    assert visitor(app).get(token).status_code == 200  # another password does not end it
    users.remove("ada")
    assert visitor(app).get(token).status_code == 401


def test_only_its_maker_changes_a_review(app: Flask) -> None:
    ada, bob = signed_in(app, "ada"), signed_in(app, "bob")
    path = made(ada)
    for action in ("end", "reopen", "delete", "link"):
        assert bob.get(f"{path}/{action}").status_code == 403
        assert bob.post(f"{path}/{action}").status_code == 403
    page = bob.get(f"{path}/result").get_data(as_text=True)
    assert "Manage" not in page
    assert bob.post(f"{path}/1", data={"verdict": "yes"}).status_code == 303


def test_a_guest_cannot_answer_as_another_guest(app: Flask) -> None:
    """Nor as a user, by typing that name."""
    ada = signed_in(app, "ada")
    path = made(ada, shows="at-once")
    ada.post(f"{path}/1", data={"verdict": "yes", "comment": "From Ada", "name": "Mallory"})
    token = link(ada, path)
    guest, mallory = visitor(app), visitor(app)
    guest.post(f"{token}/1", data={"verdict": "yes", "name": "Guest"})
    names = ("ada", "Guest", "user:ada", "guest:x")
    for name in names:
        mallory.post(f"{token}/someone-else")
        mallory.post(f"{token}/1", data={"verdict": "no", "name": name})
    result = BeautifulSoup(ada.get(f"{path}/result").data, "html.parser")
    answers = [each.get_text(" ", strip=True) for each in result.select(".review-answers li")]
    assert answers[:2] == ["Yes ada From Ada", "Yes Guest (typed name)"]
    assert sorted(answers[2:]) == sorted(f"No {name} (typed name)" for name in names)


def test_forms_of_other_sites_are_refused(app: Flask) -> None:
    ada = signed_in(app, "ada")
    path = made(ada)
    token = link(ada, path)
    guest = app.test_client()
    for site in ("cross-site", "same-site"):
        headers = {"Sec-Fetch-Site": site}
        for target in (f"{token}/1", f"{path}/1", f"{path}/delete", "/reviews"):
            form = {"verdict": "no", "name": "Mallory"}
            assert guest.post(target, data=form, headers=headers).status_code == 403
        embedded = {**headers, "Sec-Fetch-Dest": "image", "Sec-Fetch-Mode": "no-cors"}
        assert guest.get(f"{token}/assets/{A}/small", headers=embedded).status_code == 403


def test_an_installation_without_sign_in_makes_no_links(api: FakeAPI, tmp_path: Path) -> None:
    client = visitor(make(api, tmp_path, auth="none"))
    path = made(client, name="Ada")
    assert client.get(f"{path}/link").status_code == 404
    assert client.post(f"{path}/link").status_code == 404
    assert client.get("/reviews/link/x").status_code == 401
    foreign = {"REMOTE_ADDR": "192.0.2.1"}
    assert client.get(path, environ_overrides=foreign).status_code == 403


def test_without_addresses_for_programs_there_are_no_links(api: FakeAPI, tmp_path: Path) -> None:
    users_in(tmp_path)
    ada = signed_in(make(api, tmp_path, feed_days=0), "ada")
    path = made(ada)
    assert ada.get(f"{path}/link").status_code == 404
    assert "/link" not in ada.get(path).get_data(as_text=True)


def test_the_log_has_no_token(app: Flask, caplog: pytest.LogCaptureFixture) -> None:
    ada = signed_in(app, "ada")
    token = link(ada, made(ada))
    caplog.set_level("INFO")
    guest = visitor(app)
    for path in (token, f"{token}/no-such-page", f"{token}x/1"):
        guest.get(path)
    assert token.rpartition("/")[2][:20] not in caplog.text
