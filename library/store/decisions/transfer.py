"""Decisions as JSON Lines: `python -m library decisions export` and `import`.

Each line is a collection or a decision, with its ids, its time and its user. An import can be
repeated: what is there already is left alone. Where both sides decided differently, the later
decision is kept and the conflict is reported.
"""

from __future__ import annotations

import sys
from contextlib import closing, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import msgspec

from library.errors import IndexMissing, LibraryError
from library.home import write_atomically
from library.schema.decisions import COLLECTIONS, LABEL, LABELS, NSFW, RATING, RATINGS, TAGS
from library.schema.fields import folded
from library.store.decisions.follow import follow
from library.store.decisions.stored import DecidedCollection, Decisions, Entry
from library.store.index import Index
from library.store.opening import open_decisions
from library.store.rows import milliseconds

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path


_LINE_MOST: Final = 1_000_000  # bytes
_SHOWN: Final = 80  # characters of a value in a report


class CannotImport(LibraryError):
    """A line is not a decision; nothing was imported."""


class CollectionLine(
    msgspec.Struct, tag_field="type", tag="collection", forbid_unknown_fields=True
):
    """A collection that was created, changed or deleted by hand."""

    id: str
    name: str
    thumbnail: str | None
    made: bool
    deleted: bool
    createdAt: str
    at: str
    by: str


class DecisionLine(msgspec.Struct, tag_field="type", tag="decision", forbid_unknown_fields=True):
    """A decision about an asset; see `store.decisions.Entry`."""

    asset: str
    field: str
    item: str
    value: Any
    at: str
    by: str


_ENCODE: Final = msgspec.json.Encoder().encode
_DECODE: Final = msgspec.json.Decoder(CollectionLine | DecisionLine).decode


@dataclass(slots=True)
class Imported:
    """What an import did."""

    added: int = 0
    same: int = 0
    replaced: int = 0  # by a later decision of the file
    kept: int = 0  # because the decision of the file is older
    waiting: int = 0  # assets that have decisions and are not in the library
    conflicts: list[str] = field(default_factory=list)  # one line each

    def __str__(self) -> str:
        """Return one line."""
        return (
            f"added {self.added}, {self.same} the same, conflicts: {self.replaced} replaced by the "
            f"file's later decision, {self.kept} kept"
            + (
                f"; {self.waiting} assets are not in the library: their decisions are shown when "
                "they are indexed"
                if self.waiting
                else ""
            )
        )


def export_lines(decisions: Decisions) -> Iterator[bytes]:
    """Yield all collections and decisions, one line each."""
    for each in decisions.collections().values():
        yield _line(
            CollectionLine(
                id=each.id,
                name=each.name,
                thumbnail=each.thumbnail,
                made=each.made,
                deleted=each.deleted,
                createdAt=_time(each.created),
                at=_time(each.at),
                by=each.by,
            )
        )
    for entry in decisions.entries():
        yield _line(
            DecisionLine(
                asset=entry.asset,
                field=entry.field,
                item=entry.item,
                value=entry.value,
                at=_time(entry.at),
                by=entry.by,
            )
        )


def import_lines(decisions: Decisions, lines: Iterable[bytes]) -> Imported:
    """Import the lines of an export in one transaction. Raises CannotImport, which names the line.

    Assets that are not in the library keep their decisions for when they are indexed.
    """
    done = Imported()
    read = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            read.append(_parsed(line))
        except (msgspec.MsgspecError, ValueError, OverflowError, RecursionError) as error:
            raise CannotImport(
                f"line {number} is not a decision: {error}. Nothing was imported; export again "
                "or correct the line"
            ) from error
    with decisions.editing() as edit:
        assets = {each.asset for each in read if isinstance(each, Entry)}
        known = {entry[:3]: entry for entry in edit.entries(assets)}
        new: dict[tuple[str, ...], Entry] = {}
        for each in read:
            if not isinstance(each, Entry):
                if _is_newer(edit.collection(each.id), each, done):
                    edit.put_collection(each)
            elif _is_newer(known.get(each[:3]), each, done):
                known[each[:3]] = new[each[:3]] = each
        edit.put(*new.values())
    return done


def export_file(home: Path, file: Path | None) -> None:
    """Write the decisions of the library in `home` to a file, or to standard output.

    Raises IndexMissing where there is neither a library nor a decision.
    """
    with open_decisions(home, create=False) as decisions:
        lines = b"".join(export_lines(decisions))
    if file is None:
        sys.stdout.buffer.write(lines)
    else:
        write_atomically(file.resolve(), lines)


def import_file(home: Path, file: Path | None) -> Imported:
    """Import a file, or standard input, and show the decisions where there is an index."""
    lines = (sys.stdin.buffer.read() if file is None else file.read_bytes()).split(b"\n")
    with open_decisions(home, create=True) as decisions:
        done = import_lines(decisions, lines)
        known: set[str] = set()
        with suppress(IndexMissing), closing(Index.open(home)) as index:
            follow(index)
            known = {asset for _, asset in index.sources().values()}
        done.waiting = len({entry.asset for entry in decisions.entries()} - known)
    return done


def _parsed(line: bytes) -> Entry | DecidedCollection:
    if len(line) > _LINE_MOST:
        raise ValueError("it is too long")
    parsed = _DECODE(line)
    at = milliseconds(parsed.at)
    if isinstance(parsed, CollectionLine):
        return DecidedCollection(
            id=parsed.id,
            name=parsed.name,
            thumbnail=parsed.thumbnail,
            made=parsed.made,
            deleted=parsed.deleted,
            created=milliseconds(parsed.createdAt),
            at=at,
            by=parsed.by,
        )
    if not _is_valid(parsed):
        raise ValueError(f"the value {str(parsed.value)[:_SHOWN]!r} of {parsed.field[:_SHOWN]!r}")
    return Entry(parsed.asset, parsed.field, parsed.item, parsed.value, at, parsed.by)


_VALID: Final[dict[str, Callable[[Any], bool]]] = {
    "name": lambda value: isinstance(value, str) and bool(value),
    "description": lambda value: isinstance(value, str),
    RATING: lambda value: type(value) is int and value in RATINGS,
    LABEL: lambda value: value in ("", *LABELS),
    NSFW: lambda value: isinstance(value, list) and all(isinstance(each, str) for each in value),
}


def _is_valid(line: DecisionLine) -> bool:
    """Return whether the value is one of the field."""
    item, value = line.item, line.value
    if line.field == TAGS:
        is_tag = isinstance(value, str) and folded(value) == item
        return bool(item) and folded(item) == item and (is_tag or value is None)
    if line.field == COLLECTIONS:
        return bool(item) and (value is None or value is True)
    return not item and line.field in _VALID and _VALID[line.field](value)


def _is_newer(
    old: Entry | DecidedCollection | None, new: Entry | DecidedCollection, done: Imported
) -> bool:
    """Return whether a decision of the file is to be stored; count it, and note a conflict."""
    if old is None:
        done.added += 1
        return True
    if _content(old) == _content(new):
        done.same += 1
        return False
    is_later = new.at > old.at
    done.replaced += is_later
    done.kept += not is_later
    what = (
        f"collection {new.id}"
        if isinstance(new, DecidedCollection)
        else " ".join(filter(None, (new.field, new.item, "of", new.asset)))
    )
    before, after = (str(_content(each))[:_SHOWN] for each in (old, new))
    chosen = "the file's is later" if is_later else "kept, the file's is not later"
    done.conflicts.append(f"{what}: {before} here, {after} in the file: {chosen}")
    return is_later


def _content(each: Entry | DecidedCollection) -> Any:
    """Return what was decided, without who and when."""
    if isinstance(each, Entry):
        return each.value
    return (each.name, each.thumbnail, "deleted" if each.deleted else "")


def _line(value: msgspec.Struct) -> bytes:
    return _ENCODE(value) + b"\n"


def _time(moment: int) -> str:
    seconds, rest = divmod(moment, 1000)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{rest:03d}Z"
