"""Photoshop, GIMP and Aseprite documents: composites and layers."""

from __future__ import annotations

import io
import struct
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image, ImageCms

from library.formats.design import aseprite, gimp, photoshop
from library.formats.images import BadImage
from tests.support import design_files, sample_files
from tests.support.descriptions import described
from tests.support.design_files import Layer, corner

if TYPE_CHECKING:
    from pathlib import Path

JPEG_PREVIEW = bytes(28) + sample_files.encoded(corner((160, 120)), "JPEG", quality=95)


def close(image: Image.Image, at: tuple[int, int], expected: tuple[int, ...], by: int = 3) -> bool:
    """Return whether a pixel is nearly this."""
    pixel = image.getpixel(at)
    assert isinstance(pixel, tuple)
    return len(pixel) == len(expected) and all(
        abs(a - b) <= by for a, b in zip(pixel, expected, strict=True)
    )


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize(("depth", "packed"), [(8, 0), (8, 1), (8, 2), (8, 3), (16, 0), (16, 1),
                                               (16, 2), (16, 3), (32, 0), (32, 2)])  # fmt: skip
@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK", "RGBA"])
def test_a_photoshop_document_is_shown_by_its_composite(
    mode: str, depth: int, packed: int, version: int
) -> None:
    image = (
        corner((300, 200)).convert("L").convert(mode) if mode == "L" else corner((300, 200), mode)
    )
    content = design_files.photoshop(image, version=version, depth=depth, packed=packed)
    found = photoshop.composite(io.BytesIO(content), "")
    assert (found.size, found.damage) == ((300, 200), None)
    first = (76, 76, 76) if mode == "L" else (255, 0, 0)
    assert close(found.image, (5, 5), (*first, 255) if mode == "RGBA" else first)


def test_photoshop_palettes_lab_bitmaps_and_transparency() -> None:
    indexed = corner().quantize(4)
    found = photoshop.composite(io.BytesIO(design_files.photoshop(indexed)), "").image
    assert close(found, (5, 5), (255, 0, 0))
    lab = Image.new("LAB", (20, 10), (136, 208, 195))
    found = photoshop.composite(io.BytesIO(design_files.photoshop(lab)), "").image
    assert close(found, (5, 5), (250, 3, 11), 8)
    bits = Image.new("L", (13, 10), 0)
    bits.paste(255, (0, 0, 5, 10))
    content = design_files.photoshop(bits.convert("1"), depth=1, packed=0)
    found = photoshop.composite(io.BytesIO(content), "").image
    assert [found.getpixel(at) for at in ((2, 2), (9, 2))] == [(255,) * 3, (0,) * 3]
    clear = Image.new("RGBA", (9, 9), (10, 20, 30, 99))
    found = photoshop.composite(io.BytesIO(design_files.photoshop(clear)), "").image
    assert found.getpixel((3, 3)) == (10, 20, 30, 99)


def test_the_profile_of_a_photoshop_document_is_applied() -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    swapped = profile.replace(b"rXYZ", b"tXYZ").replace(b"gXYZ", b"rXYZ").replace(b"tXYZ", b"gXYZ")
    content = design_files.photoshop(Image.new("RGB", (9, 9), "red"), resources={1039: swapped})
    red, green, _ = photoshop.composite(io.BytesIO(content), "").image.getpixel((3, 3))  # type: ignore[misc]
    assert (red < 60, green > 200) == (True, True)


@pytest.mark.parametrize("name", ["a.psd", "a.psb"])
def test_a_photoshop_document_without_a_composite_shows_its_preview(
    name: str, tmp_path: Path
) -> None:
    white = Image.new("RGB", (600, 450), "white")
    content = design_files.photoshop(
        white, version=1 + name.endswith("b"), merged=False, resources={1036: JPEG_PREVIEW}
    )
    sample_files.fill(tmp_path, {name: content})
    description = described(tmp_path, name)
    assert description.damage is None
    assert description.picture is not None
    assert close(description.picture, (20, 20), (254, 0, 0), 9)
    assert description.facts["width"] == 600


def test_a_photoshop_document_that_is_cut_off_shows_its_preview_and_is_damaged(
    tmp_path: Path,
) -> None:
    content = design_files.photoshop(corner((300, 200)), resources={1036: JPEG_PREVIEW})
    sample_files.fill(tmp_path, {"a.psd": content[:-9_000], "b.psd": content[:60]})
    description = described(tmp_path, "a.psd")
    assert description.picture is not None
    assert description.damage == "is broken: it ends too early; its preview is shown"
    assert described(tmp_path, "b.psd").damage == "is broken: it ends too early"


def test_a_photoshop_document_of_too_many_pixels_is_refused() -> None:
    content = bytearray(design_files.photoshop(corner()))
    struct.pack_into(">II", content, 14, 300_000, 300_000)
    with pytest.raises(BadImage, match="more than 100 million pixels"):
        photoshop.composite(io.BytesIO(content), "")


@pytest.mark.parametrize(("at", "value"), [(4, 3), (22, 65407), (24, 5), (16, 0), (20, 0)])
def test_a_photoshop_document_of_an_unknown_kind_is_refused(at: int, value: int) -> None:
    """Found by fuzzing: a depth of 65,407 bits took half a minute."""
    content = bytearray(design_files.photoshop(corner()))
    struct.pack_into(">H", content, at, value)
    with pytest.raises(BadImage, match="of an unknown kind"):
        photoshop.composite(io.BytesIO(content), "")


def xcf(layers: list[Layer], size: tuple[int, int] = (100, 80), **options: Any) -> Image.Image:
    """Return the drawing of a GIMP document."""
    return gimp.draw(io.BytesIO(design_files.xcf(size, layers, **options)), "").image


@pytest.mark.parametrize(("version", "packed"), [(0, 1), (3, 1), (4, 1), (8, 2), (11, 0), (12, 2)])
@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "LA"])
def test_a_gimp_document_is_drawn(mode: str, version: int, packed: int) -> None:
    precision = {4: 0}.get(version, 150)
    image = xcf([Layer(corner((100, 80), mode))], version=version, packed=packed,
                precision=precision)  # fmt: skip
    first = (76, 76, 76) if mode in {"L", "LA"} else (255, 0, 0)
    assert (image.size, close(image, (5, 5), first)) == ((100, 80), True)


def test_gimp_layers_are_drawn_where_and_as_they_are_shown() -> None:
    green = Image.new("RGBA", (30, 30), "lime")
    below = Layer(Image.new("RGB", (100, 80), "blue"))
    assert close(xcf([Layer(green, (20, 10)), below]), (25, 15), (0, 255, 0))
    assert close(xcf([Layer(green, (20, 10)), below]), (15, 15), (0, 0, 255))
    assert close(xcf([Layer(green, (-20, -20)), below]), (5, 5), (0, 255, 0))
    assert close(xcf([Layer(green, visible=False), below]), (5, 5), (0, 0, 255))
    assert close(xcf([Layer(green, opacity=128), below]), (5, 5), (0, 128, 127))
    assert close(xcf([Layer(green, mask=128), below]), (5, 5), (0, 128, 127))
    white = Image.new("RGB", (100, 80), (128, 128, 128))
    assert close(xcf([Layer(white, mode=30), below]), (5, 5), (0, 0, 128))
    assert close(xcf([Layer(green, (20, 10))]), (5, 5), (0, 0, 0, 0))


def test_gimp_layers_of_a_hidden_group_are_hidden() -> None:
    red = Image.new("RGB", (100, 80), "red")
    below = Layer(Image.new("RGB", (100, 80), "blue"), path=(1,))
    for visible, expected in ((True, (255, 0, 0)), (False, (0, 0, 255))):
        group = Layer(Image.new("RGBA", (1, 1)), path=(0,), is_group=True, visible=visible)
        assert close(xcf([group, Layer(red, path=(0, 0)), below]), (5, 5), expected)


def test_gimp_documents_of_palettes_and_sixteen_bits() -> None:
    indexed = Image.new("P", (100, 80), 1)
    palette = bytes([0, 0, 0, 255, 0, 0])
    assert close(xcf([Layer(indexed)], base=2, palette=palette), (5, 5), (255, 0, 0))
    for version in (11, 12):
        image = xcf([Layer(corner((100, 80)))], version=version, precision=250, packed=2)
        assert close(image, (5, 5), (255, 0, 0))
    linear = xcf([Layer(Image.new("RGB", (100, 80), (55, 55, 55)))], version=12, precision=100)
    assert close(linear, (5, 5), (127, 127, 127))


@pytest.mark.parametrize("size", [(60_000, 60_000), (2**31, 2**31), (0, 10)])
def test_a_gimp_document_of_impossible_size_is_refused(size: tuple[int, int]) -> None:
    content = bytearray(design_files.xcf((100, 80), [Layer(corner((100, 80)))]))
    struct.pack_into(">II", content, 14, *size)
    with pytest.raises(BadImage, match="more than 64 million pixels"):
        gimp.draw(io.BytesIO(content), "")


def test_many_large_gimp_layers_are_refused() -> None:
    """A layer of a few bytes may state millions of pixels: its tiles are shared."""
    layers = [Layer(corner((100, 80)))] * 20
    content = bytearray(design_files.xcf((100, 80), layers))
    needle = struct.pack(">III", 100, 80, 0)
    at = content.index(needle, 30)
    while at >= 0:
        struct.pack_into(">II", content, at, 7_000, 7_000)
        at = content.find(needle, at + 4)
    with pytest.raises(BadImage):
        gimp.draw(io.BytesIO(content), "")


def drawn(frames: list[list[Layer]], **options: Any) -> Image.Image:
    """Return the drawing of an Aseprite document of 32 x 24 pixels."""
    content = design_files.aseprite((32, 24), frames, **options)
    return aseprite.draw(io.BytesIO(content), "").image


PALETTE = bytes([0, 0, 0, 0, 255, 0, 0, 255, 0, 0, 128, 255])


@pytest.mark.parametrize("packed", [0, 2])
@pytest.mark.parametrize("depth", [32, 16, 8])
def test_an_aseprite_document_is_drawn(depth: int, packed: int) -> None:
    image = corner((32, 24), "RGBA")
    if depth == 8:
        image = Image.new("P", (32, 24), 2)
        image.paste(1, (0, 0, 16, 12))
    found = drawn([[Layer(image)]], depth=depth, packed=packed, palette=PALETTE)
    first = (76, 76, 76) if depth == 16 else (255, 0, 0)
    assert close(found, (3, 3), first)
    assert found.size == (32, 24)


def test_aseprite_layers_are_drawn_where_and_as_they_are_shown() -> None:
    blue, green = (Image.new("RGBA", (32, 24), colour) for colour in ("blue", "lime"))
    small = Layer(green.crop((0, 0, 8, 8)), (10, 4))
    assert close(drawn([[Layer(blue), small]]), (12, 6), (0, 255, 0))
    assert close(drawn([[Layer(blue), small]]), (2, 2), (0, 0, 255))
    assert close(drawn([[Layer(blue), Layer(green, visible=False)]]), (2, 2), (0, 0, 255))
    assert close(drawn([[Layer(blue), Layer(green, opacity=128)]]), (2, 2), (0, 128, 127))
    assert close(drawn([[Layer(blue), Layer(green, mode=16)]]), (2, 2), (0, 255, 255))
    assert close(drawn([[small]]), (2, 2), (0, 0, 0, 0))


def test_an_aseprite_animation_is_shown_by_its_first_frame_that_is_not_blank(
    tmp_path: Path,
) -> None:
    empty = Image.new("RGBA", (32, 24))
    frames = [[Layer(empty)], [Layer(corner((32, 24), "RGBA"))], [Layer(empty)]]
    content = design_files.aseprite((32, 24), frames)
    sample_files.fill(tmp_path, {"a.ase": content, "b.aseprite": content})
    for name in ("a.ase", "b.aseprite"):
        description = described(tmp_path, name)
        assert description.facts["properties"]["frameCount"] == 3
        assert description.picture is not None
        assert close(description.picture, (3, 3), (255, 0, 0))


@pytest.mark.parametrize("reader", [aseprite.draw, gimp.draw, photoshop.composite])
def test_documents_that_are_cut_off_or_changed_raise_no_other_errors(reader: Any) -> None:
    whole = {
        aseprite.draw: design_files.aseprite((32, 24), [[Layer(corner((32, 24), "RGBA"))]]),
        gimp.draw: design_files.xcf((100, 80), [Layer(corner((100, 80)), mask=9)]),
        photoshop.composite: design_files.photoshop(corner()),
    }[reader]
    for end in range(0, len(whole), max(1, len(whole) // 300)):
        for content in (whole[:end], whole[:end] + b"\xff" * 4 + whole[end + 4 :]):
            with suppress(BadImage):
                assert reader(io.BytesIO(content), "").image.mode in {"RGB", "RGBA"}
