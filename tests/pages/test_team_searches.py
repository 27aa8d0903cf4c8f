"""Searches that are saved for the team: saving, opening, news, changes and imports, as forms."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from bs4 import BeautifulSoup

from tests.support.clock import Clock
from tests.support.forms import SAME_ORIGIN
from tests.support.injection import BREAKOUTS, foreign
from tests.support.scenario_api import FakeAPI, make_app, refusal
from tests.support.users import OLD, PASSWORD, users_in

if TYPE_CHECKING:
    from pathlib import Path

    from flask import Flask
    from flask.testing import FlaskClient
    from werkzeug.test import TestResponse

ADA, BO = {"X-Forwarded-User": "ada"}, {"X-Forwarded-User": "bo"}


@pytest.fixture
def clock() -> Clock:
    """A clock that stands still."""
    return Clock(1_767_225_600.0)


@pytest.fixture
def app(api: FakeAPI, tmp_path: Path, clock: Clock) -> Flask:
    """An application with users, whom a proxy names."""
    return make_app(api, tmp_path, clock=clock, auth="proxy", proxies=("127.0.0.1",))


def parsed(response: TestResponse, status: int = 200) -> BeautifulSoup:
    """The page of a response, whose status is checked."""
    assert response.status_code == status
    return BeautifulSoup(response.data, "html.parser")


def saved(client: FlaskClient, name: str, search: str, who: dict[str, str]) -> str:
    """Save a search for the team; return the address of its entry."""
    form = {"name": name, "search": search}
    response = client.post("/searches", data=form, headers=who, follow_redirects=True)
    page = parsed(response)
    link = next(each for each in page.select(".search-name > a") if each.get_text() == name)
    return str(link["href"])


def names(client: FlaskClient, who: dict[str, str]) -> list[str]:
    """The names in the list."""
    page = parsed(client.get("/searches", headers=who))
    return [each.get_text() for each in page.select(".search-name > a")]


def test_a_search_is_saved_from_its_page(client: FlaskClient) -> None:
    """The form in the menu contains the search; without a name its words are the name."""
    page = parsed(client.get("/?query=castle&density=small", headers=ADA))
    fields: dict[str, Any] = {
        str(each["name"]): each.get("value", "")
        for each in page.select("form[action='/searches'] input")
    }
    assert fields == {"search": "query=castle&density=small", "name": ""}
    response = client.post("/searches", data=fields, headers=ADA)
    listed = parsed(client.get(response.headers["Location"], headers=BO))
    assert listed.select_one(".notice").get_text() == "“castle” is saved for the team."
    assert "Saved by ada" in listed.get_text()
    opened = client.get(str(listed.select_one(".search-name > a")["href"]), headers=BO)
    assert opened.headers["Location"] == "/?query=castle&density=small"


def test_the_same_search_is_saved_once(client: FlaskClient) -> None:
    """The notice says what it is called."""
    saved(client, "Castles", "query=castle", ADA)
    form = {"name": "Other", "search": "query=castle&page=4"}
    page = parsed(client.post("/searches", data=form, headers=BO, follow_redirects=True))
    assert page.select_one(".notice").get_text() == (
        "“Castles” is what this search is called already."
    )
    assert names(client, BO) == ["Castles"]


def test_each_member_has_their_own_news(client: FlaskClient, api: FakeAPI, clock: Clock) -> None:
    """Since each has last opened the search; what a browser fetches ahead does not count."""
    url = saved(client, "Castles", "query=castle", ADA)
    clock.now += 3600
    opened = client.get(f"{url}?new=1", headers=BO)
    assert opened.headers["Location"] == "/?query=castle&createdAt=2026-01-01T00:00:00.000Z.."
    again = client.get(f"{url}?new=1", headers={**BO, "Sec-Purpose": "prefetch"})
    assert again.headers["Location"] == "/?query=castle&createdAt=2026-01-01T01:00:00.000Z.."
    part = parsed(client.get(f"{url}/new", headers=ADA))
    assert 'createdAt >= "2026-01-01T00:00:00.000Z"' in api.body()["filter"]
    count = part.select_one("a.new-count")
    assert count is not None
    assert count["href"] == f"{url}?new=1"
    assert count["aria-label"].endswith("new in Castles")


def test_a_count_that_fails_is_a_link(client: FlaskClient, api: FakeAPI) -> None:
    """The page is not disturbed by it."""
    url = saved(client, "Castles", "query=castle", ADA)
    api.always(refusal(503, "down"))
    assert parsed(client.get(f"{url}/new", headers=ADA)).get_text(strip=True) == "What is new"


def test_searches_without_a_number_of_new_results(client: FlaskClient) -> None:
    """They are listed without one."""
    saved(client, "Like it", "like=asset_1", ADA)
    page = parsed(client.get("/searches", headers=ADA))
    assert page.select("lazy-section") == []


def test_only_the_owner_changes_a_search(client: FlaskClient) -> None:
    """Others see no form, and a forged one is refused."""
    url = saved(client, "Castles", "query=castle", ADA)
    assert parsed(client.get("/searches", headers=BO)).select(".change-search") == []
    for action in ("rename", "delete"):
        refused = client.post(f"{url}/{action}", data={"name": "Mine"}, headers=BO)
        assert "“Castles” was saved by ada." in parsed(refused, 403).get_text()
    assert client.post(f"{url}/rename", data={"name": " "}, headers=ADA).status_code == 400
    client.post(f"{url}/rename", data={"name": "Towers"}, headers=ADA)
    assert names(client, BO) == ["Towers"]
    client.post(f"{url}/delete", headers=ADA)
    assert names(client, BO) == []
    assert client.get(url, headers=ADA).status_code == 404
    assert client.post(f"{url}/rename", data={"name": "x"}, headers=ADA).status_code == 404


def test_saved_searches_are_imported(client: FlaskClient) -> None:
    """Lines that are not understood stay in the form; importing again adds nothing."""
    text = "Castles\nhttp://akin.example/?query=castle\n\nWrong\n/?colour=red"
    page = parsed(client.post("/searches/import", data={"searches": text}, headers=ADA))
    notice = page.select_one(".notice")
    assert notice is not None
    assert notice.get_text() == "1 search imported, 1 line not understood."
    assert page.select_one("textarea").get_text() == "/?colour=red"
    page = parsed(client.post("/searches/import", data={"searches": text}, headers=BO))
    assert "0 searches imported, 1 stored already" in page.get_text()
    assert names(client, BO) == ["Castles"]


def test_feeds_of_searches(tmp_path: Path, client: FlaskClient) -> None:
    """A feed has a signed address where people sign in."""
    saved(client, "Castles", "query=castle", ADA)
    page = parsed(client.get("/searches", headers=ADA))
    assert page.select_one("a[aria-label='Feed of Castles'][href='/feeds?query=castle']")
    open_client = make_app(FakeAPI(), tmp_path / "open").test_client()
    saved(open_client, "Castles", "query=castle", {})
    page = parsed(open_client.get("/searches"))
    assert page.select_one("a[aria-label='Feed of Castles'][href='/search.atom?query=castle']")


def test_without_a_sign_in_everyone_is_the_same_person(tmp_path: Path) -> None:
    """Everything can be changed, and no owner is shown."""
    client = make_app(FakeAPI(), tmp_path / "open").test_client()
    url = saved(client, "Castles", "query=castle", {})
    page = parsed(client.get("/searches"))
    assert "Saved by" not in page.get_text()
    assert page.select_one(f"form[action='{url}/rename']")


def test_a_store_that_does_not_work_has_an_error_page(tmp_path: Path) -> None:
    """Nothing is lost silently; other pages work."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "akin.sqlite").write_text("this is no database")
    client = make_app(FakeAPI(), tmp_path / "data").test_client()
    response = client.post("/searches", data={"name": "x", "search": "query=a"})
    assert response.status_code == 503
    assert client.get("/").status_code == 200


@pytest.mark.parametrize("path", ["/searches", "/frozen"])
def test_a_form_that_was_sent_without_a_session_is_not_lost(tmp_path: Path, path: str) -> None:
    """After the sign-in the page has the same form."""
    users_in(tmp_path)
    client = make_app(FakeAPI(), tmp_path, auth="password", secret_keys=(OLD,)).test_client()
    form = {"name": "Castles", "search": "query=castle"}
    headers = {"Sec-Fetch-Dest": "document", "Sec-Fetch-Mode": "navigate"}
    response = client.post(path, data=form, headers=headers)
    assert response.status_code == 303
    page = parsed(client.get(response.headers["Location"]))
    fields = {
        str(each["name"]): each["value"] for each in page.select("[action='/sign-in'] [value]")
    }
    fields |= {"name": "ada", "password": PASSWORD}
    shown = parsed(client.post("/sign-in", data=fields, headers=SAME_ORIGIN, follow_redirects=True))
    assert "Nothing is saved yet" in shown.get_text()
    kept = {str(each["name"]): each["value"] for each in shown.select("section input[value]")}
    assert kept | form == kept


def test_names_are_escaped(client: FlaskClient) -> None:
    """Whatever breaks out of HTML elsewhere."""
    for number, text in enumerate(BREAKOUTS):
        form = {"name": text, "search": f"query={number}"}
        response = client.post("/searches", data=form, headers=ADA, follow_redirects=True)
        assert foreign(parsed(response)) == []
        frozen = client.post("/frozen", data={"name": text}, headers=ADA, follow_redirects=True)
        assert foreign(parsed(frozen)) == []
    page = parsed(client.post("/searches/import", data={"searches": BREAKOUTS[6]}, headers=ADA))
    assert foreign(page) == []
    assert len(names(client, BO)) == 2 * len(BREAKOUTS)  # saved and frozen ones


def test_forms_of_other_sites_are_refused(client: FlaskClient) -> None:
    """As everywhere."""
    headers = {**ADA, "Sec-Fetch-Site": "cross-site"}
    for path in ("/searches", "/searches/import", "/frozen"):
        assert client.post(path, data={"search": ""}, headers=headers).status_code == 403
