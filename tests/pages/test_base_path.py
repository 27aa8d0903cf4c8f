"""Akin below a path of its host: every address leads there, whatever puts it there."""

from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING, Any

import pytest
import requests
from bs4 import BeautifulSoup

from app import create_app
from app.network.wsgi_adapter import WSGIAdapter
from app.web.mounting import mount
from app.web.security_headers import ALWAYS
from config import Settings
from library import create_library
from library.embedding.models import Models
from library.home import key_pair
from tests.support import sample_files
from tests.support.below_path import STYLES, BelowPath, addresses, crawl, urls_in
from tests.support.generated_files import box_files
from tests.support.indexing import IndexedFolder
from tests.support.scenario_api import HOST, FakeAPI, asset_id, make_app, make_app_with_cdn
from tests.support.time_limits import PATIENT
from tests.support.users import PASSWORD, users_in

if TYPE_CHECKING:
    from pathlib import Path

    from flask import Flask
    from werkzeug.test import Client

SAME_ORIGIN = {"Origin": "http://localhost", "Sec-Fetch-Site": "same-origin"}
PREFIXES = ["/akin", "/tools/akin", "/caf%C3%A9", "/a.b~c"]


def starts(prefix: str) -> list[str]:
    """Return pages of all kinds."""
    one, two = asset_id(7), asset_id(8)
    paths = [
        "/",
        "/?query=castle",
        "/?query=nothing-at-all",
        f"/?like={one}&unlike={two}&density=large&stacks=on",
        "/?hitsPerPage=5&page=2",
        f"/assets/{one}?query=castle",
        f"/assets/{one}.json",
        f"/assets/{one}/part",
        f"/assets/{one}/strip/similar",
        f"/selection?id={one}&id={two}",
        f"/compare?a={one}&b={two}&view=slider",
        f"/why/{one}?query=castle",
        f"/wander/{one}",
        "/ends/likeness",
        "/tags",
        "/code?query=castle",
        "/feeds?query=castle",
        "/search.json?query=castle",
        "/search.atom?query=castle",
        "/search.csv?query=castle",
        "/opensearch.xml",
        "/favicon.ico",
    ]
    return [prefix + path for path in paths]


@pytest.fixture
def app(tmp_path: Path) -> Flask:
    """An application with sign-in behind a proxy on this machine."""
    users_in(tmp_path)
    return make_app_with_cdn(FakeAPI(), tmp_path, auth="password", proxies=("127.0.0.1",))


def signed_in(app: Flask, prefix: str, style: str = "stripped") -> Client:
    """Return the browser of a user."""
    browser = BelowPath(app.wsgi_app, prefix, style).browser()
    form = {"name": "ada", "password": PASSWORD, "next": f"{prefix}/?query=castle"}
    response = browser.post(f"{prefix}/sign-in", data=form, headers=SAME_ORIGIN)
    assert (response.status_code, response.location) == (303, f"{prefix}/?query=castle")
    return browser


@pytest.mark.parametrize("style", STYLES)
def test_pages(app: Flask, style: str) -> None:
    """Links, forms, scripts, styles, pictures, feeds and exports of all pages."""
    seen = crawl(signed_in(app, "/akin", style), "/akin", starts("/akin"))
    assert len(seen) > 80
    kinds = {re.split(r"[/.?]", path)[2] for path in seen}
    assert {"", "assets", "js", "static", "icons", "akin", "search", "feeds", "code"} <= kinds


@pytest.mark.parametrize("prefix", PREFIXES)
@pytest.mark.parametrize("style", STYLES)
def test_other_paths(app: Flask, prefix: str, style: str) -> None:
    """A path may have several names and letters of any language."""
    browser = signed_in(app, prefix, style)
    crawl(browser, prefix, [f"{prefix}/?query=castle"], most=25)
    paths = {cookie.path for cookie in browser._cookies.values()}  # type: ignore[union-attr]
    assert paths - {f"{prefix}/sign-in"} == {prefix}


def test_sign_in_leads_back(app: Flask) -> None:
    """The page that was asked for follows the sign-in; another host does not."""
    browser = BelowPath(app.wsgi_app, "/akin", "kept").browser()
    asked = browser.get(f"/akin/assets/{asset_id(7)}?query=a")
    assert asked.location.startswith("/akin/sign-in?next=%2Fakin%2Fassets%2F")
    page = BeautifulSoup(browser.get(asked.location).data, "html.parser")
    form = page.select_one("form")
    assert form is not None
    assert form["action"] == "/akin/sign-in"
    value = page.select_one("[name=next]")["value"]  # type: ignore[index]
    data = {"name": "ada", "password": PASSWORD, "next": value}
    done = browser.post("/akin/sign-in", data=data, headers=SAME_ORIGIN)
    assert done.location == f"/akin/assets/{asset_id(7)}?query=a"
    for target in ("//evil.example", "/akin//evil.example", "/akin/\\evil.example", "https://x.y"):
        data = {"name": "ada", "password": PASSWORD, "next": target}
        assert browser.post("/akin/sign-in", data=data, headers=SAME_ORIGIN).location == "/akin/"
    out = browser.post("/akin/sign-out", headers=SAME_ORIGIN)
    assert out.location == "/akin/signed-out"
    crawl(browser, "/akin", ["/akin/signed-out", "/akin/sign-in"], most=20)


def test_redirects(app: Flask) -> None:
    """Canonical addresses, tracking parameters, uploads, likes, the path without its slash."""
    browser = signed_in(app, "/akin")
    html = {"Accept": "text/html"}
    found = {
        path: browser.get(f"/akin{path}", headers=html).location
        for path in ("?query=a", "/?page=1", "/?query=a&utm_source=x", "/search?query=a", "/ends/x")
    }
    assert found == {
        "?query=a": "/akin/?query=a",
        "/?page=1": "/akin/",
        "/?query=a&utm_source=x": "/akin/?query=a",
        "/search?query=a": "/akin/?query=a",
        "/ends/x": None,
    }
    liked = browser.get(f"/akin/selection/like?id={asset_id(7)}")
    assert liked.location == f"/akin/?like={asset_id(7)}"


def test_error_pages(app: Flask) -> None:
    """Pages of errors have the same links."""
    browser = signed_in(app, "/akin")
    for path in ("/no-such-page", "/assets/x", "/?filter=%28"):
        page = BeautifulSoup(browser.get(f"/akin{path}").data, "html.parser")
        urls = [url for _, _, url in addresses(page) if url.startswith("/")]
        assert urls
        assert [url for url in urls if not url.startswith("/akin/")] == []


def test_absolute_urls(app: Flask) -> None:
    """Addresses for other programs have the path after the host."""
    browser = signed_in(app, "/akin")
    texts = {
        "feed": browser.get("/akin/search.atom?query=castle").text,
        "table": browser.get("/akin/search.csv?query=castle", buffered=True).text,
        "search": browser.get("/akin/opensearch.xml").text,
        "addresses": browser.get("/akin/feeds?query=castle").text,
        "preview": browser.get(f"/akin/assets/{asset_id(7)}").text,
    }
    for name, text in texts.items():
        urls = re.findall(r"http://localhost[^\s\"<,]*", text)
        assert urls, name
        assert [url for url in urls if not url.startswith("http://localhost/akin/")] == [], name
    assert "tag:akin.invalid,2026:/assets/" in texts["feed"]  # ids stay the same everywhere


def test_one_process_below_several_paths(tmp_path: Path) -> None:
    """No cache mixes the pages of two paths: not the pages, their tags, nor their cards."""
    app = make_app(FakeAPI(), tmp_path, cache_seconds=600)
    prefixes, tags = ("", "/one", "/two"), set[str]()
    for _ in range(2):
        for prefix in prefixes:
            browser = BelowPath(app.wsgi_app, prefix, "script name").browser()
            for headers in ({}, {"Accept-Encoding": "gzip"}):
                response = browser.get(f"{prefix}/?query=castle", headers=headers)
                tags.add(response.headers["ETag"].removesuffix(':gzip"').rstrip('"'))
            page = BeautifulSoup(browser.get(f"{prefix}/?query=castle").data, "html.parser")
            urls = [url for _, _, url in addresses(page) if url.startswith("/")]
            others = [each for each in prefixes if each and each != prefix]
            assert [url for url in urls if not url.startswith(f"{prefix}/")] == []
            assert [url for url in urls if url.startswith(tuple(others))] == []
    assert len(tags) == len(prefixes)


def test_texts_that_look_like_addresses(tmp_path: Path) -> None:
    """What people type stays as it is."""
    app = make_app(FakeAPI(), tmp_path)
    browser = BelowPath(app.wsgi_app, "/akin", "script name").browser()
    response = browser.get("/akin/", query_string={"query": '/x" href="/y'})
    page = BeautifulSoup(response.data, "html.parser")
    assert page.select_one("[name=query]")["value"] == '/x" href="/y'  # type: ignore[index]


@pytest.mark.parametrize(
    "prefix",
    [
        "//evil.example",
        "/a//b",
        "https://evil.example/",
        "akin",
        "/a?b",
        "/a#b",
        "/a/../b",
        "/a%2f..%2fb/..",
        "/a\\b",
        "/a b",
        "/a;Domain=evil.example",
        '/a"onload="x',
        "/a<b>",
        "/a%00b",
        "/a\x01b",
        "/a%0d%0aSet-Cookie:x",
        "/a%ff",
        "/assets",
        "/static/x",
    ],
)
def test_hostile_prefix(app: Flask, prefix: str, caplog: pytest.LogCaptureFixture) -> None:
    """It is ignored, and said once in the log."""
    client = app.test_client()
    with caplog.at_level(logging.WARNING):
        for _ in range(2):
            response = client.get(
                "/sign-in", headers={}, environ_overrides={"HTTP_X_FORWARDED_PREFIX": prefix}
            )
            page = BeautifulSoup(response.data, "html.parser")
            assert [form["action"] for form in page.select("form")] == ["/sign-in"]
    said = [each for each in caplog.messages if "X-Forwarded-Prefix is ignored" in each]
    assert len(said) == 1


def test_prefix_of_strangers(app: Flask) -> None:
    """Only a named proxy can set it."""
    environ = {"HTTP_X_FORWARDED_PREFIX": "/akin", "REMOTE_ADDR": "192.0.2.7"}
    response = app.test_client().get("/sign-in", environ_overrides=environ)
    assert "/akin/" not in response.text


def test_sign_out_of_the_proxy(tmp_path: Path) -> None:
    """Its path is one of the host."""
    named = {"auth": "proxy", "proxies": ("127.0.0.1",), "proxy_sign_out": "/oauth2/sign_out"}
    app = make_app(FakeAPI(), tmp_path, **named)
    browser = BelowPath(app.wsgi_app, "/akin", "stripped").browser()
    page = BeautifulSoup(
        browser.get("/akin/", headers={"X-Forwarded-User": "ada"}).data, "html.parser"
    )
    links = [link["href"] for link in page.select(".account a[aria-label='Sign out']")]
    assert links == ["//localhost/oauth2/sign_out"]


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The home of a library with a picture, a model and a sound."""
    folder = tmp_path_factory.mktemp("library")
    (folder / "art").mkdir()
    files = {
        "castle.png": sample_files.png(),
        **box_files("glb"),
        "tone.wav": sample_files.sound(),
    }
    sample_files.fill(folder / "art", files)
    models = Models.load(tmp_path_factory.mktemp("models"), threads=1)
    IndexedFolder(folder / "art", folder / "home", models).index()
    return folder / "home"


def with_library(home: Path, data: Path, **settings: Any) -> Flask:
    """Return an application with a library mounted, as wsgi.py makes it."""
    pair = key_pair(home)
    mounted = create_library(home, key_pair=pair, public_url="/library")
    session = requests.Session()
    session.trust_env = False
    session.auth = (pair.key, pair.secret)
    session.mount(HOST, WSGIAdapter(mounted))
    values: dict[str, Any] = {"facets": "on", "timeout": 120.0, **settings}
    app = create_app(
        Settings(base_url=f"{HOST}/v1", data=data, **values),
        session=session,
        mounts={"/library": HOST},
        limits=PATIENT,
    )
    mount(app, "/library", mounted, name="library")
    return app


@pytest.mark.parametrize("style", STYLES)
def test_library(library: Path, tmp_path: Path, style: str) -> None:
    """Thumbnails, transforms and signed files of the library in the same process."""
    users_in(tmp_path)
    app = with_library(library, tmp_path, auth="password", proxies=("127.0.0.1",))
    browser = signed_in(app, "/akin", style)
    hits = browser.get("/akin/search.json").json["hits"]
    assert len(hits) == 3
    urls = list(urls_in(hits))
    assert urls
    assert [url for url in urls if not url.startswith("/akin/library/")] == []
    pages = [f"/akin/assets/{hit['id']}" for hit in hits]
    images = [f"{page}/image" for page in pages]
    (model,) = (
        f"/akin/assets/{hit['id']}" for hit in hits if hit["mimeType"] == "model/gltf-binary"
    )
    seen = crawl(browser, "/akin", ["/akin/", f"{model}/viewer", *pages, *images, *urls])
    assert f"{model}/model" in seen
    served = {path.split("/")[3] for path in seen if path.startswith("/akin/library/")}
    assert served == {"assets", "assets-transform", "thumbnails"}
    pair = key_pair(library)
    answer = browser.get("/akin/library/v1/tags", auth=(pair.key, pair.secret))
    assert answer.status_code == 200
    found = browser.get(f"/akin/library/v1/assets/{hits[0]['id']}", auth=(pair.key, pair.secret))
    assert all(url.startswith("/akin/library/") for url in urls_in(found.json))
    stranger = BelowPath(app.wsgi_app, "/akin", style).browser()
    refused = stranger.get(urls[0])
    assert refused.location.startswith("/akin/sign-in?next=%2Fakin%2Flibrary%2F")
    picture = stranger.get(urls[0], headers={"Sec-Fetch-Mode": "no-cors"})
    for response in (refused, picture):
        assert {name: response.headers.getlist(name) for name in ALWAYS} == {
            name: [value] for name, value in ALWAYS.items()
        }
        assert "Content-Security-Policy" in response.headers
    code = browser.get("/akin/code?query=castle").text
    assert "http://localhost/akin/library/v1" in code
