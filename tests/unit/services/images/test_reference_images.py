"""Uploaded images: checked, rotated upright, reduced, without metadata, named by content."""

from __future__ import annotations

import base64
import io
import struct
import zlib
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image, PngImagePlugin

from app.errors import InvalidReference, StorageFailed, UnknownReference
from app.query.crop import Crop
from app.query.params import is_reference
from app.services.images.decoding import UPLOAD_BYTES, ImageDecoder
from app.services.images.reference_images import SIDE, ReferenceImages

if TYPE_CHECKING:
    from pathlib import Path

DECODER = ImageDecoder(max_bytes=UPLOAD_BYTES, at_once=1)
FORMATS = ["PNG", "JPEG", "WEBP", "GIF", "AVIF", "BMP", "TIFF"]


@pytest.fixture
def references(tmp_path: Path) -> ReferenceImages:
    """Return an empty store."""
    return ReferenceImages(tmp_path / "references", max_bytes=1_000_000, decoder=DECODER)


def encoded(picture: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    """Return an image as a file."""
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


def plain(width: int = 40, height: int = 20, mode: str = "RGB", colour: Any = None) -> Image.Image:
    """Return an image of one colour."""
    return Image.new(mode, (width, height), colour if colour is not None else "red")


def stored(references: ReferenceImages, upload: bytes) -> Image.Image:
    """Return an upload as it is stored, decoded."""
    content, mime = references.get(references.put(upload))
    picture = Image.open(io.BytesIO(content))
    assert mime == {"PNG": "image/png", "JPEG": "image/jpeg"}[picture.format or ""]
    picture.load()
    return picture


def test_a_part_is_cropped_before_it_is_reduced(references: ReferenceImages) -> None:
    """A small part of a large image keeps its resolution."""
    whole = plain(8000, 4000)
    whole.paste("blue", (6000, 3000, 8000, 4000))
    reference = references.put(encoded(whole, "JPEG"), Crop(75, 75, 25, 25))
    part = Image.open(io.BytesIO(references.get(reference)[0]))
    assert part.size == (SIDE, SIDE // 2)
    assert part.convert("RGB").getpixel((2, 2))[2] > 200  # type: ignore[index]


@pytest.mark.parametrize("kind", FORMATS)
def test_every_format_is_accepted(references: ReferenceImages, kind: str) -> None:
    """Images are stored as PNG or JPEG, which every API reads."""
    picture = stored(references, encoded(plain(), kind))
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
def test_every_mode_is_accepted(
    references: ReferenceImages, mode: str, colour: Any, kind: str
) -> None:
    """Grey, sixteen bits, CMYK, palettes."""
    assert stored(references, encoded(plain(8, 8, mode, colour), kind)).size == (8, 8)


def test_bytes_of_an_upload_are_limited(tmp_path: Path) -> None:
    """The error contains the size and the limit."""
    upload = encoded(plain())
    reference = ReferenceImages(tmp_path, max_bytes=len(upload), decoder=DECODER).put(upload)
    assert is_reference(reference)
    with pytest.raises(InvalidReference, match="has 3 MB; at most 2 MB can be used"):
        ReferenceImages(tmp_path, max_bytes=2_000_000, decoder=DECODER).put(b"x" * 3_000_000)


def test_transparency_is_preserved(references: ReferenceImages) -> None:
    """The background is chosen where images are compared."""
    picture = stored(references, encoded(plain(8, 8, "RGBA", (255, 0, 0, 0))))
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
def test_large_images_are_reduced(
    references: ReferenceImages, size: tuple[int, int], expected: tuple[int, int]
) -> None:
    """Small images keep their size."""
    assert stored(references, encoded(plain(*size))).size == expected


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_images_are_rotated_upright(references: ReferenceImages, kind: str) -> None:
    """The orientation is applied; all EXIF data is removed."""
    exif = Image.Exif()
    exif[0x0112] = 6  # turn by 90 degrees
    exif[0x010F] = "maker of the camera"
    picture = plain(40, 20)
    picture.paste("blue", (0, 0, 40, 10))
    shown = stored(references, encoded(picture, kind, exif=exif))
    assert shown.size == (20, 40)
    assert dict(shown.getexif()) == {}
    red, _, blue = shown.convert("RGB").getpixel((15, 20))  # type: ignore[misc]
    assert blue > red


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF", "TIFF"])
def test_metadata_is_removed(references: ReferenceImages, kind: str) -> None:
    """No comment, place, author or text of the file is stored."""
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
    assert stored(references, upload).info.keys() <= {
        "jfif",
        "jfif_version",
        "jfif_unit",
        "jfif_density",
    }


def test_the_same_image_is_stored_once(references: ReferenceImages, tmp_path: Path) -> None:
    """The name is the hash of the pixels, whatever the format and metadata of the file."""
    first = references.put(encoded(plain(), "PNG"))
    second = references.put(encoded(plain(), "BMP"))
    assert first == second
    assert len([path for path in (tmp_path / "references").rglob("*") if path.is_file()]) == 1


def test_names(references: ReferenceImages) -> None:
    """A name is `ref_` and 32 hexadecimal digits."""
    assert is_reference(references.put(encoded(plain())))
    others = ("asset_1", "ref_", "ref_" + "g" * 32, "ref_" + "a" * 33, "../ref_" + "a" * 32)
    assert [is_reference(name) for name in others] == [False] * len(others)


def test_data_url(references: ReferenceImages) -> None:
    """The API takes images as data URLs."""
    reference = references.put(encoded(plain()))
    content, mime = references.get(reference)
    assert (
        references.data_url(reference) == f"data:{mime};base64,{base64.b64encode(content).decode()}"
    )


@pytest.mark.parametrize("name", ["ref_" + "0" * 32, "asset_1", "../../etc/passwd", "", "ref_\x00"])
def test_unknown_names(references: ReferenceImages, name: str) -> None:
    """A file that does not exist, and what is no name, raise the same error."""
    with pytest.raises(UnknownReference) as raised:
        references.get(name)
    assert raised.value.status == 404


def bomb_png(width: int, height: int) -> bytes:
    """Return a small PNG whose header claims so many pixels."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    rows = zlib.compress(b"\0" * min(width * height * 3, 1_000_000), 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("upload", "status", "message"),
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
def test_what_is_no_image_is_refused(
    references: ReferenceImages, tmp_path: Path, upload: bytes, status: int, message: str
) -> None:
    """The error has one sentence, and nothing is stored."""
    with pytest.raises(InvalidReference, match=message) as raised:
        references.put(upload)
    assert (raised.value.status, raised.value.field) == (status, "image")
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_a_failed_write_leaves_nothing(references: ReferenceImages, tmp_path: Path) -> None:
    """When the folder can be written again, the same upload is stored."""
    blocked = tmp_path / "references"
    blocked.write_text("a file where the folder should be")
    with pytest.raises(StorageFailed):
        references.put(encoded(plain()))
    blocked.unlink()
    reference = references.put(encoded(plain()))
    assert [path.name for path in blocked.rglob("*") if path.is_file()] == [reference]
