"""Snapshots as files under `home/cache`, for a quick start.

Each state is a folder with `manifest.json` and one file for each array. It is written under
another name and renamed, so that a reader sees all of it or nothing. Knows the parts of a
snapshot; `index_reader` decides when to read and write.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from library.reader.columns import COLUMN_FIELDS, Coded, Column, Lists, Raw, Values
from library.reader.groups import Groups
from library.reader.growable_array import GrowableArray
from library.reader.postings import Postings, Segment, merge_segments
from library.reader.snapshot import SPACES, Snapshot
from library.reader.vectors import Reduction, VectorSpace

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

FOLDER = "cache"
FORMAT = 6  # of these files; other formats are not read
_NEWLINE = "\n"
_POSTINGS = ("begin", "slots", "impacts", "columns")


def save(home: Path, uid: str, snapshot: Snapshot) -> None:
    """Write `snapshot` of the library `uid`, and remove older ones; raises OSError."""
    cache = home / FOLDER
    cache.mkdir(exist_ok=True)
    draft = Path(tempfile.mkdtemp(dir=cache, prefix="."))
    try:
        _write(draft, uid, snapshot)
        adopt(home, draft, snapshot.generation)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def adopt(home: Path, draft: Path, generation: int) -> None:
    """Give a complete folder its name, and remove older ones; raises OSError."""
    cache = home / FOLDER
    # The name has the format, so that a folder of an older version is never taken for it.
    final = cache / f"snapshot-{FORMAT:03d}-{generation:012d}"
    if not final.exists():
        draft.rename(final)
    for older in cache.glob("*-*-*"):
        if older.name < final.name:
            shutil.rmtree(older, ignore_errors=True)


def stored(home: Path, uid: str) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Yield the folder and the manifest of each stored state of library `uid`, newest first."""
    for folder in sorted((home / FOLDER).glob("snapshot-*"), reverse=True):
        try:
            manifest = msgspec.json.decode((folder / "manifest.json").read_bytes())
            if (manifest["uid"], manifest["format"]) == (uid, FORMAT):
                yield folder, manifest
        except (OSError, ValueError, KeyError, TypeError, msgspec.DecodeError):
            # Removed by another process meanwhile, or written by another version.
            continue


def load(home: Path, uid: str) -> Snapshot | None:
    """Return the newest stored state of library `uid`, or None."""
    for folder, manifest in stored(home, uid):
        try:
            return _read(folder, manifest)
        except (OSError, ValueError, KeyError):
            continue  # removed meanwhile, or damaged
    return None


def _write(folder: Path, uid: str, snapshot: Snapshot) -> None:
    def put(name: str, array: GrowableArray) -> int:
        array.save(folder / f"{name}.npy")
        return len(array.rows)

    put("number", snapshot.numbers)
    put("key", snapshot.keys)
    put("alive", GrowableArray.of(snapshot.alive))
    put("non-ascii", snapshot.non_ascii)
    put("group", GrowableArray.of(snapshot.groups.codes))
    put("place", GrowableArray.of(snapshot.groups.places))
    values: dict[str, list[Any]] = {}
    entries: dict[str, int] = {}
    for name, column in snapshot.columns.items():
        if isinstance(column, Raw):
            put(f"column-{name}", column.numbers_)
            continue
        values[name] = column.values.listed
        entries[name] = put(f"column-{name}", column.codes)
        if isinstance(column, Lists):
            put(f"owner-{name}", column.owner)
    for name, space in snapshot.spaces.items():
        put(f"row-{name}", space.row)
        put(f"slot-{name}", space.slot)
        put(f"coarse-{name}", space.coarse)
        put(f"fine-{name}", space.fine)
        if space.reduction is not None:
            np.save(folder / f"rotation-{name}.npy", space.reduction.rotation)
        if space.centre is not None:
            np.save(folder / f"centre-{name}.npy", space.centre)
    assets = {}
    for kind, postings in (("searched", snapshot.postings), ("unsearched", snapshot.unsearched)):
        whole = merge_segments(postings)
        assets[kind] = whole.assets
        (folder / f"{kind}.txt").write_text(_NEWLINE.join(whole.words), "utf-8")
        for name in _POSTINGS:
            np.save(folder / f"{kind}-{name}.npy", getattr(whole, name))
    manifest = {
        "format": FORMAT,
        "uid": uid,
        "generation": snapshot.generation,
        "tombstone": snapshot.tombstone,
        "slots": len(snapshot.number),
        "groups": snapshot.groups.ids,
        "grouped": snapshot.groups.seq,
        "values": values,
        "entries": entries,
        "vectors": {name: len(space) for name, space in snapshot.spaces.items()},
        "scales": {
            name: space.reduction.scale
            for name, space in snapshot.spaces.items()
            if space.reduction is not None
        },
        "assets": assets,
    }
    (folder / "manifest.json").write_bytes(msgspec.json.encode(manifest))


def _read(folder: Path, manifest: Mapping[str, Any]) -> Snapshot:
    slots = manifest["slots"]

    def get(name: str, length: int = slots) -> GrowableArray:
        return GrowableArray.load(folder / f"{name}.npy", length)

    columns: dict[str, Column] = {}
    for of in COLUMN_FIELDS:
        if of.varied:
            columns[of.name] = Raw(get(f"column-{of.name}"))
            continue
        listed = manifest["values"][of.name]
        values = Values(listed, {value: code for code, value in enumerate(listed)})
        entries = manifest["entries"][of.name]
        codes = get(f"column-{of.name}", entries)
        if (folder / f"owner-{of.name}.npy").exists():
            owner = get(f"owner-{of.name}", entries)
            columns[of.name] = Lists(values, codes, owner, slots)
        else:
            columns[of.name] = Coded(values, codes)
    spaces: dict[str, VectorSpace] = {}
    for name in SPACES:
        rows = manifest["vectors"][name]
        centre = folder / f"centre-{name}.npy"
        scale = manifest["scales"].get(name)
        space = VectorSpace(
            name,
            row=get(f"row-{name}"),
            slot=get(f"slot-{name}", rows),
            coarse=get(f"coarse-{name}", rows),
            fine=get(f"fine-{name}", 0 if scale is None else rows),
            unit=np.zeros((0, 0), dtype=np.float32),
            centre=np.load(centre) if centre.exists() else None,
            reduction=None
            if scale is None
            else Reduction(np.load(folder / f"rotation-{name}.npy"), scale),
        )
        spaces[name] = space.prepared() if scale is None and rows else space
    postings: dict[str, Postings] = {}
    for kind, assets in manifest["assets"].items():
        text = (folder / f"{kind}.txt").read_text("utf-8")
        mapped = {
            name: np.load(folder / f"{kind}-{name}.npy", mmap_mode="r").view(np.ndarray)
            for name in _POSTINGS
        }
        whole = Segment(text.split(_NEWLINE) if text else [], assets=assets, **mapped)
        postings[kind] = (whole,) if assets else ()
    return Snapshot(
        uid=manifest["uid"],
        generation=manifest["generation"],
        tombstone=manifest["tombstone"],
        numbers=get("number"),
        keys=get("key"),
        alive=np.array(get("alive").rows),
        non_ascii=get("non-ascii"),
        groups=Groups.of(
            manifest["groups"],
            np.array(get("group").rows),
            np.array(get("place").rows),
            manifest["grouped"],
        ),
        columns=columns,
        spaces=spaces,
        postings=postings["searched"],
        unsearched=postings["unsearched"],
    )
