"""Signing in with an OpenID provider: discovery, code flow with PKCE, who of it may come in.

Authlib speaks the protocol; here is what is asked and what is made of the answer. Sources: OpenID
Connect Core 1.0, RP-Initiated Logout 1.0 and Back-Channel Logout 1.0.
"""

from __future__ import annotations

import hashlib
import logging
import time
from typing import TYPE_CHECKING, Any, ClassVar, Final
from urllib.parse import urlencode, urlsplit

import requests
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.base_client.errors import MismatchingStateError
from authlib.integrations.flask_client import FlaskOAuth2App, OAuth
from authlib.integrations.requests_client import OAuth2Session
from flask import session, url_for
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet
from joserfc.jws import JWSRegistry

from app import observing
from app.auth.ended import Ended
from app.auth.modes import SINCE, STAMP, WithSession
from app.auth.user import User
from app.connecting import TimedAdapter
from app.errors import NotAdmitted, SignInFailed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from flask import Flask
    from werkzeug.wrappers import Response

    from app.shelves import Shelf
    from config import Settings

log = logging.getLogger(__name__)

TIMEOUT: Final = 10.0  # seconds for one answer of the provider
NEXT: Final = "next"
MOST_BEGUN: Final = 3  # sign-ins begun at once: each takes room in the cookie
EVERYBODY: Final = "*"
LEEWAY: Final = 120  # seconds that clocks may differ
_LOGOUT: Final = "http://schemas.openid.net/event/backchannel-logout"
_KEYS_AGAIN: Final = 60.0  # seconds until its keys are asked for again for a key that is not known
_ALGORITHMS: Final = frozenset(
    f"{family}{bits}" for family in ("RS", "PS", "ES") for bits in (256, 384, 512)
) | {"EdDSA", "Ed25519"}
_TROUBLE: Final = (
    AuthlibBaseError,
    JoseError,
    requests.RequestException,
    RuntimeError,  # metadata without an endpoint
    KeyError,
    TypeError,
    ValueError,
)


class _Session(OAuth2Session):
    """Authlib's, whose time-outs are those of whole answers."""

    def __init__(self, *rest: Any, **named: Any) -> None:
        super().__init__(*rest, **named)
        for scheme in ("https://", "http://"):
            self.mount(scheme, TimedAdapter())


class _App(FlaskOAuth2App):
    client_cls = _Session


class _OAuth(OAuth):
    oauth2_client_cls = _App


class Oidc(WithSession):
    """`oidc`: accounts of a provider, in the allowed domains or groups."""

    name: ClassVar[str] = "oidc"

    def __init__(self, app: Flask, settings: Settings, shelf: Shelf) -> None:
        """Register with Authlib; the provider is asked when somebody signs in.

        What it has ended is known to all who share the shelf.
        """
        super().__init__(hours=settings.session_hours)
        self._issuer = settings.oidc_issuer
        self._client_id = settings.oidc_client_id
        self._domains = frozenset(domain.casefold() for domain in settings.oidc_domains)
        self._groups = frozenset(settings.oidc_groups)
        self._ended = Ended.of(settings, shelf)
        self._keys_due = 0.0
        register: Any = _OAuth(app).register  # it has no types
        self._client: Any = register(
            "akin_oidc",
            client_id=settings.oidc_client_id,
            client_secret=settings.oidc_client_secret,
            server_metadata_url=f"{settings.oidc_issuer}/.well-known/openid-configuration",
            client_kwargs={
                "scope": " ".join(settings.oidc_scopes),
                "code_challenge_method": "S256",
                "default_timeout": TIMEOUT,
            },
        )

    @property
    def provider(self) -> str:
        """Where one signs in, for people."""
        return urlsplit(self._issuer).netloc

    def begin(self, target: str) -> Response:
        """Lead to the provider; `target` is the path to come back to. Raises SignInFailed."""
        begun = [key for key in session if key.startswith("_state_")]
        for key in begun[: 1 - MOST_BEGUN]:
            session.pop(key)
        session[NEXT] = target
        try:
            self._metadata()
            callback = url_for("sign_in.returned", _external=True)
            answer: Response = self._client.authorize_redirect(callback)
        except _TROUBLE as error:
            raise self._failed("The sign-in service cannot be reached.", error) from error
        return answer

    def finish(self) -> str:
        """Sign in whoever the provider sent back; answers the path to go on to.

        Raises SignInFailed, or NotAdmitted for an account that may not come in.
        """
        target = str(session.get(NEXT) or "/")
        try:
            self._metadata()
            token = self._client.authorize_access_token()
            claims = self._claims(token)
        except MismatchingStateError as error:
            message = "This sign-in is too old, or was begun in another window."
            raise self._failed(message, error) from error
        except _TROUBLE as error:
            raise self._failed("The sign-in service did not confirm you.", error) from error
        user = User.called(
            claims.get("email") or claims.get("preferred_username") or claims["sub"],
            claims.get("name"),
        )
        if user is None or not self._admits(claims):
            session.clear()
            observing.SIGN_INS.labels(self.name, "not-admitted").inc()
            name = user.id if user else "This account"
            raise NotAdmitted(f"{name} is not in a domain or group that may come in.")
        self.enter(user, ".".join(self._names(claims)))
        return target

    def end(self, token: str) -> None:
        """End what a logout token of the provider names: an account's sign-ins, or one of them.

        Raises SignInFailed where the token is none, or for somebody else.
        """
        try:
            claims = self._verified(token)
            if _LOGOUT not in dict(claims["events"]):
                raise ValueError("it is about something else")
            if "nonce" in claims:
                raise ValueError("it is of a sign-in")
            names = self._names(claims)
            # One sign-in alone where it is named, though whose it is stands there, too.
            ended = [name for name in names if name.startswith("sid")] or names
            if not ended:
                raise ValueError("it names nobody")
        except _TROUBLE as error:
            raise self._failed("This ends no sign-in.", error) from error
        self._ended.end(ended)
        observing.SIGN_INS.labels(self.name, "ended-by-provider").inc()

    def _verified(self, token: str) -> dict[str, Any]:
        """The claims of a token that the provider has signed for us, a short while ago."""
        algorithms = self._metadata()["id_token_signing_alg_values_supported"]
        registry = JWSRegistry(algorithms=algorithms, strict_check_header=False)
        keys = KeySet.import_key_set(self._client.fetch_jwk_set())
        try:
            found = jwt.decode(token, key=keys, registry=registry)
        except InvalidKeyIdError:
            if time.monotonic() < self._keys_due:
                raise
            self._keys_due = time.monotonic() + _KEYS_AGAIN
            keys = KeySet.import_key_set(self._client.fetch_jwk_set(force=True))
            found = jwt.decode(token, key=keys, registry=registry)
        jwt.JWTClaimsRegistry(
            leeway=LEEWAY,
            iss={"essential": True, "value": self._metadata()["issuer"]},
            aud={"essential": True, "value": self._client_id},
            iat={"essential": True},
        ).validate(found.claims)
        if (
            not isinstance(found.claims["iat"], int)
            or found.claims["iat"] < time.time() - 2 * LEEWAY
        ):
            raise ValueError("it is of long ago")
        return dict(found.claims)

    def _names(self, claims: Mapping[str, Any]) -> list[str]:
        """An account and one of its sign-ins at the provider, as `Ended` knows them."""
        return [
            kind + hashlib.sha256(f"{self._issuer} {value}".encode()).hexdigest()[:32]
            for kind in ("sub", "sid")
            if isinstance(value := claims.get(kind), str) and value
        ]

    def _is_still_known(self, user: User) -> bool:  # noqa: ARG002 - the session tells
        names = [name for name in str(session.get(STAMP, "")).split(".") if name]
        return not self._ended.has_ended(names, session[SINCE])

    def sign_out_url(self, back: str) -> str:
        """Where one signs out of the provider as well; empty where it has no such page.

        `back` is the whole address to return to.
        """
        try:
            end = self._metadata().get("end_session_endpoint")
        except _TROUBLE as error:
            log.warning("no way to sign out of the provider: %s", type(error).__name__)
            return ""
        if not isinstance(end, str):
            return ""
        query = {"client_id": self._client_id, "post_logout_redirect_uri": back}
        return f"{end}{'&' if '?' in end else '?'}{urlencode(query)}"

    def stamp(self, user: User) -> str | None:  # noqa: ARG002 - as Mode has it
        """Changes with the rules of who may come in: whom the provider drops, it does not tell."""
        rules = (self._issuer, self._client_id, sorted(self._domains), sorted(self._groups))
        return hashlib.sha256(repr(rules).encode()).hexdigest()[:16]

    def try_out(self) -> str:
        """Ask the provider what it is."""
        try:
            self._metadata()
        except _TROUBLE as error:
            message = f"{self._issuer} did not tell what it is: {type(error).__name__}"
            raise SignInFailed(message) from error
        return f"{self.provider} answers as AKIN_OIDC_ISSUER"

    def _metadata(self) -> dict[str, Any]:
        metadata: dict[str, Any] = self._client.load_server_metadata()
        if str(metadata.get("issuer", "")).rstrip("/") != self._issuer:
            raise ValueError("AKIN_OIDC_ISSUER is not what the provider calls itself")
        # Whatever it lists: no signature, and one with our own secret, prove nothing.
        listed = metadata.get("id_token_signing_alg_values_supported") or ["RS256"]
        metadata["id_token_signing_alg_values_supported"] = [a for a in listed if a in _ALGORITHMS]
        return metadata

    def _claims(self, token: Mapping[str, Any]) -> dict[str, Any]:
        """The signed claims, completed from the userinfo endpoint where they are short."""
        claims = dict(token["userinfo"])
        wanted = {"email", "name"} | ({"groups"} if self._groups else set())
        if not wanted <= claims.keys() and "userinfo_endpoint" in self._client.server_metadata:
            more = dict(self._client.userinfo(token=token))
            if more.get("sub") != claims["sub"]:
                raise ValueError("userinfo is about somebody else")
            claims = more | claims
        return claims

    def _admits(self, claims: Mapping[str, Any]) -> bool:
        groups = claims.get("groups")
        if isinstance(groups, list) and self._groups & {g for g in groups if isinstance(g, str)}:
            return True
        if EVERYBODY in self._domains:
            return True
        email = claims.get("email")
        if not isinstance(email, str) or claims.get("email_verified") is not True:
            return False
        name, at, domain = email.partition("@")
        return bool(name and at) and domain.casefold() in self._domains

    def _failed(self, message: str, error: Exception) -> SignInFailed:
        observing.SIGN_INS.labels(self.name, "failed").inc()
        # The class alone: an error's text may quote what was sent, the secret among it.
        log.warning("sign-in failed: %s", type(error).__name__)
        return SignInFailed(message)
