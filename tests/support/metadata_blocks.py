"""Blocks of metadata as programs write them: XMP, EXIF, IPTC."""

from __future__ import annotations

import io
import struct
from typing import TYPE_CHECKING

from PIL import Image

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

SPACES = {
    "dc": "http://purl.org/dc/elements/1.1/",
    "xmp": "http://ns.adobe.com/xap/1.0/",
    "xmpRights": "http://ns.adobe.com/xap/1.0/rights/",
    "cc": "http://creativecommons.org/ns#",
    "photoshop": "http://ns.adobe.com/photoshop/1.0/",
    "lr": "http://ns.adobe.com/lightroom/1.0/",
    "digiKam": "http://www.digikam.org/ns/1.0/",
    "MicrosoftPhoto": "http://ns.microsoft.com/photo/1.0/",
    "mwg-kw": "http://www.metadataworkinggroup.com/schemas/keywords/",
    "mwg-rs": "http://www.metadataworkinggroup.com/schemas/regions/",
    "exif": "http://ns.adobe.com/exif/1.0/",
    "tiff": "http://ns.adobe.com/tiff/1.0/",
    "Iptc4xmpExt": "http://iptc.org/std/Iptc4xmpExt/2008-02-29/",
    "acdsee": "http://ns.acdsee.com/iptc/1.0/",
    "unknown": "http://example.com/unknown/",
}
RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"


def packet(inside: str, attributes: str = "") -> bytes:
    """Return an XMP packet with these properties."""
    spaces = " ".join(f'xmlns:{prefix}="{uri}"' for prefix, uri in SPACES.items())
    return (
        f'<?xpacket begin="\ufeff"?><x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="{RDF}">'
        f'<rdf:Description rdf:about="" {spaces} {attributes}>{inside}</rdf:Description></rdf:RDF>'
        '</x:xmpmeta><?xpacket end="w"?>'
    ).encode()


def listed(name: str, *values: str, kind: str = "Bag") -> str:
    """Return a property with a list of values."""
    items = "".join(f"<rdf:li>{value}</rdf:li>" for value in values)
    return f"<{name}><rdf:{kind}>{items}</rdf:{kind}></{name}>"


def in_languages(name: str, **texts: str) -> str:
    """Return a property in several languages; `_` in their names is a hyphen."""
    items = "".join(
        f'<rdf:li xml:lang="{language.replace("_", "-")}">{text}</rdf:li>'
        for language, text in texts.items()
    )
    return f"<{name}><rdf:Alt>{items}</rdf:Alt></{name}>"


def exif_block(
    tags: Mapping[int, tuple[int, bytes]],
    camera: Mapping[int, tuple[int, bytes]] | None = None,
    gps: Mapping[int, tuple[int, bytes]] | None = None,
) -> bytes:
    """Return an EXIF block in the order of Motorola: number -> type, bytes of the value.

    A value of None bytes (`b"?"` of type 0) gets an offset behind the end of the block.
    """
    pointers = {0x8769: camera or {}, 0x8825: gps or {}}
    directories: list[Mapping[int, tuple[int, bytes]]] = [tags, *pointers.values()]
    main = {**tags, **dict.fromkeys(pointers, (4, b"\0\0\0\0"))}
    directories[0] = main
    starts, position = [], 8
    for directory in directories:
        starts.append(position)
        position += 2 + 12 * len(directory) + 4
        position += sum(len(v) + len(v) % 2 for k, v in directory.values() if k and len(v) > 4)
    main |= {
        pointer: (4, start.to_bytes(4, "big"))
        for pointer, start in zip(pointers, starts[1:], strict=True)
    }
    return b"Exif\0\0MM\0*\0\0\0\x08" + b"".join(
        _directory(directory, start) for directory, start in zip(directories, starts, strict=True)
    )


def _directory(entries: Mapping[int, tuple[int, bytes]], start: int) -> bytes:
    sizes = {3: 2, 4: 4, 5: 8}
    place = start + 2 + 12 * len(entries) + 4
    head, values = struct.pack(">H", len(entries)), b""
    for number, (kind, value) in sorted(entries.items()):
        count = len(value) // sizes.get(kind, 1)
        if not kind:  # damaged
            head += struct.pack(">HHII", number, 2, 500, 0x7FFFFFFF)
        elif len(value) <= 4:
            head += struct.pack(">HHI4s", number, kind, count, value)
        else:
            head += struct.pack(">HHII", number, kind, count, place + len(values))
            values += value + b"\0" * (len(value) % 2)
    return head + b"\0\0\0\0" + values


def iptc_block(sets: Sequence[tuple[int, int, bytes]]) -> bytes:
    """Return IPTC of (record, dataset, value)."""
    return b"".join(
        struct.pack(">BBBH", 0x1C, record, number, len(value)) + value
        for record, number, value in sets
    )


def photoshop_block(iptc: bytes) -> bytes:
    """Return the resources of Photoshop with a block of IPTC, behind another one."""
    other = b"8BIM\x03\xed\x03abc" + struct.pack(">I", 3) + b"xyz\0"
    return other + b"8BIM\x04\x04\0\0" + struct.pack(">I", len(iptc)) + iptc


def jpeg_with(*segments: tuple[int, bytes]) -> bytes:
    """Return a JPEG with segments (marker, content) at its beginning."""
    file = io.BytesIO()
    Image.new("RGB", (16, 16), "tomato").save(file, "JPEG")
    plain = file.getvalue()
    added = b"".join(
        struct.pack(">BBH", 0xFF, marker, len(content) + 2) + content
        for marker, content in segments
    )
    return plain[:2] + added + plain[2:]


def id3v1(title: bytes, artist: bytes = b"", comment: bytes = b"", year: bytes = b"") -> bytes:
    """Return a tag of ID3 version 1.1, the last 128 bytes of a file."""
    album = b"\0" * 30
    fields = title.ljust(30, b"\0") + artist.ljust(30, b"\0") + album + year.ljust(4, b"\0")
    return b"TAG" + fields + comment.ljust(28, b"\0") + b"\0\x03" + b"\xff"


def id3v2(version: int, frames: Sequence[tuple[bytes, bytes]]) -> bytes:
    """Return a tag of ID3 version 2.`version` with frames of (name, content)."""
    body = b""
    for name, content in frames:
        size = len(content)
        if version == 2:
            body += name + size.to_bytes(3, "big") + content
        else:
            plain = size.to_bytes(4, "big")
            body += name + (plain if version == 3 else _synchsafe(size)) + b"\0\0" + content
    return b"ID3" + bytes([version, 0, 0]) + _synchsafe(len(body)) + body


def _synchsafe(size: int) -> bytes:
    return bytes((size >> shift) & 0x7F for shift in (21, 14, 7, 0))


def riff(kind: bytes, *chunks: tuple[bytes, bytes], big: bool = False) -> bytes:
    """Return a RIFF file, or a FORM if `big`, of chunks (name, content)."""
    order = ">" if big else "<"
    body = kind + b"".join(
        name + struct.pack(f"{order}I", len(content)) + content + b"\0" * (len(content) % 2)
        for name, content in chunks
    )
    return (b"FORM" if big else b"RIFF") + struct.pack(f"{order}I", len(body)) + body


def box(kind: bytes, *content: bytes) -> bytes:
    """Return a box of MP4."""
    inner = b"".join(content)
    return struct.pack(">I", len(inner) + 8) + kind + inner
