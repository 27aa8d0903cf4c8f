"""The file of users: names and argon2 hashes of their passwords, as a JSON object.

Knows files and argon2; nothing of HTTP. A change of the file is seen by every worker at the next
request, and ends the sessions of whoever was taken out or has another password.
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

from app.places import write_whole

if TYPE_CHECKING:
    from config import Settings

log = logging.getLogger(__name__)

LEAST_PASSWORD: Final = 10  # characters
MOST_PASSWORD: Final = 1000
_NAME: Final = re.compile(r"[\w.@+-]{1,64}")
# A hash takes 64 MB (argon2-cffi's default is RFC 9106's profile for little memory), so that
# only as many are tried at a time as memory certainly has room for.
_AT_A_TIME: Final = 2
# Of a password that nobody knows: an unknown name takes as long as a known one.
_NOBODY: Final = (
    "$argon2id$v=19$m=65536,t=3,p=4$56m0wFWM6zklwc0Pp"
    "OVVAQ$D/ehPc0csSKJpB/VBReCnpG4ktSTnG4g1pDMo5lS1qk"
)


class InvalidUser(ValueError):
    """The name or the password cannot be used; the message says why."""


class Users:
    """Names and hashes in one file, read again whenever it has changed."""

    def __init__(self, path: Path, hasher: argon2.PasswordHasher | None = None) -> None:
        """Read `path` when first asked; a missing file has no users."""
        self._path = path
        self._hasher = hasher or argon2.PasswordHasher()
        self._places = threading.BoundedSemaphore(_AT_A_TIME)
        self._seen: tuple[int, int, int] | None = None
        self._hashes: dict[str, str] = {}

    @classmethod
    def of(cls, settings: Settings) -> Users:
        """The file that the settings name."""
        return cls(Path(settings.users) if settings.users else settings.data / "users.json")

    def names(self) -> list[str]:
        """Everybody in the file."""
        return sorted(self._read())

    def put(self, name: str, password: str) -> None:
        """Add a user, or give one another password. Raises InvalidUser."""
        if not _NAME.fullmatch(name):
            raise InvalidUser("A name has 1 to 64 letters, digits or . _ @ + - and no spaces.")
        if not LEAST_PASSWORD <= len(password) <= MOST_PASSWORD:
            raise InvalidUser(f"A password has {LEAST_PASSWORD} to {MOST_PASSWORD} characters.")
        hashes = self._read() | {name.casefold(): self._hasher.hash(password)}
        self._write(hashes)

    def remove(self, name: str) -> None:
        """Take a user out. Raises InvalidUser where there is no such user."""
        hashes = dict(self._read())
        if hashes.pop(name.casefold(), None) is None:
            raise InvalidUser(f"There is no user {name}.")
        self._write(hashes)

    def check(self, name: str, password: str) -> str | None:
        """Answer the user's stamp where name and password fit, else None; both take as long."""
        known = self._read().get(name.casefold())
        with self._places:
            try:
                self._hasher.verify(known or _NOBODY, password[:MOST_PASSWORD])
            except argon2.exceptions.VerificationError:
                return None
            except argon2.exceptions.InvalidHashError:
                log.error("the hash of a user in %s cannot be read", self._path.name)  # noqa: TRY400 - the traceback has the hash in it
                return None
        return self.stamp(name) if known else None

    def stamp(self, name: str) -> str | None:
        """A short text that changes with the password; None for whoever is not in the file."""
        known = self._read().get(name.casefold())
        return hashlib.sha256(known.encode()).hexdigest()[:16] if known else None

    def _read(self) -> dict[str, str]:
        try:
            status = self._path.stat()
        except FileNotFoundError:
            return {}
        # Two changes may be of the same moment and size, but each is another file.
        seen = (status.st_mtime_ns, status.st_size, status.st_ino)
        if seen != self._seen:
            loose = json.loads(self._path.read_text(encoding="utf-8"))
            if not isinstance(loose, dict) or not all(isinstance(h, str) for h in loose.values()):
                raise ValueError(f"{self._path.name} is no JSON object of names and hashes.")
            self._hashes = {str(name).casefold(): text for name, text in loose.items()}
            self._seen = seen
        return self._hashes

    def _write(self, hashes: dict[str, str]) -> None:
        """Write so that a crash leaves the old file or the new one; only its owner may read it."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        text = json.dumps(dict(sorted(hashes.items())), indent=1) + "\n"
        write_whole(self._path, text.encode())
        self._seen = None
