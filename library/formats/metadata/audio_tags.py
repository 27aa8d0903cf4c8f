"""ID3, APE and Vorbis tags of sounds, by mutagen, and the old encodings in ID3."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from library.formats.metadata import tags
from library.formats.metadata.text import decoded_all

if TYPE_CHECKING:
    from typing import BinaryIO

    from library.formats.metadata.stated import Stated

_ID3_NAMES: Final = {
    "TIT1": "grouping", "TIT2": "title", "TIT3": "subtitle", "TPE1": "artist",
    "TPE2": "albumartist", "TPE3": "performer", "TALB": "album", "TCON": "genre",
    "TCOM": "composer", "TCOP": "copyright", "TPUB": "publisher", "TMOO": "mood",
    "COMM": "comment", "USLT": "lyrics",
    "TDOR": "originaldate", "TDRC": "date", "TDRL": "date", "TYER": "year",
    "TEXT": "lyricist", "TOPE": "originalartist",
    "TSST": "part", "TKEY": "key", "TLAN": "language", "WCOP": "wcop",
}  # fmt: skip
_MAX_TEXT: Final = 100_000  # characters of one text
_MAX_FRAMES: Final = 500


def _module(name: str) -> Any:
    return import_module(f"mutagen.{name}")  # when a file needs it; it has no types


def id3(file: BinaryIO) -> Stated:
    """Return what ID3 of any version states. Raises an error of mutagen."""
    frames = _module("id3").ID3(file, known_frames=_text_frames())
    return of_frames(list(frames.values()))


def wave(file: BinaryIO) -> Stated:
    """Return what ID3 in a chunk of a WAV states. Raises an error of mutagen."""
    return of_frames(_text_only(_module("wave").WAVE(file).tags))


def aiff(file: BinaryIO) -> Stated:
    """Return what ID3 in a chunk of an AIFF states. Raises an error of mutagen."""
    return of_frames(_text_only(_module("aiff").AIFF(file).tags))


def _text_only(frames: Any) -> list[Any]:
    return [frame for frame in (frames or {}).values() if frame.FrameID in _text_frames()]


def _text_frames() -> dict[str, Any]:
    """Return the frames that are read: texts; pictures and the like are passed over."""
    module = _module("id3")
    known = {**module.Frames, **module.Frames_2_2}
    return {
        name: frame
        for name, frame in known.items()
        if name[0] == "T" or name in {"COMM", "USLT", "WCOP", "COM", "ULT", "WCP"}
    }


def of_frames(frames: list[Any]) -> Stated:
    """Return what frames of ID3 state. Those marked as Latin-1 are in any old encoding."""
    found: dict[str, list[str]] = {}
    old: dict[str, bytes] = {}
    places: dict[str, str] = {}
    for number, frame in enumerate(frames[:_MAX_FRAMES]):
        name = _name_of(frame)
        texts = getattr(frame, "text", None) or getattr(frame, "url", "")
        texts = texts if isinstance(texts, list) else [texts]
        if not name:
            continue
        for part, text in enumerate(str(text)[:_MAX_TEXT] for text in texts[:20]):
            key = f"{number}.{part}"
            if getattr(frame, "encoding", None) == 0 and not text.isascii():
                old[key] = text.encode("latin-1", "replace")
                places[key] = name
            else:
                found.setdefault(name, []).append(text)
    for key, text in decoded_all(old).items():
        found.setdefault(places[key], []).append(text)
    return tags.stated(found)


def _name_of(frame: Any) -> str:
    """Return the name of a frame's text; none for the comments that iTunes writes for itself."""
    kind = str(frame.FrameID)
    described = str(getattr(frame, "desc", ""))
    if kind == "TXXX":
        return described.lower()[:64]
    if kind in {"COMM", "USLT"} and described.startswith(("iTun", "Songs-DB", "ID3v1 Comment ")):
        return ""
    return _ID3_NAMES.get(kind, "")


def ape(file: BinaryIO) -> Stated:
    """Return what APE tags state. Raises an error of mutagen."""
    module = _module("apev2")
    items = module.APEv2(file).items()
    return tags.stated({k: list(v) for k, v in items if isinstance(v, module.APETextValue)})


def flac(file: BinaryIO) -> Stated:
    """Return what the Vorbis comments of a FLAC state. Raises an error of mutagen."""
    return _vorbis(_module("flac").FLAC(file))


def ogg(file: BinaryIO) -> Stated:
    """Return what the comments of an Ogg state. Raises an error of mutagen."""
    names = ("OggFLAC", "OggOpus", "OggSpeex", "OggTheora", "OggVorbis")
    kinds = [getattr(_module(name.lower()), name) for name in names]
    return _vorbis(import_module("mutagen").File(file, options=kinds))


def _vorbis(opened: Any) -> Stated:
    found: dict[str, list[str]] = {}
    for name, text in list(opened.tags or ())[:_MAX_FRAMES]:
        if name.lower() not in {"metadata_block_picture", "coverart"}:
            found.setdefault(name.lower(), []).append(text[:_MAX_TEXT])
    return tags.stated(found)
