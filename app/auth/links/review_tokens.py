"""Tokens of links to reviews: each opens one review for people without an account.

A token is signed, and made of the review's id, its current key and a day. It opens nothing after
that day, after the review's maker has renewed or removed the link, when the session keys have
changed (AKIN_SECRET_KEYS), or when the maker may not sign in any more.
"""

from __future__ import annotations

import hmac
import time
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Final

from itsdangerous import BadData

from app.auth.signers import signed, signer
from app.auth.user import User
from app.errors import NotFound, ReviewLinkExpired

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.auth.backends import AuthBackend
    from app.query.reviews import Review

PREFIX: Final = "/reviews/link/"
_SALT: Final = b"akin review"
_SECONDS_A_DAY: Final = 86_400
_MAX_TOKEN: Final = 500  # characters; a genuine token has about 140


class ReviewLinks:
    """Signs and verifies the links to the reviews of one application."""

    def __init__(
        self,
        keys: tuple[str, ...],
        backend: AuthBackend,
        *,
        days: int,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Sign with the first key, accept those of any; a link lasts for `days`."""
        self._signer = signer(keys, _SALT + backend.name.encode())
        self._backend = backend
        self._days = days
        self._clock = clock

    def path(self, review: Review) -> str:
        """Return the path of the review's link, the same all day long; "" where it has none."""
        if not review.link_key:
            return ""
        content = [review.id, review.link_key, self._last_day()]
        return PREFIX + signed(self._signer, content)

    def expiry_date(self) -> date:
        """Return the day at whose start (UTC) a link of today expires."""
        return datetime.fromtimestamp(self._last_day() * _SECONDS_A_DAY, UTC).date()

    def verify(self, token: str, get: Callable[[str], Review]) -> Review:
        """Return the review that a token opens; `get` returns a review by its id.

        Raises ReviewLinkExpired.
        """
        try:
            content = self._signer.loads(token) if len(token) <= _MAX_TOKEN else None
        except BadData as error:
            raise ReviewLinkExpired("It was not made here, or was changed on its way.") from error
        match content:
            case [str() as review_id, str() as key, int() as day]:
                pass
            case _:
                raise ReviewLinkExpired("It was made by another version of Akin.")
        if day * _SECONDS_A_DAY <= self._clock():
            raise ReviewLinkExpired("It has expired.")
        try:
            review = get(review_id)
        except NotFound as error:
            raise ReviewLinkExpired("The review was deleted.") from error
        if not review.link_key or not hmac.compare_digest(review.link_key, key):
            raise ReviewLinkExpired("Its maker has replaced or removed it.")
        maker = User.parse(review.maker.user_id, review.maker.name)
        if maker is None or self._backend.fingerprint(maker) is None:
            raise ReviewLinkExpired("The user who made the review was removed.")
        return review

    def _last_day(self) -> int:
        return int(self._clock() // _SECONDS_A_DAY) + 1 + self._days
