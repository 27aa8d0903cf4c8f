"""The door: in whose name a page is made, and how whoever is not let in is answered."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http.cookies import SimpleCookie
from typing import TYPE_CHECKING, Any

import pytest
from bs4 import BeautifulSoup

from app import logs
from app.auth.user import User
from app.mounting import mount
from app.redaction import Redaction
from tests.pages.people import OLD, PASSWORD, users_in
from tests.pages.wire import Wire, make_app

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path
    from wsgiref.types import StartResponse

    from flask import Flask
    from flask.testing import FlaskClient


@pytest.fixture
def make(tmp_path: Path) -> Callable[..., Flask]:
    """Makes an application that ada and bob can sign in to, or with other settings."""
    users_in(tmp_path).put("bob", PASSWORD)

    def make(**changes: Any) -> Flask:
        return make_app(Wire(), tmp_path, **{"auth": "password", "secret_keys": (OLD,), **changes})

    return make


@pytest.fixture
def app(make: Callable[..., Flask]) -> Flask:
    """That application."""
    return make()


def signed_in(app: Flask, name: str) -> FlaskClient:
    """A browser of somebody's."""
    client = app.test_client()
    form = {"name": name, "password": PASSWORD}
    assert client.post("/sign-in", data=form).status_code == 303
    return client


def test_a_link_is_read_in_its_owners_name_whatever_cookie_comes_along(app: Flask) -> None:
    page = BeautifulSoup(signed_in(app, "ada").get("/feeds?query=castle").data, "html.parser")
    found = {str(each.h2.string): each.code.get_text() for each in page.select("section.snippet")}  # type: ignore[union-attr]
    path = found["Atom feed"].removeprefix("http://localhost")
    readers = [app.test_client(), signed_in(app, "ada"), signed_in(app, "bob")]
    answers = [reader.get(path) for reader in readers]
    assert [answer.status_code for answer in answers] == [200, 200, 200]
    assert len({answer.headers["ETag"] for answer in answers}) == 1


def test_the_log_tells_who_was_signed_in(app: Flask, capsys: pytest.CaptureFixture[str]) -> None:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    client = signed_in(app, "bob")
    logs.configure("json", Redaction())
    try:
        client.get("/?query=castle")
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
    assert '"user": "bob"' in capsys.readouterr().err


@pytest.mark.parametrize(
    ("method", "status"), [("GET", 303), ("HEAD", 303), ("POST", 401), ("PUT", 401)]
)
def test_only_what_reads_a_page_is_led_to_the_sign_in(app: Flask, method: str, status: int) -> None:
    """What a form sends could not be sent again once somebody has signed in."""
    assert app.test_client().open("/no-such-page", method=method).status_code == status


@pytest.mark.parametrize(
    ("query", "led_to"),
    [
        (b"query=%ff", "/sign-in?next=%2F%3Fquery%3D%25ff"),
        (b"query=\xff", "/sign-in?next=%2F%3Fquery%3D%25EF%25BF%25BD"),
        ("query=château".encode(), "/sign-in?next=%2F%3Fquery%3Dch%25C3%25A2teau"),
    ],
)
def test_the_way_back_is_known_however_it_is_spelled(app: Flask, query: bytes, led_to: str) -> None:
    raw = {"QUERY_STRING": query.decode("latin-1")}
    answer = app.test_client().get("/", environ_overrides=raw)
    assert (answer.status_code, answer.location) == (303, led_to)


def test_the_way_back_stays_below_the_place_of_the_application(app: Flask) -> None:
    below = {"SCRIPT_NAME": "/akin", "PATH_INFO": "/assets/asset_1"}
    answer = app.test_client().get("/", environ_overrides=below)
    assert answer.location.endswith("/sign-in?next=%2Fakin%2Fassets%2Fasset_1")


def test_a_cookie_ends_with_its_sign_in(make: Callable[..., Flask]) -> None:
    form = {"name": "ada", "password": PASSWORD}
    ends = []
    for hours in (1, 50):
        answer = make(session_hours=hours).test_client().post("/sign-in", data=form)
        (cookie,) = SimpleCookie(answer.headers["Set-Cookie"]).values()
        left = parsedate_to_datetime(cookie["expires"]) - datetime.now(UTC)
        ends.append(round(left.total_seconds() / 3600))
    assert ends == [1, 50]


def beside(_: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
    """A WSGI application that is mounted."""
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"inside"]


@pytest.mark.parametrize("path", ["/v1x/tags", "/v1", "/v2/tags", "/x/v1/tags", "/V1/tags"])
def test_a_key_opens_nothing_but_the_api_that_checks_it(app: Flask, path: str) -> None:
    mount(app, "/library", beside, name="library")
    answer = app.test_client().get(f"/library{path}", headers={"Authorization": "Basic eDp5"})
    assert (answer.status_code, b"inside" in answer.data) == (303, False)


def test_a_link_lasts_as_many_days_as_the_settings_say(make: Callable[..., Flask]) -> None:
    long, short = (make(feed_days=days).extensions["akin.door"].links for days in (400, 5))
    ada = User("ada", "ada")
    # A midnight that comes in between takes one day off at most.
    assert long.holder(ada).until - short.holder(ada).until in {394, 395}
