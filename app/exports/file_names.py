"""File names that are valid on Windows, macOS and Linux, and unique in an archive."""

from __future__ import annotations

import mimetypes
import re
import unicodedata
from functools import lru_cache
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from app.scenario.assets import Asset

MOST: Final = 100  # characters before the ending: with a folder name still within 255 bytes
_INVALID: Final = re.compile(
    r'[/\\:*?"<>|\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]+'
)
_DEVICES: Final = re.compile(r"(?i)(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(\..*)?")

# Where `mimetypes` has no ending, or an unusual one.
_ENDINGS: Final[dict[str, str]] = {
    "image/jpeg": ".jpg",
    "image/webp": ".webp",
    "image/avif": ".avif",
    "image/vnd.radiance": ".hdr",
    "image/x-exr": ".exr",
    "image/x-tga": ".tga",
    "audio/mpeg": ".mp3",
    "audio/wav": ".wav",
    "audio/x-wav": ".wav",
    "audio/ogg": ".ogg",
    "audio/flac": ".flac",
    "video/mp4": ".mp4",
    "video/webm": ".webm",
    "model/gltf-binary": ".glb",
    "model/gltf+json": ".gltf",
    "model/obj": ".obj",
    "model/stl": ".stl",
    "text/plain": ".txt",
    "application/json": ".json",
    "application/octet-stream": "",
}
_SAME: Final = {".jpeg": ".jpg", ".jpe": ".jpg", ".tiff": ".tif", ".htm": ".html"}


@lru_cache(maxsize=256)
def ending(mime: str) -> str:
    """Return the file name ending of a MIME type: `.png`; empty if it is unknown."""
    mime = mime.lower()
    return _ENDINGS.get(mime, mimetypes.guess_extension(mime) or "") if mime else ""


def file_name(name: str, suffix: str = "", *, otherwise: str = "asset") -> str:
    """Return a valid file name that ends in `suffix`.

    A suffix that `name` already has is not repeated. `otherwise` replaces a name that is empty.
    """
    name = name.encode("utf-8", "replace").decode()
    name = _INVALID.sub(" ", unicodedata.normalize("NFC", name))
    name = " ".join(name.split()).strip(" .")
    if suffix and _ending_of(name) == _SAME.get(suffix, suffix):
        name, suffix = name[: name.rindex(".")].rstrip(" ."), name[name.rindex(".") :]
    name = _short(name) or otherwise
    if _DEVICES.fullmatch(name):
        name = f"{name}_"
    return name + suffix


def name_of_file(asset: Asset, mime: str = "") -> str:
    """Return the name of an asset's file: the real one, else its title with the usual ending.

    `mime` is the type where the asset states none.
    """
    if asset.metadata.path:
        file = PurePosixPath(asset.metadata.path)
        return file_name(file.stem, file.suffix, otherwise=asset.id)
    return file_name(asset.name, ending(asset.mimeType or mime), otherwise=asset.id)


def _ending_of(name: str) -> str:
    dot = name.rfind(".")
    suffix = name[dot:].lower() if dot > 0 else ""
    return _SAME.get(suffix, suffix)


def _short(name: str) -> str:
    """Shorten a name to MOST characters and 200 bytes, between characters."""
    name = name[:MOST]
    while len(name.encode()) > 200:
        name = name[:-1]
    return name.strip(" .")


class UniqueNames:
    """Returns each name once: the second `a.png`, in any case, becomes `a (2).png`."""

    def __init__(self) -> None:
        self._used: set[str] = set()

    def unique(self, name: str) -> str:
        """Return the name, numbered if it was used before."""
        stem, dot, suffix = name.rpartition(".")
        if not dot:
            stem, suffix = name, ""
        numbered, number = name, 1
        while self._folded(numbered) in self._used:
            number += 1
            numbered = f"{stem} ({number}){dot}{suffix}"
        self._used.add(self._folded(numbered))
        return numbered

    @staticmethod
    def _folded(name: str) -> str:
        # Some file systems ignore case, some ignore how accents are encoded.
        return unicodedata.normalize("NFD", name.casefold())
