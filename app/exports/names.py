"""Names of files: safe on every system, and none twice.

Knows what Windows, macOS and Linux refuse in a name; nothing of what is in the file.
"""

from __future__ import annotations

import mimetypes
import re
import unicodedata
from typing import Final

MOST: Final = 100  # characters before the ending: with a folder before it still within 255 bytes
_REFUSED: Final = re.compile(
    r'[/\\:*?"<>|\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]+'
)
_DEVICES: Final = re.compile(r"(?i)(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(\..*)?")

# Where `mimetypes` knows none, or one that nobody uses.
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


def ending(mime: str) -> str:
    """What a file of this type ends in: `.png`; empty where nobody knows."""
    mime = mime.lower()
    return _ENDINGS.get(mime, mimetypes.guess_extension(mime) or "") if mime else ""


def file_name(name: str, suffix: str = "", *, otherwise: str = "asset") -> str:
    """A name for a file: `name` without what a system refuses, ending in `suffix`.

    A suffix that the name has already is not repeated. `otherwise` is used when nothing is left.
    """
    name = name.encode("utf-8", "replace").decode()
    name = _REFUSED.sub(" ", unicodedata.normalize("NFC", name))
    name = " ".join(name.split()).strip(" .")
    if suffix and _ending_of(name) == _SAME.get(suffix, suffix):
        name, suffix = name[: name.rindex(".")].rstrip(" ."), name[name.rindex(".") :]
    name = _short(name) or otherwise
    if _DEVICES.fullmatch(name):
        name = f"{name}_"
    return name + suffix


def _ending_of(name: str) -> str:
    dot = name.rfind(".")
    found = name[dot:].lower() if dot > 0 else ""
    return _SAME.get(found, found)


def _short(name: str) -> str:
    """At most MOST characters and 200 bytes, cut between characters."""
    name = name[:MOST]
    while len(name.encode()) > 200:
        name = name[:-1]
    return name.strip(" .")


class Names:
    """Gives each name once: the second `a.png` is `a (2).png`, whatever the case of its letters."""

    def __init__(self) -> None:
        self._given: set[str] = set()

    def unique(self, name: str) -> str:
        """The name, numbered where it was given before."""
        stem, dot, suffix = name.rpartition(".")
        if not dot:
            stem, suffix = name, ""
        wanted, number = name, 1
        while self._folded(wanted) in self._given:
            number += 1
            wanted = f"{stem} ({number}){dot}{suffix}"
        self._given.add(self._folded(wanted))
        return wanted

    @staticmethod
    def _folded(name: str) -> str:
        # Some file systems fold case, some fold how accents are spelled.
        return unicodedata.normalize("NFD", name.casefold())
