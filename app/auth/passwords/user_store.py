"""User store: names and argon2 hashes of passwords in a JSON file.

Every process reads the file again after a change. A user who is removed or gets another password is
signed out. Knows files and argon2, nothing of HTTP.
"""

from __future__ import annotations

import hashlib
import json
import logging
import re
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Final

import argon2

from app.storage.blobs import write_atomically

if TYPE_CHECKING:
    from config import Settings

log = logging.getLogger(__name__)

MIN_PASSWORD: Final = 10  # characters
MAX_PASSWORD: Final = 1000
_NAME: Final = re.compile(r"[\w.@+-]{1,64}")
# A hash takes 64 MB (argon2-cffi's default is RFC 9106's profile for little memory).
_MAX_PARALLEL: Final = 2
# Hash of a random password, verified for unknown names, so that they take as long as known ones.
_UNKNOWN_USER: Final = (
    "$argon2id$v=19$m=65536,t=3,p=4$56m0wFWM6zklwc0Pp"
    "OVVAQ$D/ehPc0csSKJpB/VBReCnpG4ktSTnG4g1pDMo5lS1qk"
)


class InvalidUser(ValueError):
    """The name or the password cannot be used; the message says why."""


class UserStore:
    """Names and hashes in one file, read again when it has changed."""

    def __init__(self, path: Path, hasher: argon2.PasswordHasher | None = None) -> None:
        """Read `path` at the first call; a missing file has no users."""
        self._path = path
        self._hasher = hasher or argon2.PasswordHasher()
        self._slots = threading.BoundedSemaphore(_MAX_PARALLEL)
        self._version: tuple[int, int, int] | None = None
        self._hashes: dict[str, str] = {}

    @classmethod
    def from_settings(cls, settings: Settings) -> UserStore:
        """Return the store in the file that the settings name."""
        return cls(Path(settings.users) if settings.users else settings.data / "users.json")

    def names(self) -> list[str]:
        """Return the names of all users, sorted."""
        return sorted(self._read())

    def set_password(self, name: str, password: str) -> None:
        """Add a user, or replace the password of one. Raises InvalidUser."""
        if not _NAME.fullmatch(name):
            raise InvalidUser("A name has 1 to 64 letters, digits or . _ @ + - and no spaces.")
        if not MIN_PASSWORD <= len(password) <= MAX_PASSWORD:
            raise InvalidUser(f"A password has {MIN_PASSWORD} to {MAX_PASSWORD} characters.")
        hashes = self._read() | {name.casefold(): self._hasher.hash(password)}
        self._write(hashes)

    def remove(self, name: str) -> None:
        """Remove a user. Raises InvalidUser where there is no such user."""
        hashes = dict(self._read())
        if hashes.pop(name.casefold(), None) is None:
            raise InvalidUser(f"There is no user {name}.")
        self._write(hashes)

    def verify(self, name: str, password: str) -> str | None:
        """Return the user's fingerprint where the password is right, else None.

        A wrong name takes as long as a wrong password.
        """
        stored = self._read().get(name.casefold())
        with self._slots:
            try:
                self._hasher.verify(stored or _UNKNOWN_USER, password[:MAX_PASSWORD])
            except argon2.exceptions.VerificationError:
                return None
            except argon2.exceptions.InvalidHashError:
                log.error("the hash of a user in %s cannot be read", self._path.name)  # noqa: TRY400 - the traceback has the hash in it
                return None
        return self.fingerprint(name) if stored else None

    def fingerprint(self, name: str) -> str | None:
        """Return a short text that changes with the password; None for an unknown name."""
        stored = self._read().get(name.casefold())
        return hashlib.sha256(stored.encode()).hexdigest()[:16] if stored else None

    def _read(self) -> dict[str, str]:
        try:
            status = self._path.stat()
        except FileNotFoundError:
            return {}
        # Two changes may have the same time and size, but each makes another file.
        version = (status.st_mtime_ns, status.st_size, status.st_ino)
        if version != self._version:
            content = json.loads(self._path.read_text(encoding="utf-8"))
            if not isinstance(content, dict) or not all(
                isinstance(value, str) for value in content.values()
            ):
                raise ValueError(f"{self._path.name} is no JSON object of names and hashes.")
            self._hashes = {str(name).casefold(): text for name, text in content.items()}
            self._version = version
        return self._hashes

    def _write(self, hashes: dict[str, str]) -> None:
        """Replace the file atomically; only its owner may read it."""
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        text = json.dumps(dict(sorted(hashes.items())), indent=1) + "\n"
        write_atomically(self._path, text.encode())
        self._version = None
