"""Which files an asset can be had as: its own, and those that the API converts it to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from app import words

if TYPE_CHECKING:
    from app.assets import Asset

# What POST /assets/{id}/download takes as `targetFormat` (scenario-api.md), and each one's name.
CONVERSIONS: Final[dict[str, dict[str, str]]] = {
    "image": {"png": "PNG", "jpeg": "JPEG", "webp": "WebP", "avif": "AVIF"},
    "video": {"mp4": "MP4"},
    "audio": {"mp3": "MP3"},
    "3d": {"glb": "GLB", "fbx": "FBX", "obj": "OBJ"},
}
FORMATS: Final = frozenset(name for names in CONVERSIONS.values() for name in names)
BY_LIBRARY: Final = frozenset({"image"})  # the kinds that Akin's own library converts
_AS_STORED: Final = {  # the mime types of what needs no conversion
    "mp3": ("audio/mpeg", "audio/mp3"),
    "glb": ("model/gltf-binary",),
    "obj": ("model/obj",),
}


@dataclass(frozen=True, slots=True)
class Download:
    """One file: `label` says its format, `note` its size where that is known.

    `is_attached`: its server has browsers save it, so that a link to it can be answered by a page.
    """

    label: str
    url: str
    note: str = ""
    is_attached: bool = False


def is_converted(asset: Asset, *, by_library: bool) -> bool:
    """Tell whether whoever answers for the assets makes other files of this one."""
    return asset.medium in (BY_LIBRARY if by_library else CONVERSIONS)


def downloads(asset: Asset, *, by_library: bool = False) -> tuple[Download, ...]:
    """The original first, then every other format that its kind can be converted to.

    `by_library`: Akin's own library answers, which converts pictures alone.
    """
    path = f"/assets/{asset.id}/download"
    size = words.file_size(asset.bytes) if asset.bytes else ""
    original = Download("Original", path, size, is_attached=by_library)
    return (
        original,
        *(
            Download(label, f"{path}?format={name}", is_attached=by_library)
            for name, label in CONVERSIONS.get(asset.medium, {}).items()
            if is_converted(asset, by_library=by_library) and not _is_stored_as(asset, name)
        ),
    )


def _is_stored_as(asset: Asset, name: str) -> bool:
    mime = (asset.mimeType or "").lower()
    return mime in _AS_STORED.get(name, ()) or mime.endswith(f"/{name}")
