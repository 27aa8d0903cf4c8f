"""EXIF: orientation."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from library.formats import exif
from tests.support import sample_files


def opened(tags: Image.Exif, kind: str = "JPEG") -> Image.Image:
    """Return a picture with these tags, opened."""
    return Image.open(io.BytesIO(sample_files.encoded(sample_files.picture(), kind, exif=tags)))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_half_of_the_orientations_exchange_width_and_height(orientation: int) -> None:
    tags = Image.Exif()
    tags[0x0112] = orientation
    assert exif.orientation(opened(tags)) == orientation
    assert (orientation in exif.ON_THEIR_SIDE) == (orientation > 4)


def test_a_picture_without_exif_has_none() -> None:
    image = opened(Image.Exif())
    assert exif.orientation(image) == 1
