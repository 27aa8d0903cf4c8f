"""Raw files of cameras, by their largest preview."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PIL import Image

from tests.support import sample_files
from tests.support.camera_files import dng
from tests.support.descriptions import described
from tests.support.design_files import corner

if TYPE_CHECKING:
    from pathlib import Path

WIDE = corner((1200, 800))


def red_corner(image: Image.Image | None) -> int:
    """Return which corner is red, clockwise from the upper left."""
    assert image is not None
    right, lower = image.width - 4, image.height - 4
    corners = [(3, 3), (right, 3), (right, lower), (3, lower)]
    (found,) = [n for n, at in enumerate(corners) if image.getpixel(at)[0] > 150]  # type: ignore[index]
    return found


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize(
    ("orientation", "size", "red"),
    [(1, (1200, 800), 0), (3, (1200, 800), 2), (6, (800, 1200), 1), (8, (800, 1200), 3)],
)
def test_a_dng_is_shown_by_its_largest_preview_as_it_is_held(
    orientation: int, size: tuple[int, int], red: int, order: str, tmp_path: Path
) -> None:
    sample_files.fill(tmp_path, {"a.dng": dng(WIDE, orientation, order=order)})
    description = described(tmp_path, "a.dng")
    assert (description.kind.kind, description.kind.mime) == ("image", "image/x-adobe-dng")
    assert (description.damage, red_corner(description.picture)) == (None, red)
    assert (description.facts["width"], description.facts["height"]) == size


def test_a_preview_that_is_turned_already_is_not_turned_again(tmp_path: Path) -> None:
    tags = Image.Exif()
    tags[0x0112] = 6
    files = {
        "states.dng": dng(WIDE, 6, exif=tags),
        "upright.dng": dng(corner((800, 1200)), 6),
    }
    sample_files.fill(tmp_path, files)
    for name, red in (("states.dng", 1), ("upright.dng", 0)):
        description = described(tmp_path, name)
        assert (description.facts["width"], red_corner(description.picture)) == (800, red)


@pytest.mark.parametrize(
    "name", ["a.nef", "a.arw", "a.pef", "a.srw", "a.CR2", "a.3fr", "a.iiq", "a.nrw", "a.kdc"]
)
def test_the_name_decides_between_a_tiff_and_a_raw_file(name: str, tmp_path: Path) -> None:
    sample_files.fill(tmp_path, {name: dng(WIDE, 6), "a.tif": sample_files.encoded(WIDE, "TIFF")})
    description = described(tmp_path, name)
    assert description.kind.mime.startswith("image/x-")
    assert (description.facts["width"], red_corner(description.picture)) == (800, 1)
    assert described(tmp_path, "a.tif").kind.mime == "image/tiff"


def test_a_raw_file_without_a_preview_is_developed(tmp_path: Path) -> None:
    sample_files.fill(tmp_path, {"a.dng": dng(None, 6, small=False)})
    description = described(tmp_path, "a.dng")
    assert description.damage is None
    assert description.picture is not None
    assert description.picture.height > description.picture.width


def test_the_preview_of_a_raw_file_that_libraw_does_not_know_is_shown(tmp_path: Path) -> None:
    content = dng(WIDE, 6).replace(b"\x10\x20" * 64 * 48, b"")
    damaged = content.replace(bytes([0x12, 0xC6]), bytes([0x12, 0xC7]))  # no DNGVersion
    sample_files.fill(tmp_path, {"a.nef": damaged})
    description = described(tmp_path, "a.nef")
    assert (description.facts["width"], red_corner(description.picture)) == (800, 1)


def test_a_broken_raw_file_is_damaged(tmp_path: Path) -> None:
    files = {
        "a.dng": b"II*\0\x08\0\0\0",
        "b.nef": b"MM\0*" + b"\xff" * 60,
        "c.raf": b"FUJIFILMCCD-RAW 0201" + bytes(300),
        "d.cr3": b"\0\0\0\x18ftypcrx \0\0\0\1crx isom" + bytes(100),
        "e.x3f": b"FOVb" + bytes(100),
        "f.rw2": b"IIU\0\x08\0\0\0" + bytes(100),
        "g.orf": b"IIRO\x08\0\0\0" + bytes(100),
        "h.dng": b"II*\0\x08\0\0\0\xff\xff" + b"\x4a\x01\x04\0\x01\0\0\0\x08\0\0\0" * 400,
    }
    sample_files.fill(tmp_path, files)
    for name in files:
        description = described(tmp_path, name)
        assert description.kind.kind == "image"
        assert description.picture is None
        assert description.damage is not None, name
        assert "\n" not in description.damage
