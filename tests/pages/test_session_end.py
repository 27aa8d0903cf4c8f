"""Requests without a session: what leads to the sign-in, and what is refused instead."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pytest
from bs4 import BeautifulSoup

from tests.support.scenario_api import FakeAPI, asset_id, make_app
from tests.support.users import PASSWORD, users_in

if TYPE_CHECKING:
    from pathlib import Path

    from flask import Flask
    from flask.testing import FlaskClient

SAME_ORIGIN = {"Origin": "http://localhost"}
BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
CLICK = {**BROWSER, "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
SAVE = {**BROWSER, "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "empty"}
PROGRAM = {"Accept": "*/*"}
FILES = ["/search.csv?query=a", "/search.json?query=a", "/search.atom", "/selection.zip?id=a"]


@pytest.fixture
def app(tmp_path: Path) -> Flask:
    """An application with sign-in by password."""
    users_in(tmp_path)
    return make_app(FakeAPI(), tmp_path, auth="password")


def sign_in(client: FlaskClient, target: str) -> str:
    """Sign in with a target; return the page that follows."""
    form = {"name": "ada", "password": PASSWORD, "next": target}
    return client.post("/sign-in", data=form, headers=SAME_ORIGIN).text


@pytest.mark.parametrize("path", FILES)
@pytest.mark.parametrize(
    ("headers", "status"),
    [(CLICK, 303), (BROWSER, 303), (SAVE, 401), (PROGRAM, 401)],
    ids=["a click", "a click over plain HTTP", "save link as", "a program"],
)
def test_files(client: FlaskClient, path: str, headers: dict[str, str], status: int) -> None:
    """A person who follows a link is led to the sign-in; nothing saves its page as a file."""
    response = client.get(path, headers=headers)
    assert response.status_code == status
    if status == 303:
        [target] = parse_qs(urlsplit(str(response.location)).query)["next"]
        assert target == path


@pytest.mark.parametrize(
    ("target", "back"),
    [
        ("/search.csv?query=a", "/?query=a"),
        ("/selection.zip?id=asset_1&query=a", "/selection?id=asset_1&query=a"),
        ("/selection.pdf?id=asset_1", "/selection?id=asset_1"),
        (f"/assets/{asset_id(7)}/download?format=png", f"/assets/{asset_id(7)}"),
    ],
)
def test_download_after_the_sign_in(client: FlaskClient, target: str, back: str) -> None:
    """The browser would stay on the sign-in page: a page starts the download and leads on."""
    page = BeautifulSoup(sign_in(client, target), "html.parser")
    refresh, link = page.select_one("meta[http-equiv=refresh]"), page.select_one("a.button")
    assert refresh is not None
    assert link is not None
    assert (refresh["content"], link["href"]) == (f"0;url={target}", back)


@pytest.mark.parametrize(
    ("path", "fields", "target"),
    [
        (
            "/selection.zip",
            {"id": ["a", "b"], "query": "red"},
            "/selection.zip?id=a&id=b&query=red",
        ),
        ("/selection/like?query=x", {"id": "a"}, "/selection/like?query=x&id=a"),
        ("/compare", {"id": ["a", "b"]}, "/compare?id=a&id=b"),
        ("/selection", {"id": "城"}, "/selection?id=%E5%9F%8E"),
    ],
)
def test_forms(client: FlaskClient, path: str, fields: dict[str, str], target: str) -> None:
    """A form that could be a link becomes one, and goes on after the sign-in."""
    response = client.post(path, data=fields, headers={**CLICK, **SAME_ORIGIN})
    assert response.status_code == 303
    assert parse_qs(urlsplit(str(response.location)).query)["next"] == [target]


def test_a_large_form(client: FlaskClient) -> None:
    """All of 200 assets arrive."""
    fields = {"id": [f"asset_{n:030}" for n in range(200)]}
    response = client.post("/selection.zip", data=fields, headers={**CLICK, **SAME_ORIGIN})
    page = BeautifulSoup(client.get(str(response.location)).data, "html.parser")
    field = page.select_one("[name=next]")
    assert field is not None
    assert str(field["value"]).count("id=asset_") == 200


@pytest.mark.parametrize("path", ["/selection.zip", "/selection/like"])
def test_forms_sent_by_scripts(client: FlaskClient, path: str) -> None:
    """A script gets 401."""
    headers = {**SAME_ORIGIN, "Sec-Fetch-Mode": "cors"}
    assert client.post(path, data={"id": "a"}, headers=headers).status_code == 401


def test_upload_leads_back_to_its_page(client: FlaskClient) -> None:
    """A picture cannot be sent again by the server: the page leads to the sign-in and back."""
    headers = {**CLICK, **SAME_ORIGIN, "Referer": "http://localhost/?query=castle"}
    form = {"image": (__file__, "a.png"), "search": "query=castle"}
    with open(__file__, "rb") as file:  # noqa: PTH123 - any file
        form["image"] = (file, "a.png")  # type: ignore[assignment]
        response = client.post("/references", data=form, headers=headers)
    assert response.status_code == 401
    link = BeautifulSoup(response.data, "html.parser").select_one(".failure a.button")
    assert link is not None
    assert link["href"] == "/sign-in?next=%2F%3Fquery%3Dcastle"
    headers["Referer"] = "https://evil.example/x"
    response = client.post("/references", data={"search": "query=castle"}, headers=headers)
    assert "evil.example" not in response.text


def test_no_link_has_the_attribute_download(client: FlaskClient) -> None:
    """Browsers would save a redirect to the sign-in page under the name of the file."""
    sign_in(client, "/")
    for path in ("/", f"/assets/{asset_id(7)}", f"/selection?id={asset_id(7)}", "/code?query=a"):
        page = BeautifulSoup(client.get(path).data, "html.parser")
        assert page.select("a")
        assert page.select("a[download]") == []
