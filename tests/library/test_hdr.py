"""High dynamic range: sizes and colours as on a screen; what cannot be read is listed."""

from __future__ import annotations

import re
import resource
import struct
from fractions import Fraction
from typing import TYPE_CHECKING

import av
import numpy as np
import pytest

from library import hdr
from library.media import BadMedia
from tests.library import samples
from tests.library.test_describing import _described

if TYPE_CHECKING:
    from pathlib import Path

KINDS = {"exr": "image/x-exr", "hdr": "image/vnd.radiance"}


def light(kind: str, size: tuple[int, int] = (96, 64), factor: float = 1.0) -> bytes:
    """A file of this kind: orange on the left, blue on the right, a sun of 5,000 in a corner."""
    width, height = size
    pixels = np.zeros((height, width, 3), np.float32)
    pixels[:, : width // 2] = (0.8, 0.3, 0.05)
    pixels[:, width // 2 :] = (0.05, 0.1, 0.6)
    pixels[0, 0] = 5000
    frame = av.VideoFrame(width, height, "gbrpf32le")
    for plane, band in zip(frame.planes, (1, 2, 0), strict=True):
        rows = np.zeros((height, plane.line_size // 4), "<f4")
        rows[:, :width] = pixels[..., band] * factor
        plane.update(rows.tobytes())
    encoder = av.codec.CodecContext.create(kind, "w")
    encoder.width, encoder.height, encoder.pix_fmt = width, height, "gbrpf32le"
    encoder.time_base = Fraction(1, 25)
    return b"".join(bytes(packet) for packet in [*encoder.encode(frame), *encoder.encode(None)])


@pytest.mark.parametrize("kind", KINDS)
def test_light_is_shown_in_its_colours_whatever_its_scale(kind: str, tmp_path: Path) -> None:
    for number, factor in enumerate((1.0, 0.001, 300.0)):
        name = f"{number}.{kind}"
        samples.fill(tmp_path, {name: light(kind, factor=factor)})
        described = _described(tmp_path, name)
        assert (described.kind.kind, described.kind.mime) == ("image-hdr", KINDS[kind])
        assert (described.facts["width"], described.facts["height"]) == (96, 64)
        assert described.picture is not None
        left, right = (described.picture.getpixel((x, 40)) for x in (20, 70))
        assert left[0] > left[1] > left[2]  # type: ignore[index]
        assert right[2] > right[1] > right[0]  # type: ignore[index]
        assert max(left) > 90  # type: ignore[arg-type]


def test_a_large_one_is_reduced_and_tells_its_own_size(tmp_path: Path) -> None:
    samples.fill(tmp_path, {"sky.hdr": light("hdr", (2048, 1024))})
    described = _described(tmp_path, "sky.hdr")
    assert (described.facts["width"], described.facts["height"]) == (2048, 1024)
    assert described.picture is not None
    assert described.picture.size == (512, 256)


@pytest.mark.parametrize("kind", KINDS)
def test_one_that_says_it_is_too_large_is_not_decoded(kind: str, tmp_path: Path) -> None:
    """By its header: FFmpeg would make room for 12,000 x 12,000 floats before it read further."""
    content = light(kind)
    windows = re.compile(rb"(Window\x00box2i\x00\x10\x00\x00\x00.{8}).{8}", re.DOTALL)
    content = windows.sub(lambda found: found[1] + struct.pack("<2i", 11_999, 11_999), content)
    content = content.replace(b"-Y 64 +X 96", b"-Y 12000 +X 12000")
    samples.fill(tmp_path, {f"sky.{kind}": content})
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(BadMedia, match="more than 40 million pixels"):
        hdr.read(tmp_path / f"sky.{kind}", KINDS[kind])
    assert _described(tmp_path, f"sky.{kind}").picture is None
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200_000  # KB


def test_what_cannot_be_read_is_listed_all_the_same(tmp_path: Path) -> None:
    for kind in KINDS:
        content = light(kind)
        samples.fill(tmp_path, {f"cut.{kind}": content[:40], f"odd.{kind}": content[:200] * 3})
        for name in (f"cut.{kind}", f"odd.{kind}"):
            assert _described(tmp_path, name).kind.kind == "image-hdr"


def test_alpha_and_grey_and_what_is_no_number() -> None:
    ones = np.ones((4, 4, 4), np.float32)
    ones[0, 0] = 0
    assert hdr.on_screen(ones).mode == "RGBA"
    assert hdr.on_screen(ones).getpixel((0, 0))[3] == 0  # type: ignore[index]
    assert hdr.on_screen(np.full((4, 4, 1), 7, np.float32)).mode == "RGB"
    assert hdr.on_screen(np.zeros((4, 4, 3), np.float32)).getpixel((0, 0)) == (0, 0, 0)
