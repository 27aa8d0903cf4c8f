"""Signed links: URLs that a program reads in the name of a user, without a cookie.

A feed reader cannot sign in. A signed-in user can make a URL for it: `/feeds/`, a token, and a path
of this server that the token signs. It opens that path and no other, for reading only, until its
day, until the session keys change (AKIN_SECRET_KEYS) or until its owner may not sign in any more.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any, Final

from itsdangerous import BadData

from app.auth.signers import signed, signer
from app.auth.user import User
from app.errors import LinkExpired
from app.query.params import pairs_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from itsdangerous import URLSafeSerializer

    from app.auth.backends import AuthBackend

PREFIX: Final = "/feeds/"
_SECONDS_A_DAY: Final = 86_400
_MAX_TOKEN: Final = 2000  # characters; a genuine token has about 150


@dataclass(frozen=True, slots=True)
class LinkGrant:
    """The user in whose name a link is read, and the day (since 1970, UTC) on which it expires."""

    user: User
    expires: int

    @property
    def expiry_date(self) -> date:
        """The day at whose start (UTC) the link expires."""
        return datetime.fromtimestamp(self.expires * _SECONDS_A_DAY, UTC).date()


class SignedLinks:
    """Signs and verifies the links of one application."""

    def __init__(
        self,
        keys: tuple[str, ...],
        backend: AuthBackend,
        *,
        days: int,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Sign with the first key, accept those of any; `backend` knows who may still sign in."""
        self._keys = keys
        self._backend = backend
        self._days = days
        self._clock = clock

    def grant(self, user: User) -> LinkGrant:
        """Return a grant for `user`, the same all day long so that the link is the same."""
        return LinkGrant(user, int(self._clock() // _SECONDS_A_DAY) + 1 + self._days)

    def url(self, path: str, grant: LinkGrant) -> str:
        """Return the URL that opens `path`, a path of this server with its query."""
        fingerprint = self._backend.fingerprint(grant.user)
        content = [*grant.user.to_session(), fingerprint, grant.expires]
        return f"{PREFIX}{signed(self._signer(path), content)}{path}"

    def verify(self, path: str, query: bytes) -> LinkGrant:
        """Return the grant of a requested URL. Raises LinkExpired."""
        token, slash, rest = path.removeprefix(PREFIX).partition("/")
        try:
            content = self._signer(f"{slash}{rest}", query).loads(token[:_MAX_TOKEN])
        except BadData as error:
            raise LinkExpired("It was not made here, or was changed on its way.") from error
        return self._parse(content)

    def _parse(self, content: Any) -> LinkGrant:
        """Return the grant in signed content, whose form another version may have chosen."""
        match content:
            case [str() as identity, str() as name, fingerprint, int() as expires]:
                user = User.parse(identity, name)
            case _:
                raise LinkExpired("It was made by another version of Akin.")
        if user is None or expires * _SECONDS_A_DAY <= self._clock():
            raise LinkExpired("It has expired.")
        current = self._backend.fingerprint(user)
        if current is None or current != fingerprint:
            raise LinkExpired("The user who made it was removed or has a new password.")
        return LinkGrant(user, expires)

    def _signer(self, path: str, query: bytes | None = None) -> URLSafeSerializer:
        """Return the signer for one path, however the query in it is percent-encoded."""
        path, _, own_query = path.partition("?")
        pairs = pairs_of(own_query if query is None else query)
        salt = repr(("akin link", self._backend.name, path, pairs))
        return signer(self._keys, salt.encode("utf-8", "surrogatepass"))
