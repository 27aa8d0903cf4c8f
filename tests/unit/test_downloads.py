"""Which files an asset can be had as."""

from __future__ import annotations

import pytest

from app.assets import Asset, Metadata
from app.views.downloads import downloads


@pytest.mark.parametrize(
    ("kind", "mime", "labels"),
    [
        ("image", "image/png", ["Original", "JPEG", "WebP", "AVIF"]),
        ("image", "image/jpeg", ["Original", "PNG", "WebP", "AVIF"]),
        ("video", "video/mp4", ["Original"]),
        ("video", "video/webm", ["Original", "MP4"]),
        ("audio", "audio/mpeg", ["Original"]),
        ("audio", "audio/wav", ["Original", "MP3"]),
        ("3d", "model/gltf-binary", ["Original", "FBX", "OBJ"]),
        ("document", "application/pdf", ["Original"]),
        ("image", None, ["Original", "PNG", "JPEG", "WebP", "AVIF"]),
    ],
)
def test_a_file_is_offered_in_every_other_format(
    kind: str, mime: str | None, labels: list[str]
) -> None:
    """Of its kind; never in the one that it has."""
    assert [each.label for each in downloads(Asset(id="a", kind=kind, mimeType=mime))] == labels


def test_each_one_has_an_address_that_lasts() -> None:
    """By the asset's id; the original says its size."""
    asset = Asset(id="a", kind="audio", metadata=Metadata(size=12_300_000))
    assert [(each.url, each.note) for each in downloads(asset)] == [
        ("/assets/a/download", "12 MB"),
        ("/assets/a/download?format=mp3", ""),
    ]


@pytest.mark.parametrize(
    ("kind", "labels"),
    [
        ("image", ["Original", "PNG", "JPEG", "WebP", "AVIF"]),
        ("video", ["Original"]),
        ("audio", ["Original"]),
        ("3d", ["Original"]),
    ],
)
def test_nothing_is_offered_that_the_library_does_not_make(kind: str, labels: list[str]) -> None:
    """Akin's own converts pictures alone."""
    offered = downloads(Asset(id="a", kind=kind), by_library=True)
    assert [each.label for each in offered] == labels
