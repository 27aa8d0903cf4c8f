"""Signing in and out, who is let in by which mode, and what stands beside the application."""

from __future__ import annotations

import time
from http.cookies import SimpleCookie
from typing import TYPE_CHECKING, Any

import pytest
from bs4 import BeautifulSoup

from app.mounting import mount
from tests.pages.people import NEW, OLD, PASSWORD, users_in
from tests.pages.wire import Wire, asset_id, make_app

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from flask import Flask
    from flask.testing import FlaskClient
    from werkzeug.test import TestResponse

    from app.auth.users import Users

OURS = {"Origin": "http://localhost"}


@pytest.fixture
def users(tmp_path: Path) -> Users:
    """A file with one user."""
    return users_in(tmp_path)


@pytest.fixture
def make(tmp_path: Path, users: Users) -> Callable[..., Flask]:  # noqa: ARG001 - the file is there
    """Makes an application that asks for a password, with other settings where they are given."""

    def make(wire: Wire | None = None, **changes: Any) -> Flask:
        return make_app(wire or Wire(), tmp_path, **{"auth": "password", **changes})

    return make


@pytest.fixture
def app(make: Callable[..., Flask]) -> Flask:
    """That application."""
    return make()


def sign_in(client: FlaskClient, password: str = PASSWORD, **form: str) -> TestResponse:
    """Fill in the form and send it."""
    given = {"name": "ada", "password": password, **form}
    return client.post("/sign-in", data=given, headers=OURS)


def cookie(answer: TestResponse) -> SimpleCookie:
    """The cookies of an answer."""
    return SimpleCookie(answer.headers.get("Set-Cookie", ""))


@pytest.mark.parametrize(
    ("path", "led_to"),
    [
        ("/", "/sign-in"),
        ("/?query=red%20castle&page=2", "/sign-in?next=%2F%3Fquery%3Dred%2520castle%26page%3D2"),
        ("/assets/asset_1", "/sign-in?next=%2Fassets%2Fasset_1"),
        ("/no-such-page", "/sign-in?next=%2Fno-such-page"),
    ],
)
def test_page_asks_who_is_there(client: FlaskClient, path: str, led_to: str) -> None:
    """Any page leads to the sign-in page, and knows the way back; no search is paid for."""
    answer = client.get(path)
    assert (answer.status_code, answer.location) == (303, led_to)


def test_path_that_looks_like_a_host(client: FlaskClient) -> None:
    """The way back from it is a path of this host."""
    answer = client.get("/", environ_overrides={"PATH_INFO": "//evil.example/"})
    assert (answer.status_code, answer.location) == (303, "/sign-in?next=%2Fevil.example%2F")


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/search.json?query=a", {}),
        ("/", {"Sec-Fetch-Mode": "cors"}),
        ("/assets/asset_1/image", {"Sec-Fetch-Mode": "no-cors"}),
    ],
)
def test_what_is_no_navigation_is_refused(
    client: FlaskClient, path: str, headers: dict[str, str]
) -> None:
    """A script, a picture or a program is told 401: it could make nothing of a form."""
    answer = client.get(path, headers=headers)
    assert answer.status_code == 401
    assert b"asset_" not in answer.data


def test_sign_in_and_out(client: FlaskClient) -> None:
    """With the right password one is led on, named in the bar, and can leave."""
    answer = sign_in(client, next="/?query=asset")
    assert (answer.status_code, answer.location) == (303, "/?query=asset")
    page = BeautifulSoup(client.get("/?query=asset").data, "html.parser")
    viewer = page.select_one("form.viewer")
    assert viewer is not None
    assert viewer["action"] == "/sign-out"
    assert viewer.get_text(" ", strip=True) == "Signed in as ada"
    answer = client.post("/sign-out", headers=OURS)
    assert (answer.status_code, answer.location) == (303, "/signed-out")
    assert answer.headers["Clear-Site-Data"] == '"cache"'
    assert "You are signed out." in client.get("/signed-out").text
    assert client.get("/").status_code == 303


def test_wrong_password(client: FlaskClient) -> None:
    """The page says so, keeps the name and the way on, and tells nothing of who exists."""
    answers = [
        sign_in(client, "wrong", next="/?query=a"),
        sign_in(client, "wrong", name="nobody", next="/?query=a"),
    ]
    assert [answer.status_code for answer in answers] == [401, 401]
    first, second = (BeautifulSoup(answer.data, "html.parser") for answer in answers)
    said = [page.select_one("[role=alert]").get_text(" ", strip=True) for page in (first, second)]  # type: ignore[union-attr]
    assert said[0] == said[1]
    assert said[0].startswith("Name and password do not fit.")
    fields = {str(field["name"]): field.get("value") for field in first.find_all("input")}
    assert {name: fields.get(name) for name in ("name", "next", "password")} == {
        "name": "ada",
        "next": "/?query=a",
        "password": None,
    }
    assert "Set-Cookie" not in answers[0].headers


def test_too_many_attempts(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """After some wrong passwords even the right one has to wait."""
    now = time.time()  # which goes on for no time in which they are forgotten
    monkeypatch.setattr(time, "time", lambda: now)
    answers = [sign_in(client, "wrong") for _ in range(11)]
    last = sign_in(client)
    assert answers[0].status_code == 401
    assert last.status_code == 429
    assert int(last.headers["Retry-After"]) >= 1
    assert client.get("/").status_code == 303


def test_sign_in_page_of_the_signed_in(client: FlaskClient) -> None:
    """Whoever is signed in already goes on."""
    sign_in(client)
    answer = client.get("/sign-in?next=/?query=a")
    assert (answer.status_code, answer.location) == (303, "/?query=a")


@pytest.mark.parametrize("target", ["https://evil.example", "//evil.example", "/\\evil.example"])
def test_leads_only_to_ourselves(client: FlaskClient, target: str) -> None:
    """Wherever a link to the sign-in page says to go on to."""
    page = BeautifulSoup(client.get("/sign-in", query_string={"next": target}).data, "html.parser")
    field = page.find("input", {"name": "next"})
    assert field is not None
    assert field["value"] == "/"  # type: ignore[index]
    assert sign_in(client, next=target).location == "/"
    assert client.get("/sign-in", query_string={"next": target}).location == "/"


def test_cookie(client: FlaskClient) -> None:
    """No script can read it, no other site's form brings it, and it ends."""
    [morsel] = cookie(sign_in(client)).values()
    assert morsel.key == "akin"
    assert (morsel["httponly"], morsel["samesite"], morsel["path"]) == (True, "Lax", "/")
    assert morsel["expires"]
    assert not morsel["secure"]


def test_cookie_behind_tls(make: Callable[..., Flask]) -> None:
    """Behind TLS no plain connection and no subdomain can bring one."""
    client = make(hosts=("akin.test",), proxies=("127.0.0.1",)).test_client()
    headers = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "akin.test"}
    form = {"name": "ada", "password": PASSWORD}
    answer = client.post("/sign-in", data=form, headers=headers)
    [morsel] = cookie(answer).values()
    assert morsel.key == "__Host-akin"
    assert (morsel["secure"], morsel["httponly"], morsel["samesite"]) == (True, True, "Lax")
    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"


def with_cookie(app: Flask, name: str, value: str) -> int:
    """The status of the first page for a browser that has this cookie."""
    client = app.test_client()
    client.set_cookie(name, value)
    return client.get("/").status_code


def test_keys_are_changed_while_people_stay_signed_in(make: Callable[..., Flask]) -> None:
    """A new key signs, the older ones still verify until they are taken out."""
    [morsel] = cookie(sign_in(make(secret_keys=(OLD,)).test_client())).values()
    statuses = [
        with_cookie(make(secret_keys=keys), morsel.key, morsel.value)
        for keys in ((OLD,), (NEW, OLD), (NEW,))
    ]
    assert statuses == [200, 200, 303]


def test_forged_cookie(make: Callable[..., Flask]) -> None:
    """A cookie with a changed letter is nobody's."""
    app = make(secret_keys=(OLD,))
    [morsel] = cookie(sign_in(app.test_client())).values()
    changed = [
        morsel.value[:at] + "x" + morsel.value[at + 1 :] for at in (3, len(morsel.value) // 2)
    ]
    assert [with_cookie(app, morsel.key, value) for value in [*changed, "", "e30.x.y"]] == [303] * 4


def test_session_of_another_mode(make: Callable[..., Flask]) -> None:
    """Signed in with a password is not signed in by a provider."""
    [morsel] = cookie(sign_in(make(secret_keys=(OLD,)).test_client())).values()
    provided = make(
        auth="oidc",
        secret_keys=(OLD,),
        oidc_issuer="http://127.0.0.1:1",
        oidc_client_id="akin",
        oidc_client_secret="secret-at-the-provider",
        oidc_domains=("*",),
    )
    assert with_cookie(provided, morsel.key, morsel.value) == 303


@pytest.mark.parametrize("change", ["removed", "another password"])
def test_sessions_end_with_the_password(client: FlaskClient, users: Users, change: str) -> None:
    """Whoever is taken out of the file, or gets another password, is signed out everywhere."""
    sign_in(client)
    assert client.get("/").status_code == 200
    if change == "removed":
        users.remove("ada")
    else:
        users.put("ada", PASSWORD + "!")
    assert client.get("/").status_code == 303


def test_sign_in_ends(make: Callable[..., Flask]) -> None:
    """However often its cookie is renewed."""
    app = make(session_hours=1)
    client = app.test_client()
    sign_in(client)
    with client.session_transaction() as session:
        session["since"] = int(time.time()) - 3601
    assert client.get("/").status_code == 303


def test_reader_is_part_of_what_a_browser_keeps(make: Callable[..., Flask], users: Users) -> None:
    """A page that was made for one is not "not modified" for another."""
    users.put("bob", PASSWORD)
    app = make()
    ada, bob = app.test_client(), app.test_client()
    sign_in(ada)
    sign_in(bob, name="bob")
    tag = ada.get("/?query=asset").headers["ETag"]
    statuses = [
        c.get("/?query=asset", headers={"If-None-Match": tag}).status_code for c in (ada, bob)
    ]
    assert statuses == [304, 200]


def test_no_page_may_be_shared(client: FlaskClient) -> None:
    """No cache between here and there may keep what was made for one."""
    sign_in(client)
    paths = ("/", "/?query=asset", "/assets/nothing", "/search.json?query=a", "/search.atom")
    for path in (*paths, f"/assets/{asset_id(7)}", f"/assets/{asset_id(7)}.json"):
        control = client.get(path).headers["Cache-Control"]
        assert "private" in control or control == "no-store", path


def test_names_of_users_are_text(make: Callable[..., Flask]) -> None:
    """A name is shown as it is, whatever is in it."""
    client = make(auth="proxy", proxies=("127.0.0.1",)).test_client()
    name = '"><script>alert(1)</script>'
    page = BeautifulSoup(client.get("/", headers={"X-Forwarded-User": name}).data, "html.parser")
    assert [each.get_text().strip() for each in page.select(".viewer")] == [f"Signed in as {name}"]
    assert [script for script in page.select("script") if not script.get("src")] == []


def test_proxy_names_the_user(make: Callable[..., Flask]) -> None:
    """A header of a named proxy; signing out is the proxy's own."""
    client = make(auth="proxy", proxies=("127.0.0.1",)).test_client()
    page = BeautifulSoup(client.get("/", headers={"X-Forwarded-User": "ada"}).data, "html.parser")
    viewer = page.select_one(".viewer")
    assert viewer is not None
    assert viewer.get_text(" ", strip=True) == "Signed in as ada"
    assert viewer.find("button") is None
    assert [client.get(path).status_code for path in ("/sign-in", "/signed-out")] == [404, 404]


@pytest.mark.parametrize("way", ["/oauth2/sign_out", "https://login.example.com/out?rd=x"])
def test_proxy_has_a_way_out(make: Callable[..., Flask], way: str) -> None:
    """Where the settings name it, a link; nobody else has one."""
    named = {"proxies": ("127.0.0.1",), "proxy_sign_out": way}
    client = make(auth="proxy", **named).test_client()
    page = BeautifulSoup(client.get("/", headers={"X-Forwarded-User": "ada"}).data, "html.parser")
    assert [link["href"] for link in page.select(".viewer a[aria-label='Sign out']")] == [way]
    client = make(**named).test_client()
    sign_in(client)
    page = BeautifulSoup(client.get("/").data, "html.parser")
    assert page.select(".viewer a") == []


@pytest.mark.parametrize(
    ("peer", "headers"),
    [
        ("127.0.0.1", {}),
        ("127.0.0.1", {"X-Forwarded-User": ""}),
        ("127.0.0.1", {"X-Forwarded-User": "ada,eve"}),
        ("127.0.0.1", {"Remote-User": "ada"}),
        ("192.0.2.9", {"X-Forwarded-User": "ada"}),
        ("192.0.2.9", {"X-Forwarded-User": "ada", "X-Forwarded-For": "127.0.0.1"}),
        ("", {"X-Forwarded-User": "ada"}),
    ],
)
def test_nobody_else_names_the_user(
    make: Callable[..., Flask], peer: str, headers: dict[str, str]
) -> None:
    """Without the header, or from anybody but the proxy, nobody is let in."""
    client = make(auth="proxy", proxies=("127.0.0.1",)).test_client()
    answer = client.get("/", headers=headers, environ_base={"REMOTE_ADDR": peer})
    assert answer.status_code == 401
    assert "did not say who you are" in answer.text


@pytest.mark.parametrize(
    ("peer", "headers"),
    [
        ("192.0.2.9", {}),
        ("127.0.0.1", {"X-Forwarded-For": "192.0.2.9"}),
        ("127.0.0.1", {"Forwarded": "for=192.0.2.9"}),
        ("192.0.2.9", {"X-Forwarded-For": "127.0.0.1"}),
        ("", {}),
    ],
)
def test_without_sign_in_only_this_machine(
    make: Callable[..., Flask], peer: str, headers: dict[str, str]
) -> None:
    """Nobody comes in from elsewhere, nor through a proxy that stands here; it says what to set."""
    wire = Wire()
    client = make(wire, auth="none").test_client()
    answer = client.get("/?query=a", headers=headers, environ_base={"REMOTE_ADDR": peer})
    assert answer.status_code == 403
    assert "AKIN_AUTH" in answer.text
    assert wire.requests == []


def beside(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
    """A WSGI application that is mounted."""
    start_response("200 OK", [("Content-Type", "image/svg+xml")])
    return [f"{environ['SCRIPT_NAME']} {environ['PATH_INFO']}".encode()]


def test_what_is_mounted_is_behind_the_same_door(app: Flask) -> None:
    """The library's files are for the signed-in; its own clients bring the key that it checks."""
    mount(app, "/library", beside, name="library")
    client = app.test_client()
    basic = {"Authorization": "Basic eDp5"}
    refused = client.get("/library/thumbnails/a b?width=2")
    assert refused.status_code == 303
    assert refused.location == "/sign-in?next=%2Flibrary%2Fthumbnails%2Fa%2520b%3Fwidth%3D2"
    statuses = {
        "a file with any key": client.get("/library/assets/x", headers=basic).status_code,
        "the API with a key": client.get("/library/v1/tags", headers=basic).status_code,
        "the API without": client.get("/library/v1/tags").status_code,
        "a picture in a page": client.get(
            "/library/assets/x", headers={"Sec-Fetch-Mode": "no-cors"}
        ).status_code,
    }
    assert statuses == {
        "a file with any key": 303,
        "the API with a key": 200,
        "the API without": 303,
        "a picture in a page": 401,
    }
    sign_in(client)
    answer = client.get("/library/assets/x")
    assert (answer.status_code, answer.data) == (200, b"/library /assets/x")
    assert "sandbox" in answer.headers["Content-Security-Policy"]


def test_mounted_and_open(make: Callable[..., Flask]) -> None:
    """Without sign-in it answers this machine under its own names, and nobody else."""
    app = make(auth="none")
    mount(app, "/library", beside, name="library")
    client = app.test_client()
    basic = {"Authorization": "Basic eDp5"}
    assert client.get("/library/assets/x").status_code == 200
    assert (
        client.get("/library/v1/tags", headers={**basic, "Host": "evil.example"}).status_code == 400
    )
    away = client.get("/library/v1/tags", headers=basic, environ_base={"REMOTE_ADDR": "192.0.2.9"})
    assert away.status_code == 403


def test_nothing_to_sign_in_to(make: Callable[..., Flask]) -> None:
    """Without sign-in there are no such pages, and nobody's name."""
    client = make(auth="none").test_client()
    statuses = [
        client.get(path).status_code for path in ("/sign-in", "/sign-in/begin", "/signed-out")
    ]
    assert statuses == [404, 404, 404]
    assert client.post("/sign-in").status_code == 404
    assert BeautifulSoup(client.get("/").data, "html.parser").select(".viewer") == []


def test_provider_that_is_away(make: Callable[..., Flask]) -> None:
    """The page says that it cannot be reached, and leads nowhere."""
    client = make(
        auth="oidc",
        oidc_issuer="http://127.0.0.1:1",
        oidc_client_id="akin",
        oidc_client_secret="secret-at-the-provider",
        oidc_domains=("*",),
    ).test_client()
    page = BeautifulSoup(client.get("/sign-in?next=/?query=a").data, "html.parser")
    link = page.select_one(".door a.button")
    assert link is not None
    assert link.get_text() == "Sign in with 127.0.0.1:1"
    answer = client.get(str(link["href"]))
    assert answer.status_code == 502
    assert "Signing in did not work" in answer.text
    assert "secret-at-the-provider" not in answer.text
    assert client.get("/signed-out").status_code == 200
