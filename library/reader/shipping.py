"""Snapshots in the shared place, so that a new host need not read the whole library.

A process that has indexed writes the files of its cache in parts, then a manifest with their
digests, without which no snapshot is read. It has the generation, from which a host follows.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from library.errors import LibraryError
from library.reader import disk_cache

if TYPE_CHECKING:
    from collections.abc import Iterator

    from library.store.blobs import Blobs
    from library.store.store import Store

PREFIX: Final = "snapshots/"
# A snapshot is replaced when one has more slots than it by both of these.
NEW_LEAST: Final = 2_000
NEW_SHARE: Final = 0.2  # of the slots
_DENSER: Final = 1.3  # times as many slots as another one: many are of deleted assets
_PART: Final = 4 * 1024**2  # bytes
_MANIFEST: Final = "/shipped.json"
_FILE: Final = re.compile(r"[A-Za-z0-9_-]+\.(?:npy|txt|json)")


class BadSnapshot(LibraryError):
    """A snapshot in the shared place is damaged or was removed meanwhile."""


class Shipped(msgspec.Struct, frozen=True):
    """The manifest of a snapshot."""

    uid: str  # of the library
    format: int
    generation: int
    slots: int
    files: dict[str, tuple[int, str]]  # name -> bytes, and their SHA-256

    @property
    def name(self) -> str:
        """What the names of its parts begin with."""
        return f"{PREFIX}{self.format:03d}-{self.generation:012d}"

    def parts(self, file: str) -> Iterator[str]:
        """Yield the names of the parts of a file."""
        for number in range(-(-self.files[file][0] // _PART)):
            yield f"{self.name}/{file}/{number:05d}"


def is_outgrown(before: int, slots: int) -> bool:
    """Return whether a snapshot of `slots` slots is to replace one of `before` slots."""
    return slots - before >= max(NEW_LEAST, NEW_SHARE * slots) or before > _DENSER * slots


def ship(store: Store, home: Path, uid: str) -> bool:
    """Write the newest cache in `home` to the shared place; return whether that was due.

    One process does so at a time. The one before stays, for hosts that are reading it. Raises
    OSError, and the errors of the store.
    """
    cached = next(disk_cache.stored(home, uid), None)
    if cached is None:
        return False
    folder, manifest = cached
    blobs = store.blobs
    state = (manifest["generation"], manifest["slots"])
    if not _is_due(blobs, uid, *state):
        return False
    with store.alone("snapshot") as is_ours:
        if not is_ours or not _is_due(blobs, uid, *state):
            return False
        files = {path.name: _digest(path) for path in sorted(folder.iterdir())}
        new = Shipped(uid, disk_cache.FORMAT, *state, files)
        for file in files:
            with (folder / file).open("rb") as opened:
                for part in new.parts(file):
                    blobs.write({part: opened.read(_PART)})
        blobs.write({new.name + _MANIFEST: msgspec.json.encode(new)})
        _prune(blobs, new)
    return True


def fetch(blobs: Blobs, home: Path, uid: str, generation: int) -> bool:
    """Copy the newest snapshot that is not after `generation` to the cache in `home`.

    Returns whether there was one that is worth it. Raises BadSnapshot, OSError, and the errors of
    the store; the cache is then as it was.
    """
    found = (each for each in _manifests(blobs, uid) if each.generation <= generation)
    newest = next(found, None)
    _, cached = next(disk_cache.stored(home, uid), (None, None))
    if newest is None:
        return False
    if cached and not (
        newest.generation > cached["generation"] and is_outgrown(cached["slots"], newest.slots)
    ):
        return False
    cache = home / disk_cache.FOLDER
    cache.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(dir=cache, prefix="."))
    try:
        for file, (_, digest) in newest.files.items():
            if not _FILE.fullmatch(file):
                raise BadSnapshot("a file of it has no name of a cache")
            total = hashlib.sha256()
            with (draft / file).open("wb") as opened:
                for part in newest.parts(file):
                    content = blobs.read(part)
                    total.update(content)
                    opened.write(content)
            if total.hexdigest() != digest:
                raise BadSnapshot(f"the digest of {file} differs")
        disk_cache.adopt(home, draft, newest.generation)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return True


def _is_due(blobs: Blobs, uid: str, generation: int, slots: int) -> bool:
    shipped = next(_manifests(blobs, uid), None)
    return shipped is None or (
        generation > shipped.generation and is_outgrown(shipped.slots, slots)
    )


def _manifests(blobs: Blobs, uid: str) -> Iterator[Shipped]:
    """Yield the snapshots of library `uid` in this format, the newest first."""
    names = [name for name in blobs.names(PREFIX) if name.endswith(_MANIFEST)]
    for name in reversed(names):
        try:
            shipped = msgspec.json.decode(blobs.read(name), type=Shipped)
        except (FileNotFoundError, msgspec.MsgspecError, UnicodeDecodeError):
            continue  # removed meanwhile, or written by another version
        is_here = shipped.name + _MANIFEST == name
        if is_here and (shipped.uid, shipped.format) == (uid, disk_cache.FORMAT):
            yield shipped


def _prune(blobs: Blobs, new: Shipped) -> None:
    """Remove all snapshots but the new one, the one before, and those of newer formats."""
    older = [each.name for each in _manifests(blobs, new.uid) if each.name < new.name]
    stay = tuple(f"{name}/" for name in (new.name, *older[:1]))
    newer = f"{PREFIX}{new.format + 1:03d}-"
    names = [n for n in blobs.names(PREFIX) if not n.startswith(stay) and n < newer]
    # Manifests first: without its manifest a snapshot is not read.
    for name in sorted(names, key=lambda each: not each.endswith(_MANIFEST)):
        blobs.remove([name])


def _digest(path: Path) -> tuple[int, str]:
    with path.open("rb") as opened:
        return path.stat().st_size, hashlib.file_digest(opened, "sha256").hexdigest()
