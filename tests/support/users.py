"""Users for tests with sign-in: ada, whose hash is cheap to compute."""

from __future__ import annotations

from typing import TYPE_CHECKING

import argon2

from app.auth.cookies import address_digest
from app.auth.passwords.user_store import UserStore

if TYPE_CHECKING:
    from pathlib import Path

PASSWORD = "correct horse battery"
# The names of the cookies for the address that Flask's test client uses.
SESSION_COOKIE = f"akin-{address_digest('localhost', '')}"
BROWSER_COOKIE = f"akin-browser-{address_digest('localhost', '')}"
OLD, NEW = "older-key-of-the-sessions-0123456789", "newer-key-of-the-sessions-0123456789"


def users_in(folder: Path) -> UserStore:
    """Return the user store of an application with this data folder, with ada in it."""
    quick = argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    users = UserStore(folder / "users.json", quick)  # the hash contains its parameters
    users.set_password("ada", PASSWORD)
    return users
