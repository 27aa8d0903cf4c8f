"""What only Akin's own library returns: its folder tree, and the files that it does not show.

Values, and the decoding of responses. The Scenario API has none of these calls.
"""

from __future__ import annotations

from typing import Final, TypeVar

import msgspec

from app.errors import InvalidUpstreamResponse

S = TypeVar("S", bound=msgspec.Struct)

# In the order of the library's listing; each with its title.
CATEGORIES: Final = {
    "skipped": "Cannot be read",
    "damaged": "Damaged",
    "missing": "Missing",
    "unwritten": "Sidecars not written",
    "other": "Other types",
    "ignored": "Ignored",
}


class Folder(msgspec.Struct, frozen=True, gc=False):
    """A folder with hits of a search below it."""

    path: str
    hits: int
    hasFolders: bool = False

    @property
    def name(self) -> str:
        """The last part of its path."""
        return self.path.rpartition("/")[2]


class FolderLevel(msgspec.Struct, frozen=True, gc=False):
    """The folders of one folder; `more` is the number of those that are not listed."""

    folders: tuple[Folder, ...] = ()
    more: int = 0


class Root(msgspec.Struct, frozen=True, gc=False):
    """An indexed folder."""

    name: str
    assetCount: int = 0
    missingCount: int = 0


class Part(msgspec.Struct, frozen=True, gc=False):
    """How far a part of the library's second pass is."""

    name: str  # text or nsfw
    doneCount: int = 0
    assetCount: int = 0


class Overview(msgspec.Struct, frozen=True, gc=False):
    """The folders of a library, and how many files have a problem of each category."""

    assetCount: int = 0
    roots: tuple[Root, ...] = ()
    problems: dict[str, int] = {}
    secondPass: tuple[Part, ...] = ()


class Indexing(msgspec.Struct, frozen=True, gc=False):
    """The progress of a library's indexer; `generation` counts the changes of the library."""

    isRunning: bool = False
    fileCount: int = 0
    readCount: int = 0
    skippedCount: int = 0
    secondsLeft: int | None = None
    error: str = ""
    generation: int = 0


class DatabaseState(msgspec.Struct, frozen=True, gc=False):
    """Whether a library can be written now."""

    isWritable: bool = True
    reason: str = ""


class FileProblem(msgspec.Struct, frozen=True, gc=False):
    """Files of one folder that are not shown for the same reason, or one asset."""

    category: str
    folder: str
    kind: str
    reason: str
    fileCount: int = 1
    names: tuple[str, ...] = ()
    assetId: str = ""


class FileProblems(msgspec.Struct, frozen=True, gc=False):
    """A page of a list of problems."""

    problems: tuple[FileProblem, ...] = ()
    nextPaginationToken: str | None = None


class _Levels(msgspec.Struct, frozen=True, gc=False):
    folderDistribution: dict[str, FolderLevel] = {}


class NotTrashed(msgspec.Struct, frozen=True, gc=False):
    """A file that was not moved to the trash, and why."""

    assetId: str
    error: str


class Trashed(msgspec.Struct, frozen=True, gc=False):
    """What of some assets is in the trash: their ids, and the others."""

    moved: tuple[str, ...] = ()
    failed: tuple[NotTrashed, ...] = ()


class _Removed(msgspec.Struct, frozen=True, gc=False):
    removed: int


class _File(msgspec.Struct, frozen=True, gc=False):
    path: str


def levels(body: bytes) -> dict[str, FolderLevel]:
    """Return the levels of the folder tree in a response to a search."""
    return _decode(body, _Levels).folderDistribution


def overview(body: bytes) -> Overview:
    """Decode a response of GET /library."""
    return _decode(body, Overview)


def database(body: bytes) -> DatabaseState:
    """Decode a response of GET /library/database."""
    return _decode(body, DatabaseState)


def indexing(body: bytes) -> Indexing:
    """Decode a response of GET /library/indexing."""
    return _decode(body, Indexing)


def problems(body: bytes) -> FileProblems:
    """Decode a response of GET /library/problems."""
    return _decode(body, FileProblems)


def removed(body: bytes) -> int:
    """Decode a response of POST /library/prune."""
    return _decode(body, _Removed).removed


def trashed(body: bytes) -> Trashed:
    """Decode a response of POST /library/trash."""
    return _decode(body, Trashed)


def path(body: bytes) -> str:
    """Decode a response of GET /library/files/{id}."""
    return _decode(body, _File).path


def _decode(body: bytes, kind: type[S]) -> S:
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidUpstreamResponse("The library's response cannot be read.") from error
