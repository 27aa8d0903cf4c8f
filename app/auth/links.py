"""Links: addresses that let a program read one thing in somebody's name, without a cookie.

A feed reader cannot sign in. Whoever is signed in can make an address for it: `/feeds/`, a token,
and an address of ours, of which the token is the signature. It opens that address and no other,
for reading alone, until its day has come, the keys have changed (AKIN_SECRET_KEYS) or whoever made
it may not come in any more. Knows nothing of what is read.
"""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any, Final

from itsdangerous import BadData, URLSafeSerializer

from app.auth.user import User
from app.errors import LinkEnded
from app.reading import pairs_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.auth.modes import Mode

PREFIX: Final = "/feeds/"
_DAY: Final = 86_400  # seconds
_MOST: Final = 2000  # characters of a token; an honest one has some 150
_DIGEST: Final = {"key_derivation": "hmac", "digest_method": hashlib.sha256}


@dataclass(frozen=True, slots=True)
class Holder:
    """In whose name something is read, and until which day (of 1970, UTC) it may be."""

    user: User
    until: int

    @property
    def last_day(self) -> date:
        """The day with whose first second (UTC) it ends."""
        return datetime.fromtimestamp(self.until * _DAY, UTC).date()


class Links:
    """Makes and reads the links of one application."""

    def __init__(
        self,
        keys: tuple[str, ...],
        mode: Mode,
        *,
        days: int,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Sign with the first key, believe each; `mode` tells who may still come in."""
        self._keys = list(reversed(keys))  # itsdangerous signs with the last
        self._mode = mode
        self._days = days
        self._clock = clock

    def holder(self, user: User) -> Holder:
        """Whoever makes a link now; the same all day long, so that the link is the same."""
        return Holder(user, int(self._clock() // _DAY) + 1 + self._days)

    def address(self, path: str, holder: Holder) -> str:
        """The address by which `path`, one of ours with its query, is read without a cookie."""
        stamp = self._mode.stamp(holder.user)
        token = self._signer(path).dumps([*holder.user.to_session(), stamp, holder.until])
        return f"{PREFIX}{token if isinstance(token, str) else token.decode()}{path}"

    def read(self, path: str, query: bytes) -> Holder:
        """Tell in whose name an address may be read. Raises LinkEnded where in nobody's."""
        token, slash, rest = path.removeprefix(PREFIX).partition("/")
        try:
            kept = self._signer(f"{slash}{rest}", query).loads(token[:_MOST])
        except BadData as error:
            raise LinkEnded("It was not made here, or was changed on its way.") from error
        return self._checked(kept)

    def _checked(self, kept: Any) -> Holder:
        """What was signed by us; of another version it may have another form."""
        match kept:
            case [str() as identity, str() as name, stamp, int() as until]:
                user = User.called(identity, name)
            case _:
                raise LinkEnded("It was made by another version of Akin.")
        if user is None or until * _DAY <= self._clock():
            raise LinkEnded("Its time is over.")
        known = self._mode.stamp(user)
        if known is None or known != stamp:
            raise LinkEnded("Whoever made it may not come in any more, or has a new password.")
        return Holder(user, until)

    def _signer(self, path: str, query: bytes | None = None) -> URLSafeSerializer:
        """What signs for one address alone, however the query in it is percent-encoded."""
        place, _, asked = path.partition("?")
        pairs = pairs_of(asked if query is None else query)
        salt = repr(("akin link", self._mode.name, place, pairs))
        return URLSafeSerializer(
            self._keys, salt=salt.encode("utf-8", "surrogatepass"), signer_kwargs=_DIGEST
        )
