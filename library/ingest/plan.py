"""The plan of a run: which files to read, and which assets are left without a file."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from library.schema.documents import awaited

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from extras import Extra
    from library.ingest.walk import FoundFile, Walk
    from library.schema.documents import SourceFile

    Known = dict[tuple[str, str], tuple[SourceFile, str]]  # (root, path) -> source and asset id

# More of a folder than this part of it, and more than one file, are not removed at once.
_MOST_REMOVED: Final = 0.2


@dataclass(slots=True)
class Plan:
    """What a run has to do."""

    known: Known
    again: bool  # read all files, because the extraction logic has changed
    read: list[FoundFile] = field(default_factory=list)
    gone: Known = field(default_factory=dict)  # of folders that were read, and of vanished ones
    refused: Known = field(default_factory=dict)  # excluded now, or not accepted any more
    present: set[str] = field(default_factory=set)  # ids of assets whose files are there
    contents: dict[str, str] = field(default_factory=dict)  # id -> hash of the indexed content
    unchanged: int = 0
    waiting: dict[str, list[str]] = field(default_factory=dict)  # missing extra -> unchanged files

    def was_read(self, file: FoundFile) -> bool:
        """Return whether a file that cannot be read now replaces one that could.

        It may be in the middle of being written. The asset stays as it was until the file changes.
        """
        source, _ = self.known.get((file.root, file.path), (None, ""))
        return source is not None and not (is_unchanged(source, file) or awaited(source.sha256))

    def refuse(self, file: FoundFile) -> None:
        """Remove the asset of a file that has not changed and is not accepted any more."""
        key = (file.root, file.path)
        if self.again and key in self.known and is_unchanged(self.known[key][0], file):
            self.refused[key] = self.known[key]


@dataclass(frozen=True, slots=True)
class Lost:
    """Assets without a file: those to remove, and those to keep, each with the reason."""

    removed: list[str]
    missing: dict[str, str]


def make_plan(
    walks: Iterable[Walk], known: Known, *, again: bool, missing: Collection[Extra] = ()
) -> Plan:
    """Return the plan for the files of `walks`; `missing` are the extras that are not installed."""
    plan = Plan(known, again, contents={i: source.sha256 for source, i in known.values()})
    names = {extra.name for extra in missing}
    for walk in walks:
        indexed = {key: value for key, value in known.items() if key[0] == walk.root}
        for file in walk.files:
            entry = indexed.pop((file.root, file.path), None)
            if entry is not None:
                plan.present.add(entry[1])
            extra = "" if entry is None else awaited(entry[0].sha256)
            is_here = bool(extra) and extra not in names  # installed since
            if entry is None or again or is_here or not is_unchanged(entry[0], file):
                plan.read.append(file)
            else:
                plan.unchanged += 1
                if extra:
                    plan.waiting.setdefault(extra, []).append(file.path)
        for key, value in indexed.items():
            if walk.exclusions.covers(key[1]):
                plan.refused[key] = value
            elif walk.covers(key[1]):
                plan.gone[key] = value
    return plan


def lost(
    plan: Plan,
    walks: Iterable[Walk],
    gone: Known,
    missing: Collection[str],
    *,
    prune: bool,
) -> Lost:
    """Return what becomes of the assets in `gone`, those that no file has taken over.

    `missing` are the ids that were missing before; they stay so. `prune` removes all of them.
    """
    result = Lost([], {})
    for walk in walks:
        ids = {asset_id: key[1] for key, (_, asset_id) in gone.items() if key[0] == walk.root}
        if prune:
            result.removed.extend(ids)
            continue
        before = sum(key[0] == walk.root and i not in missing for key, (_, i) in plan.known.items())
        new = [i for i, path in ids.items() if i not in missing and not walk.is_unmounted(path)]
        reason = ""
        if not walk.is_there:
            reason = walk.reason
        elif walk.is_vanished:
            reason = "its folder is empty"
        elif len(new) > max(1, _MOST_REMOVED * before):
            reason = f"it was gone together with {len(new) - 1} other files"
        for asset_id, path in ids.items():
            if walk.is_unmounted(path):
                result.missing[asset_id] = reason or "its disk or share is not connected"
            elif reason or asset_id in missing:
                result.missing[asset_id] = reason
            else:
                result.removed.append(asset_id)
    return result


def is_unchanged(source: SourceFile, file: FoundFile) -> bool:
    """Return whether a file has the size and times with which it was indexed."""
    return source.size == file.size and source.mtime_ns == file.stamp
