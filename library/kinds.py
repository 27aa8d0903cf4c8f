"""What a file is, told by its first bytes; its name only decides where bytes cannot.

Knows signatures and MIME types; opens nothing, decodes nothing. The decoders have the last word:
a file that begins like a PNG may still be broken.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final

HEAD: Final = 4096  # bytes of a file that `recognise` wants to see


@dataclass(frozen=True, slots=True)
class FileKind:
    """The API's `kind` and the MIME type of a file."""

    kind: str
    mime: str


def _image(mime: str) -> FileKind:
    return FileKind("image", f"image/{mime}")


# (offset, bytes) -> what the file is
_SIGNATURES: Final = (
    (0, b"\x89PNG\r\n\x1a\n", _image("png")),
    (0, b"\xff\xd8\xff", _image("jpeg")),
    (0, b"GIF87a", _image("gif")),
    (0, b"GIF89a", _image("gif")),
    (0, b"II*\x00", _image("tiff")),
    (0, b"MM\x00*", _image("tiff")),
    (0, b"8BPS", _image("vnd.adobe.photoshop")),
    (0, b"qoif", _image("qoi")),
    (0, b"DDS ", _image("vnd-ms.dds")),
    (0, b"\x00\x00\x01\x00", _image("vnd.microsoft.icon")),
    (0, b"icns", _image("icns")),
    (0, b"\x00\x00\x00\x0cjP  ", _image("jp2")),
    (0, b"\xff\x4f\xff\x51", _image("jp2")),
    (0, b"v/1\x01", FileKind("image-hdr", "image/x-exr")),
    (0, b"#?RADIANCE", FileKind("image-hdr", "image/vnd.radiance")),
    (0, b"#?RGBE", FileKind("image-hdr", "image/vnd.radiance")),
    (0, b"ID3", FileKind("audio", "audio/mpeg")),
    (0, b"fLaC", FileKind("audio", "audio/flac")),
    (0, b"OggS", FileKind("audio", "audio/ogg")),
    (0, b"\x1aE\xdf\xa3", FileKind("video", "video/webm")),
    (0, b"FLV\x01", FileKind("video", "video/x-flv")),
    (0, b"glTF", FileKind("3d", "model/gltf-binary")),
    (0, b"Kaydara FBX Binary", FileKind("3d", "application/octet-stream")),
    (0, b"BLENDER", FileKind("3d", "application/x-blender")),
    (0, b"%PDF-", FileKind("document", "application/pdf")),
)
_RIFF: Final = {
    b"WEBP": _image("webp"),
    b"WAVE": FileKind("audio", "audio/wav"),
    b"AVI ": FileKind("video", "video/x-msvideo"),
}
_BRANDS: Final = {  # of the ISO base media format, "ftyp"
    b"avif": _image("avif"),
    b"avis": _image("avif"),
    b"heic": _image("heic"),
    b"heix": _image("heic"),
    b"hevc": _image("heic"),
    b"mif1": _image("heic"),
    b"msf1": _image("heic"),
    b"M4A ": FileKind("audio", "audio/mp4"),
    b"M4B ": FileKind("audio", "audio/mp4"),
    b"qt  ": FileKind("video", "video/quicktime"),
}
_PACKED: Final = (b"\x28\xb5\x2f\xfd", b"\x1f\x8b")  # zstd, gzip: Blender saves so when asked to
_AUDIO_FRAMES: Final = (b"\xff\xfb", b"\xff\xf3", b"\xff\xf2", b"\xff\xfa")  # MP3 without a tag
# Formats without a signature of their own, or texts: the name decides, the content must agree.
_BINARY_NAMES: Final = {
    ".bmp": _image("bmp"),
    ".tga": _image("x-tga"),
    ".pcx": _image("vnd.zbrush.pcx"),
    ".aac": FileKind("audio", "audio/aac"),
    ".stl": FileKind("3d", "model/stl"),
}
_TEXT_NAMES: Final = {
    ".txt": FileKind("text", "text/plain"),
    ".md": FileKind("text", "text/markdown"),
    ".json": FileKind("json", "application/json"),
    ".svg": _image("svg+xml"),
    ".gltf": FileKind("3d", "model/gltf+json"),
    ".obj": FileKind("3d", "model/obj"),
    ".fbx": FileKind("3d", "application/octet-stream"),
    ".stl": FileKind("3d", "model/stl"),
    ".ppm": _image("x-portable-pixmap"),
    ".pgm": _image("x-portable-graymap"),
    ".pbm": _image("x-portable-bitmap"),
    ".xpm": _image("x-xpixmap"),
}
# Extension -> the kind of asset that it promises: another thing under it is worth a line.
PROMISED: Final = {
    f".{suffix}": kind
    for kind, suffixes in {
        "image": "png apng jpg jpeg jpe jfif webp avif gif heic heif tif tiff bmp dib tga psd svg "
        "jp2 j2k ico icns dds qoi pcx ppm pgm pbm xpm",
        "image-hdr": "exr hdr",
        "video": "mp4 m4v mov webm mkv avi flv ogv",
        "audio": "wav mp3 ogg oga opus flac m4a aac aif aiff aifc",
        "3d": "glb gltf obj fbx stl blend",
        "document": "pdf",
        "json": "json",
        "text": "txt md",
    }.items()
    for suffix in suffixes.split()
}
_ALIKE: Final = (
    frozenset({"jpg", "jpeg"}),
    frozenset({"tif", "tiff"}),
    frozenset({"heic", "heif"}),
)
_EXTENSION_OF: Final = {
    "image/jpeg": ".jpg",
    "image/svg+xml": ".svg",
    "image/tiff": ".tif",
    "image/vnd.adobe.photoshop": ".psd",
    "image/vnd.microsoft.icon": ".ico",
    "audio/mpeg": ".mp3",
    "audio/mp4": ".m4a",
    "video/quicktime": ".mov",
    "text/plain": ".txt",
    "text/markdown": ".md",
    "model/gltf-binary": ".glb",
    "model/gltf+json": ".gltf",
}


def recognise(head: bytes, name: str) -> FileKind | None:  # noqa: PLR0911 - one answer a family
    """What a file is that begins with `head` (its first HEAD bytes); None: no kind of asset."""
    for offset, signature, found in _SIGNATURES:
        if head.startswith(signature, offset):
            return _ogg(head) if signature == b"OggS" else found
    if head[:4] == b"RIFF":
        return _RIFF.get(head[8:12])
    if head[4:8] == b"ftyp":
        return _by_brand(head)
    if head[:4] == b"FORM" and head[8:12] in {b"AIFF", b"AIFC"}:
        return FileKind("audio", "audio/aiff")
    suffix = PurePosixPath(name).suffix.lower()
    if head[:2] == b"BM" and suffix in {".bmp", ".dib"}:
        return _BINARY_NAMES[".bmp"]
    if head.startswith(_PACKED) and suffix == ".blend":
        return FileKind("3d", "application/x-blender")
    if head.startswith(_AUDIO_FRAMES) and suffix == ".mp3":
        return FileKind("audio", "audio/mpeg")
    if _is_text(head):
        return _text(head, suffix)
    return None if suffix == ".bmp" else _BINARY_NAMES.get(suffix) or _netpbm(head, suffix)


def _ogg(head: bytes) -> FileKind:
    """Theora pictures inside make an Ogg file a video."""
    moving = b"\x80theora" in head[:512]
    return FileKind("video", "video/ogg") if moving else FileKind("audio", "audio/ogg")


def _by_brand(head: bytes) -> FileKind:
    length = min(int.from_bytes(head[:4], "big"), 256)
    for start in (8, *range(16, length, 4)):
        if (found := _BRANDS.get(head[start : start + 4])) is not None:
            return found
    return FileKind("video", "video/mp4")


def _netpbm(head: bytes, suffix: str) -> FileKind | None:
    return _TEXT_NAMES.get(suffix) if head[:1] == b"P" and head[1:2].isdigit() else None


def _is_text(head: bytes) -> bool:
    if b"\x00" in head:
        return False
    try:
        head.decode("utf-8")
    except UnicodeDecodeError as error:
        return error.start >= len(head) - 3 and len(head) >= HEAD  # cut inside a character
    return True


def _text(head: bytes, suffix: str) -> FileKind | None:
    found = _TEXT_NAMES.get(suffix)
    if found is not None and found.mime == "image/svg+xml":
        return found if b"<svg" in head or b"<!DOCTYPE svg" in head or b"<?xml" in head else None
    return found


def broken_promise(name: str) -> str | None:
    """What is odd about a file of this name that is of no kind; None when nothing is."""
    suffix = PurePosixPath(name).suffix.lower()
    kind = PROMISED.get(suffix)
    if kind is None:
        return None
    if kind in {"text", "json"}:
        return "is no text in UTF-8"
    return f"is no {suffix[1:].upper()}: its content is something else"


def formats(mime: str, path: str) -> tuple[str, ...]:
    """What the format of a file is called, the usual name first: `mp3`, `mpeg`."""
    usual = extension(mime)[1:]
    if mime == "application/octet-stream":  # FBX has no type of its own
        usual = PurePosixPath(path).suffix[1:].lower()
    names = {usual: None, mime.partition("/")[2]: None}
    for alike in _ALIKE:
        if not alike.isdisjoint(names):
            names |= dict.fromkeys(sorted(alike))
    return tuple(names)


def extension(mime: str) -> str:
    """The usual file name extension of a MIME type, with its dot."""
    if mime in _EXTENSION_OF:
        return _EXTENSION_OF[mime]
    return "." + mime.partition("/")[2].removeprefix("x-")
