"""A simulated OpenID provider, whose every response a test can choose, and clients that use it."""

from __future__ import annotations

import base64
import hmac
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

from tests.support.scenario_api import FakeAPI, make_app

if TYPE_CHECKING:
    from pathlib import Path

    from flask.testing import FlaskClient
    from werkzeug.test import TestResponse

CLIENT, SECRET = "akin", "secret-of-akin-at-the-provider-0123"
KEY = RSAKey.generate_key(2048, {"kid": "one"})
FOREIGN_KEY = RSAKey.generate_key(2048, {"kid": "one"})


class Provider:
    """Serves discovery, keys, tokens and userinfo that a test sets."""

    def __init__(self) -> None:
        """Listen on a free loopback port, with honest content."""
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def response(self) -> None:
                form = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
                provider.forms.append(parse_qs(form))
                path = urlsplit(self.path).path
                provider.requests.append(path)
                body = json.dumps(provider.documents()[path]).encode()
                self.send_response(provider.statuses.get(path, 200))
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_GET = do_POST = response

            def date_time_string(self, timestamp: float | None = None) -> str:
                return provider.date or super().date_time_string(timestamp)

            def log_message(self, *_: object) -> None:
                """Log nothing."""

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
        self.token_error: dict[str, str] = {}  # sent instead of a token
        self.statuses: dict[str, int] = {}  # of a path, where it is not 200
        self.date = ""  # of the responses; empty: now
        self.requests: list[str] = []  # paths
        self.forms: list[dict[str, list[str]]] = []  # of the requests
        self.token = ""

    def claims(self, nonce: str, /, **changes: Any) -> dict[str, Any]:
        """Return honest claims with the changes applied; None removes a claim."""
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

    def documents(self) -> dict[str, Any]:
        """Return the JSON of every path."""
        return {
            "/.well-known/openid-configuration": self.metadata,
            "/keys": {"keys": [KEY.as_dict(private=False)]},
            "/token": self.token_error
            or {"access_token": "a", "token_type": "Bearer", "id_token": self.token},
            "/userinfo": self.userinfo,
        }

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def make_client(issuer: str, data: Path, **settings: Any) -> FlaskClient:
    """Return a client of an Akin that trusts a provider and admits some of its accounts."""
    app = make_app(
        FakeAPI(),
        data,
        auth="oidc",
        oidc_issuer=issuer,
        oidc_client_id=CLIENT,
        oidc_client_secret=SECRET,
        **settings,
    )
    return app.test_client()


def signed(claims: dict[str, Any], algorithm: str = "RS256", key: Any = KEY) -> str:
    """Return a signed token."""
    return jwt.encode({"alg": algorithm, "kid": "one"}, claims, key, algorithms=[algorithm])


def signed_by_hand(claims: dict[str, Any], algorithm: str, key: bytes) -> str:
    """Return a token that no library makes: unsigned, or signed with a public key as secret."""
    parts = [json.dumps(part).encode() for part in ({"alg": algorithm, "kid": "one"}, claims)]
    text = b".".join(base64.urlsafe_b64encode(part).rstrip(b"=") for part in parts)
    tag = hmac.digest(key, text, "sha256") if key else b""
    return (text + b"." + base64.urlsafe_b64encode(tag).rstrip(b"=")).decode()


def start_sign_in(client: FlaskClient, target: str = "/?query=asset") -> tuple[str, str]:
    """Start a sign-in; return state and nonce."""
    response = client.get("/sign-in/begin", query_string={"next": target})
    location = str(response.location)
    query = parse_qs(urlsplit(location).query)
    return query["state"][0], query["nonce"][0]


def finish_sign_in(client: FlaskClient, state: str) -> TestResponse:
    """Return from the provider."""
    return client.get(f"/sign-in/returned?{urlencode({'code': 'c', 'state': state})}")


def is_signed_in(client: FlaskClient) -> bool:
    """Return whether the first page opens."""
    return client.get("/").status_code == 200
