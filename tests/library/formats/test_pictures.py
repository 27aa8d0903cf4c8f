"""Pictures as browsers show them: orientation, colours, damaged files, animations."""

from __future__ import annotations

import io
import struct
import zlib
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image, ImageCms, TiffImagePlugin

from library.api.image_transforms import convert, parse
from library.formats import images
from library.schema.documents import DAMAGED
from tests.support import sample_files
from tests.support.descriptions import described, document

if TYPE_CHECKING:
    from pathlib import Path

ORIENTATION = 0x0112


def corner(size: tuple[int, int] = (60, 40)) -> Image.Image:
    """A blue picture whose upper left quarter is red."""
    image = Image.new("RGB", size, "navy")
    image.paste("red", (0, 0, size[0] // 2, size[1] // 2))
    return image


def noise(size: tuple[int, int] = (600, 400)) -> Image.Image:
    """A picture that compresses badly, below a red stripe."""
    pixels = np.random.default_rng(1).integers(0, 255, (size[1], size[0], 3), dtype=np.uint8)
    image = Image.fromarray(pixels)
    image.paste("red", (0, 0, size[0], size[1] // 4))
    return image


def red_corner(image: Image.Image) -> int:
    """Return which corner is red, clockwise from the upper left."""
    right, lower = image.width - 4, image.height - 4
    corners = [(3, 3), (right, 3), (right, lower), (3, lower)]
    (found,) = [n for n, at in enumerate(corners) if image.getpixel(at)[0] > 150]  # type: ignore[index]
    return found


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize(
    ("name", "options"),
    [("JPEG", {}), ("PNG", {}), ("WEBP", {}), ("TIFF", {}), ("TIFF", {"compression": "tiff_lzw"}),
     ("AVIF", {})],
)  # fmt: skip
def test_the_orientation_is_applied_once(
    name: str, options: dict[str, Any], orientation: int, tmp_path: Path
) -> None:
    tags = Image.Exif()
    tags[ORIENTATION] = orientation
    content = sample_files.encoded(corner(), name, exif=tags, **options)
    sample_files.fill(tmp_path, {"a": content})
    description = described(tmp_path, "a")
    size = (60, 40) if orientation < 5 else (40, 60)
    assert (description.facts["width"], description.facts["height"]) == size
    assert description.picture is not None
    assert description.picture.size == size
    expected = {1: 0, 2: 1, 3: 2, 4: 3, 5: 0, 6: 1, 7: 2, 8: 3}[orientation]
    assert red_corner(description.picture) == expected
    mime = description.kind.mime
    transformed = convert(content, mime, parse({"format": "png"}), mime)
    assert red_corner(Image.open(io.BytesIO(transformed.content)).convert("RGB")) == expected


def test_the_orientation_of_a_large_photo_is_that_of_its_exif(tmp_path: Path) -> None:
    """A large JPEG is decoded at a part of its size, whose sides may become equal."""
    tags = Image.Exif()
    tags[ORIENTATION] = 6
    for number, orientation in enumerate((1, 6)):
        tags[ORIENTATION] = orientation
        content = sample_files.encoded(corner((4097, 4098)), "JPEG", exif=tags)
        sample_files.fill(tmp_path, {f"{number}.jpg": content})
    sizes = [described(tmp_path, f"{n}.jpg").facts for n in range(2)]
    assert [(f["width"], f["height"]) for f in sizes] == [(4097, 4098), (4098, 4097)]


def test_the_orientation_of_xmp_alone_is_not_applied(tmp_path: Path) -> None:
    """As browsers do, which know that of EXIF."""
    packet = (
        b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF '
        b'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description '
        b'xmlns:tiff="http://ns.adobe.com/tiff/1.0/" tiff:Orientation="6"/></rdf:RDF></x:xmpmeta>'
    )
    for name in ("JPEG", "WEBP"):
        sample_files.fill(tmp_path, {name: sample_files.encoded(corner(), name, xmp=packet)})
        assert described(tmp_path, name).facts["width"] == 60


@pytest.mark.parametrize("part", [0.6, 0.3, -2])
@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("JPEG", {}),
        ("JPEG", {"progressive": True}),
        ("PNG", {}),
        ("GIF", {"interlace": 0}),
        ("TIFF", {}),
    ],
)
def test_a_file_that_ends_too_early_is_shown_and_named_as_damaged(
    name: str, options: dict[str, Any], part: float, tmp_path: Path
) -> None:
    if name in {"GIF", "TIFF"} and part < 0:
        pytest.skip("its last bytes are no pixels")
    content = sample_files.encoded(noise(), name, **options)
    cut = content[: int(part) if part < 0 else int(len(content) * part)]
    sample_files.fill(tmp_path, {"a": cut})
    description = described(tmp_path, "a")
    assert description.picture is not None
    assert (description.facts["width"], description.facts["height"]) == (600, 400)
    red, green, _ = description.picture.getpixel((200, 20))  # type: ignore[misc]
    assert (red > 200, green < 60) == (True, True)
    asset = document(tmp_path, "a")
    assert DAMAGED in asset.tags
    assert "early" in str(asset.metadata[DAMAGED]) or "truncated" in str(asset.metadata[DAMAGED])


@pytest.mark.parametrize("part", [0.6, 0.4, -2])
@pytest.mark.parametrize(
    ("name", "options"),
    [("WEBP", {}), ("WEBP", {"lossless": True}), ("AVIF", {}), ("HEIF", {}), ("QOI", {})],
)
def test_formats_that_state_their_length_are_shown_as_far_as_they_go(
    name: str, options: dict[str, Any], part: float, tmp_path: Path
) -> None:
    images.decode(sample_files.png())  # registers HEIF
    content = sample_files.encoded(noise(), name, **options)
    cut = content[: int(part) if part < 0 else int(len(content) * part)]
    sample_files.fill(tmp_path, {"a": cut, "b": content})
    description = described(tmp_path, "a")
    assert description.picture is not None
    assert description.damage == "ends too early; it is shown as far as it goes"
    assert description.facts["width"] == 600
    red, green, _ = description.picture.getpixel((200, 20))  # type: ignore[misc]
    assert (red > 200, green < 60) == (True, True)
    assert described(tmp_path, "b").damage is None


@pytest.mark.parametrize("name", ["WEBP", "AVIF", "HEIF", "JPEG", "PNG", "GIF"])
@pytest.mark.parametrize("more", [b"SEFT" + bytes(99), b"\xff" * 40, b"\x7f\xff\xff\xffmotion"])
def test_what_follows_a_picture_is_no_damage(name: str, more: bytes, tmp_path: Path) -> None:
    """Telephones add their own data, and moving pictures."""
    images.decode(sample_files.png())  # registers HEIF
    sample_files.fill(tmp_path, {"a": sample_files.encoded(noise((60, 40)), name) + more})
    description = described(tmp_path, "a")
    assert (description.damage, description.facts["width"]) == (None, 60)


def test_a_length_that_is_a_lie_is_not_filled_up(tmp_path: Path) -> None:
    content = bytearray(sample_files.encoded(noise((60, 40)), "WEBP"))
    content[4:8] = b"\xff\xff\xff\xff"
    qoi = b"qoif" + struct.pack(">II", 2**31, 2**31) + b"\3\0"
    sample_files.fill(tmp_path, {"a.webp": bytes(content[:300]), "b.qoi": qoi})
    for name in ("a.webp", "b.qoi"):
        assert described(tmp_path, name).damage is not None


def drawn(size: tuple[int, int], mode: str) -> Image.Image:
    """A picture of flat areas."""
    image = Image.new("RGB", size, (223, 231, 239))
    image.paste((255, 99, 71), (size[0] // 5, 0, size[0] * 3 // 4, size[1] // 2))
    image.paste((0, 0, 128), (size[0] // 3, size[1] * 3 // 5, size[0] * 4 // 5, size[1] * 4 // 5))
    return image.convert(mode)


@pytest.mark.parametrize("part", [0.6, 0.8, -1, -2, -5])
@pytest.mark.parametrize("size", [(64, 64), (300, 200), (1000, 700)])
@pytest.mark.parametrize(
    ("name", "mode", "options"),
    [("JPEG", "RGB", {}), ("JPEG", "L", {}), ("JPEG", "CMYK", {}),
     ("JPEG", "RGB", {"progressive": True}), ("JPEG", "L", {"progressive": True}),
     ("JPEG", "CMYK", {"progressive": True}), ("JPEG", "RGB", {"restart_marker_rows": 1}),
     ("PNG", "RGB", {}), ("PNG", "RGBA", {}), ("PNG", "L", {}), ("PNG", "LA", {})],
)  # fmt: skip
def test_a_cut_anywhere_leaves_a_picture(
    name: str, mode: str, options: dict[str, Any], size: tuple[int, int], part: float
) -> None:
    """In the middle of a segment of a progressive JPEG as well."""
    file = io.BytesIO()
    drawn(size, mode).save(file, name, **options)
    content = file.getvalue()
    cut = content[: int(part) if part < 0 else int(len(content) * part)]
    found = images.read(cut, None, 512)
    assert found.size == size
    assert found.damage is not None
    pixel = found.image.convert("RGB").getpixel((found.image.width // 2, 1))
    assert pixel[0] > 120  # type: ignore[index]


def test_a_file_without_any_pixels_has_no_picture(tmp_path: Path) -> None:
    content = sample_files.encoded(noise(), "PNG")
    sample_files.fill(tmp_path, {"a.png": content[:50]})
    description = described(tmp_path, "a.png")
    assert (description.picture, description.damage is None) == (None, False)


def first_pixel(content: bytes) -> tuple[int, ...]:
    """Return the pixel at 5, 5 of a decoded file."""
    pixel = images.decode(content).getpixel((5, 5))
    assert isinstance(pixel, tuple)
    return pixel


@pytest.mark.parametrize(
    ("image", "name", "options", "expected"),
    [
        (Image.new("LA", (9, 9), (100, 50)), "PNG", {}, (100, 100, 100, 50)),
        (Image.new("L", (9, 9), 7), "PNG", {"transparency": 7}, (7, 7, 7, 0)),
        (Image.new("RGB", (9, 9), "red"), "PNG", {"transparency": (255, 0, 0)}, (255, 0, 0, 0)),
        (Image.new("I;16", (9, 9), 0x4000), "PNG", {"transparency": 0x4000}, (64, 64, 64, 0)),
        (Image.new("1", (9, 9), 1), "PNG", {}, (255, 255, 255)),
        (Image.new("F", (9, 9), 0.5), "TIFF", {}, (128, 128, 128)),
        (Image.new("CMYK", (9, 9), (0, 255, 255, 0)), "JPEG", {}, (254, 0, 0)),
        (Image.new("CMYK", (9, 9), (0, 255, 255, 0)), "TIFF", {}, (255, 0, 0)),
        (Image.new("LAB", (9, 9), (136, 208, 195)), "TIFF", {}, (250, 3, 11)),
    ],
)  # fmt: skip
def test_every_mode_becomes_rgb(
    image: Image.Image, name: str, options: dict[str, Any], expected: tuple[int, ...]
) -> None:
    found = first_pixel(sample_files.encoded(image, name, **options) if name != "JPEG" else
                        _cmyk_jpeg(image))  # fmt: skip
    assert len(found) == len(expected)
    assert all(abs(a - b) <= 5 for a, b in zip(found, expected, strict=True))


def _cmyk_jpeg(image: Image.Image) -> bytes:
    file = io.BytesIO()
    image.save(file, "JPEG", quality=100)
    return file.getvalue()


@pytest.mark.parametrize("transparency", [1, b"\xff\x00"])
def test_the_transparency_of_a_palette_is_kept(transparency: int | bytes) -> None:
    image = Image.new("P", (9, 9), 1)
    image.putpalette([0, 0, 0, 255, 0, 0])
    content = sample_files.encoded(image, "PNG", transparency=transparency)
    assert first_pixel(content) == (255, 0, 0, 0)


def _wide() -> bytes:
    """A profile whose red and green are exchanged: it shows whether a profile is applied."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    red, green = profile.index(b"rXYZ"), profile.index(b"gXYZ")
    profile[red : red + 4], profile[green : green + 4] = b"gXYZ", b"rXYZ"
    return bytes(profile)


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "P"])
def test_the_colour_profile_of_every_mode_is_applied(mode: str) -> None:
    image = Image.new("RGB", (9, 9), "red")
    image = image.quantize(2) if mode == "P" else image.convert(mode)
    red, green, blue = first_pixel(sample_files.encoded(image, "PNG", icc_profile=_wide()))[:3]
    assert (red < 40, green > 200, blue < 40) == (True, True, True)


@pytest.mark.parametrize("name", ["GIF", "WEBP", "PNG", "AVIF"])
@pytest.mark.parametrize("blank", [(0, 0, 0, 0), (0, 0, 0, 255)])
def test_an_animation_is_shown_by_its_first_frame_that_is_not_blank(
    name: str, blank: tuple[int, ...], tmp_path: Path
) -> None:
    frames = [Image.new("RGBA", (40, 40), blank)] * 2 + [corner((40, 40)).convert("RGBA")]
    content = sample_files.encoded(frames[0], name, save_all=True, append_images=frames[1:],
                                   duration=[100, 150, 200])  # fmt: skip
    sample_files.fill(tmp_path, {"a": content})
    description = described(tmp_path, "a")
    assert description.picture is not None
    assert description.facts["properties"]["frameCount"] >= 2
    assert red_corner(description.picture.convert("RGB")) == 0


def test_the_default_image_of_an_apng_is_for_other_programs() -> None:
    frames = [Image.new("RGB", (40, 40), "green"), corner((40, 40))]
    content = sample_files.encoded(
        frames[0], "PNG", save_all=True, default_image=True, append_images=[frames[1], frames[0]]
    )
    assert red_corner(images.decode(content).convert("RGB")) == 0


def test_a_tiff_is_shown_by_its_first_page_that_is_no_thumbnail(tmp_path: Path) -> None:
    file = io.BytesIO()
    small, whole = corner((15, 10)), corner()
    reduced, none = (TiffImagePlugin.ImageFileDirectory_v2() for _ in range(2))
    reduced[254] = 1
    whole.encoderinfo = {"tiffinfo": none}
    small.save(file, "TIFF", save_all=True, append_images=[whole], tiffinfo=reduced)
    sample_files.fill(tmp_path, {"a.tif": file.getvalue()})
    facts = described(tmp_path, "a.tif").facts
    assert (facts["width"], facts["properties"]["frameCount"]) == (60, 2)


def test_an_icon_is_shown_by_its_largest_size(tmp_path: Path) -> None:
    content = sample_files.encoded(noise((256, 256)), "ICO", sizes=[(16, 16), (256, 256), (64, 64)])
    sample_files.fill(tmp_path, {"a.ico": content})
    assert described(tmp_path, "a.ico").facts["width"] == 256


@pytest.mark.parametrize("kind", ["png", "bmp"])
def test_a_cursor_is_shown_by_its_largest_size(kind: str, tmp_path: Path) -> None:
    image = Image.new("RGBA", (64, 64), (255, 0, 0, 128))
    icon = sample_files.encoded(image, "ICO", sizes=[(16, 16), (64, 64)], bitmap_format=kind)
    cursor = bytearray(b"\0\0\x02\0" + icon[4:])
    cursor[10:14] = b"\x05\0\x07\0"  # its hot spot
    sample_files.fill(tmp_path, {"a.cur": bytes(cursor)})
    description = described(tmp_path, "a.cur")
    assert (description.kind.mime, description.facts["width"]) == ("image/x-win-bitmap", 64)
    assert description.picture is not None
    assert description.picture.getpixel((9, 9)) == (255, 0, 0, 128)


def bmp(depth: int, compression: int, rows: bytes, *, height: int = 4, more: bytes = b"") -> bytes:
    """A BMP 4 pixels wide; `more` are its masks or palette."""
    head = struct.pack("<IiiHHIIiiII", 40, 4, height, 1, depth, compression, len(rows), 0, 0, 0, 0)
    start = 14 + len(head) + len(more)
    return b"BM" + struct.pack("<IHHI", start + len(rows), 0, 0, start) + head + more + rows


PALETTE = (b"\0\0\0\0" + b"\0\0\xff\0").ljust(1024, b"\0")


@pytest.mark.parametrize(
    "content",
    [
        bmp(24, 0, b"\0\0\xff" * 16),
        bmp(24, 0, b"\0\0\xff" * 16, height=-4),
        bmp(32, 0, b"\0\0\xff\0" * 16),
        bmp(16, 0, b"\0\x7c" * 16),
        bmp(16, 3, b"\0\xf8" * 16, more=struct.pack("<3I", 0xF800, 0x7E0, 0x1F)),
        bmp(8, 0, b"\1" * 16, more=PALETTE),
        bmp(8, 1, b"\4\1\0\0" * 4 + b"\0\1", more=PALETTE),
        bmp(4, 0, b"\x11\x11\0\0" * 4, more=PALETTE[:64]),
        bmp(1, 0, b"\xf0\0\0\0" * 4, more=PALETTE[:8]),
    ],
)
def test_every_kind_of_bmp_is_decoded(content: bytes) -> None:
    assert images.decode(content, "image/bmp").convert("RGB").getpixel((1, 1)) == (255, 0, 0)


@pytest.mark.parametrize(
    ("depth", "kind", "row", "expected"),
    [
        (16, 2, struct.pack(">3H", 65535, 16384, 0), (255, 64, 0)),
        (16, 6, struct.pack(">4H", 65535, 16384, 0, 32768), (255, 64, 0, 128)),
        (16, 4, struct.pack(">2H", 16384, 32768), (64, 64, 64, 128)),
        (16, 0, struct.pack(">H", 16384), (64, 64, 64)),
        (4, 0, b"\x55", (85, 85, 85)),
        (2, 0, b"\x55", (85, 85, 85)),
    ],
)
def test_every_depth_of_a_png_is_decoded(
    depth: int, kind: int, row: bytes, expected: tuple[int, ...]
) -> None:
    def chunk(name: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + name + content + struct.pack(
            ">I", zlib.crc32(name + content)
        )  # fmt: skip

    content = (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", 4, 4, depth, kind, 0, 0, 0))
        + chunk(b"IDAT", zlib.compress((b"\0" + row * (4 if depth == 16 else depth // 2)) * 4))
        + chunk(b"IEND", b"")
    )
    assert images.decode(content, "image/png").getpixel((1, 1)) == expected


def _chunk(name: bytes, content: bytes, checksum: bytes | None = None) -> bytes:
    own = zlib.crc32(name + content).to_bytes(4, "big")
    return len(content).to_bytes(4, "big") + name + content + (checksum or own)


@pytest.mark.parametrize(
    "broken",
    [
        _chunk(b"tEXt", b"Comment\0bad", b"0000"),
        _chunk(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(20 * 1024**2))),
        _chunk(b"sRGB", b""),
    ],
)
def test_a_broken_part_beside_the_pixels_costs_only_itself(broken: bytes, tmp_path: Path) -> None:
    content = sample_files.png()
    pixels = content.index(b"IDAT") - 4
    settings = b"parameters\0otter pond\nSteps: 20, Sampler: Euler, CFG scale: 7, Seed: 5"
    parts = broken + _chunk(b"tEXt", settings)
    sample_files.fill(tmp_path, {"a.png": content[:pixels] + parts + content[pixels:]})
    description = described(tmp_path, "a.png")
    asset = description.document("asset_x")
    assert (asset.prompt, asset.seed) == ("otter pond", "5")
    assert "cannot be read" in str(asset.metadata[DAMAGED])
    assert description.picture is not None
    assert description.picture.size == (asset.width, asset.height)
