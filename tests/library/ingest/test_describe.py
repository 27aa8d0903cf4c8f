"""Description of any file."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from library.ingest.describe import NotAnAsset, Unusable, describe
from library.ingest.walk import walk
from tests.support import sample_files
from tests.support.descriptions import POOL


@given(
    head=st.sampled_from(
        [
            b"\x89PNG\r\n\x1a\n",
            b"\xff\xd8\xff\xe0",
            b"GIF89a",
            b"II*\x00",
            b"RIFF\x24\x00\x00\x00WEBP",
            b"RIFF\x24\x00\x00\x00WAVEfmt ",
            b"OggS",
            b"ID3\x04",
            b"fLaC",
            b"\x00\x00\x00\x18ftypmp42",
            b"\x00\x00\x00\x18ftypavif",
            b"\x1aE\xdf\xa3",
            b"8BPS\x00\x01",
            b"glTF\x02\x00\x00\x00",
            b"<svg ",
            b"\x00\x00\x01\x00",
            b"DDS ",
            b"qoif",
            b"BM",
            b"P6\n9 9\n255\n",
            b"v/1\x01",
            b"",
        ]
    ),
    body=st.binary(max_size=300),
    name=st.sampled_from(["x.png", "x.bmp", "x.tga", "x.svg", "x.gltf", "x.obj", "x.txt", "x"]),
)
def test_any_bytes_are_described_or_refused_in_one_line(
    head: bytes, body: bytes, name: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """A signature of one type, followed by any bytes."""
    folder = tmp_path_factory.mktemp("f")
    sample_files.fill(folder, {name: head + body})
    (file,) = walk(folder, lambda *_: None).files
    try:
        description = describe(file, POOL)
    except (Unusable, NotAnAsset) as refused:
        text = str(refused)
    else:
        text = description.damage or description.document("asset_x").kind
    assert text
    assert "\n" not in text
