"""Signed links: URLs by which a program reads one search without a sign-in."""

from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import pytest
from bs4 import BeautifulSoup

from app import create_app
from app.auth.backends import NoSignIn, ProxyBackend
from app.auth.links.signed_links import SignedLinks
from app.auth.user import User
from app.errors import LinkExpired
from app.telemetry.redaction import Redaction
from app.web import request_log
from config import Settings
from tests.faults.healthy import Healthy
from tests.support.scenario_api import HOST, FakeAPI, asset_id, make_app, session_for
from tests.support.time_limits import PATIENT
from tests.support.users import NEW, OLD, PASSWORD, SESSION_COOKIE, users_in

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from flask import Flask
    from flask.testing import FlaskClient

    from app.auth.passwords.user_store import UserStore

SEARCH = "?query=castle&hitsPerPage=3"
DAY = 86_400
OIDC: dict[str, Any] = {
    "auth": "oidc",
    "oidc_issuer": "http://127.0.0.1:1",
    "oidc_client_id": "akin",
    "oidc_client_secret": "secret-at-the-provider",
}


@pytest.fixture
def users(tmp_path: Path) -> UserStore:
    """A user store with one user."""
    return users_in(tmp_path)


@pytest.fixture
def make(tmp_path: Path, users: UserStore) -> Callable[..., Flask]:  # noqa: ARG001 - the file is there
    """A function that makes an application with sign-in by password."""

    def make(**changes: Any) -> Flask:
        values = {"auth": "password", "secret_keys": (OLD,), **changes}
        return make_app(FakeAPI(), tmp_path, **values)

    return make


@pytest.fixture
def app(make: Callable[..., Flask]) -> Flask:
    """That application with its default settings."""
    return make()


def signed_in(app: Flask) -> FlaskClient:
    """Return a client in which ada is signed in."""
    client = app.test_client()
    form = {"name": "ada", "password": PASSWORD}
    assert client.post("/sign-in", data=form).status_code == 303
    return client


def addresses(client: FlaskClient, search: str = SEARCH) -> dict[str, str]:
    """Return the paths of the links on the page of a search, by label."""
    soup = BeautifulSoup(client.get(f"/feeds{search}").data, "html.parser")
    urls = {
        section.h2.get_text(): section.code.get_text()  # type: ignore[union-attr]
        for section in soup.select("section.snippet")
    }
    assert all(url.startswith("http://localhost/feeds/") for url in urls.values())
    return {label: url.removeprefix("http://localhost") for label, url in urls.items()}


def pictures(feed: bytes) -> list[str]:
    """Return the paths of the images in a feed."""
    root = ET.fromstring(feed)  # noqa: S314 - our own answer
    urls = root.iter("{http://www.w3.org/1999/xhtml}img")
    return [str(each.get("src")).removeprefix("http://localhost") for each in urls]


def test_page_of_links(app: Flask) -> None:
    """Signed-in users see the link beside the other exports."""
    soup = BeautifulSoup(signed_in(app).get("/?query=castle").data, "html.parser")
    (link,) = soup.find_all("a", string="Feed for a reader")
    assert link["href"] == "/feeds?query=castle"
    assert soup.find_all("a", string="Atom feed") == []  # a feed reader could not sign in


def test_feed_discovery(make: Callable[..., Flask]) -> None:
    """Feed discovery has no cookie, so pages announce no feed that needs a sign-in."""
    search = "/?query=castle"
    pages = [make(auth="none").test_client(), signed_in(make()), signed_in(make(feed_days=0))]
    soups = [BeautifulSoup(client.get(search).data, "html.parser") for client in pages]
    named = [[link["href"] for link in each.select("link[rel=alternate]")] for each in soups]
    assert named == [["/search.atom?query=castle"], [], []]


def test_without_sign_in(make: Callable[..., Flask]) -> None:
    """Without sign-in the feed has its plain URL."""
    client = make(auth="none").test_client()
    assert "Feed for a reader" not in client.get("/?query=castle").text
    statuses = [client.get(path).status_code for path in ("/feeds", "/feeds/x/search.atom")]
    assert statuses == [404, 401]
    assert client.get("/search.atom?query=castle").status_code == 200


def test_links_switched_off(make: Callable[..., Flask]) -> None:
    """Links from before are refused as well."""
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
def test_link_needs_no_cookie(app: Flask, label: str, kind: str) -> None:
    """A link returns what its owner would get, and sets no cookie."""
    owner = signed_in(app)
    path = addresses(owner)[label]
    response = app.test_client().get(path)
    assert (response.status_code, response.mimetype) == (200, kind)
    assert "Set-Cookie" not in response.headers
    assert "private" in response.headers["Cache-Control"] or label != "Atom feed"
    assert response.headers["Referrer-Policy"] == "no-referrer"
    assert re.findall(r"castle \d+", response.text)
    assert app.test_client().head(path).status_code == 200


def test_ids_in_a_feed(app: Flask) -> None:
    """Its self link is the signed URL; its id is permanent."""
    path = addresses(signed_in(app))["Atom feed"]
    root = ET.fromstring(app.test_client().get(path).data)  # noqa: S314 - our own answer
    atom = "{http://www.w3.org/2005/Atom}"
    links = {link.get("rel"): link.get("href") for link in root.findall(f"{atom}link")}
    assert links == {
        "self": f"http://localhost{path}",
        "alternate": f"http://localhost/{SEARCH}",
    }
    assert root.findtext(f"{atom}id") == f"tag:akin.invalid,2026:/search.atom{SEARCH}"


def test_link_is_the_same_all_day(app: Flask) -> None:
    """A reader that requests it again gets 304."""
    owner = signed_in(app)
    path = addresses(owner)["Atom feed"]
    reader = app.test_client()
    first = reader.get(path)
    again = reader.get(path, headers={"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 304


def test_images_of_a_feed(app: Flask) -> None:
    """Each image has a separate signed link, which is not valid for the feed."""
    path = addresses(signed_in(app))["Atom feed"]
    reader = app.test_client()
    urls = pictures(reader.get(path).data)
    assert len(urls) == 3
    response = reader.get(urls[0])
    assert response.status_code == 302
    assert response.location.startswith("https://cdn.cloud.scenario.com/")
    assert response.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert response.headers["Referrer-Policy"] == "no-referrer"
    token = urls[0].split("/")[2]
    assert token not in path
    others = (
        f"/feeds/{token}/assets/{asset_id(7)}/image",
        f"/feeds/{token}/search.atom{SEARCH}",
        f"{urls[0]}?width=1",
    )
    assert [reader.get(other).status_code for other in others] == [401, 401, 401]


def test_image_of_the_library_is_sent(tmp_path: Path, users: UserStore) -> None:
    """An image of the mounted library is sent itself: its URL needs a sign-in."""
    users.names()
    api = FakeAPI()
    api.healthy = Healthy(120, "/library")
    settings = Settings(
        base_url=f"{HOST}/v1", data=tmp_path, auth="password", secret_keys=(OLD,), cache_seconds=0
    )
    app = create_app(settings, session=session_for(api), mounts={"/library": HOST}, limits=PATIENT)
    reader = app.test_client()
    urls = pictures(reader.get(addresses(signed_in(app))["Atom feed"]).data)
    response = reader.get(urls[0])
    assert (response.status_code, response.mimetype.partition("/")[0]) == (200, "image")
    assert "sandbox" in response.headers["Content-Security-Policy"]
    assert response.data
    tag = {"If-None-Match": response.headers["ETag"]}
    assert reader.get(urls[0], headers=tag).status_code == 304


def test_token_opens_one_url(app: Flask) -> None:
    """A link opens no other search, page or form, and allows reading only."""
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


def test_query_in_another_encoding(app: Flask) -> None:
    """Feed readers encode URLs differently; the signature is the same."""
    path = addresses(signed_in(app), "?query=red+castle")["Atom feed"]
    reader = app.test_client()
    spelled = [re.sub(r"red.*castle", other, path) for other in ("red+castle", "r%65d%20castle")]
    assert [reader.get(each).status_code for each in spelled] == [200, 200]
    assert reader.get(re.sub(r"red.*castle", "redcastle", path)).status_code == 401


@pytest.mark.parametrize("at", [0, 20, -1])
def test_changed_token(app: Flask, at: int) -> None:
    """A change of one letter makes a link invalid."""
    path = addresses(signed_in(app))["Atom feed"]
    token = path.split("/")[2]
    letters = list(token)
    letters[at] = "A" if letters[at] != "A" else "Q"
    response = app.test_client().get(path.replace(token, "".join(letters)))
    assert response.status_code == 401
    assert "new address for your program" in response.text


@pytest.mark.parametrize("token", ["x", ".", "e30.x", "a" * 5000, "%00", "é", "W10.x.y"])
def test_other_text_as_token(app: Flask, token: str) -> None:
    """Any other text instead of a token is refused."""
    assert app.test_client().get(f"/feeds/{token}/search.atom{SEARCH}").status_code == 401


@pytest.mark.parametrize("change", ["removed", "another password"])
def test_link_ends_with_its_owner(app: Flask, users: UserStore, change: str) -> None:
    """Links of a user end when the user is removed or gets another password."""
    path = addresses(signed_in(app))["Atom feed"]
    reader = app.test_client()
    picture = pictures(reader.get(path).data)[0]
    if change == "removed":
        users.remove("ada")
    else:
        users.set_password("ada", PASSWORD + "!")
    assert [reader.get(each).status_code for each in (path, picture)] == [401, 401]


def test_link_outlasts_a_sign_out(app: Flask) -> None:
    """A link is valid after a sign-out."""
    owner = signed_in(app)
    path = addresses(owner)["Atom feed"]
    owner.post("/sign-out")
    assert app.test_client().get(path).status_code == 200


def test_link_ends_with_the_key(make: Callable[..., Flask]) -> None:
    """A new key signs, the older ones still verify until they are removed."""
    path = addresses(signed_in(make()))["Atom feed"]
    statuses = [
        make(secret_keys=keys).test_client().get(path).status_code
        for keys in ((OLD,), (NEW, OLD), (NEW,))
    ]
    assert statuses == [200, 200, 401]


def test_session_is_no_token(app: Flask) -> None:
    """A session is no token and a token no session, although the key is the same."""
    owner = signed_in(app)
    path = addresses(owner)["Atom feed"]
    cookie = owner.get_cookie(SESSION_COOKIE)
    assert cookie is not None
    reader = app.test_client()
    assert reader.get(path.replace(path.split("/")[2], cookie.value)).status_code == 401
    reader.set_cookie(SESSION_COOKIE, path.split("/")[2])
    assert reader.get("/").status_code == 303


def test_link_of_an_unknown_user() -> None:
    """A link whose owner may not sign in is refused."""
    links = SignedLinks((OLD,), NoSignIn(), days=2)
    address = links.url("/search.atom", links.grant(User("ada", "Ada")))
    with pytest.raises(LinkExpired, match="was removed"):
        links.verify(address, b"")


def test_link_expires() -> None:
    """A link expires at midnight after AKIN_FEED_DAYS, and the images of its feed with it."""
    now = [1000 * DAY + 5000.0]
    links = SignedLinks((OLD,), ProxyBackend("X-Forwarded-User"), days=2, clock=lambda: now[0])
    grant = links.grant(User("ada", "Ada"))
    address = links.url("/search.atom?query=a", grant)
    path, _, query = address.partition("?")
    assert links.verify(path, query.encode()) == grant
    assert (grant.expiry_date - grant.expiry_date.fromtimestamp(1000 * DAY)).days == 3
    now[0] += 2 * DAY
    picture = links.url("/assets/asset_1/image", links.verify(path, query.encode()))
    now[0] = 1003 * DAY
    for path_only, query_string in ((path, query), (picture, "")):
        with pytest.raises(LinkExpired, match="expired"):
            links.verify(path_only, query_string.encode())


def test_link_in_mode_proxy(make: Callable[..., Flask]) -> None:
    """In mode proxy a request without a user is accepted with a signed link."""
    app = make(auth="proxy", proxies=("127.0.0.1",))
    client = app.test_client()
    soup = BeautifulSoup(
        client.get(f"/feeds{SEARCH}", headers={"X-Forwarded-User": "ada"}).data, "html.parser"
    )
    path = soup.select("section.snippet code")[0].get_text().removeprefix("http://localhost")
    assert app.test_client().get(path).status_code == 200
    assert make().test_client().get(path).status_code == 401  # of another backend


def test_link_ends_with_the_admission_rules(make: Callable[..., Flask]) -> None:
    """A change of the admission rules ends all links: a provider reports no removed account."""
    app = make(**OIDC, oidc_domains=("studio.example",))
    guard = app.extensions["akin.guard"]
    address = guard.links.url("/search.atom?query=a", guard.links.grant(User("ada", "Ada")))
    same = make(**OIDC, oidc_domains=("studio.example",))
    other = make(**OIDC, oidc_domains=("elsewhere.example",))
    statuses = [each.test_client().get(address).status_code for each in (app, same, other)]
    assert statuses == [200, 200, 401]


def test_log_has_no_token(app: Flask, capsys: pytest.CaptureFixture[str]) -> None:
    """The log names the user of a link, and not its token."""
    path = addresses(signed_in(app))["Atom feed"]
    token = path.split("/")[2]
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    request_log.configure("json", Redaction())
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
