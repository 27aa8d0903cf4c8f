"""The files that an asset can be downloaded as: the original and conversions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from app.query import describe

if TYPE_CHECKING:
    from app.scenario.assets import Asset

# `targetFormat` of POST /assets/{id}/download (docs/scenario-api.md), with labels.
CONVERSIONS: Final[dict[str, dict[str, str]]] = {
    "image": {"png": "PNG", "jpeg": "JPEG", "webp": "WebP", "avif": "AVIF"},
    "video": {"mp4": "MP4"},
    "audio": {"mp3": "MP3"},
    "3d": {"glb": "GLB", "fbx": "FBX", "obj": "OBJ"},
}
FORMATS: Final = frozenset(name for names in CONVERSIONS.values() for name in names)
BY_LIBRARY: Final = frozenset({"image"})  # the kinds that Akin's own library converts
_AS_STORED: Final = {  # MIME types that need no conversion
    "mp3": ("audio/mpeg", "audio/mp3"),
    "glb": ("model/gltf-binary",),
    "obj": ("model/obj",),
}


@dataclass(frozen=True, slots=True)
class Download:
    """One file: `label` is its format, `note` its size if known.

    Its link has no `download` attribute: browsers would save the sign-in page, or an error, as a
    file.
    """

    label: str
    url: str
    note: str = ""


def is_converted(asset: Asset, *, by_library: bool) -> bool:
    """Tell whether the API, or Akin's own library, converts an asset."""
    return asset.medium in (BY_LIBRARY if by_library else CONVERSIONS)


def downloads(asset: Asset, *, by_library: bool = False) -> tuple[Download, ...]:
    """Return the original, then the other formats that its kind is converted to.

    `by_library`: the API is Akin's own library, which converts only pictures.
    """
    path = f"/assets/{asset.id}/download"
    size = describe.file_size(asset.bytes) if asset.bytes else ""
    original = Download("Original", path, size)
    return (
        original,
        *(
            Download(label, f"{path}?format={name}")
            for name, label in CONVERSIONS.get(asset.medium, {}).items()
            if is_converted(asset, by_library=by_library) and not _is_stored_as(asset, name)
        ),
    )


def _is_stored_as(asset: Asset, name: str) -> bool:
    mime = (asset.mimeType or "").lower()
    return mime in _AS_STORED.get(name, ()) or mime.endswith(f"/{name}")
