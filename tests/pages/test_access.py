"""Access check of requests: users of links, redirects to the sign-in page, mounted paths."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http.cookies import SimpleCookie
from typing import TYPE_CHECKING, Any

import pytest
from bs4 import BeautifulSoup

from app.auth.user import User
from app.telemetry.redaction import Redaction
from app.web import request_log
from app.web.mounting import mount
from tests.support.scenario_api import FakeAPI, make_app
from tests.support.users import OLD, PASSWORD, SESSION_COOKIE, users_in

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path
    from wsgiref.types import StartResponse

    from flask import Flask
    from flask.testing import FlaskClient


@pytest.fixture
def make(tmp_path: Path) -> Callable[..., Flask]:
    """A function that makes an application in which ada and bob can sign in."""
    users_in(tmp_path).set_password("bob", PASSWORD)

    def make(**changes: Any) -> Flask:
        return make_app(
            FakeAPI(), tmp_path, **{"auth": "password", "secret_keys": (OLD,), **changes}
        )

    return make


@pytest.fixture
def app(make: Callable[..., Flask]) -> Flask:
    """That application with its default settings."""
    return make()


def signed_in(app: Flask, name: str) -> FlaskClient:
    """Return a client that is signed in."""
    client = app.test_client()
    form = {"name": name, "password": PASSWORD}
    assert client.post("/sign-in", data=form).status_code == 303
    return client


def test_link_is_read_in_its_owners_name(app: Flask) -> None:
    page = BeautifulSoup(signed_in(app, "ada").get("/feeds?query=castle").data, "html.parser")
    urls = {str(each.h2.string): each.code.get_text() for each in page.select("section.snippet")}  # type: ignore[union-attr]
    path = urls["Atom feed"].removeprefix("http://localhost")
    readers = [app.test_client(), signed_in(app, "ada"), signed_in(app, "bob")]
    responses = [reader.get(path) for reader in readers]
    assert [response.status_code for response in responses] == [200, 200, 200]
    assert len({response.headers["ETag"] for response in responses}) == 1


def test_log_names_the_user(app: Flask, capsys: pytest.CaptureFixture[str]) -> None:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    client = signed_in(app, "bob")
    request_log.configure("json", Redaction())
    try:
        client.get("/?query=castle")
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
    assert '"user": "bob"' in capsys.readouterr().err


@pytest.mark.parametrize(
    ("method", "status"), [("GET", 303), ("HEAD", 303), ("POST", 401), ("PUT", 401)]
)
def test_redirect_to_sign_in_by_method(app: Flask, method: str, status: int) -> None:
    """A form could not be sent again after a sign-in, so it gets 401."""
    assert app.test_client().open("/no-such-page", method=method).status_code == status


@pytest.mark.parametrize(
    ("query", "location"),
    [
        (b"query=%ff", "/sign-in?next=%2F%3Fquery%3D%25ff"),
        (b"query=\xff", "/sign-in?next=%2F%3Fquery%3D%25EF%25BF%25BD"),
        ("query=château".encode(), "/sign-in?next=%2F%3Fquery%3Dch%25C3%25A2teau"),
    ],
)
def test_return_path_in_any_encoding(app: Flask, query: bytes, location: str) -> None:
    raw = {"QUERY_STRING": query.decode("latin-1")}
    response = app.test_client().get("/", environ_overrides=raw)
    assert (response.status_code, response.location) == (303, location)


def test_return_path_below_script_name(app: Flask) -> None:
    below = {"SCRIPT_NAME": "/akin", "PATH_INFO": "/assets/asset_1"}
    response = app.test_client().get("/", environ_overrides=below)
    assert response.location.endswith("/sign-in?next=%2Fakin%2Fassets%2Fasset_1")


def test_cookie_expires_with_the_session(make: Callable[..., Flask]) -> None:
    form = {"name": "ada", "password": PASSWORD}
    hours_left = []
    for hours in (1, 50):
        response = make(session_hours=hours).test_client().post("/sign-in", data=form)
        cookie = SimpleCookie("; ".join(response.headers.getlist("Set-Cookie")))[SESSION_COOKIE]
        left = parsedate_to_datetime(cookie["expires"]) - datetime.now(UTC)
        hours_left.append(round(left.total_seconds() / 3600))
    assert hours_left == [1, 50]


def mounted_application(_: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
    """A mounted WSGI application."""
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"inside"]


@pytest.mark.parametrize("path", ["/v1x/tags", "/v1", "/v2/tags", "/x/v1/tags", "/V1/tags"])
def test_key_opens_the_api_only(app: Flask, path: str) -> None:
    mount(app, "/library", mounted_application, name="library")
    response = app.test_client().get(f"/library{path}", headers={"Authorization": "Basic eDp5"})
    assert (response.status_code, b"inside" in response.data) == (303, False)


def test_link_expires_after_feed_days(make: Callable[..., Flask]) -> None:
    long, short = (make(feed_days=days).extensions["akin.guard"].links for days in (400, 5))
    ada = User("ada", "ada")
    # One day less where midnight passes between the two calls.
    assert long.grant(ada).expires - short.grant(ada).expires in {394, 395}
