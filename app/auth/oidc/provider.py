"""Client of an OpenID provider: discovery, code flow with PKCE, ID tokens, logout tokens.

Authlib implements the code flow. Sources: OpenID Connect Core 1.0 and Discovery 1.0, Back-Channel
Logout 1.0, RFC 9207. Knows tokens and claims, nothing of sessions and of who may sign in.
"""

from __future__ import annotations

import base64
import email.utils
import json
import time
from typing import TYPE_CHECKING, Any, Final

import requests
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.flask_client import FlaskOAuth2App, OAuth
from authlib.integrations.requests_client import OAuth2Session
from joserfc import jwt
from joserfc.errors import ClaimError, InvalidKeyIdError, JoseError, UnsupportedAlgorithmError
from joserfc.jwk import KeySet
from joserfc.jws import JWSRegistry

from app.auth.oidc.admission import CONTRADICTED, EMAIL_CLAIMS
from app.auth.oidc.failures import CLIENT_ERRORS, ProviderFault
from app.network.deadline_adapter import DeadlineAdapter

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from flask import Flask

    from config import Settings

LEEWAY: Final = 120  # seconds that clocks may differ
ERRORS: Final = (
    ProviderFault,
    AuthlibBaseError,
    JoseError,
    requests.RequestException,
    RuntimeError,  # metadata without an endpoint
    AttributeError,
    KeyError,
    TypeError,
    ValueError,
)
ENDPOINTS: Final = ("authorization_endpoint", "token_endpoint", "jwks_uri")
_KEY_REFRESH_SECONDS: Final = 60.0  # between two downloads of keys for an unknown key id
_ALGORITHMS: Final = frozenset(
    f"{family}{bits}" for family in ("RS", "PS", "ES") for bits in (256, 384, 512)
) | {"EdDSA", "Ed25519"}
_SIGNING: Final = "id_token_signing_alg_values_supported"
_TIMES: Final = frozenset({"exp", "iat", "nbf"})


class _Session(OAuth2Session):
    """Authlib's session with deadlines for whole responses."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        for scheme in ("https://", "http://"):
            self.mount(scheme, DeadlineAdapter())


class _App(FlaskOAuth2App):
    client_cls = _Session


class _OAuth(OAuth):
    oauth2_client_cls = _App


class OidcProvider:
    """The provider of AKIN_OIDC_ISSUER. Methods raise one of ERRORS."""

    def __init__(self, app: Flask, settings: Settings) -> None:
        """Register with Authlib; the first request to the provider is made at a sign-in."""
        self.issuer = settings.oidc_issuer
        self.client_id = settings.oidc_client_id
        self.clock_difference: float | None = None  # seconds that this machine is ahead of it
        self._scopes = settings.oidc_scopes
        self._is_loaded = False
        self._next_key_refresh = 0.0
        self._options = {
            "scope": " ".join(settings.oidc_scopes),
            "code_challenge_method": "S256",
            "default_timeout": settings.timeout,
        }
        register: Any = _OAuth(app).register  # it has no types
        self._client: Any = register(
            "akin_oidc",
            client_id=settings.oidc_client_id,
            client_secret=settings.oidc_client_secret,
            client_kwargs=self._options,
        )

    def metadata(self, *, is_fresh: bool = False) -> dict[str, Any]:
        """Return the provider's metadata, loaded once; after a fault, and `is_fresh`, again."""
        if is_fresh or not self._is_loaded:
            self._client.server_metadata = self._loaded()
            self._is_loaded = True
        metadata: dict[str, Any] = self._client.server_metadata
        return metadata

    def forget_metadata(self) -> None:
        """Load the metadata again for the next request: the provider may have changed it."""
        self._is_loaded = False

    def _loaded(self) -> dict[str, Any]:
        url = f"{self.issuer}/.well-known/openid-configuration"
        with _Session(**self._options) as session:
            response = session.request("GET", url, withhold_token=True)
        response.raise_for_status()
        self.clock_difference = _ahead_of(response.headers.get("Date", ""))
        metadata = response.json()
        if not isinstance(metadata, dict):
            raise ProviderFault(f"{url} is not the metadata of an OpenID provider.")
        issuer = str(metadata.get("issuer", ""))
        if issuer.rstrip("/") != self.issuer:
            raise ProviderFault(
                f"AKIN_OIDC_ISSUER is {self.issuer}, but the sign-in service calls itself "
                f"{issuer[:300] or '(nothing)'}. The two must be the same."
            )
        if missing := [name for name in ENDPOINTS if not isinstance(metadata.get(name), str)]:
            raise ProviderFault(f"{url} does not name {', '.join(missing)}.")
        # Unsigned tokens, and those signed with the client secret, prove nothing.
        listed = metadata.get(_SIGNING) or ["RS256"]
        metadata[_SIGNING] = [each for each in listed if each in _ALGORITHMS]
        if not metadata[_SIGNING]:
            raise ProviderFault(
                f"The sign-in service signs ID tokens with {', '.join(map(str, listed))[:100]} "
                f"only. Akin accepts {', '.join(sorted(_ALGORITHMS))}."
            )
        methods = metadata.get("token_endpoint_auth_methods_supported") or []
        if "client_secret_post" in methods and "client_secret_basic" not in methods:
            metadata |= {"token_endpoint_auth_method": "client_secret_post"}
        return metadata

    def begin(self, callback: str) -> dict[str, str]:
        """Return `url`, `state`, `nonce` and `code_verifier` of a new authorization request."""
        self.metadata()
        begun: dict[str, str] = self._client.create_authorization_url(callback)
        return begun

    def check_issuer(self, issuer: str | None) -> None:
        """Raise ProviderFault where the redirect is not of this provider (RFC 9207)."""
        metadata = self.metadata()
        is_required = metadata.get("authorization_response_iss_parameter_supported") is True
        if issuer is None and not is_required:
            return
        if issuer != metadata["issuer"]:
            named = f"of {issuer[:300]}" if issuer else "without an issuer"
            raise ProviderFault(f"The response is {named}, not of {metadata['issuer']}.")

    def claims(
        self,
        code: str,
        *,
        nonce: str,
        code_verifier: str,
        callback: str,
        is_complete: Callable[[Mapping[str, Any]], bool],
    ) -> dict[str, Any]:
        """Return the claims of the account for which the provider sent `code`.

        They are completed from the userinfo endpoint unless the signed ones are `is_complete`.
        """
        token = self._client.fetch_access_token(
            redirect_uri=callback, code=code, code_verifier=code_verifier
        )
        if not isinstance(token.get("id_token"), str):
            raise ProviderFault("The sign-in service sent no ID token.")
        try:
            signed = dict(self._client.parse_id_token(token, nonce=nonce, leeway=LEEWAY))
        except UnsupportedAlgorithmError as error:
            accepted = ", ".join(self.metadata()[_SIGNING])
            raise ProviderFault(
                f"The ID token is signed with {_algorithm_of(token['id_token'])}. Akin accepts, of "
                f"those that the sign-in service names, {accepted}."
            ) from error
        except ClaimError as error:
            raise self._claim_fault(error, token["id_token"]) from error
        if is_complete(signed) or "userinfo_endpoint" not in self.metadata():
            return signed
        more = dict(self._client.userinfo(token=token))
        if more.get("sub") != signed["sub"]:
            raise ProviderFault("The userinfo of the sign-in service is about another account.")
        return _completed(signed, more)

    def _claim_fault(self, error: ClaimError, token: str) -> Exception:
        """Return an error that names the values of a claim that is not valid."""
        value = _part_of(token, 1).get(error.claim)
        if error.claim in _TIMES and isinstance(value, (int, float)):
            return ProviderFault(self._time_fault(error.claim, value))
        expected = {"iss": self.metadata()["issuer"], "aud": self.client_id, "azp": self.client_id}
        if error.claim in expected and value is not None:
            return ProviderFault(
                f"The ID token names “{str(value)[:300]}” as {error.claim}, not "
                f"“{expected[error.claim]}”."
            )
        if error.claim == "nonce" and value is not None:
            return ProviderFault("The ID token belongs to another sign-in. Start again.")
        return error

    def _time_fault(self, claim: str, value: float) -> str:
        distance = value - time.time()
        if claim == "exp":
            text = f"The ID token expired {-distance:.0f} seconds ago"
        else:
            text = f"The ID token is from {distance:.0f} seconds in the future"
        text += ": the clocks of this server and of the sign-in service differ"
        if self.clock_difference is not None:
            side = "ahead of" if self.clock_difference > 0 else "behind"
            text += f" (this server was {abs(self.clock_difference):.0f} seconds {side} it)"
        return text + ". The administrator can set the clock of this server, best by NTP."

    def verified(self, token: str) -> dict[str, Any]:
        """Return the claims of a token that the provider signed recently for this client."""
        registry = JWSRegistry(algorithms=self.metadata()[_SIGNING], strict_check_header=False)
        keys = KeySet.import_key_set(self._client.fetch_jwk_set())
        try:
            decoded = jwt.decode(token, key=keys, registry=registry)
        except InvalidKeyIdError:
            if time.monotonic() < self._next_key_refresh:
                raise
            self._next_key_refresh = time.monotonic() + _KEY_REFRESH_SECONDS
            keys = KeySet.import_key_set(self._client.fetch_jwk_set(force=True))
            decoded = jwt.decode(token, key=keys, registry=registry)
        claims = dict(decoded.claims)
        jwt.JWTClaimsRegistry(
            leeway=LEEWAY,
            iss={"essential": True, "value": self.metadata()["issuer"]},
            aud={"essential": True, "value": self.client_id},
            iat={"essential": True},
        ).validate(claims)
        if not isinstance(claims["iat"], int) or claims["iat"] < time.time() - 2 * LEEWAY:
            raise ValueError("issued too long ago")
        return claims

    def is_client_refused(self) -> bool:
        """Return whether the provider refuses Akin's client id and secret, by a code of no use."""
        try:
            self._client.fetch_access_token(
                redirect_uri=f"{self.issuer}/", code="akin-check", code_verifier="0" * 43
            )
        except AuthlibBaseError as error:
            return error.error in CLIENT_ERRORS
        return False

    def findings(self) -> tuple[list[str], list[str]]:
        """Return what is wrong with the provider, and what may be, by its metadata and keys."""
        metadata = self.metadata(is_fresh=True)
        faults, notes = [], []
        if self.issuer.startswith("https:"):
            plain = [name for name in ENDPOINTS if metadata[name].startswith("http:")]
            faults += [f"{name} is {metadata[name]}, without TLS." for name in plain]
        if "code" not in (metadata.get("response_types_supported") or ["code"]):
            faults.append("It does not support the response type “code”.")
        if listed := metadata.get("scopes_supported"):
            unknown = [scope for scope in self._scopes if scope not in listed]
            if unknown:
                notes.append(f"It does not list the scopes {', '.join(unknown)}.")
        methods = metadata.get("code_challenge_methods_supported")
        if methods and "S256" not in methods:
            notes.append("It does not list PKCE with S256.")
        if not KeySet.import_key_set(self._client.fetch_jwk_set()).keys:
            faults.append(f"There are no keys at {metadata['jwks_uri']}.")
        ahead = self.clock_difference
        if ahead is not None and abs(ahead) > LEEWAY / 2:
            side = "ahead of" if ahead > 0 else "behind"
            faults.append(
                f"The clock of this machine is {abs(ahead):.0f} seconds {side} its clock, and "
                f"{LEEWAY} seconds are accepted in ID tokens. Set the clock, best by NTP."
            )
        return faults, notes


def _completed(signed: dict[str, Any], more: dict[str, Any]) -> dict[str, Any]:
    """Return the signed claims with those of the userinfo endpoint.

    An address and its verification are taken from one source: `email_verified` of the one says
    nothing about the `email` of the other.
    """
    complete = (claims for claims in (signed, more) if claims.keys() >= EMAIL_CLAIMS)
    source = next(complete, signed if "email" in signed else more)
    others = {name: value for name, value in (more | signed).items() if name not in EMAIL_CLAIMS}
    email_claims = {name: source[name] for name in EMAIL_CLAIMS & source.keys()}
    stated = [each["email_verified"] for each in (signed, more) if "email_verified" in each]
    return others | email_claims | {CONTRADICTED: any(value is not True for value in stated)}


def _ahead_of(date: str) -> float | None:
    """Return the seconds by which this machine's clock is ahead of a Date header."""
    try:
        return time.time() - email.utils.parsedate_to_datetime(date).timestamp()
    except ValueError:
        return None


def _algorithm_of(token: str) -> str:
    """Return the algorithm in the header of a token, for a message."""
    return f"“{str(_part_of(token, 0).get('alg'))[:20]}”"


def _part_of(token: str, number: int) -> dict[str, Any]:
    """Return the header (0) or the claims (1) of a token, unverified and only for messages."""
    try:
        part = token.split(".")[number]
        content = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except (ValueError, IndexError):
        return {}
    return content if isinstance(content, dict) else {}
