"""Causes of failed sign-ins by OpenID Connect, as sentences for the page and the log.

A sentence names settings, addresses without their query, codes of OAuth and values of claims. It
never quotes the text of an exception, which may contain the request and with it the secret.
"""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import urlsplit

import requests
from authlib.common.errors import AuthlibBaseError
from joserfc.errors import (
    BadSignatureError,
    InvalidKeyIdError,
    JoseError,
    MissingClaimError,
)

_CODE: Final = re.compile(r"[a-z_]{1,40}")
_INTERACTION: Final = "The sign-in service needs a decision of yours first. Start again."
# Of the redirect from the provider: OAuth 2.0 (RFC 6749, 4.1.2.1), OpenID Connect Core 3.1.2.6.
_AUTHORIZATION: Final = {
    "access_denied": "The sign-in was cancelled, or the sign-in service refused this account.",
    "invalid_scope": "The sign-in service does not know one of the scopes in AKIN_OIDC_SCOPES.",
    "unauthorized_client": (
        "The sign-in service does not allow AKIN_OIDC_CLIENT_ID to use the authorization code flow."
    ),
    "unsupported_response_type": (
        "The sign-in service does not allow AKIN_OIDC_CLIENT_ID to use the authorization code flow."
    ),
    "server_error": "The sign-in service reports a fault of its own.",
    "temporarily_unavailable": "The sign-in service is not available at the moment.",
    "login_required": _INTERACTION,
    "interaction_required": _INTERACTION,
    "consent_required": _INTERACTION,
    "account_selection_required": _INTERACTION,
}
CLIENT_ERRORS: Final = frozenset({"invalid_client", "unauthorized_client"})
CLIENT_REFUSED: Final = (
    "The sign-in service does not accept the client id and secret of this server. The "
    "administrator can check AKIN_OIDC_CLIENT_ID and AKIN_OIDC_CLIENT_SECRET."
)


class ProviderFault(Exception):
    """What is wrong with a provider or its response, as sentences for people."""


def redirect_cause(code: str) -> str:
    """Return the cause for the `error` in a redirect, which is input of anyone."""
    if sentence := _AUTHORIZATION.get(code):
        return sentence
    named = f" “{code}”" if _CODE.fullmatch(code) else ""
    return f"The sign-in service reported the error{named}."


def cause(error: Exception, callback: str = "") -> str:
    """Return the cause of an error of the code flow; `callback` is Akin's redirect URI."""
    if isinstance(error, ProviderFault):
        return str(error)
    if isinstance(error, requests.RequestException):
        return _network_cause(error)
    if isinstance(error, AuthlibBaseError):
        return _token_cause(str(error.error), str(error.description or ""), callback)
    if isinstance(error, JoseError):
        return _id_token_cause(error)
    return f"The sign-in service sent a response that is not valid ({type(error).__name__})."


def _id_token_cause(error: JoseError) -> str:
    if isinstance(error, InvalidKeyIdError):
        return "The ID token is signed with a key that the sign-in service does not publish."
    if isinstance(error, BadSignatureError):
        return "The signature of the ID token does not match the keys of the sign-in service."
    if isinstance(error, MissingClaimError):
        return f"The ID token has no claim “{error.claim}”."
    return f"The ID token is not valid ({error.error or type(error).__name__})."


def _token_cause(code: str, description: str, callback: str) -> str:
    """Return the cause for an error of the token endpoint (RFC 6749, 5.2)."""
    if code in CLIENT_ERRORS:
        return CLIENT_REFUSED
    if "redirect" in description.lower() or code == "redirect_uri_mismatch":
        return (
            f"The sign-in service does not accept the redirect URI {callback}. The administrator "
            "can register exactly this address there."
        )
    if code == "invalid_grant":
        return "The sign-in service does not accept this sign-in any more: it is too old, or used."
    named = f" “{code}”" if _CODE.fullmatch(code) else ""
    return f"The sign-in service gave no token: it reported the error{named}."


def _network_cause(error: requests.RequestException) -> str:
    url = urlsplit(getattr(error.request, "url", None) or "")
    place = f"{url.scheme}://{url.netloc}{url.path}" if url.netloc else "the sign-in service"
    status = getattr(error.response, "status_code", None)
    if status is not None:
        return f"{place} responded with the status {status}."
    if isinstance(error, requests.exceptions.JSONDecodeError):
        return "The sign-in service did not respond with JSON."
    unreachable = "The sign-in service cannot be reached"
    if isinstance(error, requests.exceptions.SSLError):
        return f"{unreachable}: the TLS certificate of {url.netloc or place} is not accepted."
    if isinstance(error, requests.Timeout):
        return f"{unreachable}: {place} did not respond in time."
    return f"{unreachable}: there is no connection to {place}."
