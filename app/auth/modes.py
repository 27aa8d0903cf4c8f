"""The modes of AKIN_AUTH: how each one knows who is asking.

Knows the session and the request; nothing of pages. `oidc` has a module of its own for the talk
with the provider.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, ClassVar, Protocol

from flask import request, session

from app import observing
from app.auth.attempts import Attempts
from app.auth.peers import PEER
from app.auth.user import User
from app.errors import SignInFailed, TooManyAttempts, WrongPassword

if TYPE_CHECKING:
    from app.auth.users import Users

MODE = "mode"
USER = "user"
STAMP = "stamp"
SINCE = "since"  # seconds since the epoch


class Mode(Protocol):
    """One way to know who is asking."""

    name: ClassVar[str]
    needs_user: ClassVar[bool]
    has_page: ClassVar[bool]  # of its own to sign in on, and a way to sign out

    def viewer(self) -> User | None:
        """Who makes the request in hand; None where nobody is known."""

    def stamp(self, user: User) -> str | None:
        """A text that changes when what `user` has handed on must end; None: it ends at once."""

    def try_out(self) -> str:
        """Answer a line on how people sign in; raises SignInFailed where they cannot."""


class Nobody:
    """`none`: everybody on this machine, under no name."""

    name: ClassVar[str] = "none"
    needs_user: ClassVar[bool] = False
    has_page: ClassVar[bool] = False

    def viewer(self) -> User | None:
        """Nobody has a name."""
        return None

    def stamp(self, user: User) -> str | None:  # noqa: ARG002 - as Mode has it
        """Nobody hands on anything in their name."""
        return None

    def try_out(self) -> str:
        """Nothing can be wrong."""
        return "none: this machine alone is served"


class Proxy:
    """`proxy`: whom a named proxy says."""

    name: ClassVar[str] = "proxy"
    needs_user: ClassVar[bool] = True
    has_page: ClassVar[bool] = False

    def __init__(self, header: str) -> None:
        """Read the name from `header`, which Peers lets through from named proxies only."""
        self._header = header

    def viewer(self) -> User | None:
        """Whom the proxy names; a name said twice is nobody's."""
        if not request.environ.get(PEER):
            return None
        name = request.headers.get(self._header, "")
        return None if "," in name else User.called(name)

    def stamp(self, user: User) -> str | None:  # noqa: ARG002 - as Mode has it
        """Only the proxy knows who may come in: nothing but time ends what was handed on."""
        return ""

    def try_out(self) -> str:
        """The proxy does the rest."""
        return f"{self._header}, from the named proxies"


class WithSession:
    """What the modes with a page of their own share: who is signed in stands in the session."""

    name: ClassVar[str]
    needs_user: ClassVar[bool] = True
    has_page: ClassVar[bool] = True

    def __init__(self, *, hours: int) -> None:
        """A sign-in lasts `hours`, whatever happens to its cookie."""
        self._seconds = hours * 3600

    def viewer(self) -> User | None:
        """Who is signed in by this mode, and still may be."""
        since = session.get(SINCE)
        if session.get(MODE) != self.name or not isinstance(since, (int, float)):
            return None
        if not since <= time.time() + 60 or time.time() > since + self._seconds:
            return None
        user = User.from_session(session.get(USER))
        return user if user and self._is_still_known(user) else None

    def enter(self, user: User, stamp: str = "") -> None:
        """Sign somebody in: a session of its own, so that none from before can be theirs."""
        session.clear()
        session.permanent = True
        session.update(
            {MODE: self.name, USER: user.to_session(), STAMP: stamp, SINCE: round(time.time(), 3)}
        )
        observing.user_known(user.id)
        observing.SIGN_INS.labels(self.name, "signed-in").inc()

    def leave(self) -> None:
        """Sign out of Akin."""
        session.clear()

    def _is_still_known(self, user: User) -> bool:  # noqa: ARG002 - for modes that can tell
        return True


class Password(WithSession):
    """`password`: names and passwords of a file."""

    name: ClassVar[str] = "password"

    def __init__(self, users: Users, attempts: Attempts, *, hours: int) -> None:
        """Check against `users`; wrong passwords are counted by `attempts`."""
        super().__init__(hours=hours)
        self._users = users
        self._attempts = attempts

    def sign_in(self, name: str, password: str, place: str) -> None:
        """Sign in from `place`, an address. Raises WrongPassword, TooManyAttempts."""
        name = name.strip()[:64]
        try:
            self._attempts.admit(name, place)
        except TooManyAttempts:
            observing.SIGN_INS.labels(self.name, "slowed").inc()
            raise
        stamp = self._users.check(name, password)
        user = User.called(name)
        if stamp is None or user is None:
            self._attempts.failed(name, place)
            observing.SIGN_INS.labels(self.name, "refused").inc()
            raise WrongPassword
        self.enter(user, stamp)

    def try_out(self) -> str:
        """Tell how many could sign in."""
        try:
            names = self._users.names()
        except (OSError, ValueError) as error:
            raise SignInFailed(f"The file of users cannot be read: {error}") from error
        if not names:
            raise SignInFailed("Nobody can sign in yet: python -m app user add NAME")
        return f"{len(names)} with a password"

    def stamp(self, user: User) -> str | None:
        """Changes with the password; None for whoever was taken out."""
        return self._users.stamp(user.id)

    def _is_still_known(self, user: User) -> bool:
        return session.get(STAMP) == self._users.stamp(user.id)
