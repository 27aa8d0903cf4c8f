"""Links that are longer than the header of a response may be: 4 kB, by the defaults of proxies."""

from __future__ import annotations

import html
import io
import random
import re
import shutil
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, quote, urlencode

import pytest
from bs4 import BeautifulSoup
from PIL import Image

from tests.cluster.programs import Redis
from tests.support.below_path import BelowPath
from tests.support.scenario_api import FakeAPI, make_app
from tests.support.users import OLD, PASSWORD, users_in

if TYPE_CHECKING:
    from pathlib import Path

    from flask import Flask
    from flask.testing import FlaskClient
    from werkzeug.test import TestResponse

MOST = 4096  # bytes of status line and headers: nginx's proxy_buffer_size is one page of memory
SAME_ORIGIN = {"Origin": "http://localhost"}
RANDOM = random.Random(12)  # ids that cannot be compressed to nothing


def selection_of(count: int) -> str:
    """Return a link to so many assets."""
    ids = [f"asset_{RANDOM.getrandbits(120):030x}" for _ in range(count)]
    return "/selection?" + urlencode([("id", each) for each in ids])


LINKS = {
    "90 assets": selection_of(90),
    "150 assets": selection_of(150),
    "1000 assets": selection_of(1000),
    "300 Japanese characters": "/?query=" + quote("城" * 300),
    "1000 Japanese characters": "/?query=" + quote("猫と海の夜" * 200),
    "1000 emoji": "/?query=" + quote("🏰" * 1000),
    "a long filter": "/?filter=" + quote(" OR ".join(f'tags="{"ü" * 30}{n}"' for n in range(90))),
}


@pytest.fixture
def app(tmp_path: Path) -> Flask:
    """An application with sign-in by password."""
    users_in(tmp_path)
    return make_app(FakeAPI(), tmp_path, auth="password")


def size_of_headers(response: TestResponse) -> int:
    """Return the bytes of the status line and the headers."""
    assert all(value.isascii() for _, value in response.headers)
    lines = [f"HTTP/1.1 {response.status}", *(f"{n}: {v}" for n, v in response.headers), "", ""]
    return len("\r\n".join(lines).encode())


def checked(response: TestResponse) -> TestResponse:
    """Return a response whose headers are small."""
    assert size_of_headers(response) < MOST
    return response


def onward(response: TestResponse) -> str:
    """Return where a response leads: by a redirect, or by a page that leads on by itself."""
    if response.location:
        return str(response.location)
    match = re.search(r'http-equiv="refresh" content="0;url=([^"]+)"', response.text)
    assert match is not None
    return html.unescape(match[1])


def fields_of(page: TestResponse) -> dict[str, str]:
    """Return the hidden fields of the sign-in form."""
    soup = BeautifulSoup(page.data, "html.parser")
    return {str(field["name"]): str(field["value"]) for field in soup.select("[type=hidden]")}


def sign_in(client: FlaskClient) -> None:
    """Sign in as ada."""
    client.post("/sign-in", data={"name": "ada", "password": PASSWORD}, headers=SAME_ORIGIN)


def pairs(url: str) -> list[tuple[str, str]]:
    """Return the path and the pairs of a URL."""
    path, _, query = url.partition("?")
    return [("path", path), *parse_qsl(query)]


@pytest.mark.parametrize("link", LINKS.values(), ids=LINKS)
def test_sign_in_with_a_password(client: FlaskClient, link: str) -> None:
    """Every header on the way is small, and the whole link is opened after the sign-in."""
    redirected = checked(client.get(link))
    assert redirected.status_code == 303
    page = checked(client.get(str(redirected.location)))
    form = {**fields_of(page), "name": "ada", "password": PASSWORD}
    signed_in = checked(client.post("/sign-in", data=form, headers=SAME_ORIGIN))
    assert pairs(onward(signed_in)) == pairs(link)
    assert checked(client.get(onward(signed_in))).status_code < 500


def test_wrong_password_keeps_a_long_link(client: FlaskClient) -> None:
    """The page that reports it still leads to the whole link."""
    link = LINKS["150 assets"]
    page = client.get(str(client.get(link).location))
    form = {**fields_of(page), "name": "ada", "password": "wrong"}
    refused = checked(client.post("/sign-in", data=form, headers=SAME_ORIGIN))
    form = {**fields_of(refused), "name": "ada", "password": PASSWORD}
    signed_in = client.post("/sign-in", data=form, headers=SAME_ORIGIN)
    assert pairs(onward(signed_in)) == pairs(link)


def test_two_links_at_the_same_time(client: FlaskClient) -> None:
    """Each tab has a target of its own."""
    links = [LINKS["150 assets"], LINKS["1000 emoji"]]
    pages = [client.get(str(client.get(link).location)) for link in links]
    arrived = [
        onward(
            client.post(
                "/sign-in",
                data={**fields_of(page), "name": "ada", "password": PASSWORD},
                headers=SAME_ORIGIN,
            )
        )
        for page in pages
    ]
    assert [pairs(each) for each in arrived] == [pairs(link) for link in links]


def test_machines_that_share_redis(tmp_path: Path) -> None:
    """The sign-in page of one machine leads to the target that another one has stored."""
    if shutil.which("redis-server") is None:
        pytest.skip("redis-server is not installed")
    with Redis(tmp_path) as redis:
        apps = []
        for name in ("one", "two"):
            users_in(tmp_path / name)
            settings = {"auth": "password", "secret_keys": (OLD,), "cache_url": redis.patient_url}
            apps.append(make_app(FakeAPI(), tmp_path / name, **settings))
        location = str(apps[0].test_client().get(LINKS["150 assets"]).location)
        assert "next=~s." in location
        assert fields_of(apps[1].test_client().get(location))["next"] == LINKS["150 assets"]


def test_target_that_is_not_known_any_more(client: FlaskClient) -> None:
    """The page says so, and the sign-in works."""
    page = client.get("/sign-in?next=~s.0123456789abcdef0123456789abcdef")
    assert page.status_code == 200
    assert "open it again" in page.text
    assert fields_of(page)["next"] == "/"


def test_user_who_is_signed_in_opens_a_long_sign_in_link(client: FlaskClient) -> None:
    """A link to the sign-in page leads on to the long target."""
    location = str(client.get(LINKS["150 assets"]).location)
    sign_in(client)
    assert pairs(onward(checked(client.get(location)))) == pairs(LINKS["150 assets"])


@pytest.mark.parametrize(
    "url",
    [
        "/?query=" + quote("猫" * 1000) + "&page=1",  # the canonical URL has no page 1
        "/?utm_source=x&query=" + quote("猫" * 1000),
        "/search?query=" + quote("猫" * 1000),
        "/selection/like?search=&query=" + quote("猫" * 1000) + "&id=asset_1",
        "/compare?" + urlencode([("id", "asset_1"), ("id", "asset_2"), ("query", "猫" * 1000)]),
        "/search.csv?query=" + quote("猫" * 1000),
        "/search.json?query=" + quote("猫" * 1000),
        "/search.atom?query=" + quote("猫" * 1000),
        "/feeds?query=" + quote("猫" * 1000),
        "/assets/asset_1?query=" + quote("猫" * 1000),
    ],
)
@pytest.mark.parametrize("auth", ["none", "password", "proxy"])
def test_redirects_of_long_searches(tmp_path: Path, url: str, auth: str) -> None:
    """Canonical and other redirects have small headers, and lead to the same search."""
    users_in(tmp_path)
    proxies = ("127.0.0.1",) if auth == "proxy" else ()
    client = make_app(FakeAPI(), tmp_path, auth=auth, proxies=proxies).test_client()
    headers = {"Accept": "text/html", **({"X-Forwarded-User": "ada"} if proxies else {})}
    if auth == "password":
        sign_in(client)
    response = checked(client.get(url, headers=headers))
    assert response.status_code < 500
    if "http-equiv" in response.text or response.location:
        response = checked(client.get(onward(response), headers=headers))
        assert response.status_code < 500
        assert "猫猫猫" in response.text


def test_a_long_search_that_is_not_canonical_is_shown(tmp_path: Path) -> None:
    """Where the redirect would be too long, the page itself is returned."""
    client = make_app(FakeAPI(), tmp_path).test_client()
    response = checked(client.get("/?page=1&query=" + quote("猫" * 1000)))
    assert response.status_code == 200
    assert "http-equiv" not in response.text
    assert "猫猫猫" in BeautifulSoup(response.data, "html.parser").select_one("h1").text  # type: ignore[union-attr]
    assert client.get("/?page=1&query=cat").location == "/?query=cat"


def test_upload_into_a_long_search(tmp_path: Path) -> None:
    """The redirect after an upload is one of the kinds that become a page."""
    client = make_app(FakeAPI(), tmp_path).test_client()
    picture = io.BytesIO()
    Image.new("RGB", (8, 8)).save(picture, "PNG")
    picture.seek(0)
    form = {"image": (picture, "picture.png"), "search": "query=" + quote("猫" * 1000)}
    response = client.post("/references", data=form, headers=SAME_ORIGIN)
    assert checked(response).status_code == 200
    assert "ref_" in onward(response)
    assert quote("猫" * 1000) in onward(response)


def test_long_link_below_a_path(tmp_path: Path) -> None:
    """Below a path of its host, the page leads on to the address that browsers see."""
    users_in(tmp_path)
    app = make_app(FakeAPI(), tmp_path, auth="password", proxies=("127.0.0.1",))
    browser = BelowPath(app.wsgi_app, "/akin", "kept").browser()
    link = f"/akin{LINKS['150 assets']}"
    location = str(checked(browser.get(link)).location)
    assert location.startswith("/akin/sign-in?next=~")
    form = {**fields_of(browser.get(location)), "name": "ada", "password": PASSWORD}
    assert onward(checked(browser.post("/akin/sign-in", data=form, headers=SAME_ORIGIN))) == link
