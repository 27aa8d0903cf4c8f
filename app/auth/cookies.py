"""Names and paths of cookies: installations on one host do not overwrite each other's.

Browsers keep the cookies of a host together, whatever its port. The name therefore contains a
digest of host, port and prefix as the browser sees them, which is the same on every machine behind
one address.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from flask import request

from app.auth.base_path import base_path

if TYPE_CHECKING:
    from werkzeug.wrappers import Response

LONGEST_SECONDS: Final = 400 * 86_400  # for which browsers store a cookie


def cookie_name(kind: str) -> str:
    """Return the name of a cookie for the address of the current request.

    `__Host-` makes browsers refuse it from a subdomain or without TLS. It requires the path `/`, so
    below a prefix the name begins with `__Secure-`.
    """
    name = f"{kind}-{address_digest(request.host, base_path())}"
    if not request.is_secure:
        return name
    return f"__Secure-{name}" if base_path() else f"__Host-{name}"


def cookie_value(kind: str) -> str:
    """Return the value of a cookie that the current request has sent; empty without one."""
    if "HTTP_COOKIE" not in request.environ:  # a cookie that is missing is searched for slowly
        return ""
    return request.cookies.get(cookie_name(kind), "")


def cookie_path() -> str:
    """Return the path that cookies are sent for: that of the application."""
    return base_path() or "/"


def set_cookie(
    response: Response, name: str, value: str, *, seconds: int, path: str, same_site: str = "Lax"
) -> None:
    """Set a cookie that scripts do not see."""
    response.set_cookie(
        name,
        value,
        max_age=seconds,
        path=path,
        httponly=True,
        samesite=same_site,
        secure=request.is_secure,
    )


@lru_cache(maxsize=256)
def address_digest(host: str, prefix: str) -> str:
    """Return a short digest of a host with its port, and of the path below which Akin is."""
    return hashlib.blake2b(f"{host.lower()}{prefix}".encode(), digest_size=5).hexdigest()


def sign_in_cookie_name(kind: str) -> str:
    """Return the name of a cookie for the sign-in pages: `__Host-` would require the path `/`."""
    return cookie_name(kind).replace("__Host-", "__Secure-", 1)


def sign_in_cookie_path() -> str:
    """Return the path of cookies for the sign-in pages."""
    return f"{cookie_path().rstrip('/')}/sign-in"
