"""Authentication backends, one for each value of AKIN_AUTH: who sent the current request.

Knows the session and the request, nothing of pages. `oidc` is a module of its own.
"""

from __future__ import annotations

import secrets
import time
from typing import TYPE_CHECKING, ClassVar, Protocol

from flask import request, session

from app.auth.proxy_headers import FROM_PROXY, HEADERS_IGNORED, IGNORED
from app.auth.user import User
from app.errors import SignInFailed, TooManyAttempts, WrongPassword
from app.telemetry import events

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from app.auth.passwords.known_browsers import KnownBrowsers
    from app.auth.passwords.login_throttle import LoginThrottle
    from app.auth.passwords.user_store import UserStore
    from app.auth.revoked_sessions import RevokedSessions

# Keys of the session.
BACKEND = "backend"
USER = "user"
FINGERPRINT = "fingerprint"
STARTED = "started"  # seconds since the epoch
ID = "id"
EDITOR = "editor"  # the groups that make the user an editor
_ID_PREFIX = "session-"
_CLOCK_SKEW = 60  # seconds by which the clocks of two machines may differ


class AuthBackend(Protocol):
    """One way to know the user of a request."""

    name: ClassVar[str]
    requires_user: ClassVar[bool]
    has_sign_in_page: ClassVar[bool]  # and with it a way to sign out

    def current_user(self) -> User | None:
        """Return the user of the current request, or None."""

    def fingerprint(self, user: User) -> str | None:
        """Return a text that changes when links of `user` must end; None: they end now."""

    def is_listed(self, user: User, names: Collection[str]) -> bool:
        """Return whether the user of the current request is named by a setting."""

    def check_configuration(self) -> str:
        """Return one line on how people sign in; raise SignInFailed where they cannot."""


class NoSignIn:
    """`none`: requests of this machine only, without a user."""

    name: ClassVar[str] = "none"
    requires_user: ClassVar[bool] = False
    has_sign_in_page: ClassVar[bool] = False

    def current_user(self) -> User | None:
        """Return None: there are no users."""
        return None

    def fingerprint(self, user: User) -> str | None:  # noqa: ARG002 - the protocol's signature
        """Return None: there are no links."""
        return None

    def is_listed(self, user: User, names: Collection[str]) -> bool:  # noqa: ARG002 - the protocol's signature
        """Return False: there are no users."""
        return False

    def check_configuration(self) -> str:
        """Return one line; nothing can be wrong."""
        return "none: this machine alone is served"


class ProxyBackend:
    """`proxy`: the user whom a trusted proxy names in a header."""

    name: ClassVar[str] = "proxy"
    requires_user: ClassVar[bool] = True
    has_sign_in_page: ClassVar[bool] = False

    def __init__(self, header: str) -> None:
        """Read the user from `header`, which ProxyHeaders removes from all other requests."""
        self._header = header

    def current_user(self) -> User | None:
        """Return the user in the header; two values joined by a comma are no user."""
        if not request.environ.get(FROM_PROXY):
            return None
        name = _decoded(request.headers.get(self._header, ""))
        return None if "," in name else User.parse(name)

    def reason_without_user(self) -> str:
        """Return why the current request has no user."""
        message = "The proxy in front of this server did not say who you are."
        if request.environ.get(IGNORED):
            return f"{message} {HEADERS_IGNORED}"
        if request.headers.get(self._header):
            return (
                f"{message} Its {self._header} is not one user name: it has a comma or a control "
                "character, or is too long."
            )
        return f"{message} There is no {self._header}."

    def fingerprint(self, user: User) -> str | None:  # noqa: ARG002 - the protocol's signature
        """Return a constant: only the proxy knows its users, so links end by time alone."""
        return ""

    def is_listed(self, user: User, names: Collection[str]) -> bool:
        """Return whether the name in the header is one of them."""
        return user.id in names

    def check_configuration(self) -> str:
        """Return one line; the proxy does the rest."""
        return f"{self._header}, from the named proxies"


def _decoded(value: str) -> str:
    """Return the text of a header. WSGI shows its bytes as Latin-1; they are UTF-8 if they can be.

    Percent signs and the encoded words of mail (RFC 2047) stay: both may be a part of a name.
    """
    try:
        return value.encode("latin-1").decode()
    except UnicodeError:
        return value


class SessionBackend:
    """What backends with a sign-in page share: the user is in the session."""

    name: ClassVar[str]
    requires_user: ClassVar[bool] = True
    has_sign_in_page: ClassVar[bool] = True

    def __init__(self, revoked: RevokedSessions, *, hours: int) -> None:
        """A session is valid for `hours` unless it is in `revoked`."""
        self._revoked = revoked
        self._seconds = hours * 3600

    def current_user(self) -> User | None:
        """Return the user of a session that this backend started and that is still valid."""
        started, session_id = session.get(STARTED), session.get(ID)
        if session.get(BACKEND) != self.name or not isinstance(started, (int, float)):
            return None
        now = time.time()
        if not started - _CLOCK_SKEW <= now <= started + self._seconds:
            return None
        user = User.from_session(session.get(USER))
        if user is None or not isinstance(session_id, str) or not self._is_still_valid(user):
            return None
        names = [_ID_PREFIX + session_id, *self._revocation_names()]
        return None if self._revoked.is_revoked(names, since=started) else user

    def start_session(
        self, user: User, fingerprint: str = "", editor_names: Sequence[str] = ()
    ) -> None:
        """Sign `user` in with a new session; nothing of an earlier one remains."""
        session.clear()
        session.permanent = True
        session.update(
            {
                BACKEND: self.name,
                USER: user.to_session(),
                FINGERPRINT: fingerprint,
                STARTED: round(time.time(), 3),
                ID: secrets.token_hex(16),
                **({EDITOR: [*editor_names]} if editor_names else {}),
            }
        )
        events.set_user(user.id)
        events.SIGN_INS.labels(self.name, "signed-in").inc()

    def end_session(self) -> None:
        """Sign the user out: revoke the session on the server and clear its cookie."""
        if self.current_user():
            self._revoked.revoke([_ID_PREFIX + session[ID]])
        session.clear()

    def _is_still_valid(self, user: User) -> bool:  # noqa: ARG002 - for backends that can tell
        return True

    def _revocation_names(self) -> list[str]:
        """Return other names under which the current session may have been revoked."""
        return []


class PasswordBackend(SessionBackend):
    """`password`: names and passwords of a file."""

    name: ClassVar[str] = "password"

    def __init__(
        self,
        users: UserStore,
        throttle: LoginThrottle,
        browsers: KnownBrowsers,
        revoked: RevokedSessions,
        *,
        hours: int,
    ) -> None:
        """Verify passwords with `users`; `throttle` and `browsers` limit the attempts."""
        super().__init__(revoked, hours=hours)
        self._users = users
        self._throttle = throttle
        self._browsers = browsers

    def sign_in(self, name: str, password: str, address: str) -> None:
        """Sign in from a network address. Raises WrongPassword, TooManyAttempts."""
        name = name.strip()[:64]
        attempt = (name, address, self._browsers.id_for(name))
        try:
            self._throttle.count(*attempt)
        except TooManyAttempts:
            events.SIGN_INS.labels(self.name, "slowed").inc()
            raise
        fingerprint = self._users.verify(name, password)
        user = User.parse(name)
        if fingerprint is None or user is None:
            events.SIGN_INS.labels(self.name, "refused").inc()
            raise WrongPassword
        self._throttle.uncount(*attempt)
        self._browsers.remember(name)
        self.start_session(user, fingerprint)

    def is_listed(self, user: User, names: Collection[str]) -> bool:
        """Return whether the name that the user signs in with is one of them."""
        return user.id in names

    def check_configuration(self) -> str:
        """Return how many people can sign in; raise SignInFailed where none can."""
        try:
            names = self._users.names()
        except (OSError, ValueError) as error:
            raise SignInFailed(f"The file of users cannot be read: {error}") from error
        if not names:
            raise SignInFailed("There are no users yet. Add one: python -m app user add NAME")
        return f"{len(names)} with a password"

    def fingerprint(self, user: User) -> str | None:
        """Return the fingerprint of the user's password hash; None for a removed user."""
        return self._users.fingerprint(user.id)

    def _is_still_valid(self, user: User) -> bool:
        return session.get(FINGERPRINT) == self._users.fingerprint(user.id)
