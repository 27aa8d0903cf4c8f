"""Akin behind nginx and TLS, with the lines of docs/deploy.md and `python -m app serve`."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import urllib.request
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from bs4 import BeautifulSoup

from app.auth.users import Users
from tests.faults import Upstream
from tests.ports import free_port
from tests.processes import end, until
from tests.proxy.nginx import NAME, Nginx, missing

if TYPE_CHECKING:
    from collections.abc import Iterator

    import requests

ROOT = Path(__file__).parents[2]
PASSWORD = "correct horse battery"
SITE = f"https://{NAME}"
OURS = {"Origin": SITE, "Sec-Fetch-Site": "same-origin"}

pytestmark = pytest.mark.skipif(bool(missing()), reason=missing())


@contextmanager
def serving(data: Path, **settings: str) -> Iterator[int]:
    """`python -m app serve` before a pretended API; yields its port."""
    port = free_port()
    kept = {n: v for n, v in os.environ.items() if not n.startswith(("AKIN_", "SCENARIO_"))}
    with Upstream(count=60) as api, (data / "akin.log").open("wb") as log:
        environment = {
            **kept,
            "OMP_NUM_THREADS": "1",
            "SCENARIO_SDK_API_KEY": "key-of-the-tests",
            "SCENARIO_SDK_API_SECRET": "secret-of-the-tests",
            "SCENARIO_BASE_URL": api.url,
            "AKIN_MEDIA_ORIGINS": api.origin,
            "AKIN_HOSTS": NAME,
            "AKIN_PROXIES": "127.0.0.1",
            "AKIN_DATA": str(data),
            "AKIN_WORKERS": "1",
            "PORT": str(port),
            **settings,
        }
        process = subprocess.Popen(
            [sys.executable, "-m", "app", "serve"],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
        try:
            until(lambda: is_there(port), process, (data / "akin.log").read_text)
            yield port
        finally:
            end(process)


def is_there(port: int) -> bool:
    """Whether somebody answers."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=20):
            return True
    except OSError:
        return False


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with one user."""
    made = tmp_path_factory.mktemp("data")
    Users(made / "users.json").put("ada", PASSWORD)
    return made


@pytest.fixture(scope="module")
def nginx(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nginx]:
    """The proxy before an Akin that asks for passwords."""
    with (
        serving(data, AKIN_AUTH="password") as port,
        Nginx(tmp_path_factory.mktemp("nginx"), port) as running,
    ):
        yield running


@pytest.fixture
def browser(nginx: Nginx) -> Iterator[requests.Session]:
    """A browser that nobody has signed in with."""
    with nginx.session() as made:
        yield made


def signed_in(browser: requests.Session) -> requests.Response:
    """Sign in as ada."""
    form = {"name": "ada", "password": PASSWORD, "next": "/?query=castle"}
    return browser.post(f"{SITE}/sign-in", data=form, headers=OURS, allow_redirects=False)


def test_plain_http_leads_to_tls(browser: requests.Session) -> None:
    """With the whole address."""
    answer = browser.get(f"http://{NAME}/?query=red+castle", allow_redirects=False)
    assert (answer.status_code, answer.headers["Location"]) == (301, f"{SITE}/?query=red+castle")


def test_browsers_are_told_to_stay_with_tls(browser: requests.Session) -> None:
    """Once: by Akin, which knows from its proxy how it was asked."""
    answer = browser.get(f"{SITE}/sign-in")
    assert answer.status_code == 200
    found = answer.raw.headers.getlist("Strict-Transport-Security")
    assert found == ["max-age=31536000"]


def test_a_session_over_tls(browser: requests.Session) -> None:
    """Its cookie is the host's alone, goes over TLS alone, and no script reads it."""
    asked = browser.get(f"{SITE}/?query=castle", allow_redirects=False)
    assert asked.headers["Location"] == "/sign-in?next=%2F%3Fquery%3Dcastle"
    answer = signed_in(browser)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/?query=castle")
    (cookie,) = answer.raw.headers.getlist("Set-Cookie")
    name, *parts = cookie.split("; ")
    assert name.startswith("__Host-akin=")
    assert {part for part in parts if not part.startswith("Expires=")} == {
        "Secure",
        "HttpOnly",
        "Path=/",
        "SameSite=Lax",
    }
    page = browser.get(f"{SITE}/?query=castle")
    assert page.status_code == 200
    soup = BeautifulSoup(page.text, "html.parser")
    assert "ada" in soup.select_one(".viewer .who").get_text()  # type: ignore[union-attr]
    canonical = soup.find("link", rel="canonical")
    assert canonical is None or str(canonical["href"]).startswith(("/", f"{SITE}/"))  # type: ignore[index]


def test_another_site_cannot_post(browser: requests.Session) -> None:
    """The proxy hands on what the browser says of it."""
    signed_in(browser)
    headers = {"Origin": "https://evil.example"}
    assert browser.post(f"{SITE}/sign-out", headers=headers).status_code == 403


def test_addresses_of_feeds_are_in_no_log(
    browser: requests.Session, nginx: Nginx, data: Path
) -> None:
    """Neither nginx's, by its format, nor ours; and they are those of this site."""
    signed_in(browser)
    soup = BeautifulSoup(browser.get(f"{SITE}/feeds?query=castle").text, "html.parser")
    url = soup.select("section.snippet code")[0].get_text()
    assert url.startswith(f"{SITE}/feeds/")
    token = url.split("/")[4]
    with nginx.session() as reader:
        answer = reader.get(url)
        assert answer.status_code == 200
        picture = re.findall(r'src="([^"]+)"', answer.text)[0]
        assert reader.get(picture, allow_redirects=False).status_code == 302
    nginx.wait_for(lambda: "/image" in nginx.access)  # written when the answer has been sent
    assert '"GET /feeds/-/search.atom?query=castle" 200' in nginx.access
    written = nginx.access + (data / "akin.log").read_text()
    assert '"page": "feeds.feed"' in written
    assert token not in written
    assert picture.split("/")[4] not in written


def test_a_host_that_is_not_ours(browser: requests.Session) -> None:
    """Whatever name somebody leads here."""
    assert browser.get(f"{SITE}/", headers={"Host": "evil.example"}).status_code == 400


def test_the_proxy_alone_names_the_user(
    data: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """A client's own header is overwritten, and one with underscores does not get through."""
    setting = 'proxy_set_header X-Forwarded-User "$cookie_proxied";'
    with (
        serving(data, AKIN_AUTH="proxy", AKIN_PROXY_SIGN_OUT="/oauth2/sign_out") as port,
        Nginx(tmp_path_factory.mktemp("nginx"), port, setting) as running,
        running.session() as browser,
    ):
        for header in ("X-Forwarded-User", "X_Forwarded_User", "x-forwarded_user"):
            answer = browser.get(f"{SITE}/", headers={header: "eve"})
            assert (answer.status_code, "eve" in answer.text) == (401, False)
        page = browser.get(f"{SITE}/", headers={"X_Forwarded_User": "eve", "Cookie": "proxied=ada"})
        viewer = BeautifulSoup(page.text, "html.parser").select_one(".viewer")
    assert viewer is not None
    assert viewer.get_text(" ", strip=True) == "Signed in as ada"
    assert viewer.a is not None
    assert viewer.a["href"] == "/oauth2/sign_out"
