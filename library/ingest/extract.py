"""Metadata and a small picture of one file: what runs in a confined worker.

Each kind of file has a reader in `formats`. A file whose reader refuses it is damaged: the reason
is returned in the place of what it states.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from library.errors import LibraryError
from library.formats import hdr, images, pictures, resizing
from library.formats.audio_video import reading as audio_video
from library.formats.design import pages, previews
from library.formats.generation import parameters
from library.formats.isolation.decoding import to_pixels
from library.formats.meshes import checks as mesh_checks
from library.formats.meshes import reading as meshes
from library.formats.metadata import (
    dates,
    file_texts,
    image_texts,
    media_texts,
    model_texts,
    svg_texts,
)
from library.formats.metadata.text import decoded
from library.ingest import naming
from library.ingest.facts import merged
from library.ingest.sidecars import reading as sidecars

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import BinaryIO

    from PIL import Image

    from library.formats.isolation.worker import Files


class NoAsset(LibraryError):
    """The file is a sidecar; the text says of what, and fits behind the file's name."""


class Reading(NamedTuple):
    """What a reader has found in a file."""

    facts: dict[str, Any]  # fields of Document
    picture: Image.Image | None = None
    damage: str | None = None  # why the file is not whole, of one that can be read in part
    others: tuple[Image.Image, ...] = ()  # further pictures of a video, for its likeness


_LIKENESS_SIDE: Final = 256  # pixels of a picture that is not shown
_MAX_CONTENT: Final = 64 * 1024  # characters of a text


def extract(
    files: Files, kind: str, mime: str, sidecar_names: list[str]
) -> tuple[dict[str, Any], bytes]:
    """Return what a file and its sidecars state, and the pixels of a small picture.

    The object has `facts` (fields of Document), `damage` (why the file cannot be read, or only in
    part; or None),
    `unread` (pairs of a sidecar and why it is ignored), `picture` (mode, width and height) and
    `others`, the same of further pictures of a video, whose pixels follow.
    `refused`, where it is there, says why the file is no asset.
    """
    facts: dict[str, Any] = {}
    picture, damage = None, None
    others: tuple[Image.Image, ...] = ()
    try:
        facts, picture, damage, others = _READERS[kind](files.given[0], mime, files)
        if picture is not None:
            picture = resizing.shrunk(picture, resizing.THUMBNAIL_SIDE)
    except NoAsset as refused:
        return {"facts": {}, "damage": None, "unread": [], "picture": None,
                "refused": str(refused)}, b""  # fmt: skip
    except previews.NoPreview as none:  # listed without a picture
        facts = {**_size(*(none.size or (None, None))), **file_texts.read(files.given[0])}
    except (images.BadImage, audio_video.BadMedia, mesh_checks.BadShape) as error:
        damage = str(error)
        facts = file_texts.read(files.given[0])
    beside, unread = sidecars.read(zip(sidecar_names, files.given[1:], strict=False))
    shape: dict[str, Any] = {"picture": None}
    pixels = b""
    if picture is not None:
        shape, pixels = to_pixels(picture)
    facts = _joined(facts, beside)
    smaller = [to_pixels(resizing.shrunk(each, _LIKENESS_SIDE)) for each in others]
    shape["others"] = [more["picture"] for more, _ in smaller]
    pixels = b"".join([pixels, *(each for _, each in smaller)])
    return {"facts": facts, "damage": damage, "unread": unread, **shape}, pixels


def extract_sidecars(files: Files, sidecar_names: list[str]) -> tuple[dict[str, Any], bytes]:
    """Return what the sidecars of a file state that cannot be read itself."""
    beside, unread = sidecars.read(zip(sidecar_names, files.given, strict=True))
    return {"facts": _joined({}, beside), "unread": unread}, b""


def _joined(inside: dict[str, Any], beside: dict[str, Any]) -> dict[str, Any]:
    """Return what a file and its sidecars state, with the date of the most reliable source."""
    stated = {**inside.pop("dates", {}), **beside.pop("dates", {})}
    if (date := dates.first(stated)) is not None:
        inside["createdAt"] = date
    return merged([inside, beside])


def _image(file: BinaryIO, mime: str, _files: Files) -> Reading:
    # JPEG can be decoded at an eighth of its size: a 50 MP photo in a few milliseconds.
    found = pictures.read(file, mime, resizing.THUMBNAIL_SIDE)
    stated: dict[str, Any] = {}
    if found.opened is not None:
        # After decoding: the texts of a PNG may follow its pixels, and some are hidden in them.
        with found.opened as opened:
            stated = merged([image_texts.read(opened, file), parameters.read(opened)])
            if stated.get("description") == stated.get("prompt"):
                stated.pop("description", None)  # NovelAI writes it twice
        if mime in file_texts.PREVIEWED:
            stated = merged([stated, file_texts.read(file)])
    elif found.markup is not None:
        stated = svg_texts.read(found.markup)
    else:
        stated = file_texts.read(file)
    width, height = found.size or (None, None)
    properties = {"width": width, "height": height} if width else {}
    if found.frames > 1:
        properties["frameCount"] = found.frames
    facts = {**_size(width, height), "properties": properties, **stated}
    return Reading(facts, found.image, found.damage)


def _size(width: int | None, height: int | None) -> dict[str, Any]:
    if not width or not height:
        return {}
    return {
        "width": width,
        "height": height,
        "aspectRatio": naming.aspect_ratio(width, height),
    }


def _media(file: BinaryIO, mime: str, _files: Files) -> Reading:
    texts = media_texts.read(file, mime)
    file.seek(0)
    try:
        stated = audio_video.read(file, mime)
    except audio_video.BadMedia as error:
        if error.media is None:
            return Reading(texts, damage=str(error))
        stated = replace(error.media, damage=str(error))
    values = {
        "duration": stated.duration,
        "width": stated.width,
        "height": stated.height,
        "frameRate": stated.frame_rate,
        "sampleRate": stated.sample_rate,
        "nbChannels": stated.channels,
        "codec": stated.codec,
    }
    properties = {name: value for name, value in values.items() if value is not None}
    facts: dict[str, Any] = {**_size(stated.width, stated.height), "properties": properties}
    if mime not in media_texts.TYPES:
        texts = media_texts.of_tags(stated.tags)
    facts = merged([facts, texts, _made(stated.texts, mime)])
    return Reading(facts, stated.picture, stated.damage, stated.others)


def _made(texts: dict[str, str], mime: str) -> dict[str, Any]:
    """Return how a video or sound was generated; the types of generators are those of images."""
    fields = parameters.parse(texts)
    if (kind := str(fields.get("type"))).startswith("inference-"):
        origin = "img" if "img2img" in kind else "txt"
        fields["type"] = f"{origin}2{'video' if mime.startswith('video/') else 'audio'}"
    return fields


def _mesh(file: BinaryIO, mime: str, files: Files) -> Reading:
    properties, drawn = meshes.read(file, mime, files.open)
    stated = model_texts.read(file, mime)
    return Reading({"properties": properties, **stated} if properties else stated, drawn)


def _hdr(file: BinaryIO, mime: str, _files: Files) -> Reading:
    try:
        (width, height), drawn = hdr.read(file, mime)
    except audio_video.BadMedia:
        return Reading({})  # FFmpeg does not support every kind of EXR: listed without a picture
    properties = {"width": width, "height": height}
    return Reading({**_size(width, height), "properties": properties}, drawn)


def _pages(file: BinaryIO, _mime: str, _files: Files) -> Reading:
    page = pages.first_page(file)
    facts = {**_size(*page.size), "properties": {"pageCount": page.total}, **file_texts.read(file)}
    return Reading(facts, page.image)


def _text(file: BinaryIO, _mime: str, _files: Files) -> Reading:
    raw = file.read(_MAX_CONTENT * 4)
    content = decoded(raw).replace("\x00", " ")[:_MAX_CONTENT]
    return Reading({"content": content})


def _json(file: BinaryIO, _mime: str, _files: Files) -> Reading:
    """Return nothing. Raises NoAsset for a file that describes others."""
    if sidecars.describes_others(file.read(_MAX_CONTENT * 4)):
        raise NoAsset("describes photographs, which are not in its folder")
    return Reading({})


_READERS: Final[dict[str, Callable[[BinaryIO, str, Files], Reading]]] = {
    "image": _image,
    "image-hdr": _hdr,
    "video": _media,
    "audio": _media,
    "3d": _mesh,
    "document": _pages,
    "json": _json,
    "text": _text,
}
