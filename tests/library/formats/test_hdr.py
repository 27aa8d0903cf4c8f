"""High dynamic range images: sizes, and colours on a screen."""

from __future__ import annotations

import re
import resource
import struct
from typing import TYPE_CHECKING

import numpy as np
import pytest

from library.formats import hdr
from library.formats.audio_video.reading import BadMedia
from tests.support import sample_files
from tests.support.descriptions import described
from tests.support.generated_files import light

if TYPE_CHECKING:
    from pathlib import Path

KINDS = {"exr": "image/x-exr", "hdr": "image/vnd.radiance"}


@pytest.mark.parametrize("kind", KINDS)
def test_colours_are_independent_of_the_scale_of_the_light(kind: str, tmp_path: Path) -> None:
    for number, factor in enumerate((1.0, 0.001, 300.0)):
        name = f"{number}.{kind}"
        sample_files.fill(tmp_path, {name: light(kind, factor=factor)})
        description = described(tmp_path, name)
        assert (description.kind.kind, description.kind.mime) == ("image-hdr", KINDS[kind])
        assert (description.facts["width"], description.facts["height"]) == (96, 64)
        assert description.picture is not None
        left, right = (description.picture.getpixel((x, 40)) for x in (20, 70))
        assert left[0] > left[1] > left[2]  # type: ignore[index]
        assert right[2] > right[1] > right[0]  # type: ignore[index]
        assert max(left) > 90  # type: ignore[arg-type]


def test_a_large_image_is_reduced_and_keeps_its_stated_size(tmp_path: Path) -> None:
    sample_files.fill(tmp_path, {"sky.hdr": light("hdr", (2048, 1024))})
    description = described(tmp_path, "sky.hdr")
    assert (description.facts["width"], description.facts["height"]) == (2048, 1024)
    assert description.picture is not None
    assert description.picture.size == (512, 256)


@pytest.mark.parametrize("kind", KINDS)
def test_an_image_that_states_too_many_pixels_is_not_decoded(kind: str, tmp_path: Path) -> None:
    """FFmpeg would allocate 12,000 x 12,000 floats when it opens the file."""
    content = light(kind)
    windows = re.compile(rb"(Window\x00box2i\x00\x10\x00\x00\x00.{8}).{8}", re.DOTALL)
    content = windows.sub(lambda match: match[1] + struct.pack("<2i", 11_999, 11_999), content)
    content = content.replace(b"-Y 64 +X 96", b"-Y 12000 +X 12000")
    sample_files.fill(tmp_path, {f"sky.{kind}": content})
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with (
        (tmp_path / f"sky.{kind}").open("rb") as file,
        pytest.raises(BadMedia, match="more than 40 million pixels"),
    ):
        hdr.read(file, KINDS[kind])
    assert described(tmp_path, f"sky.{kind}").picture is None
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200_000  # KB


def test_an_image_that_cannot_be_decoded_is_listed(tmp_path: Path) -> None:
    for kind in KINDS:
        content = light(kind)
        sample_files.fill(
            tmp_path, {f"cut.{kind}": content[:40], f"repeated.{kind}": content[:200] * 3}
        )
        for name in (f"cut.{kind}", f"repeated.{kind}"):
            assert described(tmp_path, name).kind.kind == "image-hdr"


def test_alpha_and_greyscale_are_converted() -> None:
    ones = np.ones((4, 4, 4), np.float32)
    ones[0, 0] = 0
    assert hdr.on_screen(ones).mode == "RGBA"
    assert hdr.on_screen(ones).getpixel((0, 0))[3] == 0  # type: ignore[index]
    assert hdr.on_screen(np.full((4, 4, 1), 7, np.float32)).mode == "RGB"
    assert hdr.on_screen(np.zeros((4, 4, 3), np.float32)).getpixel((0, 0)) == (0, 0, 0)
