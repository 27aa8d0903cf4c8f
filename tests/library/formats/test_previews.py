"""Files of painting and modelling programs, by the picture that they contain."""

from __future__ import annotations

import io
import struct
import zipfile
from typing import TYPE_CHECKING, cast

import pytest
from PIL import Image

from library.formats.design.previews import blender
from tests.support import sample_files
from tests.support.descriptions import described
from tests.support.design_files import affinity, archive, clip, corner, painting
from tests.support.design_files import blender as blend

if TYPE_CHECKING:
    from pathlib import Path

    from library.ingest.describe import Described

PNG = sample_files.encoded(corner())


def read(folder: Path, name: str, content: bytes) -> Described:
    """Return what is extracted from a file of this name."""
    sample_files.fill(folder, {name: content})
    return described(folder, name)


def is_corner(image: Image.Image | None) -> bool:
    """Return whether a picture is that of `corner`."""
    if image is None:
        return False
    shown = image.convert("RGB")
    spots = [(2, 2), (shown.width - 3, shown.height - 3)]
    return [shown.getpixel(spot) for spot in spots] == [(255, 0, 0), (0, 0, 128)]


FILES = {
    "a.kra": painting("application/x-krita", "mergedimage.png"),
    "no suffix": painting("application/x-krita", "preview.png"),
    "a.ora": painting("image/openraster", "mergedimage.png"),
    "b.ora": archive({"Thumbnails/thumbnail.png": PNG}),
    "a.sketch": archive({"document.json": b"{}", "previews/preview.png": PNG}),
    "a.procreate": archive({"QuickLook/Thumbnail.png": PNG, "Document.archive": b"x"}),
    "a.fig": archive({"canvas.fig": b"fig-kiwi", "thumbnail.png": PNG}),
    "a.xd": archive({"preview.png": PNG}),
    "a.clip": clip(PNG),
    "a.afphoto": affinity(sample_files.encoded(corner((15, 10))), PNG),
    "a.afdesign": affinity(PNG),
    "a.afpub": affinity(PNG, sample_files.encoded(corner((15, 10)))),
}


@pytest.mark.parametrize("name", FILES)
def test_a_document_is_shown_by_the_picture_in_it(name: str, tmp_path: Path) -> None:
    description = read(tmp_path, name, FILES[name])
    assert (description.kind.kind, description.damage) == ("image", None)
    assert is_corner(description.picture)
    assert (description.facts["width"], description.facts["height"]) == (60, 40)


@pytest.mark.parametrize("name", [name for name in FILES if not name.startswith("a.af")])
def test_a_document_that_is_cut_off_is_damaged(name: str, tmp_path: Path) -> None:
    assert read(tmp_path, name, FILES[name][:-200]).damage is not None


@pytest.mark.parametrize(
    "header",
    [b"BLENDER-v300", b"BLENDER_v249", b"BLENDER-V270", b"BLENDER_V249", b"BLENDER17-01v0500"],
)
@pytest.mark.parametrize("packed", ["", "gzip", "zstd"])
def test_a_blend_file_is_shown_by_its_preview(header: bytes, packed: str, tmp_path: Path) -> None:
    description = read(tmp_path, "a.blend", blend(corner((128, 96)), header, packed))
    assert (description.kind.kind, description.damage) == ("3d", None)
    assert is_corner(description.picture)


def test_a_document_without_a_picture_has_a_placeholder_and_is_not_damaged(tmp_path: Path) -> None:
    empty = {
        "a.kra": archive({"maindoc.xml": b"<DOC/>"}),
        "a.sketch": archive({"document.json": b"{}"}),
        "a.clip": clip(b""),
        "a.afphoto": affinity(),
        "a.fig": b"fig-kiwi" + bytes(30),
        "a.blend": b"BLENDER-v300" + struct.pack("<4siQii", b"ENDB", 0, 0, 0, 0),
        "a.usdz": archive({"a.usdc": b"PXR-USDC"}, stored=["a.usdc"]),
    }
    for name, content in empty.items():
        description = read(tmp_path, name, content)
        assert (description.picture, description.damage) == (None, None), name
        shown = description.shown()
        assert shown is not None
        assert shown.getbbox() is not None
        assert description.document("asset_x").thumbnail


def test_a_zip_bomb_is_refused(tmp_path: Path) -> None:
    bomb = archive({"mimetype": b"application/x-krita", "mergedimage.png": bytes(300 * 1024**2)},
                   stored=["mimetype"])  # fmt: skip
    assert len(bomb) < 1024**2
    description = read(tmp_path, "a.kra", bomb)
    assert (description.picture, description.damage) == (None, "unpacks to more than 256 MB")


def test_a_picture_of_too_many_pixels_in_a_zip_is_refused(tmp_path: Path) -> None:
    content = archive({"mergedimage.png": sample_files.bomb()})
    description = read(tmp_path, "a.ora", content)
    assert description.damage == "unpacks to more than 100 million pixels"


def test_a_zip_with_too_long_a_list_is_refused(tmp_path: Path) -> None:
    content = bytearray(archive({"mergedimage.png": PNG}))
    struct.pack_into("<I", content, content.rindex(b"PK\x05\x06") + 12, 2**31)
    assert read(tmp_path, "a.ora", bytes(content)).damage == "has too many parts"


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_members_in_unusual_compression_are_refused(method: int, tmp_path: Path) -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as written:
        written.writestr("mergedimage.png", PNG)
    assert read(tmp_path, "a.ora", file.getvalue()).damage == "is compressed in an unusual way"


def test_names_in_a_zip_open_no_other_file(tmp_path: Path) -> None:
    content = archive({"../../etc/mergedimage.png": PNG, "/mergedimage.png": PNG})
    assert read(tmp_path, "a.ora", content).picture is None


ENDLESS = (
    "CREATE VIEW CanvasPreview AS WITH RECURSIVE n(x) AS "
    "(SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT max(x) AS ImageData FROM n"
)


@pytest.mark.parametrize(
    ("statements", "view"),
    [
        ([ENDLESS], True),
        (["CREATE VIEW CanvasPreview AS SELECT readfile('/etc/passwd') AS ImageData"], True),
        (["CREATE VIEW CanvasPreview AS SELECT ImageData FROM Hidden"], True),
    ],
)
def test_a_view_in_a_database_is_not_run(statements: list[str], view: bool, tmp_path: Path) -> None:
    description = read(tmp_path, "a.clip", clip(PNG, statements=statements, view=view))
    assert (description.picture, description.damage) == (None, None)


def test_triggers_and_generated_columns_of_a_database_do_nothing(tmp_path: Path) -> None:
    trigger = ("CREATE TRIGGER t AFTER INSERT ON CanvasPreview BEGIN "
               "DELETE FROM CanvasPreview; END")  # fmt: skip
    assert is_corner(read(tmp_path, "a.clip", clip(PNG, statements=[trigger])).picture)
    column = "ALTER TABLE CanvasPreview RENAME COLUMN ImageData TO Other"
    generated = ("ALTER TABLE CanvasPreview ADD COLUMN ImageData GENERATED ALWAYS AS "
                 "(zeroblob(900000000)) VIRTUAL")  # fmt: skip
    description = read(tmp_path, "b.clip", clip(PNG, statements=[column, generated]))
    assert description.picture is None


def test_a_blend_file_of_impossible_blocks_has_no_preview() -> None:
    whole = blend(corner((128, 96)))
    for at, value in ((16, -5), (16, 2**31 - 1), (112, 2**30)):
        content = bytearray(whole)
        struct.pack_into("<i", content, at, value)
        found = blender(cast("io.BufferedReader", io.BytesIO(content)))
        assert found is None or found.size == (128, 96)
