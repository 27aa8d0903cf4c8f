"""What a sound or video states about itself, joined from all the places that it may be in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from library.formats.metadata import audio_tags, mp4, riff, tags, xmp
from library.formats.metadata.stated import Stated

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import BinaryIO


def _xmp(file: BinaryIO) -> Stated:
    packet = xmp.scan(file)
    return Stated() if packet is None else xmp.read(packet)


_READERS: Final[dict[str, tuple[Callable[[BinaryIO], Stated], ...]]] = {
    "audio/aac": (audio_tags.id3, audio_tags.ape),
    "audio/aiff": (audio_tags.aiff, riff.read, _xmp),
    "audio/flac": (audio_tags.flac, audio_tags.id3),
    "audio/mp4": (mp4.read, _xmp),
    "audio/mpeg": (audio_tags.id3, audio_tags.ape, _xmp),
    "audio/ogg": (audio_tags.ogg,),
    "audio/wav": (riff.read, audio_tags.wave),
    "video/mp4": (mp4.read, _xmp),
    "video/ogg": (audio_tags.ogg,),
    "video/quicktime": (mp4.read, _xmp),
    "video/x-msvideo": (riff.read,),
}


# Types whose tags are read here; FFmpeg reads those of the others.
TYPES: Final = frozenset(_READERS)


def read(file: BinaryIO, mime: str) -> dict[str, Any]:
    """Return fields of Document, and `dates`. Never raises."""
    found = Stated()
    for reader in _READERS.get(mime, ()):
        # Tags that cannot be understood cost only themselves; damaged ones raise all kinds.
        try:
            file.seek(0)
            found.add(reader(file))
        except Exception:  # noqa: BLE001, S112 - see above
            continue
    return found.fields()


def of_tags(named: Mapping[str, str]) -> dict[str, Any]:
    """Return fields of Document, and `dates`, of tags that FFmpeg has read."""
    created = named.get("creation_time", "")
    found = tags.stated({name: [text] for name, text in named.items()})
    found.add(tags.stated({"date": [created]}, "container"))
    return found.fields()
