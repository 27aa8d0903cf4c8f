"""Feeds behind a sign-in: an address that lets a program read one search, and nothing else."""

from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import pytest
from bs4 import BeautifulSoup

from app import create_app, logs
from app.auth.links import Links
from app.auth.modes import Nobody, Proxy
from app.auth.user import User
from app.errors import LinkEnded
from app.redaction import Redaction
from config import Settings
from tests.faults.healthy import Healthy
from tests.pages.people import NEW, OLD, PASSWORD, users_in
from tests.pages.wire import HOST, Wire, asset_id, make_app, session_for

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from flask import Flask
    from flask.testing import FlaskClient

    from app.auth.users import Users

SEARCH = "?query=castle&hitsPerPage=3"
DAY = 86_400
OIDC: dict[str, Any] = {
    "auth": "oidc",
    "oidc_issuer": "http://127.0.0.1:1",
    "oidc_client_id": "akin",
    "oidc_client_secret": "secret-at-the-provider",
}


@pytest.fixture
def users(tmp_path: Path) -> Users:
    """A file with one user."""
    return users_in(tmp_path)


@pytest.fixture
def make(tmp_path: Path, users: Users) -> Callable[..., Flask]:  # noqa: ARG001 - the file is there
    """Makes an application that asks for a password, or with other settings."""

    def make(**changes: Any) -> Flask:
        values = {"auth": "password", "secret_keys": (OLD,), **changes}
        return make_app(Wire(), tmp_path, **values)

    return make


@pytest.fixture
def app(make: Callable[..., Flask]) -> Flask:
    """That application."""
    return make()


def signed_in(app: Flask) -> FlaskClient:
    """A browser of ada's."""
    client = app.test_client()
    form = {"name": "ada", "password": PASSWORD}
    assert client.post("/sign-in", data=form).status_code == 303
    return client


def addresses(client: FlaskClient, search: str = SEARCH) -> dict[str, str]:
    """The paths of the addresses that the page of a search offers, by their labels."""
    soup = BeautifulSoup(client.get(f"/feeds{search}").data, "html.parser")
    found = {
        section.h2.get_text(): section.code.get_text()  # type: ignore[union-attr]
        for section in soup.select("section.snippet")
    }
    assert all(url.startswith("http://localhost/feeds/") for url in found.values())
    return {label: url.removeprefix("http://localhost") for label, url in found.items()}


def pictures(feed: bytes) -> list[str]:
    """The paths of the pictures in a feed."""
    root = ET.fromstring(feed)  # noqa: S314 - our own answer
    found = root.iter("{http://www.w3.org/1999/xhtml}img")
    return [str(each.get("src")).removeprefix("http://localhost") for each in found]


def test_a_page_offers_them(app: Flask) -> None:
    """To whoever is signed in, beside the other ways to hand a search on."""
    soup = BeautifulSoup(signed_in(app).get("/?query=castle").data, "html.parser")
    (link,) = soup.find_all("a", string="Feed for a reader")
    assert link["href"] == "/feeds?query=castle"
    assert soup.find_all("a", string="Atom feed") == []  # no reader could sign in for it


def test_a_page_names_a_feed_only_where_a_reader_can_read_it(make: Callable[..., Flask]) -> None:
    """What finds feeds by itself has no cookie: what it finds must not ask it to sign in."""
    search = "/?query=castle"
    pages = [make(auth="none").test_client(), signed_in(make()), signed_in(make(feed_days=0))]
    soups = [BeautifulSoup(client.get(search).data, "html.parser") for client in pages]
    named = [[link["href"] for link in each.select("link[rel=alternate]")] for each in soups]
    assert named == [["/search.atom?query=castle"], [], []]


def test_nothing_changes_without_sign_in(make: Callable[..., Flask]) -> None:
    """The feed has its plain address there."""
    client = make(auth="none").test_client()
    assert "Feed for a reader" not in client.get("/?query=castle").text
    statuses = [client.get(path).status_code for path in ("/feeds", "/feeds/x/search.atom")]
    assert statuses == [404, 401]
    assert client.get("/search.atom?query=castle").status_code == 200


def test_they_can_be_switched_off(make: Callable[..., Flask]) -> None:
    """Also those that were made before."""
    feed = addresses(signed_in(make()))["Atom feed"]
    app = make(feed_days=0)
    client = signed_in(app)
    assert "Feed for a reader" not in client.get("/?query=castle").text
    assert client.get("/feeds").status_code == 404
    headers = {"Sec-Fetch-Mode": "no-cors"}
    assert app.test_client().get(feed, headers=headers).status_code == 401
    assert client.get(feed).status_code == 401


@pytest.mark.parametrize(
    ("label", "kind"),
    [("Atom feed", "application/atom+xml"), ("CSV", "text/csv"), ("JSON", "application/json")],
)
def test_a_reader_needs_no_cookie(app: Flask, label: str, kind: str) -> None:
    """It gets what its owner would get, and no cookie for more."""
    owner = signed_in(app)
    path = addresses(owner)[label]
    answer = app.test_client().get(path)
    assert (answer.status_code, answer.mimetype) == (200, kind)
    assert "Set-Cookie" not in answer.headers
    assert "private" in answer.headers["Cache-Control"] or label != "Atom feed"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert re.findall(r"castle \d+", answer.text)
    assert app.test_client().head(path).status_code == 200


def test_a_feed_of_a_link(app: Flask) -> None:
    """It names itself by the address that works, and is known again by the one that lasts."""
    path = addresses(signed_in(app))["Atom feed"]
    root = ET.fromstring(app.test_client().get(path).data)  # noqa: S314 - our own answer
    atom = "{http://www.w3.org/2005/Atom}"
    links = {link.get("rel"): link.get("href") for link in root.findall(f"{atom}link")}
    assert links == {
        "self": f"http://localhost{path}",
        "alternate": f"http://localhost/{SEARCH}",
    }
    assert root.findtext(f"{atom}id") == f"http://localhost/search.atom{SEARCH}"


def test_the_same_all_day(app: Flask) -> None:
    """So that a reader that asks again is told that nothing is new."""
    owner = signed_in(app)
    path = addresses(owner)["Atom feed"]
    reader = app.test_client()
    first = reader.get(path)
    again = reader.get(path, headers={"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 304


def test_pictures_of_a_feed(app: Flask) -> None:
    """Each has an address of its own that opens it alone, and not the feed."""
    path = addresses(signed_in(app))["Atom feed"]
    reader = app.test_client()
    found = pictures(reader.get(path).data)
    assert len(found) == 3
    answer = reader.get(found[0])
    assert answer.status_code == 302
    assert answer.location.startswith("https://cdn.cloud.scenario.com/")
    assert answer.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    token = found[0].split("/")[2]
    assert token not in path
    others = (
        f"/feeds/{token}/assets/{asset_id(7)}/image",
        f"/feeds/{token}/search.atom{SEARCH}",
        f"{found[0]}?width=1",
    )
    assert [reader.get(other).status_code for other in others] == [401, 401, 401]


def test_a_picture_behind_our_own_door_is_sent(tmp_path: Path, users: Users) -> None:
    """A file of the mounted library: its address would ask the reader to sign in."""
    users.names()
    wire = Wire()
    wire.healthy = Healthy(120, "/library")
    settings = Settings(
        base_url=f"{HOST}/v1", data=tmp_path, auth="password", secret_keys=(OLD,), cache_seconds=0
    )
    app = create_app(settings, session=session_for(wire), mounts={"/library": HOST})
    reader = app.test_client()
    found = pictures(reader.get(addresses(signed_in(app))["Atom feed"]).data)
    answer = reader.get(found[0])
    assert (answer.status_code, answer.mimetype.partition("/")[0]) == (200, "image")
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert answer.data
    tag = {"If-None-Match": answer.headers["ETag"]}
    assert reader.get(found[0], headers=tag).status_code == 304


def test_a_token_opens_one_address(app: Flask) -> None:
    """No other search, page, form or part of the site; nothing but reading."""
    path = addresses(signed_in(app))["Atom feed"]
    token = path.split("/")[2]
    reader = app.test_client()
    plain = {"Sec-Fetch-Mode": "no-cors"}
    others = [
        path.replace("castle", "tower"),
        f"{path}&page=2",
        path.replace("search.atom", "search.csv"),
        path.replace("search.atom", "search.json"),
        f"/feeds/{token}/search.atom",
        f"/feeds/{token}/",
        f"/feeds/{token}",
        f"/feeds/{token}/search.png{SEARCH}",
        f"/feeds/{token}/assets/{asset_id(7)}",
        f"/feeds/{token}/assets/{asset_id(7)}/image",
        f"/{SEARCH}",
        f"/feeds{SEARCH}",
        f"/assets/{asset_id(7)}/image",
    ]
    statuses = {other: reader.get(other, headers=plain).status_code for other in others}
    assert statuses == dict.fromkeys(others, 401)
    methods = ("POST", "PUT", "DELETE", "PATCH")
    assert [reader.open(path, method=method).status_code for method in methods] == [401] * 4


def test_a_query_may_be_spelled_otherwise(app: Flask) -> None:
    """Readers write addresses anew; what they mean is the same."""
    path = addresses(signed_in(app), "?query=red+castle")["Atom feed"]
    reader = app.test_client()
    spelled = [re.sub(r"red.*castle", other, path) for other in ("red+castle", "r%65d%20castle")]
    assert [reader.get(each).status_code for each in spelled] == [200, 200]
    assert reader.get(re.sub(r"red.*castle", "redcastle", path)).status_code == 401


@pytest.mark.parametrize("at", [0, 20, -1])
def test_a_changed_token(app: Flask, at: int) -> None:
    """One letter is enough."""
    path = addresses(signed_in(app))["Atom feed"]
    token = path.split("/")[2]
    letters = list(token)
    letters[at] = "A" if letters[at] != "A" else "Q"
    answer = app.test_client().get(path.replace(token, "".join(letters)))
    assert answer.status_code == 401
    assert "new address for your program" in answer.text


@pytest.mark.parametrize("token", ["x", ".", "e30.x", "a" * 5000, "%00", "é", "W10.x.y"])
def test_what_is_no_token(app: Flask, token: str) -> None:
    """Whatever stands there."""
    assert app.test_client().get(f"/feeds/{token}/search.atom{SEARCH}").status_code == 401


@pytest.mark.parametrize("change", ["removed", "another password"])
def test_it_ends_with_its_owner(app: Flask, users: Users, change: str) -> None:
    """Whoever is taken out of the file, or gets another password, has handed on nothing."""
    path = addresses(signed_in(app))["Atom feed"]
    reader = app.test_client()
    picture = pictures(reader.get(path).data)[0]
    if change == "removed":
        users.remove("ada")
    else:
        users.put("ada", PASSWORD + "!")
    assert [reader.get(each).status_code for each in (path, picture)] == [401, 401]


def test_it_goes_on_after_signing_out(app: Flask) -> None:
    """A reader reads while nobody is at the screen."""
    owner = signed_in(app)
    path = addresses(owner)["Atom feed"]
    owner.post("/sign-out")
    assert app.test_client().get(path).status_code == 200


def test_it_ends_with_the_key(make: Callable[..., Flask]) -> None:
    """A new key signs, the older ones still verify until they are taken out."""
    path = addresses(signed_in(make()))["Atom feed"]
    statuses = [
        make(secret_keys=keys).test_client().get(path).status_code
        for keys in ((OLD,), (NEW, OLD), (NEW,))
    ]
    assert statuses == [200, 200, 401]


def test_a_session_is_no_token(app: Flask) -> None:
    """What is signed for one purpose opens nothing else, though the key is the same."""
    owner = signed_in(app)
    path = addresses(owner)["Atom feed"]
    cookie = owner.get_cookie("akin")
    assert cookie is not None
    reader = app.test_client()
    assert reader.get(path.replace(path.split("/")[2], cookie.value)).status_code == 401
    reader.set_cookie("akin", path.split("/")[2])
    assert reader.get("/").status_code == 303


def test_whoever_may_not_come_in_hands_on_nothing() -> None:
    """Not even an address that was made and signed here."""
    links = Links((OLD,), Nobody(), days=2)
    address = links.address("/search.atom", links.holder(User("ada", "Ada")))
    with pytest.raises(LinkEnded, match="may not come in"):
        links.read(address, b"")


def test_it_ends_in_time() -> None:
    """After so many days, at midnight; the pictures of its feed not a day later."""
    now = [1000 * DAY + 5000.0]
    links = Links((OLD,), Proxy("X-Forwarded-User"), days=2, clock=lambda: now[0])
    holder = links.holder(User("ada", "Ada"))
    address = links.address("/search.atom?query=a", holder)
    path, _, query = address.partition("?")
    assert links.read(path, query.encode()) == holder
    assert (holder.last_day - holder.last_day.fromtimestamp(1000 * DAY)).days == 3
    now[0] += 2 * DAY
    picture = links.address("/assets/asset_1/image", links.read(path, query.encode()))
    now[0] = 1003 * DAY
    for place, asked in ((path, query), (picture, "")):
        with pytest.raises(LinkEnded, match="time is over"):
            links.read(place, asked.encode())


def test_behind_a_proxy(make: Callable[..., Flask]) -> None:
    """A reader whom the proxy lets through without a name is let in by its address."""
    app = make(auth="proxy", proxies=("127.0.0.1",))
    client = app.test_client()
    soup = BeautifulSoup(
        client.get(f"/feeds{SEARCH}", headers={"X-Forwarded-User": "ada"}).data, "html.parser"
    )
    path = soup.select("section.snippet code")[0].get_text().removeprefix("http://localhost")
    assert app.test_client().get(path).status_code == 200
    assert make().test_client().get(path).status_code == 401  # of another mode


def test_it_ends_with_the_rules_of_who_may_come_in(make: Callable[..., Flask]) -> None:
    """A provider does not tell whom it has dropped; our own rules are ours."""
    app = make(**OIDC, oidc_domains=("studio.example",))
    door = app.extensions["akin.door"]
    address = door.links.address("/search.atom?query=a", door.links.holder(User("ada", "Ada")))
    same = make(**OIDC, oidc_domains=("studio.example",))
    other = make(**OIDC, oidc_domains=("elsewhere.example",))
    statuses = [each.test_client().get(address).status_code for each in (app, same, other)]
    assert statuses == [200, 200, 401]


def test_the_log_has_no_token(app: Flask, capsys: pytest.CaptureFixture[str]) -> None:
    """Whose feed it was is told; the address that lets in is not."""
    path = addresses(signed_in(app))["Atom feed"]
    token = path.split("/")[2]
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    logs.configure("json", Redaction())
    try:
        reader = app.test_client()
        reader.get(path)
        reader.get(path.replace("castle", "tower"))
        reader.get(f"/feeds/{token}/nothing/here", headers={"Sec-Fetch-Mode": "no-cors"})
        reader.get(f"/feeds/{token}", headers={"Referer": f"http://localhost{path}"})
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
    written = capsys.readouterr().err
    assert '"page": "feeds.feed"' in written
    assert '"user": "ada"' in written
    assert '"path": "/feeds/…/nothing/here"' in written or "/feeds/\\u2026/nothing" in written
    assert token not in written
    assert token[:40] not in written
