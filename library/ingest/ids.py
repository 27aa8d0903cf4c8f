"""The id of each file: that of before, whatever has happened to the file since.

A file keeps the id of its path, also when its content has changed. A file at a new path gets the id
of a vanished file with the same content: it was renamed or moved. Otherwise it gets the id that its
sidecar states, or a new one.
"""

from __future__ import annotations

import threading
from collections import Counter
from typing import TYPE_CHECKING, Protocol

from library.ingest.naming import asset_id
from library.store.identities import Identity

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from library.ingest.plan import Plan
    from library.ingest.walk import FoundFile, Walk
    from library.store.identities import Identities


class Read(Protocol):
    """What is known about a file that has been read."""

    @property
    def file(self) -> FoundFile:
        """The file."""

    @property
    def sha256(self) -> str:
        """The hash of its content."""

    @property
    def sidecar_id(self) -> str | None:
        """The id that a sidecar states."""


class IdAssigner:
    """Assigns the ids of one run. Thread-safe; no id is given to two files.

    `names` are the names of the roots by their paths.
    """

    def __init__(
        self,
        identities: Identities,
        names: Mapping[str, str],
        walks: Iterable[Walk],
        plan: Plan,
    ) -> None:
        self._identities, self._names, self._plan = identities, names, plan
        self._walks = {names[walk.root]: walk for walk in walks}
        self._present = {
            (names[file.root], file.path) for walk in self._walks.values() for file in walk.files
        }
        # New files by name and size: of several copies, each takes the id of its own name.
        self._new = Counter(
            (_name(file.path), file.size)
            for file in plan.read
            if (file.root, file.path) not in plan.known
        )
        self._assigned: dict[str, tuple[str, str]] = {}
        self._lock = threading.Lock()

    def is_assigned(self, asset: str) -> bool:
        """Return whether a file of this run has the id."""
        return asset in self._assigned

    def identity(self, root: str, path: str, asset: str, sha256: str) -> Identity:
        """Return the row of the table of ids for a file below the folder `root`."""
        return Identity(asset, self._names[root], path, sha256)

    def assign(self, described: Read) -> str:
        """Return the id of a file."""
        key = (self._names[described.file.root], described.file.path)
        with self._lock:
            chosen = self._at_path(key) or self._moved(described, key, live=True)
            stated = described.sidecar_id
            if chosen is None and stated is not None and self._is_free(stated, key):
                chosen = stated
            chosen = chosen or self._moved(described, key, live=False)
            attempt = 0
            while chosen is None:
                candidate = asset_id(described.sha256, described.file.path, attempt)
                chosen = candidate if self._is_new(candidate, key) else None
                attempt += 1
            self._assigned[chosen] = key
            return chosen

    def _at_path(self, key: tuple[str, str]) -> str | None:
        known = self._identities.at(*key)
        return known.id if known is not None and self._is_unassigned(known.id, key) else None

    def _moved(self, described: Read, key: tuple[str, str], *, live: bool) -> str | None:
        """Return the id of the vanished file that this one is; `live`: its asset is indexed."""
        name, size = _name(key[1]), described.file.size
        candidates = [
            each
            for each in self._identities.with_content(described.sha256)
            if (each.id in self._plan.contents) == live
            and self._is_unassigned(each.id, key)
            and self._has_vanished(each)
            and (_name(each.path) == name or not self._new[_name(each.path), size])
        ]
        folder = key[1].rpartition("/")[0]
        return (
            min(
                candidates,
                key=lambda each: (
                    _name(each.path) != name,
                    each.path.rpartition("/")[0] != folder,
                    each.root != key[0],
                    each.path,
                ),
                default=Identity("", "", "", ""),
            ).id
            or None
        )

    def _is_free(self, asset: str, key: tuple[str, str]) -> bool:
        """Return whether a file may have the id that its sidecar states."""
        owner = self._identities.of(asset)
        is_own = owner is None or owner[1:3] == key or self._has_vanished(owner)
        return is_own and self._is_unassigned(asset, key)

    def _is_new(self, asset: str, key: tuple[str, str]) -> bool:
        """Return whether no other file has or had the id."""
        owner = self._identities.of(asset)
        return (owner is None or owner[1:3] == key) and self._is_unassigned(asset, key)

    def _is_unassigned(self, asset: str, key: tuple[str, str]) -> bool:
        return self._assigned.get(asset, key) == key

    def _has_vanished(self, identity: Identity) -> bool:
        """Return whether a file is gone from a folder that could be read.

        The files of a folder that is not there have not vanished, nor those that are excluded now.
        """
        walk = self._walks.get(identity.root)
        return (
            walk is not None
            and not walk.is_vanished
            and not walk.is_unmounted(identity.path)
            and (identity.root, identity.path) not in self._present
            and walk.covers(identity.path)
            and not walk.exclusions.covers(identity.path)
        )


def _name(path: str) -> str:
    return path.rpartition("/")[2]
