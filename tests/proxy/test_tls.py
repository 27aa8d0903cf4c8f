"""Akin behind nginx and TLS, with the lines of docs/deploy.md and `python -m app serve`."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

import pytest
from bs4 import BeautifulSoup

from app.auth.passwords.user_store import UserStore
from tests.proxy.nginx import NAME, Nginx, missing
from tests.proxy.serving import PASSWORD, SAME_ORIGIN, SITE, serving

if TYPE_CHECKING:
    from collections.abc import Iterator

    import requests


pytestmark = pytest.mark.skipif(bool(missing()), reason=missing())


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with one user in it."""
    made = tmp_path_factory.mktemp("data")
    UserStore(made / "users.json").set_password("ada", PASSWORD)
    return made


@pytest.fixture(scope="module")
def nginx(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nginx]:
    """A proxy in front of an Akin with sign-in by password."""
    with (
        serving(data, AKIN_AUTH="password") as port,
        Nginx(tmp_path_factory.mktemp("nginx"), port) as running,
    ):
        yield running


@pytest.fixture
def browser(nginx: Nginx) -> Iterator[requests.Session]:
    """A client without a session."""
    with nginx.session() as made:
        yield made


def signed_in(browser: requests.Session) -> requests.Response:
    """Sign in as ada."""
    form = {"name": "ada", "password": PASSWORD, "next": "/?query=castle"}
    return browser.post(f"{SITE}/sign-in", data=form, headers=SAME_ORIGIN, allow_redirects=False)


def test_http_redirects_to_https(browser: requests.Session) -> None:
    """HTTP redirects to HTTPS with path and query."""
    response = browser.get(f"http://{NAME}/?query=red+castle", allow_redirects=False)
    assert (response.status_code, response.headers["Location"]) == (
        301,
        f"{SITE}/?query=red+castle",
    )


def test_hsts(browser: requests.Session) -> None:
    """HSTS is sent once, by Akin, which learns of TLS from the proxy."""
    response = browser.get(f"{SITE}/sign-in")
    assert response.status_code == 200
    sent = response.raw.headers.getlist("Strict-Transport-Security")
    assert sent == ["max-age=31536000"]


def test_session_cookie(browser: requests.Session) -> None:
    """The session cookie is __Host-, Secure and HttpOnly."""
    refused = browser.get(f"{SITE}/?query=castle", allow_redirects=False)
    assert refused.headers["Location"] == "/sign-in?next=%2F%3Fquery%3Dcastle"
    response = signed_in(browser)
    assert (response.status_code, response.headers["Location"]) == (303, "/?query=castle")
    cookies = response.raw.headers.getlist("Set-Cookie")
    (session,) = (cookie for cookie in cookies if re.match("__Host-akin-[0-9a-f]{10}=", cookie))
    _, *parts = session.split("; ")
    assert {part for part in parts if not part.startswith("Expires=")} == {
        "Secure",
        "HttpOnly",
        "Path=/",
        "SameSite=Lax",
    }
    page = browser.get(f"{SITE}/?query=castle")
    assert page.status_code == 200
    soup = BeautifulSoup(page.text, "html.parser")
    assert "ada" in soup.select_one(".account .account-name").get_text()  # type: ignore[union-attr]
    canonical = soup.find("link", rel="canonical")
    assert canonical is None or str(canonical["href"]).startswith(("/", f"{SITE}/"))  # type: ignore[index]


@pytest.mark.parametrize(
    "link",
    [
        "/selection?" + urlencode([("id", f"asset_{n * 7**40 % 2**120:030x}") for n in range(150)]),
        "/?query=" + quote("城" * 300),
        "/?" + urlencode({"query": "🏰" * 1000, "filter": f'tags="{"🏰" * 3900}"'}),
    ],
    ids=["150 assets", "300 Japanese characters", "60 kB"],
)
def test_long_links(browser: requests.Session, link: str) -> None:
    """The longest links that the search bar accepts pass nginx, before and after the sign-in."""
    redirected = browser.get(f"{SITE}{link}", allow_redirects=False)
    assert redirected.status_code == 303
    page = BeautifulSoup(browser.get(SITE + redirected.headers["Location"]).text, "html.parser")
    hidden = {str(field["name"]): str(field["value"]) for field in page.select("[type=hidden]")}
    form = {**hidden, "name": "ada", "password": PASSWORD}
    response = browser.post(
        f"{SITE}/sign-in", data=form, headers=SAME_ORIGIN, allow_redirects=False
    )
    assert response.status_code < 400, response.text
    target = response.headers.get("Location")
    if target is None:
        soup = BeautifulSoup(response.text, "html.parser")
        target = str(soup.select_one("meta[http-equiv=refresh]")["content"]).partition("url=")[2]  # type: ignore[index]
    assert target == link
    assert browser.get(SITE + target, headers={"Accept": "text/html"}).status_code < 500


def test_post_of_another_site(browser: requests.Session) -> None:
    """The proxy passes the headers on that say which site sent a request."""
    signed_in(browser)
    headers = {"Origin": "https://evil.example"}
    assert browser.post(f"{SITE}/sign-out", headers=headers).status_code == 403


def test_tokens_are_in_no_log(browser: requests.Session, nginx: Nginx, data: Path) -> None:
    """Neither log contains a token; the links have the public host."""
    signed_in(browser)
    soup = BeautifulSoup(browser.get(f"{SITE}/feeds?query=castle").text, "html.parser")
    url = soup.select("section.snippet code")[0].get_text()
    assert url.startswith(f"{SITE}/feeds/")
    token = url.split("/")[4]
    with nginx.session() as reader:
        response = reader.get(url)
        assert response.status_code == 200
        picture = re.findall(r'src="([^"]+)"', response.text)[0]
        assert reader.get(picture, allow_redirects=False).status_code == 302
    nginx.wait_for(lambda: "/image" in nginx.access)  # written after the response was sent
    assert '"GET /feeds/-/search.atom?query=castle" 200' in nginx.access
    written = nginx.access + (data / "akin.log").read_text()
    assert '"page": "feeds.feed"' in written
    assert token not in written
    assert picture.split("/")[4] not in written


def test_other_host(browser: requests.Session) -> None:
    """A request for another host is refused."""
    assert browser.get(f"{SITE}/", headers={"Host": "evil.example"}).status_code == 400


def test_user_names_in_any_script(data: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """A name in UTF-8 arrives as it was sent, also in the log."""
    setting = 'proxy_set_header X-Forwarded-User "Zoë 山田";'
    with (
        serving(data, AKIN_AUTH="proxy") as port,
        Nginx(tmp_path_factory.mktemp("nginx"), port, setting) as running,
        running.session() as browser,
    ):
        page = BeautifulSoup(browser.get(f"{SITE}/").content, "html.parser")
        assert page.select_one(".account-name")["title"] == "Zoë 山田"  # type: ignore[index]


def test_only_the_proxy_names_the_user(
    data: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """A client's own proxy headers are overwritten, and those with underscores dropped."""
    setting = 'proxy_set_header X-Forwarded-User "$cookie_proxied";'
    with (
        serving(data, AKIN_AUTH="proxy", AKIN_PROXY_SIGN_OUT="/oauth2/sign_out") as port,
        Nginx(tmp_path_factory.mktemp("nginx"), port, setting) as running,
        running.session() as browser,
    ):
        for header in ("X-Forwarded-User", "X_Forwarded_User", "x-forwarded_user"):
            response = browser.get(f"{SITE}/", headers={header: "eve"})
            assert (response.status_code, "eve" in response.text) == (401, False)
        page = browser.get(f"{SITE}/", headers={"X_Forwarded_User": "eve", "Cookie": "proxied=ada"})
        viewer = BeautifulSoup(page.text, "html.parser").select_one(".account")
    assert viewer is not None
    assert viewer.get_text(" ", strip=True) == "Signed in as ada"
    assert viewer.a is not None
    assert viewer.a["href"] == "/oauth2/sign_out"
