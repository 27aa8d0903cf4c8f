"""Uploaded pictures are checked, turned upright, shrunk, stripped and kept under their content."""

from __future__ import annotations

import base64
import io
import random
import struct
import zlib
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, PngImagePlugin

from app.errors import InvalidReference, StorageFailed, UnknownReference
from app.pictures import PARTS, Part
from app.references import SIDE, References, is_reference

if TYPE_CHECKING:
    from pathlib import Path

FORMATS = ["PNG", "JPEG", "WEBP", "GIF", "AVIF", "BMP", "TIFF"]


@pytest.fixture
def references(tmp_path: Path) -> References:
    """An empty store."""
    return References(tmp_path / "references", most_bytes=1_000_000)


def encoded(picture: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    """A picture as a file."""
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


def plain(width: int = 40, height: int = 20, mode: str = "RGB", colour: Any = None) -> Image.Image:
    """A picture of one colour."""
    return Image.new(mode, (width, height), colour if colour is not None else "red")


def kept(references: References, upload: bytes) -> Image.Image:
    """The picture as it is kept, decoded."""
    content, mime = references.get(references.put(upload))
    picture = Image.open(io.BytesIO(content))
    assert mime == {"PNG": "image/png", "JPEG": "image/jpeg"}[picture.format or ""]
    picture.load()
    return picture


@given(
    st.tuples(*(st.floats(least, most) for least, most in PARTS.values())),
    st.tuples(st.integers(1, 5000), st.integers(1, 5000)),
)
def test_a_part_is_a_box_within_its_picture(
    numbers: tuple[float, float, float, float], size: tuple[int, int]
) -> None:
    """With at least a pixel in it, and with all of what it covers."""
    left, upper, right, lower = Part(*numbers).box(size)
    assert 0 <= left < right <= size[0]
    assert 0 <= upper < lower <= size[1]
    covered = numbers[2] / 100 * size[0]
    assert right - left >= min(covered, size[0] - left) - 1


def test_a_part_is_cut_out_before_it_is_shrunk(references: References) -> None:
    """So that a small part of a large picture is still seen well."""
    whole = plain(8000, 4000)
    whole.paste("blue", (6000, 3000, 8000, 4000))
    reference = references.put(encoded(whole, "JPEG"), Part(75, 75, 25, 25))
    part = Image.open(io.BytesIO(references.get(reference)[0]))
    assert part.size == (SIDE, SIDE // 2)
    assert part.convert("RGB").getpixel((2, 2))[2] > 200  # type: ignore[index]


@pytest.mark.parametrize("kind", FORMATS)
def test_every_format_of_a_picture_is_taken(references: References, kind: str) -> None:
    """And kept as PNG or JPEG, which every API reads."""
    picture = kept(references, encoded(plain(), kind))
    assert picture.size == (40, 20)
    red, green, blue = picture.convert("RGB").getpixel((20, 10))  # type: ignore[misc]
    assert (red > 240, green < 15, blue < 15) == (True, True, True)


@pytest.mark.parametrize(
    ("mode", "colour", "kind"),
    [
        ("L", 128, "PNG"),
        ("1", 1, "PNG"),
        ("LA", (128, 100), "PNG"),
        ("RGBA", (255, 0, 0, 100), "PNG"),
        ("P", 3, "GIF"),
        ("I;16", 40_000, "PNG"),
        ("I;16", 40_000, "TIFF"),
        ("CMYK", (0, 255, 255, 0), "JPEG"),
        ("CMYK", (0, 255, 255, 0), "TIFF"),
        ("F", 0.5, "TIFF"),
        ("LAB", (128, 128, 128), "TIFF"),
    ],
)
def test_every_mode_of_a_picture_is_taken(
    references: References, mode: str, colour: Any, kind: str
) -> None:
    """Grey, sixteen bits, four inks, palettes."""
    assert kept(references, encoded(plain(8, 8, mode, colour), kind)).size == (8, 8)


def test_a_picture_may_have_as_many_bytes_as_are_said(tmp_path: Path) -> None:
    """And is refused with its size and the most that can be used where it has more."""
    upload = encoded(plain())
    reference = References(tmp_path, most_bytes=len(upload)).put(upload)
    assert is_reference(reference)
    with pytest.raises(InvalidReference, match="has 3 MB; at most 2 MB can be used"):
        References(tmp_path, most_bytes=2_000_000).put(b"x" * 3_000_000)


def test_transparency_is_kept(references: References) -> None:
    """Whoever compares pictures decides what stands behind them."""
    picture = kept(references, encoded(plain(8, 8, "RGBA", (255, 0, 0, 0))))
    assert (picture.mode, picture.getpixel((0, 0))[3]) == ("RGBA", 0)  # type: ignore[index]


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        ((2048, 1024), (SIDE, SIDE // 2)),
        ((100, 3000), (34, SIDE)),
        ((1, 5000), (1, SIDE)),
        ((SIDE, SIDE), (SIDE, SIDE)),
        ((1, 1), (1, 1)),
    ],
)
def test_large_pictures_are_shrunk(
    references: References, size: tuple[int, int], expected: tuple[int, int]
) -> None:
    """Small ones stay as they are."""
    assert kept(references, encoded(plain(*size))).size == expected


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_pictures_are_turned_upright(references: References, kind: str) -> None:
    """As the camera was held; the note of it is gone, and so is where it was held."""
    exif = Image.Exif()
    exif[0x0112] = 6  # turn by 90 degrees
    exif[0x010F] = "maker of the camera"
    picture = plain(40, 20)
    picture.paste("blue", (0, 0, 40, 10))
    shown = kept(references, encoded(picture, kind, exif=exif))
    assert shown.size == (20, 40)
    assert dict(shown.getexif()) == {}
    red, _, blue = shown.convert("RGB").getpixel((15, 20))  # type: ignore[misc]
    assert blue > red


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF", "TIFF"])
def test_nothing_but_the_picture_is_kept(references: References, kind: str) -> None:
    """No comment, place, author or text of the file's is handed on with a link."""
    secret = "known to the author alone"
    options: dict[str, Any] = {"comment": secret.encode()}
    if kind == "PNG":
        texts = PngImagePlugin.PngInfo()
        texts.add_text("Comment", secret)
        texts.add_itxt("XML:com.adobe.xmp", secret)
        options = {"pnginfo": texts}
    if kind in {"WEBP", "TIFF"}:
        options = {"xmp": secret.encode()} if kind == "WEBP" else {"description": secret}
    exif = Image.Exif()
    exif[0x013B] = secret
    if kind != "GIF":
        options["exif"] = exif
    if kind in {"JPEG", "PNG", "WEBP", "TIFF"}:
        options["icc_profile"] = secret.encode()
    upload = encoded(plain(), kind, **options)
    assert secret.encode() in upload
    content, _ = references.get(references.put(upload))
    assert secret.encode() not in content
    assert kept(references, upload).info.keys() <= {
        "jfif",
        "jfif_version",
        "jfif_unit",
        "jfif_density",
    }


def test_the_same_picture_is_kept_once(references: References, tmp_path: Path) -> None:
    """Under its content's hash, however it was packed and whatever was noted in it."""
    first = references.put(encoded(plain(), "PNG"))
    again = references.put(encoded(plain(), "BMP"))
    assert first == again
    assert len([path for path in (tmp_path / "references").rglob("*") if path.is_file()]) == 1


def test_a_name_is_a_name(references: References) -> None:
    """`ref_` and 32 hexadecimal digits."""
    assert is_reference(references.put(encoded(plain())))
    others = ("asset_1", "ref_", "ref_" + "g" * 32, "ref_" + "a" * 33, "../ref_" + "a" * 32)
    assert [is_reference(name) for name in others] == [False] * len(others)


def test_data_url(references: References) -> None:
    """The picture as the API takes it."""
    reference = references.put(encoded(plain()))
    content, mime = references.get(reference)
    assert (
        references.data_url(reference) == f"data:{mime};base64,{base64.b64encode(content).decode()}"
    )


@pytest.mark.parametrize("name", ["ref_" + "0" * 32, "asset_1", "../../etc/passwd", "", "ref_\x00"])
def test_what_is_not_kept_is_unknown(references: References, name: str) -> None:
    """Whether it was never here, is gone, or is no name."""
    with pytest.raises(UnknownReference) as raised:
        references.get(name)
    assert raised.value.status == 404


def bomb_png(width: int, height: int) -> bytes:
    """A small PNG that says it has so many pixels, and packs as many zeros as fit."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    rows = zlib.compress(b"\0" * min(width * height * 3, 1_000_000), 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("upload", "status", "said"),
    [
        (b"", 400, "No picture came"),
        (b"this is a text", 400, "not a picture"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", 400, "not a picture"),
        (b"%PDF-1.7", 400, "not a picture"),
        (b"\x89PNG\r\n\x1a\n", 400, "picture"),
        (encoded(plain())[:50], 400, "damaged"),
        (encoded(plain(200, 200), "JPEG")[:300], 400, "damaged"),
        (bomb_png(30_000, 30_000), 400, "pixels"),
        (bomb_png(2**31 - 1, 2**31 - 1), 400, "picture"),
        (b"x" * 1_000_001, 413, "at most 1 MB"),
    ],
)
def test_what_is_no_picture_is_refused(
    references: References, tmp_path: Path, upload: bytes, status: int, said: str
) -> None:
    """With one sentence, and nothing is kept of it."""
    with pytest.raises(InvalidReference, match=said) as raised:
        references.put(upload)
    assert (raised.value.status, raised.value.field) == (status, "image")
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(st.sampled_from(FORMATS), st.integers(0, 2**32), st.integers(1, 12))
def test_damaged_files_are_refused_or_shown(
    references: References, kind: str, seed: int, changes: int
) -> None:
    """Whichever bytes are wrong: a picture, or InvalidReference; nothing else is raised."""
    chance = random.Random(seed)
    upload = bytearray(encoded(plain(16, 16), kind))
    for _ in range(changes):
        upload[chance.randrange(len(upload))] = chance.randrange(256)
    try:
        reference = references.put(bytes(upload[: chance.randrange(1, len(upload) + 1)]))
    except InvalidReference as error:
        assert error.message  # noqa: PT017 - a refusal is one of two right answers
    else:
        assert is_reference(reference)


def test_a_picture_is_written_whole_or_not_at_all(references: References, tmp_path: Path) -> None:
    """Where the folder cannot be written, nothing of it is left; later it can."""
    blocked = tmp_path / "references"
    blocked.write_text("a file where the folder should be")
    with pytest.raises(StorageFailed):
        references.put(encoded(plain()))
    blocked.unlink()
    reference = references.put(encoded(plain()))
    assert [path.name for path in blocked.rglob("*") if path.is_file()] == [reference]
