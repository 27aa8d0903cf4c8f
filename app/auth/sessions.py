"""Sessions: a signed cookie, whose keys can be changed while people stay signed in.

The newest key signs, the older ones still verify (AKIN_SECRET_KEYS, newest first). The cookie is
HttpOnly and SameSite=Lax, Secure behind TLS, and lasts as long as a sign-in does, counted from the
sign-in. Knows Flask's sessions and files; nothing of who is signed in.
"""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from flask import has_request_context, request
from flask.sessions import SecureCookieSessionInterface

from config import InvalidSettings

if TYPE_CHECKING:
    from pathlib import Path

    from flask import Flask

    from config import Settings

COOKIE: Final = "akin"
KEY_FILE: Final = "secret-key"


class _Sessions(SecureCookieSessionInterface):
    def get_cookie_name(self, app: Flask) -> str:
        """`__Host-` makes browsers refuse the cookie from a subdomain or over plain HTTP."""
        return f"__Host-{COOKIE}" if self.get_cookie_secure(app) else COOKIE

    def get_cookie_secure(self, app: Flask) -> bool:  # noqa: ARG002 - the base class's signature
        return has_request_context() and request.is_secure


def init_app(app: Flask, keys: tuple[str, ...], *, hours: int) -> None:
    """Sign sessions with the first key, accept those of any, for `hours` from the sign-in."""
    app.secret_key, *older = keys
    app.config.update(
        SECRET_KEY_FALLBACKS=older,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_REFRESH_EACH_REQUEST=False,
        PERMANENT_SESSION_LIFETIME=timedelta(hours=hours),
    )
    app.session_interface = _Sessions()


def keys_of(settings: Settings) -> tuple[str, ...]:
    """The keys that the settings name, else the one that is kept in the data folder.

    Raises InvalidSettings where none can be kept there.
    """
    if settings.secret_keys:
        return settings.secret_keys
    try:
        return (key_in(settings.data),)
    except OSError as error:
        raise InvalidSettings(
            f"AKIN_SECRET_KEYS is missing, and no key can be kept in AKIN_DATA: {error}. "
            "`python -m app secret` makes one."
        ) from error


def new_key() -> str:
    """A key that nobody can guess: 256 bits."""
    return secrets.token_urlsafe(32)


def key_in(folder: Path) -> str:
    """The key kept in a folder, made the first time; only its owner may read the file.

    Workers that start at once agree on one: the file appears whole, by whoever is first.
    """
    path = folder / KEY_FILE
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        mine = folder / f".{KEY_FILE}-{os.getpid()}-{secrets.token_hex(4)}"
        mine.touch(mode=0o600)
        mine.write_text(new_key() + "\n", encoding="ascii")
        with suppress(FileExistsError):
            os.link(mine, path)
        mine.unlink()
    return path.read_text(encoding="ascii").strip()
