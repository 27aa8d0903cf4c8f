"""Uploaded example images: checked, reduced, and stored under the hash of their content.

A link contains `ref_<hash>` and works for everyone who may open pages. Knows nothing of HTTP.
"""

from __future__ import annotations

import base64
import hashlib
import io
from pathlib import Path
from typing import TYPE_CHECKING, Final

from app.errors import InvalidReference, UnknownReference
from app.query.params import is_reference
from app.storage.blobs import DirectoryBlobStore

if TYPE_CHECKING:
    from PIL import Image

    from app.query.crop import Crop
    from app.services.images.decoding import ImageDecoder
    from app.storage.blobs import BlobStore

SIDE: Final = 1024  # pixels on the longer side: more than any embedding uses
_PNG: Final = b"\x89PNG"


class ReferenceImages:
    """Images that are named by their content, so that none of them ever changes."""

    def __init__(self, blobs: BlobStore | Path, *, max_bytes: int, decoder: ImageDecoder) -> None:
        """Store images in `blobs`, or in a folder that is created with the first image."""
        self._blobs = DirectoryBlobStore(blobs) if isinstance(blobs, Path) else blobs
        self._decoder = decoder
        self.max_bytes = max_bytes

    def put(self, upload: bytes, crop: Crop | None = None) -> str:
        """Store an image file, or a part of it, reduced and without metadata; return its name.

        Raises InvalidReference, Busy, StorageFailed.
        """
        if not upload:
            raise InvalidReference("No picture came with the form.")
        if len(upload) > self.max_bytes:
            raise InvalidReference(
                f"The picture has {len(upload) / 1e6:.0f} MB; "
                f"at most {self.max_bytes / 1e6:.0f} MB can be used.",
                status=413,
            )
        return self.store(_encoded(self._decoder.decode(upload, side=SIDE, crop=crop)))

    def store(self, content: bytes) -> str:
        """Store the file of an image as it is; return its name. Raises StorageFailed."""
        name = f"ref_{hashlib.sha256(content).hexdigest()[:32]}"
        if not self._blobs.exists(_path(name)):
            self._blobs.write(_path(name), content)
        return name

    def get(self, name: str) -> tuple[bytes, str]:
        """Return an image file and its MIME type. Raises UnknownReference, StorageFailed."""
        if not is_reference(name):
            raise UnknownReference(name)
        try:
            content = self._blobs.read(_path(name))
        except FileNotFoundError as error:
            raise UnknownReference(name) from error
        return content, "image/png" if content.startswith(_PNG) else "image/jpeg"

    def data_url(self, name: str) -> str:
        """Return an image as the API takes it. Raises UnknownReference, StorageFailed."""
        content, mime_type = self.get(name)
        return f"data:{mime_type};base64,{base64.b64encode(content).decode()}"


def _path(name: str) -> str:
    return f"{name[4:6]}/{name}"


def _encoded(image: Image.Image) -> bytes:
    """Return an image as PNG where it has transparency, else as JPEG."""
    file = io.BytesIO()
    if image.mode == "RGBA":
        image.save(file, "PNG", optimize=True)
    else:
        image.save(file, "JPEG", quality=90)
    return file.getvalue()
