"""Akin below a path, behind nginx and TLS with the lines of docs/deploy.md."""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING

import pytest
from bs4 import BeautifulSoup
from PIL import Image

from app.auth.passwords.user_store import UserStore
from tests.proxy.nginx import NAME, Nginx, missing
from tests.proxy.serving import PASSWORD, SAME_ORIGIN, SITE, serving
from tests.support.below_path import addresses

if TYPE_CHECKING:
    from collections.abc import Iterator

    import requests

BASE = "/akin"
ROOT = f"{SITE}{BASE}"

pytestmark = pytest.mark.skipif(bool(missing()), reason=missing())


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The port of an Akin with sign-in by password."""
    data = tmp_path_factory.mktemp("data")
    UserStore(data / "users.json").set_password("ada", PASSWORD)
    with serving(data, AKIN_AUTH="password") as running:
        yield running


@pytest.fixture(scope="module", params=[False, True], ids=["path removed", "path kept"])
def nginx(
    request: pytest.FixtureRequest, port: int, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Nginx]:
    """A proxy in front of it, both ways."""
    folder = tmp_path_factory.mktemp("nginx")
    # As root its workers are another user, who cannot store a body in this folder.
    memory = "client_body_buffer_size 4m;"
    with Nginx(folder, port, memory, below=BASE, keeps_path=request.param) as running:
        yield running


@pytest.fixture
def browser(nginx: Nginx) -> Iterator[requests.Session]:
    """A user who has signed in."""
    with nginx.session() as made:
        form = {"name": "ada", "password": PASSWORD, "next": f"{BASE}/?query=castle"}
        sent = made.post(f"{ROOT}/sign-in", data=form, headers=SAME_ORIGIN, allow_redirects=False)
        assert (sent.status_code, sent.headers["Location"]) == (303, f"{BASE}/?query=castle")
        cookies = sent.raw.headers.getlist("Set-Cookie")
        assert len(cookies) == 2
        for cookie in cookies:
            assert re.match(r"__Secure-akin-(browser-)?[0-9a-f]{10}=", cookie)
            assert f"Path={BASE};" in f"{cookie};"
        yield made


def test_addresses(browser: requests.Session) -> None:
    """Every address of the pages is answered, through nginx."""
    for path in ("/?query=castle", "/tags", "/code?query=castle", "/no-such-page"):
        page = BeautifulSoup(browser.get(ROOT + path).text, "html.parser")
        own = {
            url
            for _, name, url in addresses(page)
            if url.startswith(("/", SITE)) and name not in {"action", "formaction"}
        }
        assert own
        for url in own:
            assert url.removeprefix(SITE).startswith(f"{BASE}/"), url
        files = {url for url in own if re.match(r"/akin/(static/|js/|icons\.svg|akin\.css)", url)}
        assert len(files) > 4
        for url in files:
            assert browser.get(SITE + url).status_code == 200, url


def test_path_without_its_slash(browser: requests.Session) -> None:
    """It redirects to the path with it."""
    response = browser.get(ROOT, allow_redirects=False)
    assert response.status_code in {301, 302}
    assert response.headers["Location"].removeprefix(SITE) == f"{BASE}/"


def test_feed(browser: requests.Session, nginx: Nginx) -> None:
    """The address of a feed is read without a cookie; its token is not in nginx's log."""
    soup = BeautifulSoup(browser.get(f"{ROOT}/feeds?query=castle").text, "html.parser")
    url = soup.select("section.snippet code")[0].get_text()
    assert url.startswith(f"{ROOT}/feeds/")
    token = url.split("/")[5]
    with nginx.session() as reader:
        response = reader.get(url)
        assert response.status_code == 200
        (picture, *_) = re.findall(r'src="([^"]+)"', response.text)
        assert picture.startswith(f"{ROOT}/feeds/")
        assert reader.get(picture, allow_redirects=False).status_code == 302
    nginx.wait_for(lambda: f"{BASE}/feeds/-/assets/" in nginx.access)
    assert token not in nginx.access


def test_upload(browser: requests.Session) -> None:
    """A picture that is larger than a form is accepted."""
    file = io.BytesIO()
    Image.effect_noise((700, 700), 90).save(file, "PNG")
    assert file.tell() > 200_000
    response = browser.post(
        f"{ROOT}/references",
        files={"image": ("noise.png", file.getvalue())},
        data={"side": "like", "search": ""},
        headers=SAME_ORIGIN,
        allow_redirects=False,
    )
    assert response.status_code == 303
    assert response.headers["Location"].startswith(f"{BASE}/?like=ref_")


def test_sign_out(browser: requests.Session) -> None:
    """It ends the session and leads to a page below the path."""
    out = browser.post(f"{ROOT}/sign-out", headers=SAME_ORIGIN, allow_redirects=False)
    assert out.headers["Location"] == f"{BASE}/signed-out"
    asked = browser.get(f"{ROOT}/?query=castle", allow_redirects=False)
    assert asked.headers["Location"] == f"{BASE}/sign-in?next=%2Fakin%2F%3Fquery%3Dcastle"


def test_rest_of_the_host(nginx: Nginx) -> None:
    """Nothing else is sent to Akin."""
    with nginx.session() as other:
        assert other.get(f"https://{NAME}/sign-in").status_code in {403, 404}  # of nginx
