"""Sign-in, sign-out, the modes of AKIN_AUTH, and access to the mounted library."""

from __future__ import annotations

import time
from http.cookies import Morsel, SimpleCookie
from typing import TYPE_CHECKING, Any

import pytest
from bs4 import BeautifulSoup

from app.auth.cookies import address_digest
from app.web.mounting import mount
from tests.support.scenario_api import FakeAPI, asset_id, make_app
from tests.support.users import BROWSER_COOKIE, NEW, OLD, PASSWORD, SESSION_COOKIE, users_in

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from flask import Flask
    from flask.testing import FlaskClient
    from werkzeug.test import TestResponse

    from app.auth.passwords.user_store import UserStore

SAME_ORIGIN = {"Origin": "http://localhost"}


@pytest.fixture
def users(tmp_path: Path) -> UserStore:
    """A user store with one user."""
    return users_in(tmp_path)


@pytest.fixture
def make(tmp_path: Path, users: UserStore) -> Callable[..., Flask]:  # noqa: ARG001 - the file is there
    """A function that makes an application with sign-in by password."""

    def make(api: FakeAPI | None = None, **changes: Any) -> Flask:
        return make_app(api or FakeAPI(), tmp_path, **{"auth": "password", **changes})

    return make


@pytest.fixture
def app(make: Callable[..., Flask]) -> Flask:
    """That application with its default settings."""
    return make()


def sign_in(client: FlaskClient, password: str = PASSWORD, **form: str) -> TestResponse:
    """Send the sign-in form."""
    fields = {"name": "ada", "password": password, **form}
    return client.post("/sign-in", data=fields, headers=SAME_ORIGIN)


def cookies(response: TestResponse) -> dict[str, Morsel[str]]:
    """Return the cookies that a response sets, by name."""
    return dict(SimpleCookie("; ".join(response.headers.getlist("Set-Cookie"))).items())


def cookie(response: TestResponse) -> Morsel[str]:
    """Return the session cookie that a response sets."""
    sent = cookies(response)
    [name] = [name for name in sent if "akin-" in name and "browser" not in name]
    return sent[name]


@pytest.mark.parametrize(
    ("path", "location"),
    [
        ("/", "/sign-in"),
        ("/?query=red%20castle&page=2", "/sign-in?next=%2F%3Fquery%3Dred%2520castle%26page%3D2"),
        ("/assets/asset_1", "/sign-in?next=%2Fassets%2Fasset_1"),
        ("/no-such-page", "/sign-in?next=%2Fno-such-page"),
    ],
)
def test_page_redirects_to_sign_in(client: FlaskClient, path: str, location: str) -> None:
    """Any page redirects to the sign-in page, which leads back to it."""
    response = client.get(path)
    assert (response.status_code, response.location) == (303, location)


def test_path_that_looks_like_a_host(client: FlaskClient) -> None:
    """The path to return to is one of this host."""
    response = client.get("/", environ_overrides={"PATH_INFO": "//evil.example/"})
    assert (response.status_code, response.location) == (303, "/sign-in?next=%2Fevil.example%2F")


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/search.json?query=a", {}),
        ("/", {"Sec-Fetch-Mode": "cors"}),
        ("/assets/asset_1/image", {"Sec-Fetch-Mode": "no-cors"}),
    ],
)
def test_other_requests_are_refused(
    client: FlaskClient, path: str, headers: dict[str, str]
) -> None:
    """A script, an image or a program gets 401: it could not use a form."""
    response = client.get(path, headers=headers)
    assert response.status_code == 401
    assert b"asset_" not in response.data


def test_sign_in_and_out(client: FlaskClient) -> None:
    """The right password leads on; the bar shows the name and the way to sign out."""
    response = sign_in(client, next="/?query=asset")
    assert (response.status_code, response.location) == (303, "/?query=asset")
    page = BeautifulSoup(client.get("/?query=asset").data, "html.parser")
    viewer = page.select_one("form.account")
    assert viewer is not None
    assert viewer["action"] == "/sign-out"
    assert viewer.get_text(" ", strip=True) == "Signed in as ada"
    response = client.post("/sign-out", headers=SAME_ORIGIN)
    assert (response.status_code, response.location) == (303, "/signed-out")
    assert response.headers["Clear-Site-Data"] == '"cache"'
    assert "You are signed out." in client.get("/signed-out").text
    assert client.get("/").status_code == 303


def test_wrong_password(client: FlaskClient) -> None:
    """The page still has the name and the target, and does not reveal which names exist."""
    responses = [
        sign_in(client, "wrong", next="/?query=a"),
        sign_in(client, "wrong", name="nobody", next="/?query=a"),
    ]
    assert [response.status_code for response in responses] == [401, 401]
    first, second = (BeautifulSoup(response.data, "html.parser") for response in responses)
    messages = [
        page.select_one("[role=alert]").get_text(" ", strip=True) for page in (first, second)
    ]  # type: ignore[union-attr]
    assert messages[0] == messages[1]
    assert messages[0].startswith("Wrong name or password.")
    fields = {str(field["name"]): field.get("value") for field in first.find_all("input")}
    assert {name: fields.get(name) for name in ("name", "next", "password")} == {
        "name": "ada",
        "next": "/?query=a",
        "password": None,
    }
    assert "Set-Cookie" not in responses[0].headers


def test_too_many_attempts(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """After some wrong passwords the right one has to wait as well."""
    now = time.time()  # stands still, so that no window of a limit ends
    monkeypatch.setattr(time, "time", lambda: now)
    responses = [sign_in(client, "wrong") for _ in range(11)]
    last = sign_in(client)
    assert responses[0].status_code == 401
    assert last.status_code == 429
    assert int(last.headers["Retry-After"]) >= 1
    assert client.get("/").status_code == 303


def test_sign_in_page_with_a_session(client: FlaskClient) -> None:
    """A signed-in user is redirected to the target."""
    sign_in(client)
    response = client.get("/sign-in?next=/?query=a")
    assert (response.status_code, response.location) == (303, "/?query=a")


@pytest.mark.parametrize("target", ["https://evil.example", "//evil.example", "/\\evil.example"])
def test_target_on_another_site(client: FlaskClient, target: str) -> None:
    """A target on another site is replaced by the first page."""
    page = BeautifulSoup(client.get("/sign-in", query_string={"next": target}).data, "html.parser")
    field = page.find("input", {"name": "next"})
    assert field is not None
    assert field["value"] == "/"  # type: ignore[index]
    assert sign_in(client, next=target).location == "/"
    assert client.get("/sign-in", query_string={"next": target}).location == "/"


def test_cookie(client: FlaskClient) -> None:
    """It is HttpOnly, SameSite=Lax, and expires."""
    morsel = cookie(sign_in(client))
    assert morsel.key == SESSION_COOKIE
    assert (morsel["httponly"], morsel["samesite"], morsel["path"]) == (True, "Lax", "/")
    assert morsel["expires"]
    assert not morsel["secure"]


def test_cookie_behind_tls(make: Callable[..., Flask]) -> None:
    """Behind TLS it is Secure and has the prefix __Host-."""
    client = make(hosts=("akin.test",), proxies=("127.0.0.1",)).test_client()
    headers = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "akin.test"}
    form = {"name": "ada", "password": PASSWORD}
    response = client.post("/sign-in", data=form, headers=headers)
    morsel = cookie(response)
    assert morsel.key == f"__Host-akin-{address_digest('akin.test', '')}"
    assert (morsel["secure"], morsel["httponly"], morsel["samesite"]) == (True, True, "Lax")
    assert response.headers["Strict-Transport-Security"] == "max-age=31536000"


def test_cookie_of_a_known_browser(make: Callable[..., Flask]) -> None:
    """It outlasts the session, is HttpOnly, and is no session."""
    app = make(hosts=("akin.test",), proxies=("127.0.0.1",))
    headers = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "akin.test"}
    form = {"name": "ada", "password": PASSWORD}
    sent = cookies(app.test_client().post("/sign-in", data=form, headers=headers))
    morsel = sent[f"__Host-akin-browser-{address_digest('akin.test', '')}"]
    assert (morsel["secure"], morsel["httponly"], morsel["samesite"]) == (True, True, "Strict")
    assert int(morsel["max-age"]) > 86400 * 365
    plain = cookies(sign_in(app.test_client()))[BROWSER_COOKIE]
    assert with_cookie(app, plain.key, plain.value) == 303
    assert with_cookie(app, SESSION_COOKIE, plain.value) == 303


def with_cookie(app: Flask, name: str, value: str) -> int:
    """Return the status of the first page for a browser with this cookie."""
    client = app.test_client()
    client.set_cookie(name, value)
    return client.get("/").status_code


def test_key_rotation(make: Callable[..., Flask]) -> None:
    """A new key signs, the older ones still verify until they are removed."""
    morsel = cookie(sign_in(make(secret_keys=(OLD,)).test_client()))
    statuses = [
        with_cookie(make(secret_keys=keys), morsel.key, morsel.value)
        for keys in ((OLD,), (NEW, OLD), (NEW,))
    ]
    assert statuses == [200, 200, 303]


def test_forged_cookie(make: Callable[..., Flask]) -> None:
    """A cookie with a changed letter is no session."""
    app = make(secret_keys=(OLD,))
    morsel = cookie(sign_in(app.test_client()))
    changed = [
        morsel.value[:at] + "x" + morsel.value[at + 1 :] for at in (3, len(morsel.value) // 2)
    ]
    assert [with_cookie(app, morsel.key, value) for value in [*changed, "", "e30.x.y"]] == [303] * 4


def test_session_of_another_mode(make: Callable[..., Flask]) -> None:
    """A session of one backend is not valid for another."""
    morsel = cookie(sign_in(make(secret_keys=(OLD,)).test_client()))
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
def test_sessions_end_with_the_password(client: FlaskClient, users: UserStore, change: str) -> None:
    """A user who is removed or gets another password is signed out everywhere."""
    sign_in(client)
    assert client.get("/").status_code == 200
    if change == "removed":
        users.remove("ada")
    else:
        users.set_password("ada", PASSWORD + "!")
    assert client.get("/").status_code == 303


def test_session_ends_in_time(make: Callable[..., Flask]) -> None:
    """A session ends a fixed time after the sign-in, whatever its cookie says."""
    app = make(session_hours=1)
    client = app.test_client()
    sign_in(client)
    with client.session_transaction() as session:
        session["started"] = int(time.time()) - 3601
    assert client.get("/").status_code == 303


def test_entity_tag_depends_on_the_user(make: Callable[..., Flask], users: UserStore) -> None:
    """The entity tag of a page depends on the user."""
    users.set_password("bob", PASSWORD)
    app = make()
    ada, bob = app.test_client(), app.test_client()
    sign_in(ada)
    sign_in(bob, name="bob")
    tag = ada.get("/?query=asset").headers["ETag"]
    statuses = [
        c.get("/?query=asset", headers={"If-None-Match": tag}).status_code for c in (ada, bob)
    ]
    assert statuses == [304, 200]


def test_pages_are_private(client: FlaskClient) -> None:
    """No cache may store a page of a signed-in user: Back would show it after the sign-out."""
    sign_in(client)
    paths = ("/", "/?query=asset", "/assets/nothing", "/search.json?query=a", "/search.atom")
    for path in (*paths, f"/assets/{asset_id(7)}", f"/assets/{asset_id(7)}.json"):
        control = client.get(path).headers["Cache-Control"]
        assert control == "no-store", path


def test_pictures_stay_in_the_cache_of_the_browser(client: FlaskClient) -> None:
    sign_in(client)
    control = client.get(f"/assets/{asset_id(7)}/image").headers["Cache-Control"]
    assert control.startswith("private, max-age=")


def test_only_private_pages_are_marked_for_the_script(
    client: FlaskClient, make: Callable[..., Flask]
) -> None:
    """The script requests a page again that Back restores from memory."""
    sign_in(client)
    private, public = client.get("/").text, make(auth="none").test_client().get("/").text
    marks = [BeautifulSoup(page, "html.parser").html for page in (private, public)]
    assert [mark is not None and mark.has_attr("data-private") for mark in marks] == [True, False]


def test_installations_on_one_host_do_not_sign_each_other_out(
    make: Callable[..., Flask], tmp_path: Path
) -> None:
    """A browser keeps cookies of a host whatever the port; so their names differ."""
    users_in(tmp_path / "other")
    hosts = ("akin.test:8001", "akin.test:8002")
    other = make_app(FakeAPI(), tmp_path / "other", auth="password", hosts=hosts)
    apps = [make(hosts=hosts), other]
    jar: dict[str, str] = {}
    for app, host in zip(apps, hosts, strict=True):
        client = app.test_client(use_cookies=False)
        form = {"name": "ada", "password": PASSWORD}
        headers = {"Host": host, "Origin": f"http://{host}"}
        sent = cookies(client.post("/sign-in", data=form, headers=headers))
        jar |= {name: each.value for name, each in sent.items()}
    header = "; ".join(f"{name}={value}" for name, value in jar.items())
    statuses = [
        app.test_client(use_cookies=False)
        .get("/", headers={"Host": host, "Cookie": header})
        .status_code
        for app, host in zip(apps, hosts, strict=True)
    ]
    assert (statuses, len(jar)) == ([200, 200], 4)


@pytest.mark.parametrize(
    ("scheme", "prefix", "start", "path"),
    [
        ("http", "", "akin-", "/"),
        ("https", "", "__Host-akin-", "/"),
        ("http", "/akin", "akin-", "/akin"),
        ("https", "/akin", "__Secure-akin-", "/akin"),
    ],
)
def test_names_and_paths_of_cookies(
    make: Callable[..., Flask], scheme: str, prefix: str, start: str, path: str
) -> None:
    """They follow the scheme and the path below which Akin is."""
    environ = {"SCRIPT_NAME": prefix, "wsgi.url_scheme": scheme}
    form = {"name": "ada", "password": PASSWORD}
    response = (
        make()
        .test_client()
        .post(
            "/sign-in",
            data=form,
            headers={"Origin": f"{scheme}://localhost"},
            environ_overrides=environ,
        )
    )
    sent = cookies(response)
    assert len(sent) == 2
    assert all(name.startswith(start) for name in sent)
    assert {each["path"] for each in sent.values()} == {path}
    assert {bool(each["secure"]) for each in sent.values()} == {scheme == "https"}


def test_names_are_escaped(make: Callable[..., Flask]) -> None:
    """A name is escaped."""
    client = make(auth="proxy", proxies=("127.0.0.1",)).test_client()
    name = '"><script>alert(1)</script>'
    page = BeautifulSoup(client.get("/", headers={"X-Forwarded-User": name}).data, "html.parser")
    assert [each.get_text().strip() for each in page.select(".account")] == [f"Signed in as {name}"]
    assert [script for script in page.select("script") if not script.get("src")] == []


def test_proxy_names_the_user(make: Callable[..., Flask]) -> None:
    """The header of a named proxy names the user; there is no sign-out page."""
    client = make(auth="proxy", proxies=("127.0.0.1",)).test_client()
    page = BeautifulSoup(client.get("/", headers={"X-Forwarded-User": "ada"}).data, "html.parser")
    viewer = page.select_one(".account")
    assert viewer is not None
    assert viewer.get_text(" ", strip=True) == "Signed in as ada"
    assert viewer.find("button") is None
    assert [client.get(path).status_code for path in ("/sign-in", "/signed-out")] == [404, 404]


@pytest.mark.parametrize("url", ["/oauth2/sign_out", "https://login.example.com/out?rd=x"])
def test_proxy_sign_out(make: Callable[..., Flask], url: str) -> None:
    """AKIN_PROXY_SIGN_OUT is a link; other modes have none."""
    named = {"proxies": ("127.0.0.1",), "proxy_sign_out": url}
    client = make(auth="proxy", **named).test_client()
    page = BeautifulSoup(client.get("/", headers={"X-Forwarded-User": "ada"}).data, "html.parser")
    assert [link["href"] for link in page.select(".account a[aria-label='Sign out']")] == [url]
    client = make(**named).test_client()
    sign_in(client)
    page = BeautifulSoup(client.get("/").data, "html.parser")
    assert page.select(".account a") == []


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
def test_only_the_proxy_names_the_user(
    make: Callable[..., Flask], peer: str, headers: dict[str, str]
) -> None:
    """Without the header, or from another peer, the response is 401."""
    client = make(auth="proxy", proxies=("127.0.0.1",)).test_client()
    response = client.get("/", headers=headers, environ_base={"REMOTE_ADDR": peer})
    assert response.status_code == 401
    assert "did not say who you are" in response.text


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
def test_without_sign_in_only_this_machine_is_served(
    make: Callable[..., Flask], peer: str, headers: dict[str, str]
) -> None:
    """Other machines and proxies are refused; the page says what to set."""
    api = FakeAPI()
    client = make(api, auth="none").test_client()
    response = client.get("/?query=a", headers=headers, environ_base={"REMOTE_ADDR": peer})
    assert response.status_code == 403
    assert "AKIN_AUTH" in response.text
    assert api.requests == []


def mounted_application(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
    """A mounted WSGI application."""
    start_response("200 OK", [("Content-Type", "image/svg+xml")])
    return [f"{environ['SCRIPT_NAME']} {environ['PATH_INFO']}".encode()]


def test_mounted_application_needs_a_sign_in(app: Flask) -> None:
    """Files of the library need a sign-in; clients of its API send its key."""
    mount(app, "/library", mounted_application, name="library")
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
    response = client.get("/library/assets/x")
    assert (response.status_code, response.data) == (200, b"/library /assets/x")
    assert "sandbox" in response.headers["Content-Security-Policy"]


def test_mounted_application_without_sign_in(make: Callable[..., Flask]) -> None:
    """Without sign-in it serves this machine under loopback names only."""
    app = make(auth="none")
    mount(app, "/library", mounted_application, name="library")
    client = app.test_client()
    basic = {"Authorization": "Basic eDp5"}
    assert client.get("/library/assets/x").status_code == 200
    assert (
        client.get("/library/v1/tags", headers={**basic, "Host": "evil.example"}).status_code == 400
    )
    away = client.get("/library/v1/tags", headers=basic, environ_base={"REMOTE_ADDR": "192.0.2.9"})
    assert away.status_code == 403


def test_no_sign_in_pages(make: Callable[..., Flask]) -> None:
    """Without sign-in there are no sign-in pages and no name."""
    client = make(auth="none").test_client()
    statuses = [
        client.get(path).status_code for path in ("/sign-in", "/sign-in/begin", "/signed-out")
    ]
    assert statuses == [404, 404, 404]
    assert client.post("/sign-in").status_code == 404
    assert BeautifulSoup(client.get("/").data, "html.parser").select(".account") == []


def test_unavailable_provider(make: Callable[..., Flask]) -> None:
    """The page says that the provider cannot be reached."""
    client = make(
        auth="oidc",
        oidc_issuer="http://127.0.0.1:1",
        oidc_client_id="akin",
        oidc_client_secret="secret-at-the-provider",
        oidc_domains=("*",),
    ).test_client()
    page = BeautifulSoup(client.get("/sign-in?next=/?query=a").data, "html.parser")
    link = page.select_one(".sign-in a.button")
    assert link is not None
    assert link.get_text() == "Sign in with 127.0.0.1:1"
    response = client.get(str(link["href"]))
    assert response.status_code == 502
    assert "The sign-in failed" in response.text
    assert "secret-at-the-provider" not in response.text
    assert client.get("/signed-out").status_code == 200


def test_browser_that_keeps_no_cookies(make: Callable[..., Flask]) -> None:
    """The sign-in page has set a cookie: where it does not come back, the page says so."""
    client = make().test_client(use_cookies=False)
    page = client.get("/sign-in?next=/tags")
    fields = {
        str(field["name"]): str(field["value"])
        for field in BeautifulSoup(page.data, "html.parser").select("[type=hidden]")
    }
    response = sign_in(client, **fields)
    assert response.status_code == 400
    assert "Your browser does not keep the cookie" in response.text
    assert BeautifulSoup(response.data, "html.parser").find("input", {"value": "/tags"})
    keeping = make().test_client()
    keeping.get("/sign-in?next=/tags")
    assert sign_in(keeping, **fields).location == "/tags"
