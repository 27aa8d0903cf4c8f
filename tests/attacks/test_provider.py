"""A provider, or somebody between it and Akin, whose answers should let nobody in."""

from __future__ import annotations

import base64
import hmac
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey

from app.auth import oidc
from tests.faults import Upstream
from tests.pages.wire import Wire, make_app

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from flask.testing import FlaskClient
    from werkzeug.test import TestResponse

CLIENT, SECRET = "akin", "secret-of-akin-at-the-provider-0123"
KEY = RSAKey.generate_key(2048, {"kid": "one"})
FOREIGN_KEY = RSAKey.generate_key(2048, {"kid": "one"})


class Provider:
    """Answers discovery, keys, tokens and userinfo as a test wants it to."""

    def __init__(self) -> None:
        """Listen on a free port of loopback; honest until told otherwise."""
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def answer(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length", 0)))
                body = json.dumps(provider.answers()[urlsplit(self.path).path]).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_GET = do_POST = answer

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.issuer = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()
        self.metadata: dict[str, Any] = {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/auth",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
            "userinfo_endpoint": f"{self.issuer}/userinfo",
            "id_token_signing_alg_values_supported": ["RS256", "HS256", "none"],
        }
        self.userinfo: dict[str, Any] = {"sub": "1"}
        self.token = ""

    def claims(self, nonce: str, /, **changes: Any) -> dict[str, Any]:
        """Honest claims, but for the changes."""
        now = int(time.time())
        honest = {
            "iss": self.issuer,
            "aud": CLIENT,
            "sub": "1",
            "iat": now,
            "exp": now + 600,
            "nonce": nonce,
            "name": "Ada",
            "email": "ada@studio.example",
            "email_verified": True,
        }
        return {name: value for name, value in (honest | changes).items() if value is not None}

    def answers(self) -> dict[str, Any]:
        """Every path with its JSON."""
        return {
            "/.well-known/openid-configuration": self.metadata,
            "/keys": {"keys": [KEY.as_dict(private=False)]},
            "/token": {"access_token": "a", "token_type": "Bearer", "id_token": self.token},
            "/userinfo": self.userinfo,
        }

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture
def provider() -> Iterator[Provider]:
    """A provider of its own for each test."""
    made = Provider()
    yield made
    made.close()


def before(issuer: str, data: Path, **admitted: tuple[str, ...]) -> FlaskClient:
    """A browser before an Akin that believes a provider, and lets in some of its accounts."""
    app = make_app(
        Wire(),
        data,
        auth="oidc",
        oidc_issuer=issuer,
        oidc_client_id=CLIENT,
        oidc_client_secret=SECRET,
        **admitted,
    )
    return app.test_client()


@pytest.fixture
def client(provider: Provider, tmp_path: Path) -> FlaskClient:
    """A browser before an Akin that believes this provider."""
    domains, groups = ("studio.example",), ("artists",)
    return before(provider.issuer, tmp_path, oidc_domains=domains, oidc_groups=groups)


def signed(claims: dict[str, Any], algorithm: str = "RS256", key: Any = KEY) -> str:
    """A token."""
    return jwt.encode({"alg": algorithm, "kid": "one"}, claims, key, algorithms=[algorithm])


def by_hand(claims: dict[str, Any], algorithm: str, key: bytes) -> str:
    """A token that no library would make: without a signature, or with a public key as a secret."""
    parts = [json.dumps(part).encode() for part in ({"alg": algorithm, "kid": "one"}, claims)]
    text = b".".join(base64.urlsafe_b64encode(part).rstrip(b"=") for part in parts)
    tag = hmac.digest(key, text, "sha256") if key else b""
    return (text + b"." + base64.urlsafe_b64encode(tag).rstrip(b"=")).decode()


def begun(client: FlaskClient) -> tuple[str, str]:
    """Begin to sign in; answers state and nonce."""
    location = str(client.get("/sign-in/begin?next=/?query=asset").location)
    query = parse_qs(urlsplit(location).query)
    return query["state"][0], query["nonce"][0]


def returned(client: FlaskClient, state: str) -> TestResponse:
    """Come back from the provider."""
    return client.get(f"/sign-in/returned?{urlencode({'code': 'c', 'state': state})}")


def is_in(client: FlaskClient) -> bool:
    """Whether the first page opens."""
    return client.get("/").status_code == 200


def test_honest_provider(client: FlaskClient, provider: Provider) -> None:
    """With nothing wrong one is let in and led on: the refusals below are no accident."""
    state, nonce = begun(client)
    provider.token = signed(provider.claims(nonce))
    answer = returned(client, state)
    assert (answer.status_code, answer.location) == (303, "/?query=asset")
    assert is_in(client)


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
def test_claims_of_others(client: FlaskClient, provider: Provider, changes: dict[str, Any]) -> None:
    """A token for another client, from another issuer, of another time or sign-in."""
    state, nonce = begun(client)
    provider.token = signed(provider.claims(nonce, **changes))
    assert returned(client, state).status_code == 502
    assert not is_in(client)


def test_signatures_of_others(client: FlaskClient, provider: Provider) -> None:
    """By another key, with our own secret, with the public key as a secret, or not at all."""
    ours = OctKey.import_key(SECRET)
    public = KEY.as_pem(private=False)
    for make in (
        lambda claims: signed(claims, "RS256", FOREIGN_KEY),
        lambda claims: signed(claims, "HS256", ours),
        lambda claims: by_hand(claims, "none", b""),
        lambda claims: by_hand(claims, "None", b""),
        lambda claims: by_hand(claims, "HS256", public),
    ):
        state, nonce = begun(client)
        provider.token = make(provider.claims(nonce))
        assert returned(client, state).status_code == 502
        assert not is_in(client)


@pytest.mark.parametrize("token", ["", "x", "e30.e30.", "null", "a.b.c"])
def test_no_token_at_all(client: FlaskClient, provider: Provider, token: str) -> None:
    """An answer that has none in it."""
    state, _ = begun(client)
    provider.token = token
    assert returned(client, state).status_code == 502
    assert not is_in(client)


@pytest.mark.parametrize(
    ("changes", "let_in"),
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
        ({"email": None, "groups": "artists"}, False),
        ({"email": None, "groups": [["artists"], {"artists": 1}]}, False),
    ],
    ids=str,
)
def test_who_is_admitted(
    client: FlaskClient, provider: Provider, changes: dict[str, Any], *, let_in: bool
) -> None:
    """A verified address of exactly that domain, or a group of exactly that name."""
    state, nonce = begun(client)
    provider.token = signed(provider.claims(nonce, **changes))
    answer = returned(client, state)
    assert answer.status_code == (303 if let_in else 403)
    assert is_in(client) is let_in


def test_userinfo_of_somebody_else(client: FlaskClient, provider: Provider) -> None:
    """What completes a token is about whom the token is about."""
    provider.userinfo = {"sub": "2", "email": "ada@studio.example", "email_verified": True}
    state, nonce = begun(client)
    provider.token = signed(provider.claims(nonce, email=None))
    assert returned(client, state).status_code == 502
    assert not is_in(client)


def test_provider_that_never_ends_its_headers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A letter now and then is no answer: the page is told in time that there is none."""
    monkeypatch.setattr(oidc, "TIMEOUT", 0.3)
    with Upstream(drip=0.01) as upstream:
        upstream.always("slow-headers", on="/.well-known")
        client = before(upstream.origin, tmp_path, oidc_domains=("*",))
        assert client.get("/sign-in/begin").status_code == 502


def test_provider_that_calls_itself_another(client: FlaskClient, provider: Provider) -> None:
    """Discovery has to name the issuer that the settings name."""
    provider.metadata["issuer"] = "https://evil.example"
    assert client.get("/sign-in/begin").status_code == 502


def test_answer_is_good_once_and_here(client: FlaskClient, provider: Provider) -> None:
    """An answer cannot be used again, nor in a browser that did not begin."""
    state, nonce = begun(client)
    provider.token = signed(provider.claims(nonce))
    other = client.application.test_client()
    assert returned(other, state).status_code == 502
    assert not is_in(other)
    assert returned(client, state).status_code == 303
    client.post("/sign-out", headers={"Origin": "http://localhost"})
    assert returned(client, state).status_code == 502
    assert not is_in(client)


def test_session_of_before_is_not_kept(client: FlaskClient, provider: Provider) -> None:
    """Whatever stood in the cookie before the sign-in is gone after it."""
    with client.session_transaction() as session:
        session["planted"] = "by somebody else"
    state, nonce = begun(client)
    provider.token = signed(provider.claims(nonce))
    returned(client, state)
    with client.session_transaction() as session:
        assert sorted(session) == ["_permanent", "mode", "since", "stamp", "user"]


def test_many_sign_ins_begun(client: FlaskClient) -> None:
    """Sign-ins that are begun and never finished do not fill the cookie."""
    states = [begun(client)[0] for _ in range(8)]
    with client.session_transaction() as session:
        kept = [key for key in session if key.startswith("_state_")]
    assert len(kept) == 3
    assert any(states[-1] in key for key in kept)


def test_error_of_the_provider_stays_text(client: FlaskClient) -> None:
    """What somebody writes into the way back is not shown."""
    state, _ = begun(client)
    query = {"error": "<script>", "error_description": "<script>alert(1)</script>", "state": state}
    answer = client.get(f"/sign-in/returned?{urlencode(query)}")
    assert answer.status_code == 502
    assert "<script>alert" not in answer.text


EVENT = "http://schemas.openid.net/event/backchannel-logout"


def logout(provider: Provider, /, **changes: Any) -> dict[str, Any]:
    """The claims of an honest logout token, but for the changes."""
    now = int(time.time())
    honest = {
        "iss": provider.issuer,
        "aud": CLIENT,
        "sub": "1",
        "iat": now,
        "exp": now + 120,
        "jti": "one",
        "events": {EVENT: {}},
    }
    return {name: value for name, value in (honest | changes).items() if value is not None}


def signed_in(client: FlaskClient, provider: Provider, **claims: Any) -> None:
    """Sign in as the account 1."""
    state, nonce = begun(client)
    provider.token = signed(provider.claims(nonce, **claims))
    returned(client, state)
    assert is_in(client)


def told(client: FlaskClient, token: str) -> int:
    """What the provider is answered; it has no cookie."""
    other = client.application.test_client()
    answer = other.post("/sign-out/provider", data={"logout_token": token})
    assert answer.headers["Cache-Control"] == "no-store"
    return answer.status_code


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
def test_a_provider_ends_sign_ins(
    client: FlaskClient,
    provider: Provider,
    session: dict[str, Any],
    token: dict[str, Any],
    *,
    ends: bool,
) -> None:
    """All of an account, or the one that is named; a later one is another."""
    signed_in(client, provider, **session)
    assert told(client, signed(logout(provider, **token))) == 200
    assert is_in(client) is not ends
    signed_in(client, provider, **session)


def test_who_may_not_end_sign_ins(client: FlaskClient, provider: Provider) -> None:
    """Another key, issuer, client or event; a token of a sign-in, of long ago, for nobody."""
    signed_in(client, provider)
    good = logout(provider)
    tokens = [
        signed(good, "RS256", FOREIGN_KEY),
        signed(good, "HS256", OctKey.import_key(SECRET)),
        by_hand(good, "none", b""),
        by_hand(good, "HS256", KEY.as_pem(private=False)),
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
                {"iat": None},
                {"iat": int(time.time()) - 3600},
                {"iat": int(time.time()) + 3600},
                {"exp": 1_700_000_000},
            )
        ),
        *("", "x", "e30.e30.", "a.b.c", "é" * 10),
    ]
    assert [told(client, token) for token in tokens] == [400] * len(tokens)
    assert is_in(client)


def test_nobody_is_told_of_sign_outs_without_a_provider(tmp_path: Path) -> None:
    """There is no such address."""
    client = make_app(Wire(), tmp_path, auth="password").test_client()
    assert client.post("/sign-out/provider", data={"logout_token": "x"}).status_code == 404
