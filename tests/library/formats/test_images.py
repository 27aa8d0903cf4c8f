"""Decoding of images."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from library.formats.images import decode
from tests.support import sample_files
from tests.support.descriptions import described, document


def test_the_date_of_a_photo_is_its_creation_date(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif.get_ifd(0x8769)[0x9003] = "2019:08:07 06:05:04"
    sample_files.fill(
        tmp_path, {"p.jpg": sample_files.encoded(sample_files.picture(), "JPEG", exif=exif)}
    )
    assert document(tmp_path, "p.jpg").createdAt == "2019-08-07T06:05:04.000Z"


@pytest.mark.parametrize(
    ("name", "options", "mime"),
    [("AVIF", {}, "image/avif"), ("HEIF", {}, "image/heic"), ("TIFF", {}, "image/tiff"),
     ("GIF", {}, "image/gif"), ("BMP", {}, "image/bmp"), ("TGA", {}, "image/x-tga"),
     ("PPM", {}, "image/x-portable-pixmap"),
     ("JPEG2000", {}, "image/jp2"), ("QOI", {}, "image/qoi"), ("DDS", {}, "image/vnd-ms.dds")],
)  # fmt: skip
def test_every_image_format_is_decoded(
    name: str, options: dict[str, Any], mime: str, tmp_path: Path
) -> None:
    decode(sample_files.png())  # registers HEIF
    image = sample_files.picture().convert("RGB")
    content = sample_files.encoded(image, name, **options)
    sample_files.fill(tmp_path, {f"x.{name.lower()}": content})
    description = described(tmp_path, f"x.{name.lower()}")
    assert (description.kind.mime, description.facts["width"]) == (mime, 96)
    assert description.picture is not None
    pixel = description.picture.convert("RGB").getpixel((48, 32))
    assert all(abs(a - b) < 30 for a, b in zip(pixel, (255, 99, 71), strict=True))  # type: ignore[arg-type]


def test_the_picture_of_an_animation_is_its_first_frame(tmp_path: Path) -> None:
    frames = [sample_files.picture(colour) for colour in ("red", "green", "blue")]
    content = sample_files.encoded(frames[0], "WEBP", save_all=True, append_images=frames[1:])
    sample_files.fill(tmp_path, {"a.webp": content})
    description = described(tmp_path, "a.webp")
    assert description.facts["properties"]["frameCount"] == 3
    assert description.picture is not None
    assert description.picture.convert("RGB").getpixel((48, 32))[0] > 200  # type: ignore[index]


def test_an_animation_with_a_damaged_second_frame_is_decoded(tmp_path: Path) -> None:
    """Found by fuzzing: Pillow's count of frames raises struct.error."""
    first = sample_files.encoded(Image.new("P", (16, 16)), "GIF")
    sample_files.fill(tmp_path, {"a.gif": first.removesuffix(b";") + b",\x00;"})
    description = described(tmp_path, "a.gif")
    assert description.picture is not None
    assert "frameCount" not in description.facts["properties"]


def test_16_bits_and_cmyk_are_converted_to_rgb(tmp_path: Path) -> None:
    file = io.BytesIO()
    Image.new("CMYK", (20, 20), (0, 255, 255, 0)).save(file, "TIFF")
    sample_files.fill(
        tmp_path,
        {
            "c.tif": file.getvalue(),
            "g.png": sample_files.encoded(Image.new("I;16", (20, 20), 0x4000)),
        },
    )
    red, grey = (described(tmp_path, name).picture for name in ("c.tif", "g.png"))
    assert red is not None
    assert grey is not None
    assert red.getpixel((5, 5))[0] > 200  # type: ignore[index]
    assert grey.getpixel((5, 5)) == (64, 64, 64)
