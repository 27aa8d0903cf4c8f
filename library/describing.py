"""One file -> what is known of it: a document without its id, and a small picture of it.

Knows formats through the modules that read them; writes nothing, embeds nothing. The file is read
as it is now: if it changes while it is read, the next run sees another size or time.
"""

from __future__ import annotations

import hashlib
import os
import stat
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from library import (
    generation,
    hdr,
    kinds,
    media,
    naming,
    pictures,
    shapes,
    sidecars,
    vector,
    wholeness,
)
from library.documents import Document, SourceFile
from library.errors import LibraryError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from PIL import Image

    from library.kinds import FileKind
    from library.walking import FoundFile

MAX_FILE: Final = 16 * 1024**3  # bytes; larger is no asset but a disk image
_CONTENT: Final = 64 * 1024  # characters kept of a text
_SPOKEN: Final = 2000  # characters given to the text model
_EXIF_IFD: Final = 0x8769
_TAKEN: Final = 0x9003  # EXIF's DateTimeOriginal


class Unusable(LibraryError):
    """The file cannot become an asset; the text says why, and fits behind its name."""


class NotAnAsset(LibraryError):
    """The file is of no kind that a library holds; not worth a line of its own."""


@dataclass(frozen=True, slots=True)
class Described:
    """What one file says of itself."""

    file: FoundFile
    sha256: str
    kind: FileKind
    facts: dict[str, Any] = field(default_factory=dict)  # fields of Document
    picture: Image.Image | None = None  # at most 512 pixels; for thumbnail and embedding
    wanted_id: str | None = None  # the id that a sidecar gives it
    unread: tuple[tuple[str, str], ...] = ()  # sidecars that say nothing, below root, and why

    def said(self, guesses: tuple[str, ...]) -> str:
        """What the text model hears: prompt, description, title, the words of its name.

        Where none of them says what a picture shows, the network's guess is better than nothing.
        """
        words = spoken(self.facts, self.file.path)
        return ". ".join([*guesses, words]) if self.wordless else words

    @property
    def wordless(self) -> bool:
        """Whether neither its maker nor its name says what it shows."""
        told = any(self.facts.get(name) for name in ("prompt", "description", "tags"))
        return not told and not naming.tags(self.file.path.rpartition("/")[2])

    def document(self, asset_id: str, guesses: tuple[str, ...] = ()) -> Document:
        """The document of this file under `asset_id`."""
        moment = _moment(self.file.mtime_ns)
        collection = naming.collection(self.file.root, self.file.path)
        fields: dict[str, Any] = {
            "type": "uploaded",
            "createdAt": moment,
            "updatedAt": moment,
            "name": naming.name(self.file.path),
            "collectionIds": () if collection is None else (collection.id,),
            **self.facts,
        }
        named = naming.tags(self.file.path)
        fields["tags"] = tuple(dict.fromkeys((*named, *self.facts.get("tags", ()))))
        return Document(
            id=asset_id,
            source=SourceFile(
                root=self.file.root,
                path=self.file.path,
                size=self.file.size,
                mtime_ns=self.file.stamp,
                sha256=self.sha256,
            ),
            kind=self.kind.kind,
            mimeType=self.kind.mime,
            size=self.file.size,
            thumbnail=self.picture is not None,
            guesses=guesses,
            **fields,
        )


def spoken(told: Mapping[str, Any], path: str) -> str:
    """What the text model hears of fields of Document and the path of a file."""
    texts = (told.get(name) for name in ("prompt", "description", "name", "content"))
    said = [" ".join(text.split()) for text in texts if text]
    said.append(naming.spoken(path))
    return ". ".join(part for part in dict.fromkeys(said) if part)[:_SPOKEN]


def identify(file: FoundFile) -> tuple[FileKind, str]:
    """What the file is, and the hash of its content. Raises NotAnAsset or Unusable."""
    try:
        descriptor = os.open(file.location, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0))
        with os.fdopen(descriptor, "rb") as opened:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise NotAnAsset("is not a regular file")
            head = opened.read(kinds.HEAD)
            found = kinds.recognise(head, file.path)
            if not head:
                raise Unusable("is empty")
            if found is None and (odd := kinds.broken_promise(file.path)):
                raise Unusable(odd)
            if found is None:
                raise NotAnAsset("is of no known kind")
            if file.size > MAX_FILE:
                raise Unusable(f"is larger than {MAX_FILE // 1024**3} GB")
            opened.seek(0)
            return found, hashlib.file_digest(opened, "sha256").hexdigest()
    except OSError as error:
        raise Unusable(f"cannot be read: {error.strerror}") from error


def describe(file: FoundFile, kind: FileKind, sha256: str, dated: str | None = None) -> Described:
    """What the file and its sidecars say, `dated` before all. Raises Unusable with one line."""
    try:
        own, picture = _READERS[kind.kind](file.location, kind)
    except (pictures.BadImage, media.BadMedia, wholeness.BadShape) as error:
        raise Unusable(str(error)) from error
    except OSError as error:
        raise Unusable(f"cannot be read: {error.strerror or error}") from error
    beside, unread = sidecars.read(file.root, file.sidecars)
    facts = generation.merged([own, beside])
    wanted_id = facts.pop("id", None)
    if dated is not None:
        facts |= {"createdAt": dated, "updatedAt": dated}
    small = None if picture is None else pictures.shrunk(picture, pictures.THUMBNAIL_SIDE)
    return Described(file, sha256, kind, facts, small, wanted_id, unread)


_Read = tuple[dict[str, Any], "Image.Image | None"]


def _picture(path: Path, kind: FileKind) -> _Read:
    if kind.mime == "image/svg+xml":
        drawn, size = vector.render(path)
        return _size(*(size or (None, None))), drawn
    image = pictures.open_picture(path)
    with image:
        width, height = pictures.upright_size(image)
        frames = pictures.frame_count(image)
        # JPEG can be decoded at an eighth of its size: a 50 MP photo in a few milliseconds.
        image.draft(None, (pictures.THUMBNAIL_SIDE, pictures.THUMBNAIL_SIDE))
        decoded = pictures.upright(image)
        # Only now: PNG's texts may follow its pixels, and some hide in them.
        told = generation.merged([_embedded(image), generation.read(image)])
    properties = {"width": width, "height": height}
    if frames > 1:
        properties["frameCount"] = frames
    return {**_size(width, height), "properties": properties, **told}, decoded


def _embedded(image: Image.Image) -> dict[str, Any]:
    """XMP inside of the picture, and when a camera took it."""
    found: dict[str, Any] = {}
    packet = image.info.get("xmp") or image.info.get("XML:com.adobe.xmp")
    with suppress(ValueError):
        if packet:
            found = sidecars.xmp(packet.encode() if isinstance(packet, str) else bytes(packet))
    with suppress(Exception):  # a broken EXIF block says nothing
        taken = image.getexif().get_ifd(_EXIF_IFD).get(_TAKEN)
        if taken:
            moment = datetime.strptime(str(taken)[:19], "%Y:%m:%d %H:%M:%S").replace(tzinfo=UTC)
            found["createdAt"] = _iso(moment)
    return found


def _size(width: int | None, height: int | None) -> dict[str, Any]:
    if not width or not height:
        return {}
    return {
        "width": width,
        "height": height,
        "aspectRatio": naming.aspect_ratio(width, height),
    }


def _media(path: Path, _kind: FileKind) -> _Read:
    found = media.read(path)
    told = {
        "duration": found.duration,
        "width": found.width,
        "height": found.height,
        "frameRate": found.frame_rate,
        "sampleRate": found.sample_rate,
        "nbChannels": found.channels,
        "codec": found.codec,
    }
    properties = {name: value for name, value in told.items() if value is not None}
    facts: dict[str, Any] = {**_size(found.width, found.height), "properties": properties}
    said = [found.tags[name] for name in ("title", "artist", "genre") if name in found.tags]
    if said:
        facts["description"] = " · ".join(said)
    return facts, found.picture


def _shape(path: Path, kind: FileKind) -> _Read:
    properties, drawn = shapes.read(path, kind.mime)
    return ({"properties": properties} if properties else {}), drawn


def _light(path: Path, kind: FileKind) -> _Read:
    try:
        (width, height), drawn = hdr.read(path, kind.mime)
    except media.BadMedia:
        return {}, None  # FFmpeg does not read every kind of EXR: listed, without a picture
    return {**_size(width, height), "properties": {"width": width, "height": height}}, drawn


def _text(path: Path, _kind: FileKind) -> _Read:
    with path.open("rb") as file:
        raw = file.read(_CONTENT * 4)
    content = raw.decode("utf-8-sig", "replace").replace("\x00", " ")[:_CONTENT]
    return {"content": content}, None


def _listed(_path: Path, _kind: FileKind) -> _Read:
    """Kinds that are listed, searched by name and tags, and served, but not looked into."""
    return {}, None


_READERS: Final[dict[str, Callable[[Path, FileKind], _Read]]] = {
    "image": _picture,
    "image-hdr": _light,
    "video": _media,
    "audio": _media,
    "3d": _shape,
    "document": _listed,
    "json": _listed,
    "text": _text,
}


def _moment(mtime_ns: int) -> str:
    """ISO 8601 in UTC with milliseconds; a time that no calendar has becomes 1970."""
    try:
        moment = datetime.fromtimestamp(mtime_ns // 1_000_000 / 1000, UTC)
    except (ValueError, OverflowError, OSError):
        moment = datetime.fromtimestamp(0, UTC)
    return _iso(moment)


def _iso(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
