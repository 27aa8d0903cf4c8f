"""Signed session cookies, whose keys can be changed while people stay signed in.

The newest key signs, the older ones still verify (AKIN_SECRET_KEYS, newest first). The cookie is
HttpOnly and SameSite=Lax, Secure behind TLS, and expires a fixed time after the sign-in. Knows
Flask's sessions and the key file, nothing of users.
"""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from flask import request
from flask.sessions import SecureCookieSessionInterface

from app.auth.cookies import cookie_name, cookie_path
from config import InvalidSettings

if TYPE_CHECKING:
    from pathlib import Path

    from flask import Flask

    from config import Settings

COOKIE: Final = "akin"
KEY_FILE: Final = "secret-key"


class _SessionInterface(SecureCookieSessionInterface):
    def get_cookie_name(self, app: Flask) -> str:  # noqa: ARG002 - the base class's signature
        return cookie_name(COOKIE)

    def get_cookie_path(self, app: Flask) -> str:  # noqa: ARG002 - as above
        return cookie_path()

    def get_cookie_secure(self, app: Flask) -> bool:  # noqa: ARG002 - as above
        return request.is_secure


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
    app.session_interface = _SessionInterface()


def session_keys(settings: Settings) -> tuple[str, ...]:
    """Return AKIN_SECRET_KEYS, else the key that is stored in the data folder.

    Raises InvalidSettings where no key can be stored there.
    """
    if settings.secret_keys:
        return settings.secret_keys
    try:
        return (stored_key(settings.data),)
    except OSError as error:
        raise InvalidSettings(
            f"AKIN_SECRET_KEYS is missing, and no key can be stored in AKIN_DATA: {error}. "
            "`python -m app secret` makes one."
        ) from error


def new_key() -> str:
    """Return a random key of 256 bits."""
    return secrets.token_urlsafe(32)


def stored_key(folder: Path) -> str:
    """Return the key stored in a folder, made at the first call; only its owner may read it.

    Processes that start at the same time get the same key: the file appears complete, written by
    the first of them.
    """
    path = folder / KEY_FILE
    if not path.exists():
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = folder / f".{KEY_FILE}-{os.getpid()}-{secrets.token_hex(4)}"
        draft.touch(mode=0o600)
        draft.write_text(new_key() + "\n", encoding="ascii")
        with suppress(FileExistsError):
            os.link(draft, path)
        draft.unlink()
    return path.read_text(encoding="ascii").strip()
