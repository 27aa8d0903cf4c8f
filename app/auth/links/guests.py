"""Guests: people without an account who typed their name, known again by a cookie.

The cookie contains a random text, of which others only ever see a digest: the id of a guest
does not let others answer in their place.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final
from urllib.parse import quote, unquote

from app.auth.cookies import (
    LONGEST_SECONDS,
    cookie_name,
    cookie_path,
    cookie_value,
    set_cookie,
)
from app.auth.user import printable

if TYPE_CHECKING:
    from flask import Response

COOKIE: Final = "akin-guest"
_VALUE: Final = re.compile(r"(?P<secret>[0-9a-f]{32}):(?P<name>[A-Za-z0-9%_.~-]{1,2000})")


@dataclass(frozen=True, slots=True)
class Guest:
    """A browser whose user has typed a name."""

    name: str
    _secret: str = field(repr=False)

    @classmethod
    def named(cls, name: str) -> Guest:
        """Return a new guest."""
        return cls(name, secrets.token_hex(16))

    def renamed(self, name: str) -> Guest:
        """Return the same guest with another name."""
        return Guest(name, self._secret)

    @property
    def id(self) -> str:
        """What identifies them to others."""
        return hashlib.blake2b(self._secret.encode(), digest_size=12).hexdigest()

    def remember(self, response: Response) -> None:
        """Store the guest in the browser."""
        value = f"{self._secret}:{quote(self.name, safe='')}"
        set_cookie(
            response,
            cookie_name(COOKIE),
            value,
            seconds=LONGEST_SECONDS,
            path=cookie_path(),
        )


def current_guest() -> Guest | None:
    """Return the guest whose browser sent the current request, or None."""
    match = _VALUE.fullmatch(cookie_value(COOKIE))
    name = printable(unquote(match["name"], errors="replace")) if match else ""
    return Guest(name, match["secret"]) if match and name else None


def forget(response: Response) -> None:
    """Remove the guest from the browser, so that another person can type a name."""
    set_cookie(response, cookie_name(COOKIE), "", seconds=0, path=cookie_path())
