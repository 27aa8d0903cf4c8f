"""Texts in the lowest bits of pixels."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from library.formats import stealth_png
from library.formats.generation import parameters
from tests.support import sample_files
from tests.support.descriptions import document
from tests.support.generated_files import AUTOMATIC1111, NOVELAI, hidden

if TYPE_CHECKING:
    from pathlib import Path

KINDS = ["stealth_pnginfo", "stealth_pngcomp", "stealth_rgbinfo", "stealth_rgbcomp"]


def packed(kind: str, text: str) -> bytes:
    return gzip.compress(text.encode(), mtime=0) if kind.endswith("comp") else text.encode()


@pytest.mark.parametrize("kind", KINDS)
def test_a_hidden_text_is_read(kind: str) -> None:
    text = "a castle, día"
    assert stealth_png.read(hidden(kind, packed(kind, text)), 1000) == {"parameters": text}


def test_pictures_of_novelai_have_their_parameters(tmp_path: Path) -> None:
    image = hidden("stealth_pngcomp", packed("stealth_pngcomp", json.dumps(NOVELAI)))
    sample_files.fill(tmp_path, {"made.png": sample_files.encoded(image)})
    asset = document(tmp_path, "made.png")
    assert (asset.prompt, asset.seed) == ("a fox in the snow", "5")
    assert asset.numInferenceSteps == 28
    assert asset.parentJobId is not None


def test_text_chunks_take_precedence_over_hidden_texts(tmp_path: Path) -> None:
    from PIL.PngImagePlugin import PngInfo

    openly = PngInfo()
    openly.add_text("parameters", AUTOMATIC1111)
    image = hidden("stealth_pnginfo", b"a decoy\nSteps: 3, Sampler: Euler, Seed: 1")
    sample_files.fill(tmp_path, {"made.png": sample_files.encoded(image, pnginfo=openly)})
    assert document(tmp_path, "made.png").seed == "1234567890"


@pytest.mark.parametrize(
    ("body", "stated"),
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
def test_any_hidden_bytes_leave_a_picture_readable(
    body: bytes, stated: int, tmp_path: Path
) -> None:
    image = hidden("stealth_pngcomp", body, (200, 200), stated)
    sample_files.fill(tmp_path, {"hidden.png": sample_files.encoded(image)})
    asset = document(tmp_path, "hidden.png")
    assert (asset.width, asset.height) == (200, 200)


def test_a_text_that_unpacks_to_a_large_size_is_cut() -> None:
    image = hidden("stealth_pngcomp", gzip.compress(b"x" * 3_000_000, mtime=0), (200, 200))
    assert len(stealth_png.read(image, 1_000_000)["parameters"]) == 1_000_000


@given(st.binary(max_size=300), st.sampled_from(KINDS))
def test_no_bytes_behind_the_name_break_the_reading(body: bytes, kind: str) -> None:
    image = hidden(kind, body)
    image.format = "PNG"
    assert parameters.read(image).get("type") in {
        None,
        "inference-txt2img",
        "inference-img2img",
    }


def test_small_pictures_are_no_trouble() -> None:
    for size in ((1, 1), (1, 200), (200, 1), (3, 3)):
        assert stealth_png.read(Image.new("RGBA", size, (255, 255, 255, 255)), 1000) == {}
