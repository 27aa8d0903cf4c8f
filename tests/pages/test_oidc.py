"""Sign-in by OpenID Connect: several tabs, users who are signed in, and causes of failures."""

from __future__ import annotations

import email.utils
import random
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from bs4 import BeautifulSoup
from joserfc.jwk import OctKey

from tests.support.below_path import BelowPath
from tests.support.simulated_provider import (
    FOREIGN_KEY,
    SECRET,
    Provider,
    finish_sign_in,
    is_signed_in,
    make_client,
    signed,
    start_sign_in,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from flask.testing import FlaskClient
    from werkzeug.test import TestResponse

    from app.auth.backends import AuthBackend

    Make = Callable[..., FlaskClient]


@pytest.fixture
def provider() -> Iterator[Provider]:
    """A provider for one test."""
    provider = Provider()
    yield provider
    provider.close()


@pytest.fixture
def make(provider: Provider, tmp_path: Path) -> Make:
    """A function that makes a client of an Akin that trusts this provider."""

    def make(**settings: Any) -> FlaskClient:
        admitted = {"oidc_domains": ("studio.example",), "oidc_groups": ("artists",)}
        return make_client(provider.issuer, tmp_path, **{**admitted, **settings})

    return make


@pytest.fixture
def client(make: Make) -> FlaskClient:
    """One with its usual settings."""
    return make()


def completed(
    client: FlaskClient, provider: Provider, target: str = "/?query=a", /, **claims: Any
) -> TestResponse:
    """Return the response to a complete sign-in."""
    state, nonce = start_sign_in(client, target)
    provider.token = signed(provider.claims(nonce, **claims))
    return finish_sign_in(client, state)


def message(response: TestResponse) -> str:
    """Return the text of the error on a page."""
    alert = BeautifulSoup(response.data, "html.parser").select_one("[role=alert]")
    assert alert is not None
    return alert.get_text(" ", strip=True)


def test_two_tabs(client: FlaskClient, provider: Provider) -> None:
    """Sign-ins that overlap arrive at the page of their own tab, in any order."""
    begun = {target: start_sign_in(client, target) for target in ("/?query=a", "/tags", "/feeds")}
    for target, (state, nonce) in reversed(begun.items()):
        provider.token = signed(provider.claims(nonce))
        response = finish_sign_in(client, state)
        assert (response.status_code, response.location) == (303, target)


def test_two_tabs_whose_requests_overlap(client: FlaskClient, provider: Provider) -> None:
    """The second request is sent before the browser has the cookie of the first."""
    apart = client.application.test_client(use_cookies=False)
    jar: dict[str, str] = {}
    begun = {}
    for target in ("/?query=a", "/tags"):
        response = apart.get("/sign-in/begin", query_string={"next": target})
        query = parse_qs(urlsplit(str(response.location)).query)
        begun[target] = (query["state"][0], query["nonce"][0])
        for cookie in response.headers.getlist("Set-Cookie"):
            name, _, value = cookie.partition(";")[0].partition("=")
            jar[name] = value
    header = {"Cookie": "; ".join(f"{name}={value}" for name, value in jar.items())}
    for target, (state, nonce) in begun.items():
        provider.token = signed(provider.claims(nonce))
        query_string = {"code": "c", "state": state}
        response = apart.get("/sign-in/returned", query_string=query_string, headers=header)
        assert (response.status_code, response.location) == (303, target)


@pytest.mark.parametrize("prefix", ["/akin", "/tools/akin"])
def test_below_a_path(client: FlaskClient, provider: Provider, prefix: str) -> None:
    """The provider is given whole addresses, and leads back to the page below the path."""
    browser = BelowPath(client.application.wsgi_app, prefix, "script name").browser()
    asked = browser.get(f"{prefix}/tags")
    page = BeautifulSoup(browser.get(asked.location).data, "html.parser")
    begin = str(page.select_one("a.primary")["href"])  # type: ignore[index]
    assert begin.startswith(f"{prefix}/sign-in/begin?")
    query = parse_qs(urlsplit(str(browser.get(begin).location)).query)
    assert query["redirect_uri"] == [f"http://localhost{prefix}/sign-in/returned"]
    provider.token = signed(provider.claims(query["nonce"][0]))
    returned = {"code": "c", "state": query["state"][0]}
    response = browser.get(f"{prefix}/sign-in/returned", query_string=returned)
    assert (response.status_code, response.location) == (303, f"{prefix}/tags")
    assert browser.get(response.location).status_code == 200


def test_back_to_the_redirect_of_the_provider(client: FlaskClient, provider: Provider) -> None:
    """The browser's Back button requests it again; the user is led on as the first time."""
    state, nonce = start_sign_in(client, "/tags")
    provider.token = signed(provider.claims(nonce))
    assert finish_sign_in(client, state).location == "/tags"
    again = finish_sign_in(client, state)
    assert (again.status_code, again.location) == (303, "/tags")
    assert provider.requests.count("/token") == 1


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"code": "c"},
        {"code": "c", "state": "of-another-browser-00000"},
        {"error": "access_denied", "state": "x"},
    ],
    ids=str,
)
def test_user_who_is_signed_in(
    client: FlaskClient, provider: Provider, query: dict[str, str]
) -> None:
    """A redirect that would be an error leads to the first page."""
    completed(client, provider)
    response = client.get(f"/sign-in/returned?{urlencode(query)}")
    assert (response.status_code, response.location) == (303, "/")
    assert is_signed_in(client)


def test_sign_in_that_fails_while_another_tab_was_quicker(
    client: FlaskClient, provider: Provider
) -> None:
    """The user arrives at the page of the tab."""
    state, _ = start_sign_in(client, "/tags")
    completed(client, provider)
    provider.statuses["/token"] = 500
    response = finish_sign_in(client, state)
    assert (response.status_code, response.location) == (303, "/tags")


def test_start_while_signed_in(client: FlaskClient, provider: Provider) -> None:
    """A link to start a sign-in leads on without the provider."""
    completed(client, provider)
    for path in ("/sign-in", "/sign-in/begin"):
        response = client.get(path, query_string={"next": "/tags"})
        assert (response.status_code, response.location) == (303, "/tags")


@pytest.mark.parametrize("length", [90, 150, 1500])
def test_long_target(client: FlaskClient, provider: Provider, length: int) -> None:
    """The whole link is opened, and no header on the way has 4 kB."""
    numbers = random.Random(3)
    ids = [("id", f"asset_{numbers.getrandbits(120):030x}") for _ in range(length)]
    target = "/selection?" + urlencode(ids)
    page = client.get(str(client.get(target).location))
    link = BeautifulSoup(page.data, "html.parser").select_one(".sign-in a.button")
    assert link is not None
    begun = client.get(str(link["href"]))
    query = parse_qs(urlsplit(str(begun.location)).query)
    provider.token = signed(provider.claims(query["nonce"][0]))
    arrived = finish_sign_in(client, query["state"][0])
    for response in (page, begun, arrived):
        assert len(str(response.headers).encode()) < 3900
    soup = BeautifulSoup(arrived.data, "html.parser")
    refresh = soup.select_one("meta[http-equiv=refresh]")
    assert refresh is not None
    assert refresh["content"] == f"0;url={target}"


def test_browser_without_cookies(client: FlaskClient, provider: Provider) -> None:
    """The page says that the browser sent no cookie, and what to do."""
    state, nonce = start_sign_in(client)
    provider.token = signed(provider.claims(nonce))
    stranger = client.application.test_client()
    text = message(finish_sign_in(stranger, state))
    assert "does not keep the cookie" in text
    assert "allow cookies for this site" in text
    stranger.get("/sign-in")
    assert "another browser" in message(finish_sign_in(stranger, state))


CAUSES: dict[str, tuple[Callable[[Provider, str], None], str]] = {}


def case(name: str, words: str) -> Callable[[Callable[[Provider, str], None]], None]:
    """Return a decorator that adds what a provider does, and the words of its cause."""

    def add(spoil: Callable[[Provider, str], None]) -> None:
        CAUSES[name] = (spoil, words)

    return add


@case("issuer of the token", "“https://evil.example” as iss, not “http://127.0.0.1:")
def _(provider: Provider, nonce: str) -> None:
    provider.token = signed(provider.claims(nonce, iss="https://evil.example"))


@case("clock ahead", "expired 3")
def _(provider: Provider, nonce: str) -> None:
    now = int(time.time())
    provider.token = signed(provider.claims(nonce, iat=now - 900, exp=now - 300))


@case("clock behind", "seconds in the future: the clocks of this server and of")
def _(provider: Provider, nonce: str) -> None:
    now = int(time.time())
    provider.token = signed(provider.claims(nonce, iat=now + 500, exp=now + 900))


@case("algorithm", "signed with “HS256”. Akin accepts")
def _(provider: Provider, nonce: str) -> None:
    provider.token = signed(provider.claims(nonce), "HS256", OctKey.import_key(SECRET))


@case("signature", "does not match the keys")
def _(provider: Provider, nonce: str) -> None:
    provider.token = signed(provider.claims(nonce), "RS256", FOREIGN_KEY)


@case("nonce", "belongs to another sign-in")
def _(provider: Provider, _nonce: str) -> None:
    provider.token = signed(provider.claims("another"))


@case("no subject", "no claim “sub”")
def _(provider: Provider, nonce: str) -> None:
    provider.token = signed(provider.claims(nonce, sub=None))


@case("client secret", "AKIN_OIDC_CLIENT_SECRET")
def _(provider: Provider, _nonce: str) -> None:
    provider.statuses["/token"] = 401
    provider.token_error = {"error": "invalid_client", "error_description": SECRET}


@case("redirect URI", "http://localhost/sign-in/returned")
def _(provider: Provider, _nonce: str) -> None:
    provider.statuses["/token"] = 400
    provider.token_error = {"error": "invalid_grant", "error_description": "redirect_uri differs"}


@case("code", "too old, or used")
def _(provider: Provider, _nonce: str) -> None:
    provider.statuses["/token"] = 400
    provider.token_error = {"error": "invalid_grant"}


@case("fault of the provider", "/token responded with the status 503")
def _(provider: Provider, _nonce: str) -> None:
    provider.statuses["/token"] = 503


@case("no ID token", "sent no ID token")
def _(provider: Provider, _nonce: str) -> None:
    provider.token_error = {"access_token": "a", "token_type": "Bearer"}


@pytest.mark.parametrize("name", CAUSES)
def test_causes(
    client: FlaskClient, provider: Provider, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    """The actual cause is on the page and in the log, the secret in neither."""
    spoil, words = CAUSES[name]
    state, nonce = start_sign_in(client)
    spoil(provider, nonce)
    response = finish_sign_in(client, state)
    assert response.status_code == 502
    assert words in message(response)
    assert words in caplog.text
    assert SECRET not in response.text + caplog.text
    assert not is_signed_in(client)


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("access_denied", "was cancelled"),
        ("invalid_scope", "AKIN_OIDC_SCOPES"),
        ("unauthorized_client", "AKIN_OIDC_CLIENT_ID"),
        ("server_error", "a fault of its own"),
        ("temporarily_unavailable", "not available at the moment"),
        ("login_required", "Start again"),
        ("of_its_own", "“of_its_own”"),
    ],
)
def test_errors_in_the_redirect(
    client: FlaskClient, caplog: pytest.LogCaptureFixture, code: str, words: str
) -> None:
    """The provider's reason is named, and the target is kept."""
    state, _ = start_sign_in(client, "/tags")
    response = client.get("/sign-in/returned", query_string={"error": code, "state": state})
    assert words in message(response)
    assert words in caplog.text
    link = BeautifulSoup(response.data, "html.parser").select_one(".sign-in a.button")
    assert link is not None
    assert link["href"] == "/sign-in/begin?next=%2Ftags"


@pytest.mark.parametrize(
    ("claims", "words"),
    [
        ({"email_verified": False}, "ada@studio.example is not verified"),
        ({"email_verified": "true"}, "AKIN_OIDC_EMAIL_VERIFIED=text"),
        ({"email_verified": None}, "AKIN_OIDC_EMAIL_VERIFIED=optional"),
        ({"email": "max@other.example", "groups": ["editors"]}, "“other.example”"),
        ({"email": "max@other.example", "groups": ["editors"]}, "editors"),
    ],
    ids=str,
)
def test_reasons_of_a_refusal(
    client: FlaskClient,
    provider: Provider,
    caplog: pytest.LogCaptureFixture,
    claims: dict[str, Any],
    words: str,
) -> None:
    """An account that is not admitted learns why, and so does the administrator."""
    response = completed(client, provider, **claims)
    assert response.status_code == 403
    assert words in message(response)
    assert words in caplog.text


def test_settings_of_admission(make: Make, provider: Provider) -> None:
    """They reach the rules."""
    client = make(oidc_email_verified="text")
    assert completed(client, provider, email_verified="true").status_code == 303
    client = make(oidc_domains=(), oidc_groups_claim=("realm_access.roles",))
    roles = {"roles": ["artists"]}
    assert completed(client, provider, realm_access=roles).status_code == 303


def test_groups_of_userinfo(make: Make, provider: Provider) -> None:
    """Groups that are not in the ID token are requested, within claims as well."""
    provider.userinfo = {"sub": "1", "realm_access": {"roles": "/artists"}}
    client = make(oidc_domains=(), oidc_groups_claim=("realm_access.roles",))
    assert completed(client, provider).status_code == 303


def test_client_secret_in_the_form(make: Make, provider: Provider) -> None:
    """A provider that accepts the secret in the form only gets it there."""
    provider.metadata["token_endpoint_auth_methods_supported"] = ["client_secret_post"]
    assert completed(make(), provider).status_code == 303
    assert [SECRET] in [form.get("client_secret") for form in provider.forms]


def checked(client: FlaskClient) -> str:
    """Return what the check of the configuration says; "" where it fails."""
    backend: AuthBackend = client.application.extensions["akin.guard"].backend
    try:
        return backend.check_configuration()
    except Exception as error:  # noqa: BLE001 - its text is compared
        return f"FAILED {error}"


@pytest.mark.parametrize(
    ("metadata", "words"),
    [
        ({}, "answers as AKIN_OIDC_ISSUER"),
        ({"scopes_supported": ["openid", "email"]}, "does not list the scopes profile"),
        ({"issuer": "https://login.example/realms/x"}, "FAILED"),
        ({"issuer": "https://login.example/realms/x"}, "https://login.example/realms/x"),
        ({"token_endpoint": None}, "does not name token_endpoint"),
        ({"jwks_uri": 7}, "does not name jwks_uri"),
        ({"id_token_signing_alg_values_supported": ["HS256"]}, "with HS256 only"),
        ({"response_types_supported": ["id_token"]}, "response type “code”"),
    ],
    ids=str,
)
def test_check_of_the_metadata(
    client: FlaskClient, provider: Provider, metadata: dict[str, Any], words: str
) -> None:
    """`python -m app check` reports what the metadata shows."""
    provider.metadata |= metadata
    assert words in checked(client)


def test_check_names_both_issuers(client: FlaskClient, provider: Provider) -> None:
    """The check and the page of the sign-in name the setting's value and the provider's."""
    provider.metadata["issuer"] = "https://login.example/realms/x"
    for text in (checked(client), message(client.get("/sign-in/begin"))):
        assert provider.issuer in text
        assert "https://login.example/realms/x" in text
    provider.metadata["issuer"] = provider.issuer  # is read again
    assert client.get("/sign-in/begin").status_code == 302


@pytest.mark.parametrize("difference", [-600, 600])
def test_check_of_the_clock(client: FlaskClient, provider: Provider, difference: int) -> None:
    """The Date header of the provider is compared with this machine's clock."""
    provider.date = email.utils.formatdate(time.time() + difference, usegmt=True)
    text = checked(client)
    assert text.startswith("FAILED")
    assert ("behind" if difference > 0 else "ahead of") in text
    assert any(f"{seconds} seconds" in text for seconds in range(598, 605))


@pytest.mark.parametrize("status", [404, 500])
def test_check_of_the_address(client: FlaskClient, provider: Provider, status: int) -> None:
    """An address without metadata is named with its status."""
    path = "/.well-known/openid-configuration"
    provider.statuses[path] = status
    assert f"{provider.issuer}{path} responded with the status {status}" in checked(client)


def test_headers_of_an_account_with_a_long_name(provider: Provider, make: Make) -> None:
    """The cookie of the session, the target and the policy of many origins have 4 kB together."""
    origins = tuple(f"https://cdn-{n}.storage.studio.example" for n in range(12))
    client = make(media_origins=origins, oidc_domains=("*",))
    letters = [chr(0x4E00 + (n * 7919) % 20_000) for n in range(400)]
    claims = {"email": "".join(letters[:200]), "name": "".join(letters[200:])}
    target = "/?query=" + "a" * 1100
    response = completed(client, provider, target, **claims)
    assert response.location == target
    size = sum(len(f"{name}: {value}\r\n") for name, value in response.headers)
    assert size < 4000
    shown = client.get("/").text
    assert "".join(letters[200:240]) in shown
