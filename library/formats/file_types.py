"""The type of a file, from its first bytes; its name decides only where these are ambiguous.

Signatures and MIME types; nothing is opened or decoded. A file that begins like a PNG may still be
damaged.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Final

from extras import BY_NAME
from library.formats.format_table import BY_MIME, BY_SUFFIX

if TYPE_CHECKING:
    from extras import Extra

HEAD: Final = 4096  # bytes of a file that `recognise` needs


@dataclass(frozen=True, slots=True)
class FileKind:
    """The API's `kind` and the MIME type of a file."""

    kind: str
    mime: str


def _of(suffix: str) -> FileKind:
    """Return the type of the format with this suffix."""
    found = BY_SUFFIX[suffix]
    return FileKind(found.kind, found.mime)


# Offset, bytes, type.
_SIGNATURES: Final = tuple(
    (offset, signature, _of(suffix))
    for offset, signature, suffix in (
        (0, b"\x89PNG\r\n\x1a\n", "png"),
        (0, b"\xff\xd8\xff", "jpg"),
        (0, b"GIF87a", "gif"),
        (0, b"GIF89a", "gif"),
        (0, b"II*\x00", "tif"),
        (0, b"MM\x00*", "tif"),
        (0, b"II+\x00", "tif"),  # BigTIFF
        (0, b"MM\x00+", "tif"),
        (0, b"IIRO", "orf"),
        (0, b"IIRS", "orf"),
        (0, b"MMOR", "orf"),
        (0, b"IIU\x00", "rw2"),
        (0, b"FUJIFILMCCD-RAW", "raf"),
        (0, b"II\x1a\x00\x00\x00HEAPCCDR", "crw"),
        (0, b"\x00MRM", "mrw"),
        (0, b"FOVb", "x3f"),
        (0, b"8BPS", "psd"),
        (0, b"gimp xcf", "xcf"),
        (0, b"CSFCHUNK", "clip"),
        (0, b"\x00\xffKA", "afphoto"),
        (0, b"fig-kiwi", "fig"),
        (0, b"\xc5\xd0\xd3\xc6", "eps"),
        (0, b"%!PS-Adobe", "eps"),
        (0, b"\xff\x0a", "jxl"),
        (0, b"\x00\x00\x00\x0cJXL ", "jxl"),
        (0, b"qoif", "qoi"),
        (0, b"DDS ", "dds"),
        (0, b"\xabKTX 20\xbb\r\n\x1a\n", "ktx2"),
        (0, b"\x00\x00\x01\x00", "ico"),
        (0, b"icns", "icns"),
        (0, b"\x00\x00\x00\x0cjP  ", "jp2"),
        (0, b"\xff\x4f\xff\x51", "jp2"),
        (0, b"v/1\x01", "exr"),
        (0, b"#?RADIANCE", "hdr"),
        (0, b"#?RGBE", "hdr"),
        (0, b"ID3", "mp3"),
        (0, b"fLaC", "flac"),
        (0, b"OggS", "ogg"),
        (0, b"\x1aE\xdf\xa3", "webm"),
        (0, b"FLV\x01", "flv"),
        (0, b"glTF", "glb"),
        (0, b"Kaydara FBX Binary", "fbx"),
        (0, b"BLENDER", "blend"),
        (0, b"PXR-USDC", "usd"),
        (0, b"#usda ", "usd"),
        (0, b"ply\n", "ply"),
        (0, b"ply\r", "ply"),
        (0, b"%PDF-", "pdf"),
    )
)
# Formats that share their first bytes with another: the name decides.
_FAMILIES: Final = {
    _of("tif"): "dng cr2 nef nrw arw sr2 srf pef srw 3fr fff iiq dcr kdc erf orf ori rwl",
    _of("pdf"): "ai",
    _of("eps"): "ai",
}
_NARROWED: Final = {
    (common, f".{suffix}"): _of(suffix)
    for common, suffixes in _FAMILIES.items()
    for suffix in suffixes.split()
}
_ZIP: Final = b"PK\x03\x04"
_ZIPPED: Final = {
    f".{suffix}": _of(suffix)
    for suffix in "kra krz ora sketch procreate fig xd 3mf usdz".split()  # noqa: SIM905 - as above
}
_ZIP_TYPES: Final = {  # the content of the first member, `mimetype`
    b"application/x-krita": _of("kra"),
    b"image/openraster": _of("ora"),
}
_RIFF: Final = {
    b"WEBP": _of("webp"),
    b"WAVE": _of("wav"),
    b"AVI ": _of("avi"),
}
_BRANDS: Final = {  # of the ISO base media format, "ftyp"
    brand.encode().ljust(4): _of(suffix)
    for suffix, brands in {
        "avif": "avif avis",
        "heic": "heic heix hevc heim heis hevm hevs",
        "cr3": "crx",
        "m4a": "M4A M4B",
        "mov": "qt",
    }.items()
    for brand in brands.split()
}
_HEIF: Final = frozenset({b"mif1", b"msf1"})  # HEIF in general: AVIF has them as well
_COMPRESSED: Final = (b"\x28\xb5\x2f\xfd", b"\x1f\x8b")  # zstd, gzip: an option of Blender
_CONTROL: Final = tuple(byte for byte in range(32) if byte not in b"\t\n\v\f\r\x1a\x1b")
_ADTS: Final = tuple(bytes((0xFF, last)) for last in (0xF0, 0xF1, 0xF8, 0xF9))
_AUDIO_FRAMES: Final = (b"\xff\xfb", b"\xff\xf3", b"\xff\xf2", b"\xff\xfa")  # MP3 without a tag
# Formats without a signature, and texts: the name decides, and the content must not contradict it.
_BINARY_NAMES: Final = {
    f".{suffix}": _of(suffix)
    for suffix in "bmp tga icb vda vst pcx stl cur".split()  # noqa: SIM905
}
_TEXT_NAMES: Final = {
    f".{suffix}": _of(suffix)
    for suffix in "txt md json svg gltf obj fbx stl off dae ppm pnm pgm pbm xpm".split()  # noqa: SIM905
}
_ANY_ENCODING: Final = frozenset({".md", ".obj", ".stl", ".svg", ".txt"})  # texts, names, comments
_ASEPRITE: Final = b"\xe0\xa5"  # at the fifth byte, where the UTF-8 of Hindi has it as well
_CURSOR: Final = b"\x00\x00\x02\x00"
# Suffix -> kind of asset. Other content under such a name is reported.
KIND_OF_SUFFIX: Final = {f".{suffix}": each.kind for suffix, each in BY_SUFFIX.items()}
_SYNONYMS: Final = (
    frozenset({"jpg", "jpeg"}),
    frozenset({"tif", "tiff"}),
    frozenset({"heic", "heif"}),
)


def extra_of(mime: str) -> Extra | None:
    """Return the extra that reads files of a type, or None."""
    return BY_NAME.get(BY_MIME[mime].extra) if mime in BY_MIME else None


def missing_extra(mime: str) -> Extra | None:
    """Return the extra that reads files of a type where it is not installed, or None."""
    extra = extra_of(mime)
    return extra if extra is not None and extra.is_missing() else None


def recognise(head: bytes, name: str) -> FileKind | None:
    """Return the type of a file that begins with `head` (HEAD bytes); None if it is no asset."""
    suffix = PurePosixPath(name).suffix.lower()
    for offset, signature, file_type in _SIGNATURES:
        if head.startswith(signature, offset):
            found = _ogg(head) if signature == b"OggS" else file_type
            return _NARROWED.get((found, suffix), found)
    if head[:4] in {b"RIFF", b"RF64", b"BW64"}:  # the last two: of more than 4 GB
        return _RIFF.get(head[8:12])
    if head[4:8] == b"ftyp":
        return _by_brand(head)
    if head[:4] == b"FORM" and head[8:12] in {b"AIFF", b"AIFC"}:
        return _of("aif")
    if head.startswith(_ZIP):
        return _zipped(head, suffix)
    return _by_name(head, suffix)


def _zipped(head: bytes, suffix: str) -> FileKind | None:
    """Return the type of a ZIP: its first member states it in some formats, else its name."""
    if head[30:38] == b"mimetype":
        for stated, file_type in _ZIP_TYPES.items():
            if head.startswith(stated, 38):
                return file_type
    return _ZIPPED.get(suffix)


def _by_name(head: bytes, suffix: str) -> FileKind | None:  # noqa: PLR0911 - one return for each family
    if head[:2] == b"BM" and suffix in {".bmp", ".dib"}:
        return _of("bmp")
    if head.startswith(_COMPRESSED) and suffix == ".blend":
        return _of("blend")
    if head.startswith(_COMPRESSED[1]) and suffix in {".svgz", ".svg"}:
        return _of("svg")
    if head.startswith(_AUDIO_FRAMES) and suffix == ".mp3":
        return _of("mp3")
    if head.startswith(_ADTS) and suffix == ".aac":
        return _of("aac")
    if suffix in {".aseprite", ".ase"}:
        return _of("aseprite") if head[4:6] == _ASEPRITE else None
    if suffix == ".cur":
        return _of("cur") if head.startswith(_CURSOR) else None
    if _is_text(head) or (suffix in _ANY_ENCODING and _is_lines(head)):
        return _text(head, suffix)
    return None if suffix == ".bmp" else _BINARY_NAMES.get(suffix) or _netpbm(head, suffix)


def _ogg(head: bytes) -> FileKind:
    """Return video if the file contains Theora frames, otherwise audio."""
    moving = b"\x80theora" in head[:512]
    return _of("ogv") if moving else _of("ogg")


def _by_brand(head: bytes) -> FileKind:
    length = min(int.from_bytes(head[:4], "big"), 256)
    brands = [head[start : start + 4] for start in (8, *range(16, length, 4))]
    for brand in brands:
        if (file_type := _BRANDS.get(brand)) is not None:
            return file_type
    return _of("heic") if _HEIF.intersection(brands) else _of("mp4")


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


def _is_lines(head: bytes) -> bool:
    """Return whether the bytes are a text in any encoding, UTF-16 included."""
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return True
    return not any(byte in head for byte in _CONTROL)


def _text(head: bytes, suffix: str) -> FileKind | None:
    file_type = _TEXT_NAMES.get(suffix)
    if suffix == ".svg":
        plain = head.replace(b"\x00", b"")  # UTF-16
        is_svg = b"<svg" in plain or b"<!DOCTYPE svg" in plain or b"<?xml" in plain
        return file_type if is_svg else None
    if suffix == ".dae":
        return file_type if b"<COLLADA" in head else None
    return file_type


def mismatch(name: str) -> str | None:
    """Return why content of no known type contradicts this name; None if it does not."""
    suffix = PurePosixPath(name).suffix.lower()
    kind = KIND_OF_SUFFIX.get(suffix)
    if kind is None:
        return None
    if kind in {"text", "json"}:
        return "is no text in UTF-8"
    return f"is no {suffix[1:].upper()}: its content is something else"


def format_names(mime: str, path: str) -> tuple[str, ...]:
    """Return the names of a file's format, the usual one first: `mp3`, `mpeg`."""
    usual = extension(mime)[1:]
    if mime == "application/octet-stream":  # FBX has no type of its own
        usual = PurePosixPath(path).suffix[1:].lower()
    names = {usual: None, mime.partition("/")[2]: None}
    for synonyms in _SYNONYMS:
        if not synonyms.isdisjoint(names):
            names |= dict.fromkeys(sorted(synonyms))
    return tuple(names)


def extension(mime: str) -> str:
    """Return the usual suffix of a MIME type, with its dot."""
    if mime in BY_MIME and mime != "application/octet-stream":
        return f".{BY_MIME[mime].suffixes[0]}"
    return "." + mime.partition("/")[2].removeprefix("x-")
