"""Texts, keywords and dates inside pictures, of every block that a picture may have."""

from __future__ import annotations

import io
import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, PngImagePlugin

from library.formats import images
from library.formats.metadata import image_texts, iptc
from library.formats.metadata.exif_tags import Tags
from tests.support.metadata_blocks import (
    exif_block,
    in_languages,
    iptc_block,
    jpeg_with,
    listed,
    packet,
    photoshop_block,
)

EXIF, XMP, PHOTOSHOP, COMMENT = 0xE1, 0xE1, 0xED, 0xFE
XMP_HEAD = b"http://ns.adobe.com/xap/1.0/\0"


def fields(content: bytes) -> dict[str, Any]:
    """Return what a picture states."""
    file = io.BytesIO(content)
    image = images.open_picture(file)
    image.load()
    return image_texts.read(image, file)


def wide(text: str) -> tuple[int, bytes]:
    """Return a tag of Windows."""
    return 1, text.encode("utf-16-le") + b"\0\0"


def plain(text: str, encoding: str = "utf-8") -> tuple[int, bytes]:
    """Return a tag of text."""
    return 2, text.encode(encoding) + b"\0"


@pytest.mark.parametrize(
    ("tags", "camera", "expected"),
    [
        ({0x010E: plain("A heron")}, {}, {"description": "A heron"}),
        ({0x010E: plain("Käfer auf Blatt", "cp1252")}, {}, {"description": "Käfer auf Blatt"}),
        ({0x010E: plain("Зимний лес", "cp1251")}, {}, {"description": "Зимний лес"}),
        ({0x010E: plain("OLYMPUS DIGITAL CAMERA")}, {}, {}),
        ({0x9C9B: wide("Brass hummingbird")}, {}, {"name": "Brass hummingbird"}),
        ({0x9C9C: wide("Жук")}, {}, {"description": "Жук"}),
        ({0x9C9F: wide("東京")}, {}, {"description": "東京"}),
        ({0x9C9E: wide("heron; marsh,fog")}, {}, {"tags": ("heron", "marsh", "fog")}),
        ({0x9C9D: wide("Ada"), 0x013B: plain("Ada")}, {}, {"author": "Ada"}),
        ({0x8298: (2, b"(c) Ada\0(c) Bo\0")}, {}, {"metadata": {"copyright": "(c) Ada; (c) Bo"}}),
        ({0x4746: (3, b"\0\x04")}, {}, {"metadata": {"rating": 4}}),
        ({0x4749: (3, b"\0\x4b")}, {}, {"metadata": {"rating": 4}}),
        ({0x4746: (3, b"\0\0")}, {}, {}),
        ({}, {0x9286: (7, b"ASCII\0\0\0a heron")}, {"description": "a heron"}),
        ({}, {0x9286: (7, b"UNICODE\0" + "Жук".encode("utf-16-be"))}, {"description": "Жук"}),
        ({}, {0x9286: (7, b"UNICODE\0" + "Жук".encode("utf-16-le"))}, {"description": "Жук"}),
        (
            {},
            {0x9286: (7, b"JIS\0\0\0\0\0" + "東京".encode("iso2022_jp"))},
            {"description": "東京"},
        ),
        ({}, {0x9286: (7, b"\0" * 8 + "Käfer".encode("cp1252"))}, {"description": "Käfer"}),
        ({}, {0x9286: (7, b"\0" * 8 + b" " * 50)}, {}),
    ],
)
def test_exif_texts(
    tags: dict[int, tuple[int, bytes]],
    camera: dict[int, tuple[int, bytes]],
    expected: dict[str, Any],
) -> None:
    assert fields(jpeg_with((EXIF, exif_block(tags, camera)))) == expected


def rationals(*numbers: int) -> tuple[int, bytes]:
    """Return whole numbers as fractions."""
    return 5, b"".join(struct.pack(">II", number, 1) for number in numbers)


@pytest.mark.parametrize(
    ("tags", "camera", "gps", "date"),
    [
        ({}, {0x9003: plain("2019:06:24 15:57:33"), 0x9011: plain("+02:00")}, {},
         "2019-06-24T13:57:33.000Z"),
        ({}, {0x9003: plain("2019:06:24 15:57:33"), 0x9010: plain("-05:30"), 0x9291: plain("250")},
         {}, "2019-06-24T21:27:33.250Z"),
        ({0x0132: plain("2021:01:01 00:00:00")},
         {0x9003: plain("0000:00:00 00:00:00"), 0x9004: plain("2019:06:24 13:57:33")}, {},
         "2019-06-24T13:57:33.000Z"),
        ({0x0132: plain("2019:06:24 13:57:33")}, {0x9003: plain("    :  :     :  :  ")}, {},
         "2019-06-24T13:57:33.000Z"),
        ({}, {}, {0x1D: plain("2019:06:24"), 7: rationals(13, 57, 33)}, "2019-06-24T13:57:33.000Z"),
        ({}, {}, {0x1D: plain("2019:06:24"), 7: rationals(99, 57, 33)}, "2019-06-24T00:00:00.000Z"),
    ],
)  # fmt: skip
def test_the_date_is_the_first_that_is_set(
    tags: dict[int, tuple[int, bytes]],
    camera: dict[int, tuple[int, bytes]],
    gps: dict[int, tuple[int, bytes]],
    date: str,
) -> None:
    assert fields(jpeg_with((EXIF, exif_block(tags, camera, gps)))) == {"dates": {"exif": date}}


@pytest.mark.filterwarnings("ignore")  # of Pillow, which reads a part of the block as well
def test_a_damaged_tag_costs_only_itself() -> None:
    tags = {0x010F: (0, b""), 0x010E: plain("A heron"), 0x013B: (0, b""), 0x0132: (0, b"")}
    camera = {0x8827: (0, b""), 0x9003: plain("2019:06:24 13:57:33"), 0x9286: (0, b"")}
    assert fields(jpeg_with((EXIF, exif_block(tags, camera)))) == {
        "description": "A heron",
        "dates": {"exif": "2019-06-24T13:57:33.000Z"},
    }


def test_exif_is_read_in_every_format() -> None:
    block = exif_block({0x010E: plain("A heron")}, {0x9003: plain("2019:06:24 13:57:33")})
    for kind in ("PNG", "WEBP", "JPEG", "AVIF"):
        file = io.BytesIO()
        Image.new("RGB", (16, 16)).save(file, kind, exif=block)
        assert fields(file.getvalue()) == {
            "description": "A heron",
            "dates": {"exif": "2019-06-24T13:57:33.000Z"},
        }


def test_many_tags_of_one_large_place_take_little_memory() -> None:
    entries = b"".join(struct.pack(">HHII", 0x8000 + n, 7, 2**20, 0) for n in range(1000))
    raw = b"MM\0*\0\0\0\x08" + struct.pack(">H", 1000) + entries + b"\0" * 2**20
    tags = Tags(io.BytesIO(raw))
    assert 0 < sum(len(value) for _, value in tags.values.values()) <= 16 * 2**20


def test_many_texts_of_a_png_take_little_time() -> None:
    texts = {f"Comment{number}": f"Käfer {number}" for number in range(20_000)}
    assert fields(png_with(Title="Ferry", **texts))["name"] == "Ferry"


PRESS = [
    (2, 5, "Crossing"), (2, 25, "ferry"), (2, 25, "Überfahrt"), (2, 120, "At noon"), (2, 80, "Ada"),
    (2, 55, "20120314"), (2, 60, "120000+0100"), (2, 105, "Storm"),
]  # fmt: skip
PRESS_FIELDS = {
    "name": "Crossing",
    "description": "At noon",
    "tags": ("ferry", "Überfahrt"),
    "author": "Ada",
    "metadata": {"headline": "Storm"},
    "dates": {"iptc": "2012-03-14T11:00:00.000Z"},
}


@pytest.mark.parametrize("encoding", ["utf-8", "cp1252", "marked"])
def test_iptc_with_and_without_the_mark_of_utf8(encoding: str) -> None:
    marked = encoding == "marked"
    sets = [(r, n, text.encode("utf-8" if marked else encoding)) for r, n, text in PRESS]
    block = iptc_block([(1, 90, b"\x1b%G"), *sets] if marked else sets)
    segment = b"Photoshop 3.0\0" + photoshop_block(block)
    assert fields(jpeg_with((PHOTOSHOP, segment))) == PRESS_FIELDS


def test_iptc_in_other_formats() -> None:
    block = iptc_block([(r, n, text.encode()) for r, n, text in PRESS])
    tiff, png = io.BytesIO(), io.BytesIO()
    Image.new("RGB", (16, 16)).save(tiff, "TIFF", tiffinfo={33723: block})
    digits = f"\niptc\n{len(photoshop_block(block)):8}\n{photoshop_block(block).hex()}\n"
    info = PngImagePlugin.PngInfo()
    info.add_text("Raw profile type iptc", digits, zip=True)
    Image.new("RGB", (16, 16)).save(png, "PNG", pnginfo=info)
    assert fields(tiff.getvalue()) == PRESS_FIELDS
    assert fields(png.getvalue()) == PRESS_FIELDS


def test_damaged_iptc_costs_only_itself() -> None:
    block = iptc_block([(2, 25, b"ferry")]) + b"\x1c\xff\xff\xff" + b"?" * 9
    assert iptc.read(block + iptc_block([(2, 25, b"boat"), (2, 55, b"00000000")])).fields() == {
        "tags": ("ferry", "boat")
    }


def test_xmp_that_did_not_fit_into_one_segment() -> None:
    main = packet(listed("dc:subject", "harbour"))
    further = packet(in_languages("dc:description", x_default="x" * 400))
    half = len(further) // 2
    head = b"http://ns.adobe.com/xmp/extension/\0" + b"0" * 32 + struct.pack(">I", len(further))
    parts = [
        (EXIF, head + struct.pack(">I", at) + further[at : at + half + 1])
        for at in (half + 1, 0)  # in any order
    ]
    assert fields(jpeg_with((XMP, XMP_HEAD + main), *parts)) == {
        "tags": ("harbour",),
        "description": "x" * 400,
    }


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"])
def test_xmp_is_read_in_every_format(kind: str) -> None:
    content = packet(listed("dc:subject", "harbour"))
    file = io.BytesIO()
    image = Image.new("RGB", (16, 16))
    if kind == "PNG":
        info = PngImagePlugin.PngInfo()
        info.add_itxt("XML:com.adobe.xmp", content.decode())
        image.save(file, kind, pnginfo=info)
    elif kind == "TIFF":
        image.save(file, kind, tiffinfo={700: content})
    else:
        image.save(file, kind, xmp=content)
    assert fields(file.getvalue()) == {"tags": ("harbour",)}


def test_xmp_in_a_gif() -> None:
    file = io.BytesIO()
    Image.new("P", (16, 16)).save(file, "GIF")
    content = b"!\xff\x0bXMP DataXMP" + packet(listed("dc:subject", "harbour"))
    content += b"\x01" + bytes(range(255, -1, -1)) + b"\0"
    plain = file.getvalue()
    at = 13 + 3 * 2 ** ((plain[10] & 7) + 1) if plain[10] & 0x80 else 13
    assert fields(plain[:at] + content + plain[at:]) == {"tags": ("harbour",)}


@pytest.mark.parametrize(
    ("comment", "expected"),
    [
        (b"A brass hummingbird", {"description": "A brass hummingbird"}),
        ("Käfer auf Blatt".encode("cp1252"), {"description": "Käfer auf Blatt"}),
        ("Жук на листе".encode(), {"description": "Жук на листе"}),
        (b"CREATOR: gd-jpeg v1.0 (using IJG JPEG v62), quality = 90\n", {}),
        (b"Created with GIMP", {}),
    ],
)
def test_comments_of_jpeg_and_gif(comment: bytes, expected: dict[str, Any]) -> None:
    file = io.BytesIO()
    Image.new("P", (16, 16)).save(file, "GIF", comment=comment)
    assert fields(jpeg_with((COMMENT, comment))) == expected
    assert fields(file.getvalue()) == expected


def test_all_comments_of_a_jpeg_are_read() -> None:
    content = jpeg_with((COMMENT, b"a heron"), (COMMENT, b"at dawn"))
    assert fields(content) == {"description": "a heron\nat dawn"}


def png_with(**texts: str) -> bytes:
    """Return a PNG with texts; `_` in their names is a space."""
    info = PngImagePlugin.PngInfo()
    for name, text in texts.items():
        info.add_itxt(name.replace("_", " "), text)
    file = io.BytesIO()
    Image.new("RGB", (16, 16)).save(file, "PNG", pnginfo=info)
    return file.getvalue()


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        ({"Title": "Automaton", "Description": "brass hummingbird", "Author": "Ada"},
         {"name": "Automaton", "description": "brass hummingbird", "author": "Ada"}),
        ({"title": "Жук", "Comment": "на листе"}, {"name": "Жук", "description": "на листе"}),
        ({"Keywords": "heron, marsh;fog", "Copyright": "CC0"},
         {"tags": ("heron", "marsh", "fog"), "license": "CC0", "metadata": {"copyright": "CC0"}}),
        ({"Creation_Time": "Mon, 24 Jun 2019 13:57:33 +0000"},
         {"dates": {"tags": "2019-06-24T13:57:33.000Z"}}),
        ({"Comment": '{"steps": 28}', "Software": "GIMP"}, {}),
        ({"Comment": "Created with GIMP"}, {}),
    ],
)  # fmt: skip
def test_texts_of_a_png(texts: dict[str, str], expected: dict[str, Any]) -> None:
    assert fields(png_with(**texts)) == expected


def test_the_blocks_of_a_picture_are_joined() -> None:
    xmp = packet(in_languages("dc:title", x_default="From XMP") + listed("dc:subject", "a"))
    segments = (
        (XMP, XMP_HEAD + xmp),
        (EXIF, exif_block({0x010E: plain("From EXIF"), 0x9C9B: wide("Other title")})),
        (PHOTOSHOP, b"Photoshop 3.0\0" + photoshop_block(iptc_block([(2, 25, b"b")]))),
        (COMMENT, b"from exif"),
    )
    assert fields(jpeg_with(*segments)) == {
        "name": "From XMP",
        "description": "From EXIF\nOther title",
        "tags": ("a", "b"),
    }


@given(st.binary(max_size=400), st.integers(0, 200))
def test_any_block_is_read(noise: bytes, at: int) -> None:
    block = exif_block({0x010E: plain("A heron")}, {0x9003: plain("2019:06:24 13:57:33")})[6:]
    for raw in (noise, block[:at] + noise + block[at:], b"MM\0*\0\0\0\x08" + noise):
        assert isinstance(Tags(io.BytesIO(raw)).stated().fields(), dict)
        assert isinstance(iptc.read(raw).fields(), dict)
        assert iptc.in_photoshop(b"8BIM" + raw) is None or raw
