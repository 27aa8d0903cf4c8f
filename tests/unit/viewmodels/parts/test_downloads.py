"""The files that an asset can be downloaded as."""

from __future__ import annotations

import pytest

from app.scenario.assets import Asset, Metadata
from app.viewmodels.parts.downloads import downloads


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
def test_a_file_is_offered_in_the_other_formats(
    kind: str, mime: str | None, labels: list[str]
) -> None:
    """Of its kind, without its own."""
    assert [each.label for each in downloads(Asset(id="a", kind=kind, mimeType=mime))] == labels


def test_each_download_has_a_permanent_address() -> None:
    """By the asset's id; the original has its size."""
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
def test_the_library_offers_only_its_own_conversions(kind: str, labels: list[str]) -> None:
    """It converts only pictures."""
    offered = downloads(Asset(id="a", kind=kind), by_library=True)
    assert [each.label for each in offered] == labels
