"""Check whether a browser keeps cookies: one that the sign-in page sets, and asks for later.

Without it, a browser that keeps none would be sent back to the sign-in page without a reason.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from flask import request

from app.auth.cookies import LONGEST_SECONDS, set_cookie, sign_in_cookie_name, sign_in_cookie_path
from app.errors import AkinError

if TYPE_CHECKING:
    from flask import Response

COOKIE: Final = "akin-check"
FIELD: Final = "cookie-check"  # of a form on a page that has set the cookie


class CookieMissing(AkinError):
    """A browser that does not send the cookie back that the sign-in page has set."""

    title = "Your browser does not keep the cookie of this site"
    advice = (
        "Allow cookies for this site in the settings of the browser, then sign in again. If other "
        "people have the same problem, tell the administrator: the proxy may name another scheme "
        "than the browser uses."
    )
    status = 400
    code = "COOKIE_MISSING"


def set_check(response: Response) -> None:
    """Set the cookie with a page that leads to a sign-in."""
    name, path = sign_in_cookie_name(COOKIE), sign_in_cookie_path()
    set_cookie(response, name, "1", seconds=LONGEST_SECONDS, path=path)


def has_check() -> bool:
    """Return whether the current request has the cookie."""
    return sign_in_cookie_name(COOKIE) in request.cookies


def is_cookie_missing() -> bool:
    """Return whether a form was sent from a page that has set the cookie, but without it."""
    return FIELD in request.form and not has_check()
