"""Texts in the lowest bits of pixels: read where they are, and bounded whatever they say."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from library import generation, stealth
from tests.library import samples
from tests.library.test_describing import AUTOMATIC1111, NOVELAI, _document

if TYPE_CHECKING:
    from pathlib import Path

KINDS = ["stealth_pnginfo", "stealth_pngcomp", "stealth_rgbinfo", "stealth_rgbcomp"]


def hidden(kind: str, body: bytes, size: tuple[int, int] = (61, 80), told: int = -1) -> Image.Image:
    """A picture that carries `body`, and says that it is `told` bytes long."""
    bands = 3 if "rgb" in kind else 1
    length = (len(body) if told < 0 else told) * 8
    carried = kind.encode() + length.to_bytes(4, "big") + body
    pixels = np.full((*size, 4), 254, np.uint8)  # column, row, band: as the bits are laid
    bits = np.unpackbits(np.frombuffer(carried, np.uint8))
    part = pixels[..., :3] if bands == 3 else pixels[..., 3:]
    flat = part.reshape(-1)
    flat[: len(bits)] |= bits
    pixels[..., :3] = flat.reshape(part.shape) if bands == 3 else pixels[..., :3]
    pixels[..., 3:] = flat.reshape(part.shape) if bands == 1 else pixels[..., 3:]
    return Image.fromarray(np.ascontiguousarray(pixels.transpose(1, 0, 2)), "RGBA")


def packed(kind: str, text: str) -> bytes:
    return gzip.compress(text.encode(), mtime=0) if kind.endswith("comp") else text.encode()


@pytest.mark.parametrize("kind", KINDS)
def test_a_hidden_text_is_read(kind: str) -> None:
    text = "a castle, día"
    assert stealth.read(hidden(kind, packed(kind, text)), 1000) == {"parameters": text}


def test_pictures_of_novelai_tell_how_they_were_made(tmp_path: Path) -> None:
    image = hidden("stealth_pngcomp", packed("stealth_pngcomp", json.dumps(NOVELAI)))
    samples.fill(tmp_path, {"made.png": samples.encoded(image)})
    document = _document(tmp_path, "made.png")
    assert (document.prompt, document.seed) == ("a fox in the snow", "5")
    assert document.numInferenceSteps == 28
    assert document.parentJobId is not None


def test_what_a_file_says_openly_goes_before_what_it_hides(tmp_path: Path) -> None:
    from PIL.PngImagePlugin import PngInfo

    openly = PngInfo()
    openly.add_text("parameters", AUTOMATIC1111)
    image = hidden("stealth_pnginfo", b"a decoy\nSteps: 3, Sampler: Euler, Seed: 1")
    samples.fill(tmp_path, {"made.png": samples.encoded(image, pnginfo=openly)})
    assert _document(tmp_path, "made.png").seed == "1234567890"


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"not gzip at all", -1),
        (gzip.compress(b"cut off", mtime=0)[:-12], -1),
        (gzip.compress(b"\xff\xfe not UTF-8", mtime=0), -1),
        (gzip.compress(b"{not json", mtime=0), -1),
        (gzip.compress(b"[" * 1000, mtime=0), -1),
        (gzip.compress(b'{"a": ' + b"[" * 200_000, mtime=0), -1),
        (b"", 0),
        (b"short", 2**28),
        (gzip.compress(b"0" * 3_000_000, mtime=0), -1),
    ],
)
def test_nothing_that_is_hidden_keeps_a_picture_out(body: bytes, told: int, tmp_path: Path) -> None:
    image = hidden("stealth_pngcomp", body, (200, 200), told)
    samples.fill(tmp_path, {"odd.png": samples.encoded(image)})
    document = _document(tmp_path, "odd.png")
    assert (document.width, document.height) == (200, 200)


def test_a_text_that_unpacks_without_end_is_cut() -> None:
    image = hidden("stealth_pngcomp", gzip.compress(b"x" * 3_000_000, mtime=0), (200, 200))
    assert len(stealth.read(image, 1_000_000)["parameters"]) == 1_000_000


@given(st.binary(max_size=300), st.sampled_from(KINDS))
def test_no_bytes_behind_the_name_break_the_reading(body: bytes, kind: str) -> None:
    image = hidden(kind, body)
    image.format = "PNG"
    assert generation.read(image).get("type") in {None, "inference-txt2img", "inference-img2img"}


def test_small_pictures_are_no_trouble() -> None:
    for size in ((1, 1), (1, 200), (200, 1), (3, 3)):
        assert stealth.read(Image.new("RGBA", size, (255, 255, 255, 255)), 1000) == {}
