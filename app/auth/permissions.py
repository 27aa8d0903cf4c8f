"""What the current user may change: the one place that decides it.

AKIN_WRITE is the limit for all, AKIN_EDITORS names the users, and a key that the API does not let
write ends it for everyone. Pages show nothing that a user may not do, and a form that is sent all
the same is refused.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, cast

from flask import current_app

from app.auth.guard import current_guard
from app.auth.request_state import request_state
from app.errors import EditNotAllowed
from app.query.edits import Level, level_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask

    from app.query.edits import Action
    from app.scenario.key_refusals import RefusedWrites
    from config import Settings

_EXTENSION: Final = "akin.permissions"


@dataclass(frozen=True, slots=True)
class Permission:
    """What one user may change, and why not more: a sentence for people, or ""."""

    level: Level
    reason: str = ""
    is_key_refused: bool = False  # the user may write, and the key of this server may not

    @property
    def tags(self) -> bool:
        """Whether tags, ratings and labels may be changed."""
        return self.level >= Level.TAGS

    @property
    def all(self) -> bool:
        """Whether everything may be changed."""
        return self.level >= Level.ALL

    def allows(self, action: Action) -> bool:
        """Return whether an edit may be made."""
        return self.level >= level_of(action)


class Permissions:
    """The permissions of one application's users."""

    def __init__(self, settings: Settings, refused: Callable[[], RefusedWrites]) -> None:
        """`refused` returns what the API last refused to the key of this server."""
        self._mode = Level[settings.write_mode.upper()]
        self._editors = frozenset(settings.editors)
        self._refused = refused

    def current(self) -> Permission:
        """Return what the user of the current request may change."""
        if reason := self._refusal():
            return Permission(Level.OFF, reason)
        refused = self._refused()
        if refused.tags:
            return Permission(Level.OFF, _KEY.format("change nothing"), is_key_refused=True)
        if self._mode is Level.TAGS:
            return Permission(
                Level.TAGS, "Only tags, ratings and labels may be changed here (AKIN_WRITE)."
            )
        if refused.all:
            text = _KEY.format("change tags, ratings and labels only")
            return Permission(Level.TAGS, text, is_key_refused=True)
        return Permission(Level.ALL)

    def _refusal(self) -> str:
        """Return why the user may change nothing, by the settings; "" where they may."""
        if self._mode is Level.OFF:
            return "Changes are turned off here (AKIN_WRITE)."
        if request_state().grant is not None:
            return "An address for programs is for reading only."
        if not self._is_editor():
            return "Your account is not one of those that may change something here."
        return ""

    def _is_editor(self) -> bool:
        guard = current_guard()
        if not guard.backend.requires_user:
            return True
        user = guard.viewer()
        if user is None:
            return False
        return not self._editors or guard.backend.is_listed(user, self._editors)


_KEY: Final = (
    "The API lets the key of this server {}. The administrator can use a key that may write; Akin "
    "tries again an hour after the last refusal."
)


def current() -> Permission:
    """Return what the user of the current request may change."""
    return cast("Permissions", current_app.extensions[_EXTENSION]).current()


def require(action: Action) -> None:
    """Raise EditNotAllowed where the user of the current request may not make an edit."""
    permission = current()
    if not permission.allows(action):
        raise EditNotAllowed(permission.reason)


def user_name() -> str:
    """Return the name that a change of this request's user is stored under; "" without sign-in."""
    user = current_guard().viewer()
    return user.name if user else ""


def init_app(app: Flask, settings: Settings, refused: Callable[[], RefusedWrites]) -> None:
    """Decide by the settings; templates have `may_change`, the current permission."""
    app.extensions[_EXTENSION] = Permissions(settings, refused)
    app.jinja_env.globals["may_change"] = current
