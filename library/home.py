"""The home folder of a library: its paths, its secrets, and atomic writing of files.

Knows paths and random bytes; nothing of the index. A *home* contains one library:
`library.sqlite`, `identities.sqlite`, `decisions.sqlite`, `models/`, `thumbnails/`, `transforms/`,
`key.json`, `signing.key`.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import secrets
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from library.errors import LibraryError

if TYPE_CHECKING:
    from collections.abc import Sequence

# Names of the files of a home; a folder with one of the INDEXES and the LOCK is a home.
LOCK = "index.lock"  # held by the process that writes the library
SECOND_LOCK = "second-pass.lock"  # held by the process that runs its second pass
SECOND_ATTEMPT = "second-pass.attempt"  # what it looks at
SIDECARS_LOCK = "sidecars.lock"  # held by the process that writes sidecars
WATCH_LOCK = "watch.lock"  # held by the process that follows the folders
ROOTS = "roots.json"  # where this host has the folders of a library in a database
IN_DATABASE = "library.postgresql"  # an empty file, where the index is in a database
INDEXES = frozenset({"library.sqlite", IN_DATABASE})
HOME_FILES = INDEXES | {
    LOCK,
    *("library.sqlite-shm", "library.sqlite-wal", "models.json", "key.json", "signing.key"),
    *("identities.sqlite", "identities.sqlite-journal"),
    *("decisions.sqlite", "decisions.sqlite-journal"),
    *("models", "thumbnails", "transforms", "cache", "made-by", "indexing.json"),
    *(WATCH_LOCK, SECOND_LOCK, SECOND_ATTEMPT, SIDECARS_LOCK, ROOTS),
}

_KEPT = ("library.sqlite", "identities.sqlite", "decisions.sqlite")
_SLUG = re.compile(r"[^a-z0-9]+")


class BrokenHome(LibraryError):
    """A file of the home folder cannot be read or was not written by Akin."""


@dataclass(frozen=True, slots=True)
class KeyPair:
    """The credentials of a client (HTTP Basic): user name and password."""

    key: str
    secret: str = field(repr=False)


class Place(Protocol):
    """A folder, or what takes its place."""

    @property
    def name(self) -> str:
        """Its last part."""

    def resolve(self) -> Place:
        """Return the one form of its path."""

    def __fspath__(self) -> str:
        """Return its path."""


def home_for(data: Path, folder: Place | None) -> Path:
    """Return the home below `data` of the library over `folder`, None for the demo pack's."""
    if folder is None:
        return data / "libraries" / "demo"
    resolved = folder.resolve()
    digest = hashlib.sha256(os.fsencode(resolved)).hexdigest()[:8]
    slug = _SLUG.sub("-", resolved.name.lower()).strip("-")[:40] or "folder"
    return data / "libraries" / f"{slug}-{digest}"


def home_of(data: Path, folders: Sequence[Place]) -> Path:
    """Return the home below `data` of the library over these folders.

    It is that of the first folder that has one, so that a folder may be added before the others.
    """
    homes = [home_for(data, folder) for folder in folders]
    has_library = (home for home in homes if any((home / name).exists() for name in _KEPT))
    return next(has_library, homes[0] if homes else home_for(data, None))


def data_folder(home: Path) -> Path:
    """Return the data folder that contains `home`, or `home` where it lies elsewhere."""
    resolved = home.resolve()
    return resolved.parent.parent if resolved.parent.name == "libraries" else resolved


def write_atomically(path: Path, content: bytes, *, mode: int = 0o600) -> None:
    """Write `content` to `path` so that a reader sees the old file or the new one, never a part.

    Raises OSError (a full disk, for example) and then leaves no partial file.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".part")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        Path(name).chmod(mode)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _read_or_create(path: Path, content: bytes) -> bytes:
    """Return the content of `path`, created with `content` when missing; the first writer wins."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        pass
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".part")  # mode 0600
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        os.link(name, path)  # fails when another process was first: its file is used
    except FileExistsError:
        pass
    finally:
        Path(name).unlink(missing_ok=True)
    return path.read_bytes()


def key_pair(home: Path) -> KeyPair:
    """Return the key pair of the library in `home`, created on first use with mode 0600."""
    created = {"key": f"api_{secrets.token_hex(12)}", "secret": secrets.token_urlsafe(32)}
    path = home / "key.json"
    try:
        pair = json.loads(_read_or_create(path, json.dumps(created).encode()))
        return KeyPair(str(pair["key"]), str(pair["secret"]))
    except (ValueError, TypeError, KeyError) as error:
        raise BrokenHome(f"{path} is not a key pair; delete it to create a new one") from error


def signing_secret(home: Path) -> bytes:
    """Return the 32 bytes that sign the URLs of the library in `home`, created on first use."""
    path = home / "signing.key"
    secret = _read_or_create(path, secrets.token_bytes(32))
    if len(secret) != 32:
        raise BrokenHome(f"{path} is not a signing key; delete it to create a new one")
    return secret
