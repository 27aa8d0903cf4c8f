"""Who signs in, for tests of what stands behind a password: ada, whose hash is made quickly."""

from __future__ import annotations

from typing import TYPE_CHECKING

import argon2

from app.auth.users import Users

if TYPE_CHECKING:
    from pathlib import Path

PASSWORD = "correct horse battery"
OLD, NEW = "older-key-of-the-sessions-0123456789", "newer-key-of-the-sessions-0123456789"


def users_in(folder: Path) -> Users:
    """The file of users that an application with this data folder reads, with ada in it."""
    quick = argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    made = Users(folder / "users.json", quick)  # the parameters stand in the hash
    made.put("ada", PASSWORD)
    return made
