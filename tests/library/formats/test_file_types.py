"""Types of files by content and name."""

from __future__ import annotations

from pathlib import Path

import pytest

from library.formats import file_types
from library.formats.format_table import BY_SUFFIX, FORMATS
from library.ingest.describe import Unusable
from scripts import files_docs
from tests.support import sample_files
from tests.support.descriptions import described, document


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("a.png", "is no PNG: its content is something else"),
        ("a.MP4", "is no MP4: its content is something else"),
        ("a.svg", "is no SVG: its content is something else"),
        ("a.json", "is no text in UTF-8"),
    ],
)
def test_content_that_contradicts_the_name_is_refused_in_one_line(
    name: str, why: str, tmp_path: Path
) -> None:
    content = b"\xff\xfe\x00" if name.endswith("json") else b"just a text"
    sample_files.fill(tmp_path, {name: content})
    with pytest.raises(Unusable, match=why):
        described(tmp_path, name)


@pytest.mark.parametrize(
    ("mime", "path", "expected"),
    [
        ("audio/mpeg", "a.mp3", ("mp3", "mpeg")),
        ("model/gltf-binary", "a.glb", ("glb", "gltf-binary")),
        ("application/octet-stream", "a/b.FBX", ("fbx", "octet-stream")),
        ("image/jpeg", "a.png", ("jpg", "jpeg")),
        ("image/tiff", "a.tif", ("tif", "tiff")),
        ("image/svg+xml", "a.svg", ("svg", "svg+xml")),
        ("image/heic", "a.heic", ("heic", "heif")),
        ("video/mp4", "a.mp4", ("mp4",)),
    ],
)
def test_a_format_has_all_of_its_names(mime: str, path: str, expected: tuple[str, ...]) -> None:
    assert file_types.format_names(mime, path) == expected


def test_a_compressed_blend_file_is_recognised(tmp_path: Path) -> None:
    sample_files.fill(tmp_path, {"a.blend": b"\x28\xb5\x2f\xfd and more"})
    assert document(tmp_path, "a.blend").kind == "3d"


@pytest.mark.parametrize("suffix", sorted(BY_SUFFIX))
def test_every_declared_name_is_asked_for_content_of_its_format(suffix: str) -> None:
    """Content of no format under it is named, not ignored."""
    noise = b"\x01\x02\x03\x04" * 1024
    kind = file_types.recognise(noise, f"a.{suffix}")
    assert kind is not None or file_types.mismatch(f"a.{suffix}") is not None


def test_no_two_formats_have_a_suffix_or_type_in_common() -> None:
    suffixes = [suffix for each in FORMATS for suffix in each.suffixes]
    types = [each.mime for each in FORMATS]
    assert (len(set(suffixes)), len(set(types))) == (len(suffixes), len(types))


def test_the_page_of_formats_is_current() -> None:
    assert files_docs.PAGE.read_text("utf-8") == files_docs.page()


@pytest.mark.parametrize(
    ("head", "name", "mime"),
    [
        (b"II*\0", "a.dng", "image/x-adobe-dng"),
        (b"II*\0", "a.tif", "image/tiff"),
        (b"II+\0", "a", "image/tiff"),
        (b"%PDF-1.7", "a.ai", "application/illustrator"),
        (b"%PDF-1.7", "a.png", "application/pdf"),
        (b"\0\0\0\x18ftypcrx ", "a", "image/x-canon-cr3"),
        (b"PK\x03\x04" + bytes(26) + b"mimetypeimage/openraster", "a.zip", "image/openraster"),
        (b"PK\x03\x04" + bytes(60), "a.sketch", "image/x-sketch"),
        (b"\xff\x0a\0\0", "a", "image/jxl"),
        (b"#usda 1.0", "a.usda", "model/vnd.usd"),
    ],
)
def test_content_decides_and_names_tell_formats_apart_that_begin_alike(
    head: bytes, name: str, mime: str
) -> None:
    found = file_types.recognise(head, name)
    assert found is not None
    assert found.mime == mime


def test_a_zip_of_no_known_name_is_no_asset() -> None:
    assert file_types.recognise(b"PK\x03\x04" + bytes(60), "a.zip") is None


def test_a_text_in_hindi_is_no_drawing() -> None:
    text = "abcd\u0939\u093f\u0928\u094d\u0926\u0940".encode()
    found = file_types.recognise(text, "a.txt")
    assert found is not None
    assert found.kind == "text"
