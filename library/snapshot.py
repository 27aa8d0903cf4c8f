"""A shelf <-> files under `home/cache`, for a quick start.

One folder a state: `manifest.json` and an array a file. It is written beside and renamed, so that
a reader finds all of it or nothing. Knows what a shelf is made of; decides nothing.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from library.columns import KEPT, Coded, Column, Lists, Raw, Values
from library.postings import Postings, Segment, merged
from library.shelf import SPACES, Shelf
from library.space import Reduction, Space
from library.strip import Strip

if TYPE_CHECKING:
    from collections.abc import Mapping

FOLDER = "cache"
FORMAT = 3  # of these files; others are not read
_NEWLINE = "\n"
_POSTINGS = ("begin", "slots", "impacts", "where")


def save(home: Path, uid: str, shelf: Shelf) -> None:
    """Write `shelf` of the library `uid`, and remove what older states left; raises OSError."""
    cache = home / FOLDER
    cache.mkdir(exist_ok=True)
    draft = Path(tempfile.mkdtemp(dir=cache, prefix="."))
    try:
        _write(draft, uid, shelf)
        # Named by the format too: what an older version left must not stand in for it.
        final = cache / f"shelf-{FORMAT:03d}-{shelf.generation:012d}"
        if final.exists():
            shutil.rmtree(draft)
        else:
            draft.rename(final)
    except OSError:
        shutil.rmtree(draft, ignore_errors=True)
        raise
    for older in cache.glob("shelf-*"):
        if older.name < final.name:
            shutil.rmtree(older, ignore_errors=True)


def load(home: Path, uid: str) -> Shelf | None:
    """The newest state of library `uid` that was kept, or None."""
    for folder in sorted((home / FOLDER).glob("shelf-*"), reverse=True):
        try:
            manifest = msgspec.json.decode((folder / "manifest.json").read_bytes())
            if (manifest["uid"], manifest["format"]) == (uid, FORMAT):
                return _read(folder, manifest)
        except (OSError, ValueError, KeyError, msgspec.DecodeError):
            # Removed by another process meanwhile, or not written by this version.
            continue
    return None


def _write(folder: Path, uid: str, shelf: Shelf) -> None:
    def put(name: str, strip: Strip) -> int:
        strip.save(folder / f"{name}.npy")
        return len(strip.rows)

    put("number", shelf.numbers)
    put("key", shelf.keys)
    put("alive", Strip.of(shelf.alive))
    put("odd", shelf.odd)
    values: dict[str, list[Any]] = {}
    entries: dict[str, int] = {}
    for name, column in shelf.column.items():
        if isinstance(column, Raw):
            put(f"column-{name}", column.numbers_)
            continue
        values[name] = column.values.listed
        entries[name] = put(f"column-{name}", column.codes)
        if isinstance(column, Lists):
            put(f"owner-{name}", column.owner)
    for name, space in shelf.space.items():
        put(f"row-{name}", space.row)
        put(f"slot-{name}", space.slot)
        put(f"kept-{name}", space.kept)
        put(f"finer-{name}", space.finer)
        if space.reduction is not None:
            np.save(folder / f"turn-{name}.npy", space.reduction.turn)
        if space.centre is not None:
            np.save(folder / f"centre-{name}.npy", space.centre)
    counted = {}
    for kind, postings in (("words", shelf.postings), ("aside", shelf.aside)):
        whole = merged(postings)
        counted[kind] = whole.assets
        (folder / f"{kind}.txt").write_text(_NEWLINE.join(whole.words), "utf-8")
        for name in _POSTINGS:
            np.save(folder / f"{kind}-{name}.npy", getattr(whole, name))
    manifest = {
        "format": FORMAT,
        "uid": uid,
        "generation": shelf.generation,
        "tombstone": shelf.tombstone,
        "slots": len(shelf.number),
        "values": values,
        "entries": entries,
        "vectors": {name: len(space) for name, space in shelf.space.items()},
        "scales": {
            name: space.reduction.scale
            for name, space in shelf.space.items()
            if space.reduction is not None
        },
        "assets": counted,
    }
    (folder / "manifest.json").write_bytes(msgspec.json.encode(manifest))


def _read(folder: Path, manifest: Mapping[str, Any]) -> Shelf:
    slots = manifest["slots"]

    def get(name: str, length: int = slots) -> Strip:
        return Strip.load(folder / f"{name}.npy", length)

    column: dict[str, Column] = {}
    for of in KEPT:
        if of.varied:
            column[of.name] = Raw(get(f"column-{of.name}"))
            continue
        listed = manifest["values"][of.name]
        known = Values(listed, {value: code for code, value in enumerate(listed)})
        entries = manifest["entries"][of.name]
        codes = get(f"column-{of.name}", entries)
        if (folder / f"owner-{of.name}.npy").exists():
            owner = get(f"owner-{of.name}", entries)
            column[of.name] = Lists(known, codes, owner, slots)
        else:
            column[of.name] = Coded(known, codes)
    space: dict[str, Space] = {}
    for name in SPACES:
        rows = manifest["vectors"][name]
        kept = get(f"kept-{name}", rows)
        centre = folder / f"centre-{name}.npy"
        scale = manifest["scales"].get(name)
        found = Space(
            name,
            row=get(f"row-{name}"),
            slot=get(f"slot-{name}", rows),
            kept=kept,
            finer=get(f"finer-{name}", 0 if scale is None else rows),
            unit=np.zeros((0, 0), dtype=np.float32),
            centre=np.load(centre) if centre.exists() else None,
            reduction=None
            if scale is None
            else Reduction(np.load(folder / f"turn-{name}.npy"), scale),
        )
        space[name] = found.prepared() if scale is None and rows else found
    postings: dict[str, Postings] = {}
    for kind, assets in manifest["assets"].items():
        text = (folder / f"{kind}.txt").read_text("utf-8")
        mapped = {
            name: np.load(folder / f"{kind}-{name}.npy", mmap_mode="r").view(np.ndarray)
            for name in _POSTINGS
        }
        whole = Segment(text.split(_NEWLINE) if text else [], assets=assets, **mapped)
        postings[kind] = (whole,) if assets else ()
    return Shelf(
        uid=manifest["uid"],
        generation=manifest["generation"],
        tombstone=manifest["tombstone"],
        numbers=get("number"),
        keys=get("key"),
        alive=np.array(get("alive").rows),
        odd=get("odd"),
        column=column,
        space=space,
        postings=postings["words"],
        aside=postings["aside"],
    )
