"""TIFF pictures of unusual kinds."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import tifffile

from tests.support import sample_files
from tests.support.descriptions import described

if TYPE_CHECKING:
    from pathlib import Path

GREY = np.zeros((40, 60))
GREY[:20, :30] = 1
COLOUR = GREY[..., None] * np.array([1, 0.25, 0])
CLEAR = np.full((40, 60), 0.5)
SCALES = {"u1": 255, "u2": 65535, "u4": 2**32 - 1}


def tiff(values: np.ndarray, kind: str, **options: Any) -> bytes:
    """A TIFF of values from 0 to 1, stored as numbers of this kind."""
    file = io.BytesIO()
    tifffile.imwrite(file, (values * SCALES.get(kind, 1)).astype(kind), **options)
    return file.getvalue()


@pytest.mark.parametrize("kind", ["f2", "f4", "f8", "u1", "u2", "u4"])
@pytest.mark.parametrize("options", [{}, {"byteorder": ">"}, {"compression": "zlib"},
                                     {"tile": (16, 16)}, {"bigtiff": True}])  # fmt: skip
@pytest.mark.parametrize("planar", [False, True])
def test_colours_of_every_depth_are_shown(
    kind: str, options: dict[str, Any], planar: bool, tmp_path: Path
) -> None:
    values = np.moveaxis(COLOUR, -1, 0) if planar else COLOUR
    stored = {"planarconfig": "separate"} if planar else {}
    content = tiff(values, kind, photometric="rgb", **stored, **options)
    sample_files.fill(tmp_path, {"a.tif": content})
    description = described(tmp_path, "a.tif")
    assert (description.damage, description.facts["width"]) == (None, 60)
    assert description.picture is not None
    red, green, blue = description.picture.getpixel((3, 3))  # type: ignore[misc]
    assert (red, blue) == (255, 0)
    assert abs(green - 64) <= 1
    assert description.picture.getpixel((50, 30)) == (0, 0, 0)


@pytest.mark.parametrize("kind", ["f2", "f4", "f8", "u1", "u2", "u4"])
@pytest.mark.parametrize("white", [False, True])
def test_greys_of_every_depth_are_shown(kind: str, white: bool, tmp_path: Path) -> None:
    values = 1 - GREY if white else GREY
    name = "miniswhite" if white else "minisblack"
    sample_files.fill(tmp_path, {"a.tif": tiff(values, kind, photometric=name)})
    picture = described(tmp_path, "a.tif").picture
    assert picture is not None
    assert [picture.getpixel(at) for at in ((3, 3), (50, 30))] == [(255,) * 3, (0,) * 3]


@pytest.mark.parametrize("kind", ["u1", "u2", "f4"])
def test_alpha_beside_grey_and_colours_is_kept(kind: str, tmp_path: Path) -> None:
    options = {"extrasamples": ["unassalpha"]}
    files = {
        "grey.tif": tiff(np.dstack([GREY, CLEAR]), kind, photometric="minisblack", **options),
        "colour.tif": tiff(np.dstack([COLOUR, CLEAR]), kind, photometric="rgb", **options),
    }
    sample_files.fill(tmp_path, files)
    for name in files:
        picture = described(tmp_path, name).picture
        assert picture is not None
        red, _, _, alpha = picture.getpixel((3, 3))  # type: ignore[misc]
        assert (red, 126 <= alpha <= 129) == (255, True), name


@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_orientation_of_floats_is_applied_once(orientation: int, tmp_path: Path) -> None:
    tags = [(274, "H", 1, orientation, True)]
    content = tiff(COLOUR, "f4", photometric="rgb", extratags=tags)
    sample_files.fill(tmp_path, {"a.tif": content})
    description = described(tmp_path, "a.tif")
    assert description.facts["width"] == (60 if orientation < 5 else 40)
    assert description.picture is not None
    width, height = description.picture.size
    corners = [(3, 3), (width - 4, 3), (width - 4, height - 4), (3, height - 4)]
    red = [n for n, at in enumerate(corners) if description.picture.getpixel(at)[0] > 200]  # type: ignore[index]
    assert red == [{1: 0, 2: 1, 3: 2, 4: 3, 5: 0, 6: 1, 7: 2, 8: 3}[orientation]]


def test_cmyk_of_sixteen_bits_is_converted(tmp_path: Path) -> None:
    ink = GREY[..., None] * np.array([0, 1, 1, 0])
    for kind in ("u1", "u2"):
        sample_files.fill(tmp_path, {"a.tif": tiff(ink, kind, photometric="separated")})
        picture = described(tmp_path, "a.tif").picture
        assert picture is not None
        assert picture.getpixel((3, 3)) == (255, 0, 0)


def test_damaged_floats_are_damaged(tmp_path: Path) -> None:
    content = tiff(COLOUR, "f4", photometric="rgb")
    sample_files.fill(tmp_path, {"a.tif": content[:600], "b.tif": content[:20]})
    for name in ("a.tif", "b.tif"):
        assert described(tmp_path, name).damage is not None
