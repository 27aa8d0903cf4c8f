"""PDF, Illustrator, EPS, JPEG XL and KTX 2."""

from __future__ import annotations

import io
import struct
import zlib
from typing import TYPE_CHECKING

import pytest
from backports import zstd
from PIL import DdsImagePlugin, Image

from library.formats import images
from tests.support import sample_files
from tests.support.descriptions import described
from tests.support.design_files import corner

if TYPE_CHECKING:
    from pathlib import Path

WIDE = corner((600, 400))


def pdf(*pages: Image.Image) -> bytes:
    """A PDF of one picture a page, at 72 dots per inch."""
    file = io.BytesIO()
    pages[0].save(file, "PDF", save_all=True, append_images=pages[1:], resolution=72)
    return file.getvalue()


def is_red_first(image: Image.Image | None) -> bool:
    """Return whether the upper left corner is red, and the lower right one not."""
    assert image is not None
    shown = image.convert("RGB")
    first, last = shown.getpixel((4, 4)), shown.getpixel((shown.width - 5, shown.height - 5))
    return first[0] > 150 > last[0]  # type: ignore[index]


def test_a_pdf_is_shown_by_its_first_page(tmp_path: Path) -> None:
    sample_files.fill(tmp_path, {"a.pdf": pdf(WIDE, Image.new("RGB", (600, 400)))})
    description = described(tmp_path, "a.pdf")
    assert (description.kind.kind, description.damage) == ("document", None)
    assert is_red_first(description.picture)
    assert description.facts["properties"] == {"pageCount": 2}
    assert (description.facts["width"], description.facts["height"]) == (800, 533)


def test_an_illustrator_file_is_shown_by_the_pdf_in_it(tmp_path: Path) -> None:
    sample_files.fill(tmp_path, {"a.ai": pdf(WIDE), "b.AI": b"%!PS-Adobe-3.0 EPSF-3.0\n%%EOF"})
    description = described(tmp_path, "a.ai")
    assert (description.kind.kind, description.kind.mime) == ("image", "application/illustrator")
    assert is_red_first(description.picture)
    old = described(tmp_path, "b.AI")
    assert (old.kind.mime, old.picture, old.damage) == ("application/illustrator", None, None)


def test_broken_and_protected_pdfs(tmp_path: Path) -> None:
    files = {
        "cut.pdf": pdf(WIDE)[:200],
        "empty.pdf": b"%PDF-1.7\n1 0 obj\n<</Type/Catalog/Pages 2 0 R>>\nendobj\n2 0 obj\n"
        b"<</Type/Pages/Kids[]/Count 0>>\nendobj\ntrailer<</Root 1 0 R>>",
    }
    sample_files.fill(tmp_path, files)
    for name in files:
        assert (described(tmp_path, name).damage or "").startswith("is broken"), name


def test_an_eps_is_shown_by_its_preview(tmp_path: Path) -> None:
    program = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 60 40\nshowpage\n"
    tiff = sample_files.encoded(WIDE, "TIFF")
    head = struct.pack("<4s6IH", b"\xc5\xd0\xd3\xc6", 30, len(program), 0, 0,
                       30 + len(program), len(tiff), 0xFFFF)  # fmt: skip
    files = {"a.eps": head + program + tiff, "b.eps": program, "c.eps": head + program}
    sample_files.fill(tmp_path, files)
    assert is_red_first(described(tmp_path, "a.eps").picture)
    plain = described(tmp_path, "b.eps")
    assert (plain.picture, plain.damage) == (None, None)
    assert plain.shown() is not None
    assert described(tmp_path, "c.eps").damage is not None


def test_a_jpeg_xl_is_decoded_and_turned_by_its_decoder_alone(tmp_path: Path) -> None:
    pillow_jxl = pytest.importorskip("pillow_jxl")
    assert pillow_jxl is not None
    tags = Image.Exif()
    tags[0x0112] = 6
    for number, options in enumerate(({}, {"exif": tags.tobytes()}, {"lossless": True})):
        content = sample_files.encoded(WIDE, "JXL", **options)
        sample_files.fill(tmp_path, {f"{number}.jxl": content})
        description = described(tmp_path, f"{number}.jxl")
        assert (description.kind.mime, description.damage) == ("image/jxl", None)
        assert description.facts["width"] == 600
        assert is_red_first(description.picture)
    sample_files.fill(tmp_path, {"cut.jxl": content[: len(content) // 3]})
    assert described(tmp_path, "cut.jxl").damage is not None


def ktx2(kind: int, size: tuple[int, int], body: bytes, scheme: int = 0) -> bytes:
    """A KTX 2 texture of one level."""
    packed = {0: lambda b: b, 1: lambda b: b, 2: zstd.compress, 3: zlib.compress}[scheme](body)
    head = b"\xabKTX 20\xbb\r\n\x1a\n" + struct.pack(
        "<9I4I2Q", kind, 1, *size, 0, 0, 1, 1, scheme, 0, 0, 0, 0, 0, 0
    )  # fmt: skip
    return head + struct.pack("<3Q", len(head) + 24, len(packed), len(body)) + packed


@pytest.mark.parametrize("scheme", [0, 2, 3])
@pytest.mark.parametrize(("kind", "mode", "swapped"), [(37, "RGBA", False), (43, "RGBA", False),
                         (23, "RGB", False), (50, "RGBA", True), (29, "RGB", False)])  # fmt: skip
def test_a_plain_ktx2_texture_is_shown(
    kind: int, mode: str, swapped: bool, scheme: int, tmp_path: Path
) -> None:
    order = "RGBA"[: len(mode)] if not swapped else "BGRA"
    body = WIDE.convert(mode).tobytes("raw", order)
    sample_files.fill(tmp_path, {"a.ktx2": ktx2(kind, (600, 400), body, scheme)})
    description = described(tmp_path, "a.ktx2")
    assert (description.facts["width"], description.damage) == (600, None)
    assert is_red_first(description.picture)


@pytest.mark.parametrize(("kind", "pixel_format"), [(131, "DXT1"), (137, "DXT5"), (135, "DXT3")])
def test_a_block_compressed_ktx2_texture_is_shown(
    kind: int, pixel_format: str, tmp_path: Path
) -> None:
    assert DdsImagePlugin is not None
    dds = sample_files.encoded(WIDE.convert("RGBA"), "DDS", pixel_format=pixel_format)
    sample_files.fill(tmp_path, {"a.ktx2": ktx2(kind, (600, 400), dds[128:])})
    assert is_red_first(described(tmp_path, "a.ktx2").picture)


def test_a_ktx2_texture_that_cannot_be_shown_states_its_size(tmp_path: Path) -> None:
    files = {
        "basis.ktx2": ktx2(0, (600, 400), b"x" * 99, 1),
        "astc.ktx2": ktx2(157, (600, 400), b"x" * 99),
    }
    sample_files.fill(tmp_path, files)
    for name in files:
        description = described(tmp_path, name)
        assert (description.picture, description.damage) == (None, None)
        assert description.facts["width"] == 600
        assert description.shown() is not None
    sample_files.fill(tmp_path, {"cut.ktx2": ktx2(37, (600, 400), b"x" * 99)})
    assert described(tmp_path, "cut.ktx2").damage == "is broken: it ends too early"


@pytest.mark.parametrize("pixel_format", ["DXT1", "DXT3", "DXT5"])
def test_a_dds_is_decoded(pixel_format: str) -> None:
    content = sample_files.encoded(WIDE.convert("RGBA"), "DDS", pixel_format=pixel_format)
    assert is_red_first(images.decode(content, "image/vnd-ms.dds"))
