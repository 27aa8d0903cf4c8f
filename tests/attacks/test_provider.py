"""Attacks by an OpenID provider, or between it and Akin."""

from __future__ import annotations

import secrets
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import pytest
from joserfc.jwk import OctKey

from app.auth.cookies import sign_in_cookie_name
from tests.faults import Upstream
from tests.support.scenario_api import FakeAPI, make_app
from tests.support.simulated_provider import (
    CLIENT,
    FOREIGN_KEY,
    KEY,
    SECRET,
    Provider,
    finish_sign_in,
    is_signed_in,
    make_client,
    signed,
    signed_by_hand,
    start_sign_in,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from flask.testing import FlaskClient


@pytest.fixture
def provider() -> Iterator[Provider]:
    """A provider for one test."""
    provider = Provider()
    yield provider
    provider.close()


@pytest.fixture
def client(provider: Provider, tmp_path: Path) -> FlaskClient:
    """A client of an Akin that trusts this provider."""
    domains, groups = ("studio.example",), ("artists",)
    return make_client(provider.issuer, tmp_path, oidc_domains=domains, oidc_groups=groups)


def test_honest_provider(client: FlaskClient, provider: Provider) -> None:
    """Honest claims sign a user in: the refusals below have other reasons."""
    state, nonce = start_sign_in(client)
    provider.token = signed(provider.claims(nonce))
    response = finish_sign_in(client, state)
    assert (response.status_code, response.location) == (303, "/?query=asset")
    assert is_signed_in(client)


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "https://evil.example"},
        {"aud": "another-client"},
        {"aud": None},
        {"exp": 1_700_000_000},
        {"exp": None},
        {"nonce": "of-another-sign-in"},
        {"nonce": None},
        {"sub": None},
    ],
    ids=lambda changes: " ".join(f"{name} {value}" for name, value in changes.items()),
)
def test_wrong_claims(client: FlaskClient, provider: Provider, changes: dict[str, Any]) -> None:
    """A token for another client, from another issuer, of another time or sign-in is refused."""
    state, nonce = start_sign_in(client)
    provider.token = signed(provider.claims(nonce, **changes))
    assert finish_sign_in(client, state).status_code == 502
    assert not is_signed_in(client)


def test_wrong_signatures(client: FlaskClient, provider: Provider) -> None:
    """Refused: another key, the client secret, the public key as secret, no signature."""
    ours = OctKey.import_key(SECRET)
    public = KEY.as_pem(private=False)
    for make in (
        lambda claims: signed(claims, "RS256", FOREIGN_KEY),
        lambda claims: signed(claims, "HS256", ours),
        lambda claims: signed_by_hand(claims, "none", b""),
        lambda claims: signed_by_hand(claims, "None", b""),
        lambda claims: signed_by_hand(claims, "HS256", public),
    ):
        state, nonce = start_sign_in(client)
        provider.token = make(provider.claims(nonce))
        assert finish_sign_in(client, state).status_code == 502
        assert not is_signed_in(client)


@pytest.mark.parametrize("token", ["", "x", "e30.e30.", "null", "a.b.c"])
def test_invalid_token(client: FlaskClient, provider: Provider, token: str) -> None:
    """A response without a token is refused."""
    state, _ = start_sign_in(client)
    provider.token = token
    assert finish_sign_in(client, state).status_code == 502
    assert not is_signed_in(client)


@pytest.mark.parametrize(
    ("changes", "is_admitted"),
    [
        ({"email_verified": False}, False),
        ({"email_verified": "true"}, False),
        ({"email_verified": None}, False),
        ({"email": "ada@studio.example.evil.example"}, False),
        ({"email": "ada@evilstudio.example"}, False),
        ({"email": "ada@studio.example@evil.example"}, False),
        ({"email": "studio.example"}, False),
        ({"email": ["ada@studio.example"]}, False),
        ({"email": None}, False),
        ({"email": "ADA@STUDIO.EXAMPLE"}, True),
        ({"email": None, "groups": ["artists"]}, True),
        ({"email": None, "groups": "artists"}, True),
        ({"email": None, "groups": [["artists"], {"artists": 1}]}, False),
    ],
    ids=str,
)
def test_who_is_admitted(
    client: FlaskClient, provider: Provider, changes: dict[str, Any], *, is_admitted: bool
) -> None:
    """Admitted: a verified address of exactly that domain, or a group of exactly that name."""
    state, nonce = start_sign_in(client)
    provider.token = signed(provider.claims(nonce, **changes))
    response = finish_sign_in(client, state)
    assert response.status_code == (303 if is_admitted else 403)
    assert is_signed_in(client) is is_admitted


def test_userinfo_of_another_account(client: FlaskClient, provider: Provider) -> None:
    """Userinfo of another account is refused."""
    provider.userinfo = {"sub": "2", "email": "ada@studio.example", "email_verified": True}
    state, nonce = start_sign_in(client)
    provider.token = signed(provider.claims(nonce, email=None))
    assert finish_sign_in(client, state).status_code == 502
    assert not is_signed_in(client)


@pytest.mark.parametrize(
    ("signed_in", "userinfo", "is_admitted"),
    [
        # An unverified address that the user may choose, beside another that is verified.
        ({"email_verified": None}, {"email": "x@elsewhere.example", "email_verified": True}, False),
        ({"email_verified": None}, {"email_verified": True}, False),
        ({"email_verified": False}, {"email": "ada@studio.example", "email_verified": True}, False),
        ({"email": None}, {"email": "ada@studio.example"}, False),
        ({"email": None}, {"email": "ada@studio.example", "email_verified": False}, False),
        ({"email": None, "email_verified": None}, {"email": "ada@studio.example"}, False),
        ({"email": None, "email_verified": None}, {"email_verified": True}, False),
        # All of it in one of the two.
        ({"email_verified": None}, {"email": "ada@studio.example", "email_verified": True}, True),
        ({"email": None}, {"email": "ada@studio.example", "email_verified": True}, True),
    ],
    ids=str,
)
def test_an_address_and_its_verification_are_of_one_source(
    client: FlaskClient,
    provider: Provider,
    signed_in: dict[str, Any],
    userinfo: dict[str, Any],
    *,
    is_admitted: bool,
) -> None:
    """`email_verified` of the ID token says nothing about the `email` of userinfo."""
    provider.userinfo = {"sub": "1", **userinfo}
    state, nonce = start_sign_in(client)
    provider.token = signed(provider.claims(nonce, name=None, **signed_in))
    assert finish_sign_in(client, state).status_code == (303 if is_admitted else 403)
    assert is_signed_in(client) is is_admitted


@pytest.mark.parametrize(
    "email", ["ada\x00@studio.example", "ada\n@studio.example", "ad\u202ea@studio.example"]
)
def test_control_characters_in_an_address(
    client: FlaskClient, provider: Provider, email: str
) -> None:
    """An address with control characters is refused: cleaned it would be another account's."""
    state, nonce = start_sign_in(client)
    provider.token = signed(provider.claims(nonce, email=email))
    assert finish_sign_in(client, state).status_code == 403
    assert not is_signed_in(client)


def test_response_of_another_provider(client: FlaskClient, provider: Provider) -> None:
    """A redirect that names another issuer is refused (RFC 9207)."""
    for issuer in ("https://evil.example", provider.issuer + "/", ""):
        state, nonce = start_sign_in(client)
        provider.token = signed(provider.claims(nonce))
        query = urlencode({"code": "c", "state": state, "iss": issuer})
        assert client.get(f"/sign-in/returned?{query}").status_code == 502
        assert not is_signed_in(client)
    state, nonce = start_sign_in(client)
    provider.token = signed(provider.claims(nonce))
    query = urlencode({"code": "c", "state": state, "iss": provider.issuer})
    assert client.get(f"/sign-in/returned?{query}").status_code == 303


def test_response_without_issuer(client: FlaskClient, provider: Provider) -> None:
    """A provider that promises `iss` in redirects has to send it."""
    provider.metadata["authorization_response_iss_parameter_supported"] = True
    state, nonce = start_sign_in(client)
    provider.token = signed(provider.claims(nonce))
    assert finish_sign_in(client, state).status_code == 502
    assert not is_signed_in(client)


def test_provider_that_never_ends_its_headers(tmp_path: Path) -> None:
    """A provider that sends a byte now and then: the sign-in fails after AKIN_TIMEOUT."""
    with Upstream(drip=0.01) as upstream:
        upstream.always("slow-headers", on="/.well-known")
        client = make_client(upstream.origin, tmp_path, oidc_domains=("*",), timeout=0.3)
        assert client.get("/sign-in/begin").status_code == 502


def test_other_issuer_in_metadata(client: FlaskClient, provider: Provider) -> None:
    """Metadata with another issuer than AKIN_OIDC_ISSUER is refused."""
    provider.metadata["issuer"] = "https://evil.example"
    assert client.get("/sign-in/begin").status_code == 502


def test_redirect_is_accepted_once(client: FlaskClient, provider: Provider) -> None:
    """A redirect is accepted once, in the browser that started the sign-in."""
    state, nonce = start_sign_in(client)
    provider.token = signed(provider.claims(nonce))
    other = client.application.test_client()
    assert finish_sign_in(other, state).status_code == 502
    assert not is_signed_in(other)
    assert finish_sign_in(client, state).status_code == 303
    client.post("/sign-out", headers={"Origin": "http://localhost"})
    assert finish_sign_in(client, state).status_code == 502
    assert not is_signed_in(client)


def test_earlier_session_is_dropped(client: FlaskClient, provider: Provider) -> None:
    """Content of the session from before the sign-in is dropped."""
    with client.session_transaction() as session:
        session["planted"] = "by another site"
    state, nonce = start_sign_in(client)
    provider.token = signed(provider.claims(nonce))
    finish_sign_in(client, state)
    with client.session_transaction() as session:
        assert sorted(session) == ["_permanent", "backend", "fingerprint", "id", "started", "user"]


def test_many_started_sign_ins(client: FlaskClient) -> None:
    """Sign-ins that are started and never finished do not fill the header of cookies."""
    states = [start_sign_in(client, "/?query=" + "a" * 500)[0] for _ in range(9)]
    with client.application.test_request_context("/sign-in/begin"):
        name = sign_in_cookie_name("akin-started")
    kept = [client.get_cookie(f"{name}-{state[:12]}", path="/sign-in") for state in states]
    assert [cookie is not None for cookie in kept] == [False] * 4 + [True] * 5
    assert sum(len(cookie.value) for cookie in kept if cookie) < 6000


def test_error_text_is_not_shown(client: FlaskClient) -> None:
    """An error text in the redirect is not shown."""
    state, _ = start_sign_in(client)
    query = {"error": "<script>", "error_description": "<script>alert(1)</script>", "state": state}
    response = client.get(f"/sign-in/returned?{urlencode(query)}")
    assert response.status_code == 502
    assert "<script>alert" not in response.text


EVENT = "http://schemas.openid.net/event/backchannel-logout"


def logout(provider: Provider, /, **changes: Any) -> dict[str, Any]:
    """Return the claims of an honest logout token with the changes applied."""
    now = int(time.time())
    honest = {
        "iss": provider.issuer,
        "aud": CLIENT,
        "sub": "1",
        "iat": now,
        "exp": now + 120,
        "jti": secrets.token_hex(8),
        "events": {EVENT: {}},
    }
    return {name: value for name, value in (honest | changes).items() if value is not None}


def signed_in(client: FlaskClient, provider: Provider, **claims: Any) -> None:
    """Sign in as account 1."""
    state, nonce = start_sign_in(client)
    provider.token = signed(provider.claims(nonce, **claims))
    finish_sign_in(client, state)
    assert is_signed_in(client)


def send_logout(client: FlaskClient, token: str) -> int:
    """Send a logout token without a cookie; return the status."""
    other = client.application.test_client()
    response = other.post("/sign-out/provider", data={"logout_token": token})
    assert response.headers["Cache-Control"] == "no-store"
    return response.status_code


@pytest.mark.parametrize(
    ("session", "token", "ends"),
    [
        ({}, {}, True),
        ({"sid": "a"}, {}, True),
        ({"sid": "a"}, {"sid": "a"}, True),
        ({"sid": "a"}, {"sid": "a", "sub": None}, True),
        ({"sid": "a"}, {"sid": "b"}, False),
        ({"sid": "a"}, {"sub": "2"}, False),
        ({"sid": "1"}, {"sid": None, "sub": "a"}, False),
        ({}, {"exp": None}, True),
    ],
    ids=str,
)
def test_back_channel_logout(
    client: FlaskClient,
    provider: Provider,
    session: dict[str, Any],
    token: dict[str, Any],
    *,
    ends: bool,
) -> None:
    """A token ends all sessions of an account, or the one it names, but no later one."""
    signed_in(client, provider, **session)
    assert send_logout(client, signed(logout(provider, **token))) == 200
    assert is_signed_in(client) is not ends
    signed_in(client.application.test_client(), provider, **session)


def test_invalid_logout_tokens(client: FlaskClient, provider: Provider) -> None:
    """Refused: another key, issuer, client or event, an ID token, an old token, no account."""
    signed_in(client, provider)
    good = logout(provider)
    tokens = [
        signed(good, "RS256", FOREIGN_KEY),
        signed(good, "HS256", OctKey.import_key(SECRET)),
        signed_by_hand(good, "none", b""),
        signed_by_hand(good, "HS256", KEY.as_pem(private=False)),
        signed(provider.claims("nonce")),
        *(
            signed(logout(provider, **changes))
            for changes in (
                {"iss": "https://evil.example"},
                {"aud": "another-client"},
                {"events": None},
                {"events": {}},
                {"events": [EVENT]},
                {"events": "x"},
                {"nonce": "a"},
                {"sub": None},
                {"sub": 1},
                {"jti": None},
                {"iat": None},
                {"iat": int(time.time()) - 3600},
                {"iat": int(time.time()) + 3600},
                {"exp": 1_700_000_000},
            )
        ),
        *("", "x", "e30.e30.", "a.b.c", "é" * 10),
    ]
    assert [send_logout(client, token) for token in tokens] == [400] * len(tokens)
    assert is_signed_in(client)


def test_logout_token_is_accepted_once(client: FlaskClient, provider: Provider) -> None:
    """A logout token that is sent again does not end a later session."""
    token = signed(logout(provider))
    assert send_logout(client, token) == 200
    signed_in(client, provider)
    assert send_logout(client, token) == 400
    assert is_signed_in(client)


def test_no_back_channel_without_a_provider(tmp_path: Path) -> None:
    """Without a provider the URL responds with 404."""
    client = make_app(FakeAPI(), tmp_path, auth="password").test_client()
    assert client.post("/sign-out/provider", data={"logout_token": "x"}).status_code == 404
