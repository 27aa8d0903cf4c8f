"""Images of other people are decoded in worker processes, within limits."""

from __future__ import annotations

import io
import random
import struct
import threading
import warnings
import zlib
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from app.errors import Busy, InvalidReference
from app.query.crop import CROP_LIMITS
from app.services.images.decoding import UPLOAD_BYTES, DecodingSession, ImageDecoder
from app.services.images.worker import FORMATS, MAX_PIXELS, crop_box

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def session() -> Iterator[DecodingSession]:
    """A worker for all tests that leave it alive."""
    with ImageDecoder(max_bytes=UPLOAD_BYTES, at_once=1).session() as session:
        yield session


def encoded(image: Image.Image, kind: str = "PNG") -> bytes:
    """An image as a file."""
    file = io.BytesIO()
    image.save(file, kind)
    return file.getvalue()


def webp_header(width: int, height: int) -> bytes:
    """A lossless WebP of 34 bytes that claims so many pixels."""
    bits = struct.pack("<I", (width - 1) | (height - 1) << 14)
    body = b"WEBPVP8L" + struct.pack("<I", 13) + b"\x2f" + bits + bytes(9)
    return (b"RIFF" + struct.pack("<I", len(body)) + body)[:34]


def grey_png(width: int, height: int) -> bytes:
    """A PNG of few bytes with one bit for each pixel."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        checksum = zlib.crc32(kind + body)
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", checksum)

    head = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    rows = zlib.compress(bytes((width + 7) // 8 + 1) * height)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def test_ninety_five_megapixels_are_decoded(session: DecodingSession) -> None:
    """More than Pillow warns of, less than the limit; the filters of warnings stay as they are."""
    filters = list(warnings.filters)
    assert session.decode(grey_png(10_000, 9_500), side=100).size == (100, 95)
    assert list(warnings.filters) == filters


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (grey_png(10_001, 10_000), "a PNG file may have at most 100 million"),
        (webp_header(9450, 9450), "a WEBP file may have at most 55 million"),
    ],
)
def test_pixels_are_limited_by_format(
    session: DecodingSession, content: bytes, message: str
) -> None:
    """By the memory that its decoder takes, before that is taken."""
    with pytest.raises(InvalidReference, match=message):
        session.decode(content, side=100)


def test_limits_are_of_one_decoder() -> None:
    """A decoder of thumbnails refuses what one of uploads takes; nothing is shared."""
    content = grey_png(3000, 1000)
    small = ImageDecoder(max_bytes=2_000_000 * FORMATS["PNG"], at_once=1)
    with pytest.raises(InvalidReference, match="at most 2 million"):
        small.decode(content, side=30)
    assert ImageDecoder(max_bytes=UPLOAD_BYTES, at_once=1).decode(content, side=30).size == (30, 10)
    assert Image.MAX_IMAGE_PIXELS != MAX_PIXELS // 2


def test_a_worker_that_is_killed_is_replaced() -> None:
    """One image takes too long; the next ones of the same session are decoded."""
    decoder = ImageDecoder(max_bytes=UPLOAD_BYTES, at_once=1, seconds=0)
    with pytest.raises(InvalidReference, match="too much time or memory"):
        decoder.decode(grey_png(9000, 9000), side=1000)
    patient = ImageDecoder(max_bytes=UPLOAD_BYTES, at_once=1)
    with patient.session() as session:
        session.decode(encoded(Image.new("RGB", (9, 9))), side=9)
        session.close()
        assert session.decode(encoded(Image.new("RGB", (9, 9))), side=9).size == (9, 9)


def test_few_images_are_decoded_at_once() -> None:
    """A request that gets no turn in time is answered that the server is busy."""
    decoder = ImageDecoder(max_bytes=UPLOAD_BYTES, at_once=1, turn_seconds=0)
    with decoder.session(), pytest.raises(Busy):
        decoder.decode(b"", side=1)
    with pytest.raises(InvalidReference):
        decoder.decode(b"", side=1)


def test_threads_share_a_session(session: DecodingSession) -> None:
    """Each gets its own image."""
    sizes: dict[int, tuple[int, int]] = {}

    def decode(width: int) -> None:
        sizes[width] = session.decode(encoded(Image.new("RGBA", (width, 8))), side=500).size

    threads = [threading.Thread(target=decode, args=(width,)) for width in range(1, 9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sizes == {width: (width, 8) for width in range(1, 9)}


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(st.sampled_from(sorted(FORMATS)), st.integers(0, 2**32), st.integers(1, 12))
def test_damaged_files_are_refused_or_decoded(
    session: DecodingSession, kind: str, seed: int, changes: int
) -> None:
    """Whichever bytes are wrong: an image, or InvalidReference; nothing else is raised."""
    chance = random.Random(seed)
    upload = bytearray(encoded(Image.new("RGB", (16, 16), "red"), kind))
    for _ in range(changes):
        upload[chance.randrange(len(upload))] = chance.randrange(256)
    try:
        image = session.decode(bytes(upload[: chance.randrange(1, len(upload) + 1)]), side=20)
    except InvalidReference as error:
        assert error.message  # noqa: PT017 - a refusal is one of two right results
    else:
        assert max(image.size) <= 20


@given(
    st.tuples(*(st.floats(least, most) for least, most in CROP_LIMITS.values())),
    st.tuples(st.integers(1, 5000), st.integers(1, 5000)),
)
def test_a_crop_is_a_box_within_its_image(
    numbers: tuple[float, float, float, float], size: tuple[int, int]
) -> None:
    """It has at least one pixel, and all that its percentages cover."""
    left, upper, right, lower = crop_box(numbers, size)
    assert 0 <= left < right <= size[0]
    assert 0 <= upper < lower <= size[1]
    covered = numbers[2] / 100 * size[0]
    assert right - left >= min(covered, size[0] - left) - 1
