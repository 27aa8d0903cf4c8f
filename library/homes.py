"""Where a library keeps its things: the home folder, its secrets, and writing a file whole.

Knows paths and random bytes; nothing of what is in the index. A *home* holds one library:
`library.sqlite`, `models/`, `thumbnails/`, `transforms/`, `key.json`, `signing.key`.
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

from library.errors import LibraryError

# What a home holds, by name; a folder with both of MARKS in it is one.
MARKS = frozenset({"library.sqlite", "index.lock"})
HELD = MARKS | {
    *("library.sqlite-shm", "library.sqlite-wal", "models.json", "key.json", "signing.key"),
    *("models", "thumbnails", "transforms", "cache", "made-by"),
}

_SLUG = re.compile(r"[^a-z0-9]+")


class BrokenHome(LibraryError):
    """A file of the home folder cannot be read or is not what Akin wrote."""


@dataclass(frozen=True, slots=True)
class KeyPair:
    """What a client authenticates with (HTTP Basic): user name and password."""

    key: str
    secret: str = field(repr=False)


def home_for(data: Path, folder: Path | None) -> Path:
    """The home below `data` of the library over `folder`; None is the demo pack's."""
    if folder is None:
        return data / "libraries" / "demo"
    resolved = folder.resolve()
    digest = hashlib.sha256(os.fsencode(resolved)).hexdigest()[:8]
    slug = _SLUG.sub("-", resolved.name.lower()).strip("-")[:40] or "folder"
    return data / "libraries" / f"{slug}-{digest}"


def thumbnail_path(home: Path, asset_id: str) -> Path:
    """Where the thumbnail of an asset is, if it has one."""
    return home / "thumbnails" / asset_id.removeprefix("asset_")[:2] / f"{asset_id}.webp"


def write_atomically(path: Path, content: bytes, *, mode: int = 0o644) -> None:
    """Write `content` to `path` so that a reader, or a kill, meets the old file or the new one.

    Raises OSError (a full disk, for example) and leaves no partial file then.
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


def _kept(path: Path, fresh: bytes) -> bytes:
    """The content of `path`; when it is missing, `fresh`, written so that the first writer wins."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        pass
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".part")  # mode 0600
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(fresh)
        os.link(name, path)  # fails when another process was first: then theirs counts
    except FileExistsError:
        pass
    finally:
        Path(name).unlink(missing_ok=True)
    return path.read_bytes()


def key_pair(home: Path) -> KeyPair:
    """The key pair of the library in `home`, made on first use, readable by its owner."""
    fresh = {"key": f"api_{secrets.token_hex(12)}", "secret": secrets.token_urlsafe(32)}
    path = home / "key.json"
    try:
        found = json.loads(_kept(path, json.dumps(fresh).encode()))
        return KeyPair(str(found["key"]), str(found["secret"]))
    except (ValueError, TypeError, KeyError) as error:
        raise BrokenHome(f"{path} is not a key pair; remove it and a new one is made") from error


def signing_secret(home: Path) -> bytes:
    """32 bytes that sign the URLs of the library in `home`, made on first use."""
    path = home / "signing.key"
    found = _kept(path, secrets.token_bytes(32))
    if len(found) != 32:
        raise BrokenHome(f"{path} is not a signing key; remove it and a new one is made")
    return found
