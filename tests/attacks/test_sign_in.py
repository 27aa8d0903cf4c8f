"""Attacks on sign-in: guessing passwords, locking users out, reusing cookies, forging headers."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from app.auth.passwords.login_throttle import LoginThrottle
from app.errors import TooManyAttempts
from app.web.mounting import mount
from tests.support.scenario_api import FakeAPI, make_app
from tests.support.users import BROWSER_COOKIE, PASSWORD, SESSION_COOKIE, users_in

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from _typeshed.wsgi import StartResponse, WSGIEnvironment
    from flask import Flask
    from flask.testing import FlaskClient

SAME_ORIGIN = {"Origin": "http://localhost"}


@pytest.fixture
def make(tmp_path: Path) -> Callable[..., Flask]:
    """A function that makes an application in which ada and bob can sign in."""
    users_in(tmp_path).set_password("bob", PASSWORD)

    def make(api: FakeAPI | None = None, **changes: Any) -> Flask:
        return make_app(api or FakeAPI(), tmp_path, **{"auth": "password", **changes})

    return make


@pytest.fixture
def app(make: Callable[..., Flask]) -> Flask:
    """That application with its default settings."""
    return make()


@pytest.fixture
def still(monkeypatch: pytest.MonkeyPatch) -> None:
    """A clock that stands still, so that no window of a limit ends."""
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now)


def status(client: FlaskClient, password: str, *, name: str = "ada", address: str) -> int:
    """Send the sign-in form from an address; return the status of the response."""
    form = {"name": name, "password": password}
    peer = {"REMOTE_ADDR": address}
    return client.post("/sign-in", data=form, headers=SAME_ORIGIN, environ_base=peer).status_code


def guesses(app: Flask, addresses: Iterable[str], names: Iterable[str]) -> int:
    """Return how many wrong passwords are checked, of one from each address for each name."""
    return sum(
        status(app.test_client(), "wrong", name=name, address=address) == 401
        for address, name in zip(addresses, names, strict=True)
    )


@pytest.mark.usefixtures("still")
def test_a_known_browser_is_not_locked_out(app: Flask) -> None:
    """Wrong passwords from many addresses stop new browsers, not one that signed in before."""
    known = app.test_client()
    assert status(known, PASSWORD, address="198.51.100.7") == 303
    known.post("/sign-out", headers=SAME_ORIGIN)
    assert guesses(app, [f"192.0.2.{n}" for n in range(100)], ["ada"] * 100) == 60
    assert status(app.test_client(), PASSWORD, address="198.51.100.8") == 429
    assert status(known, PASSWORD, address="198.51.100.7") == 303
    assert status(known, PASSWORD, address="203.0.113.5") == 303  # wherever it has moved to


@pytest.mark.usefixtures("still")
def test_a_neighbour_does_not_lock_out_a_known_browser(app: Flask) -> None:
    """Wrong passwords from the same network do not stop it."""
    known = app.test_client()
    assert status(known, PASSWORD, address="192.0.2.1") == 303
    assert guesses(app, ["192.0.2.1"] * 40, [f"user{n}" for n in range(40)]) < 40
    assert status(app.test_client(), PASSWORD, name="bob", address="192.0.2.1") == 429
    assert status(known, PASSWORD, address="192.0.2.1") == 303


@pytest.mark.usefixtures("still")
def test_a_known_browser_cannot_guess_at_will(app: Flask) -> None:
    """Its own counter is as strict, and for another name it is an unknown browser."""
    known = app.test_client()
    status(known, PASSWORD, name="bob", address="192.0.2.1")
    own = [status(known, "wrong", name="bob", address=f"192.0.2.{n}") for n in range(20)]
    others = [status(known, "wrong", name="ada", address="192.0.2.1") for _ in range(20)]
    assert (own.count(401), others.count(401)) == (4, 4)


@pytest.mark.usefixtures("still")
@pytest.mark.parametrize("cookie", ["", "x", "WyJhZGEiLCJ4Il0.aaaaaa.bbbbbbbb", "a" * 3000])
def test_a_forged_browser_cookie_is_ignored(app: Flask, cookie: str) -> None:
    """A forged cookie gives a browser no counter of its own."""
    client = app.test_client()
    client.set_cookie(BROWSER_COOKIE, cookie)
    statuses = [status(client, "wrong", address="192.0.2.1") for _ in range(10)]
    assert statuses.count(401) == 4


@pytest.mark.usefixtures("still")
def test_one_ipv6_network_counts_as_one(app: Flask) -> None:
    """The addresses of one /64 share the counters: a customer has 2**64 of them."""
    addresses = [f"2001:db8:0:1::{n:x}" for n in range(100)]
    assert guesses(app, addresses, [f"user{n}" for n in range(100)]) == 30
    assert guesses(app, addresses[:20], ["ada"] * 20) == 0


@pytest.mark.usefixtures("still")
def test_many_ipv6_networks_of_one_site_are_slowed() -> None:
    """The networks of one /48 share a counter: a customer may have 65,536 of them."""
    throttle = LoginThrottle()
    assert admitted(throttle, [f"2001:db8:0:{n:x}::1" for n in range(400)]) == 300


def admitted(throttle: LoginThrottle, addresses: Iterable[str]) -> int:
    """Return how many attempts, each for a name of its own, are let through."""
    count = 0
    for number, address in enumerate(addresses):
        try:
            throttle.count(f"user{number}", address)
        except TooManyAttempts:
            continue
        count += 1
    return count


@pytest.mark.usefixtures("still")
def test_parallel_guesses_are_counted_before_they_are_checked(app: Flask) -> None:
    """Of 20 parallel guesses at most 4 are checked."""

    def guess(_: int) -> int:
        return status(app.test_client(), "wrong", address="192.0.2.1")

    with ThreadPoolExecutor(20) as pool:
        statuses = list(pool.map(guess, range(20)))
    assert statuses.count(401) <= 4
    assert set(statuses) == {401, 429}


@pytest.mark.usefixtures("still")
def test_right_passwords_are_not_counted(app: Flask) -> None:
    """Forty people behind one address can sign in at once."""
    statuses = [status(app.test_client(), PASSWORD, address="192.0.2.1") for _ in range(40)]
    assert statuses == [303] * 40


@pytest.mark.usefixtures("still")
def test_refused_attempts_use_up_no_limit(app: Flask) -> None:
    """Refused attempts from one address do not count for the name."""
    for _ in range(100):
        status(app.test_client(), "wrong", address="192.0.2.1")
    assert status(app.test_client(), PASSWORD, address="192.0.2.2") == 303


def test_a_cookie_from_before_the_sign_out(make: Callable[..., Flask]) -> None:
    """It is revoked in every process; another session of the user is still valid."""
    app = make()
    client, other = app.test_client(), app.test_client()
    for each in (client, other):
        assert status(each, PASSWORD, address="127.0.0.1") == 303
    stolen = client.get_cookie(SESSION_COOKIE)
    assert stolen is not None
    client.post("/sign-out", headers=SAME_ORIGIN)
    for process in (app, make()):
        thief = process.test_client()
        thief.set_cookie(SESSION_COOKIE, stolen.value)
        assert thief.get("/").status_code == 303
    assert other.get("/").status_code == 200


@pytest.mark.parametrize("name", ["ada,eve", "eve\tada", "ada\x00", "ada\x7f", "a" * 300])
def test_names_that_are_no_name(make: Callable[..., Flask], name: str) -> None:
    """Joined values of two headers, control characters and names that are too long."""
    client = make(auth="proxy", proxies=("127.0.0.1",)).test_client()
    assert client.get("/", headers={"X-Forwarded-User": "ada"}).status_code == 200
    environ = {"HTTP_X_FORWARDED_USER": name}
    assert client.get("/", environ_overrides=environ).status_code == 401


@pytest.mark.parametrize(
    "added",
    [
        {"HTTP_VIA": "1.1 proxy"},
        {"HTTP_X_REAL_IP": "192.0.2.9"},
        {"HTTP_CF_CONNECTING_IP": "192.0.2.9"},
        {"HTTP_X_FORWARDED_SERVER": "akin.example.com"},
        {"HTTP_X_FORWARDED_USER": "ada"},
        {"HTTP_TRUE_CLIENT_IP": "192.0.2.9"},
        {"HTTP_CDN_LOOP": "cloudflare"},
        {"SERVER_PROTOCOL": "HTTP/1.0"},
        {"HTTP_HOST": "akin.example.com"},
        {"HTTP_HOST": "10.0.0.5:8000"},
        # What nginx 1.29.7 or newer passes on where its configuration is a `proxy_pass` alone.
        {"HTTP_ORIGIN": "https://akin.example.com"},
        {"HTTP_REFERER": "https://akin.example.com/"},
        {"HTTP_REFERER": "https://akin.example.com/", "HTTP_SEC_FETCH_SITE": "same-origin"},
    ],
    ids=str,
)
def test_without_sign_in_nothing_comes_through_a_proxy(
    make: Callable[..., Flask], added: dict[str, str]
) -> None:
    """Any header of a proxy, another host, and HTTP/1.0 are refused."""
    api = FakeAPI()
    client = make(api, auth="none").test_client()
    assert client.get("/?query=a", environ_overrides=added).status_code in {400, 403}
    assert api.requests == []


def test_without_sign_in_a_named_proxy_does_not_help(make: Callable[..., Flask]) -> None:
    """AKIN_PROXIES says whose headers are applied; it admits no other machine."""
    client = make(auth="none", proxies=("127.0.0.1",)).test_client()
    for headers in ({}, {"X-Forwarded-For": "127.0.0.1"}):
        assert client.get("/?query=a", headers=headers).status_code == 403


EXPENSIVE = ("/?query=a", "/search.csv?query=a", "/search.png?query=a", "/search.json?query=a")
EMBEDDED = (
    {"Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"},
    {"Sec-Fetch-Mode": "cors", "Sec-Fetch-Dest": "empty"},
    {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe"},
    {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document", "Sec-Purpose": "prefetch"},
)


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
@pytest.mark.parametrize("path", EXPENSIVE)
def test_pages_of_other_sites_cost_no_search(
    make: Callable[..., Flask], path: str, site: str
) -> None:
    """An image, a fetch, a frame and a prefetch are refused; a link that is followed is not."""
    api = FakeAPI()
    client = make(api, auth="none").test_client()
    for embedded in EMBEDDED:
        response = client.get(path, headers={"Sec-Fetch-Site": site, **embedded})
        assert response.status_code == 403
    assert api.requests == []
    followed = {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
    followed["Referer"] = "https://wiki.example/"
    assert client.get(path, headers={"Sec-Fetch-Site": site, **followed}).status_code == 200
    icon = client.get("/favicon.ico", headers={"Sec-Fetch-Site": site, **EMBEDDED[0]})
    assert icon.status_code in {200, 302, 303, 308}


@pytest.mark.parametrize("auth", ["none", "password"])
@pytest.mark.parametrize("path", ["/healthz", "/static/css/akin.css", "/sign-in"])
def test_paths_of_a_mounted_application_are_not_public(
    make: Callable[..., Flask], auth: str, path: str
) -> None:
    """A path that is public outside has the rule of the mounted application below its path."""
    app = make(auth=auth)

    def mounted(_environ: WSGIEnvironment, start: StartResponse) -> list[bytes]:
        start("200 OK", [])
        return [b"a file"]

    mount(app, "/files", mounted, name="files")
    client = app.test_client()
    foreign = client.get(f"/files{path}", headers={"Host": "evil.example"})
    assert (foreign.status_code, foreign.data == b"a file") == (400, False)
    embedded = client.get(f"/files{path}", headers={"Sec-Fetch-Site": "cross-site"})
    assert embedded.status_code == 403
    opened = client.get(f"/files{path}")
    assert opened.status_code == (200 if auth == "none" else 303)


@pytest.mark.parametrize("scheme", ["javascript", "data", "https://evil.example/?"])
def test_scheme_of_a_proxy_is_one_of_the_web(make: Callable[..., Flask], scheme: str) -> None:
    """A scheme that a client sent and a proxy passes on is in no link."""
    options = {"hosts": ("akin.test",), "proxies": ("127.0.0.1",), "previews": "on"}
    client = make(**options).test_client()
    headers = {"X-Forwarded-Proto": scheme, "X-Forwarded-Host": "akin.test"}
    page = client.get("/sign-in?next=/?query=a", headers=headers)
    assert page.status_code == 200
    assert "http://akin.test/" in page.text
    assert f"{scheme}://" not in page.text


def test_port_of_a_host_is_not_repeated(make: Callable[..., Flask]) -> None:
    """A name of AKIN_HOSTS has the usual ports, this server's, or the one named with it."""
    client = make(hosts=("akin.test", "other.test:8443"), port=8000).test_client()
    hosts = ["akin.test", "akin.test:8000", "akin.test:443", "other.test:8443", "localhost:9"]
    assert [client.get("/sign-in", headers={"Host": h}).status_code for h in hosts] == [200] * 5
    for host in ("akin.test:8443", "akin.test:1", "other.test"):
        assert client.get("/sign-in", headers={"Host": host}).status_code == 400


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        ("Bearer the-token-of-the-metrics", 200),
        ("bearer the-token-of-the-metrics", 200),
        ("the-token-of-the-metrics", 404),
        ("Basic the-token-of-the-metrics", 404),
        ("Bearer", 404),
        ("", 404),
    ],
)
def test_metrics_take_a_bearer_token(make: Callable[..., Flask], sent: str, expected: int) -> None:
    """/metrics accepts its token with the scheme Bearer only."""
    client = make(metrics_token="the-token-of-the-metrics").test_client()
    assert client.get("/metrics", headers={"Authorization": sent}).status_code == expected
