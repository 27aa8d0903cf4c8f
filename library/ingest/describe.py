"""One file -> a document without its id, and a small picture.

The file and its sidecars are opened once, below their root; only descriptors are passed on. What
they state is read in a confined worker (`extracting`). A known format that cannot be read becomes a
damaged asset with a placeholder; content of no known format is refused.
"""

from __future__ import annotations

import errno
import hashlib
import os
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, Final

from library import objects
from library.errors import LibraryError
from library.folders import is_address
from library.formats import file_types
from library.formats.appearance import visible
from library.formats.isolation.decoding import several_from_pixels
from library.formats.isolation.worker_pool import SECONDS, Failed, WorkerPool
from library.formats.metadata import dates
from library.formats.open_file import NotRegularError, open_below, open_in_root
from library.formats.placeholder import placeholder
from library.ingest import extract, naming
from library.ingest.facts import checked
from library.ingest.sidecars import reading as sidecars
from library.schema.documents import DAMAGED, UNREAD, Document, SourceFile, marked

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from io import BufferedReader
    from typing import BinaryIO

    from PIL import Image

    from extras import Extra
    from library.formats.file_types import FileKind
    from library.ingest.walk import FoundFile

MAX_FILE: Final = 16 * 1024**3  # bytes; larger files are disk images
_MAX_TEXT: Final = 2000  # characters given to the text model
_MAX_RESULT: Final = 32 * 1024**2  # bytes that a worker returns for a file
_BUFFERS: Final = (".bin", ".glbin")  # suffixes of the files with the numbers of a glTF
_PICTURED: Final = frozenset({"image", "image-hdr", "video", "3d", "document"})  # kinds
_ANIMATED: Final = frozenset({"image/gif", "image/apng"})  # played in place of the thumbnail
_SECONDS: Final = {"image/svg+xml": 10}  # of processor time; others: the pool's default


class Unusable(LibraryError):
    """The file cannot become an asset; the text says why and fits behind the file's name."""


class NotAnAsset(LibraryError):
    """The file is of no kind that a library contains; it is counted, not reported."""


@dataclass(frozen=True, slots=True)
class Described:
    """What one file and its sidecars state."""

    file: FoundFile
    sha256: str
    kind: FileKind
    facts: dict[str, Any] = field(default_factory=dict)  # fields of Document
    picture: Image.Image | None = None  # at most 512 pixels; for thumbnail and embedding
    sidecar_id: str | None = None  # the id that a sidecar states
    unread: tuple[tuple[str, str], ...] = ()  # sidecars that are ignored, below root, and why
    damage: str | None = None  # why the file itself cannot be read, or only in part
    needs: Extra | None = None  # that is not installed, and without which it is not read
    others: tuple[Image.Image, ...] = ()  # further frames of a video, for its embedding

    def text(self, guesses: tuple[str, ...]) -> str:
        """Return the input of the text model: prompt, description, title, the words of its name.

        `guesses` of a classifier are added where none of them describes the picture.
        """
        return text_for_model(self.facts, self.file.path, guesses)

    @property
    def pictures(self) -> tuple[Image.Image, ...]:
        """What the asset looks like: its picture and, of a video, further frames."""
        return () if self.picture is None else (self.picture, *self.others)

    @property
    def has_thumbnail(self) -> bool:
        """Whether `shown` returns a picture."""
        pictured = self.kind.kind in _PICTURED or self.picture is not None
        return pictured or self.problem is not None

    def shown(self) -> Image.Image | None:
        """Return the picture of the thumbnail: a placeholder where the file has none.

        Texts and the like are drawn by the pages.
        """
        if self.picture is not None and not _is_empty(self.picture):
            return self.picture
        if not self.has_thumbnail:
            return None
        return placeholder(self.kind.mime, self.file.path, damaged=self.damage is not None)

    def document(
        self, asset_id: str, guesses: tuple[str, ...] = (), *, origin: str | None = None
    ) -> Document:
        """Return the document of this file under `asset_id`.

        `origin` is the path of its folder for the id of its collection (`roots.origins`).
        """
        moment = _moment(self.file.mtime_ns)
        collection = naming.collection(origin or self.file.root, self.file.path)
        fields: dict[str, Any] = {
            "type": "uploaded",
            "createdAt": naming.date(self.file.path) or moment,
            "updatedAt": moment,
            "name": naming.name(self.file.path),
            "collectionIds": () if collection is None else (collection.id,),
            **self.facts,
        }
        named = naming.tags(self.file.path)
        fields["tags"] = tuple(dict.fromkeys((*named, *self.facts.get("tags", ()))))
        if (problem := self.problem) is not None:
            fields["tags"] += (problem[0],)
            fields["metadata"] = {**self.facts.get("metadata", {}), problem[0]: problem[1]}
        return Document(
            id=asset_id,
            source=SourceFile(
                root=self.file.root,
                path=self.file.path,
                size=self.file.size,
                mtime_ns=self.file.stamp,
                sha256=self.source_hash,
            ),
            kind=self.kind.kind,
            mimeType=self.kind.mime,
            size=self.file.size,
            thumbnail=self.has_thumbnail,
            **self._appearance(),
            guesses=guesses,
            decided=("nsfw",) if self.facts.get("nsfw") == () else (),
            **fields,
        )

    def _appearance(self) -> dict[str, Any]:
        """Return the fields of Document about what is visible."""
        is_still = self.kind.kind == "image" and self.kind.mime not in _ANIMATED
        if self.picture is None or not is_still or (seen := visible(self.picture)) is None:
            return {}
        return {"visible": (*seen.box, *self.picture.size), "lightness": seen.lightness}

    @property
    def source_hash(self) -> str:
        """The hash of the content, marked where the file waits for an extra."""
        return self.sha256 if self.needs is None else marked(self.sha256, self.needs.name)

    @property
    def problem(self) -> tuple[str, str] | None:
        """The tag of a file that could not be read, and the reason; it has a placeholder."""
        if self.needs is not None:
            return UNREAD, self.needs.needed
        return None if self.damage is None else (DAMAGED, self.damage)


def _is_empty(picture: Image.Image) -> bool:
    """Return whether all of a picture is transparent."""
    return picture.mode == "RGBA" and picture.getchannel("A").getextrema()[1] == 0


def text_for_model(fields: Mapping[str, Any], path: str, guesses: Sequence[str] = ()) -> str:
    """Return the input of the text model for fields of Document and the path of a file.

    `guesses` of a classifier are added where neither metadata nor the file's name describe it.
    """
    texts = (fields.get(name) for name in ("prompt", "description", "name", "content"))
    named = {*naming.tags(path), DAMAGED, UNREAD}
    tags = [tag for tag in fields.get("tags", ()) if tag not in named]
    parts = [" ".join(text.split()) for text in texts if text]
    parts += [", ".join(tags), naming.phrase(path)]
    words = ". ".join(part for part in dict.fromkeys(parts) if part)[:_MAX_TEXT]
    described = tags or any(fields.get(name) for name in ("prompt", "description"))
    if described or naming.tags(path.rpartition("/")[2]):
        return words
    return ". ".join([*guesses, words])


def text_of(document: Document) -> str:
    """Return the input of the text model for a document."""
    names = ("prompt", "description", "content", "tags")
    fields = {name: getattr(document, name) for name in names}
    if document.name != naming.name(document.source.path):
        fields["name"] = document.name
    return text_for_model(fields, document.source.path, document.guesses)


def workers() -> WorkerPool:
    """Return a pool for `describe`, of as many workers as there are processors."""
    return WorkerPool(max(1, os.cpu_count() or 1), [extract.__name__])


def describe(
    file: FoundFile,
    pool: WorkerPool,
    dated: str | None = None,
    exclude: Collection[Path] = (),
) -> Described:
    """Return what the file and its sidecars state, `dated` replacing its dates.

    No other file is opened in the folders `exclude`, as far as they are below the root.
    Raises NotAnAsset or Unusable.
    """
    try:
        with _opened(file) as opened:
            kind, sha256 = identify(opened, file)
            return _described(file, opened, kind, sha256, pool, dated, exclude)
    except NotRegularError as error:
        raise NotAnAsset("is not a regular file") from error
    except OSError as error:
        raise Unusable(f"cannot be read: {error.strerror or error}") from error


def identify(opened: BufferedReader, file: FoundFile) -> tuple[FileKind, str]:
    """Return what an open file is, and the hash of its content. Raises NotAnAsset or Unusable."""
    kind = _kind(file, opened.read(file_types.HEAD))
    opened.seek(0)
    return kind, hashlib.file_digest(opened, "sha256").hexdigest()


def _kind(file: FoundFile, head: bytes) -> FileKind:
    """Return what a file with these first bytes is. Raises NotAnAsset or Unusable."""
    if not head:
        raise Unusable("is empty")
    kind = file_types.recognise(head, file.path)
    if kind is None and (mismatch := file_types.mismatch(file.path)):
        raise Unusable(mismatch)
    if kind is None:
        raise NotAnAsset("is of no known kind")
    if file.size > MAX_FILE:
        raise Unusable(f"is larger than {MAX_FILE // 1024**3} GB")
    return kind


def _opened(file: FoundFile) -> BufferedReader:
    """Return a file, opened. Raises NotAnAsset, Unusable and OSError.

    An object in S3 is not read where its name tells that it is no asset.
    """
    if not is_address(file.root):
        return open_below(file.root, file.path)
    if PurePosixPath(file.path).suffix.lower() not in file_types.KIND_OF_SUFFIX:
        raise NotAnAsset("is of no known kind; in S3 its suffix has to be one of docs/files.md")
    return objects.fetched(file.root, file.path, lambda head: _kind(file, head[: file_types.HEAD]))


def _described(
    file: FoundFile,
    opened: BufferedReader,
    kind: FileKind,
    sha256: str,
    pool: WorkerPool,
    dated: str | None,
    exclude: Collection[Path],
) -> Described:
    with ExitStack() as stack:
        names, beside, unread = _open_sidecars(file, stack)
        picture, damage = None, None
        others: list[Image.Image] = []
        missing = file_types.missing_extra(kind.mime)
        try:
            if missing is not None:
                raise Failed(missing.needed)  # noqa: TRY301 - sidecars are read as of a damaged file
            extracted, pixels = pool.run(
                extract.extract,
                [opened, *beside],
                seconds=_SECONDS.get(kind.mime, SECONDS),
                limit=_MAX_RESULT,
                open_beside=lambda name: _open_beside(file, name, exclude),
                kind=kind.kind,
                mime=kind.mime,
                sidecar_names=names,
            )
            if "refused" in extracted:
                raise Unusable(str(extracted["refused"]))
            facts = checked(extracted["facts"])
            damage = None if extracted["damage"] is None else str(extracted["damage"])
            if extracted["picture"] is not None:
                picture, *others = several_from_pixels(
                    [extracted["picture"], *extracted["others"]], pixels
                )
        except Failed as error:
            damage = None if missing is not None else str(error)
            extracted = _only_sidecars(pool, names, beside)
            facts = checked(extracted["facts"])
    stated_id = facts.pop("id", None)
    sidecar_id = stated_id if sidecars.is_id(stated_id) else None  # it becomes a file name
    if dated is not None:
        facts |= {"createdAt": dated, "updatedAt": dated}
    unread += [(str(name), str(reason)) for name, reason in extracted["unread"]]
    return Described(
        file, sha256, kind, facts, picture, sidecar_id, tuple(unread), damage, needs=missing,
        others=tuple(others),
    )  # fmt: skip


def _open_sidecars(
    file: FoundFile, stack: ExitStack
) -> tuple[list[str], list[BinaryIO], list[tuple[str, str]]]:
    names: list[str] = []
    opened: list[BinaryIO] = []
    unread: list[tuple[str, str]] = []
    for name in file.sidecars:
        try:
            opened.append(stack.enter_context(open_in_root(file.root, name)))
            names.append(name)
        except OSError as error:
            unread.append((name, f"{sidecars.reason(error)}; {sidecars.IGNORED}"))
    return names, opened, unread


def _open_beside(file: FoundFile, name: str, exclude: Collection[Path]) -> BinaryIO:
    """Return a buffer in the folder of a glTF, or below it. Raises OSError.

    The name is chosen by the glTF: other types of files and hidden ones are refused.
    """
    name = name.removeprefix("./")
    hidden = any(part.startswith(".") for part in name.replace("\\", "/").split("/"))
    if hidden or not name.lower().endswith(_BUFFERS):
        raise PermissionError(errno.EACCES, "not a buffer of a glTF", name)
    folder, slash, _ = file.path.rpartition("/")
    path = folder + slash + name
    if is_address(file.root):
        return objects.fetched(file.root, path)
    opened = open_below(file.root, path)
    folders = [Path(file.root, parent) for parent in PurePosixPath(path).parents][:-1]
    if any(own.exists() and below.samefile(own) for below in folders for own in exclude):
        opened.close()
        raise PermissionError(errno.EACCES, "in a folder of Akin's own files", name)
    return opened


def _only_sidecars(pool: WorkerPool, names: list[str], beside: list[BinaryIO]) -> dict[str, Any]:
    try:
        return pool.run(extract.extract_sidecars, beside, limit=_MAX_RESULT, sidecar_names=names)[0]
    except Failed as error:
        return {"facts": {}, "unread": [(name, f"{error}; {sidecars.IGNORED}") for name in names]}


def _moment(mtime_ns: int) -> str:
    """Return a time as ISO 8601 in UTC; a time that no calendar has becomes 1970."""
    try:
        moment = datetime.fromtimestamp(mtime_ns // 1_000_000 / 1000, UTC)
    except (ValueError, OverflowError, OSError):
        moment = datetime.fromtimestamp(0, UTC)
    return dates.written(moment)
