"""Known browsers: a signed, long-lived cookie set at a successful sign-in.

It gives a browser a counter of its own for failed sign-ins (`login_throttle`); OWASP calls this a
device cookie. It is no session. It contains the name of the last sign-in and a random id.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Final

from flask import after_this_request
from itsdangerous import BadData

from app.auth.cookies import (
    LONGEST_SECONDS,
    cookie_name,
    cookie_path,
    cookie_value,
    set_cookie,
)
from app.auth.signers import signed, timed_signer

if TYPE_CHECKING:
    from flask import Response

COOKIE: Final = "akin-browser"
_MAX_LENGTH: Final = 500  # characters of a cookie; a genuine one has about 150


class KnownBrowsers:
    """Reads and sets the cookie."""

    def __init__(self, keys: tuple[str, ...]) -> None:
        """Sign with the first key, accept those of any."""
        self._signer = timed_signer(keys, b"akin browser")

    def id_for(self, name: str) -> str:
        """Return the id of the browser if `name` signed in with it before, else ""."""
        cookie = cookie_value(COOKIE)[:_MAX_LENGTH]
        try:
            content = self._signer.loads(cookie, max_age=LONGEST_SECONDS)
        except BadData:
            return ""
        match content:
            case [str() as known, str() as browser] if known == name.casefold():
                return browser
        return ""

    def remember(self, name: str) -> None:
        """Set the cookie for `name` with the response to the current request."""
        browser = self.id_for(name) or secrets.token_hex(16)
        value = signed(self._signer, [name.casefold(), browser])

        @after_this_request
        def remembered(response: Response) -> Response:
            set_cookie(
                response,
                cookie_name(COOKIE),
                value,
                seconds=LONGEST_SECONDS,
                path=cookie_path(),
                same_site="Strict",
            )
            return response
