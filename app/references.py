"""Uploaded example pictures: checked, shrunk, and kept under their content's hash.

A link carries `ref_<hash>` and works for whoever opens it. Knows pictures; nothing of HTTP, nor
of where they are kept.
"""

from __future__ import annotations

import base64
import hashlib
import io
import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

from app import pictures
from app.errors import InvalidReference, UnknownReference
from app.places import Folder

if TYPE_CHECKING:
    from app.pictures import Part
    from app.places import Place

SIDE: Final = 1024  # pixels on the longer side: more than any embedding looks at
_NAME: Final = re.compile(r"ref_[0-9a-f]{32}")
_PNG: Final = b"\x89PNG"


def is_reference(example: str) -> bool:
    """Tell a `ref_...` from an asset's id."""
    return _NAME.fullmatch(example) is not None


class References:
    """Reference pictures, each named by its content; none of them ever changes."""

    def __init__(self, place: Place | Path, *, most_bytes: int) -> None:
        """Keep pictures in `place`, or in a folder that is made when the first one comes."""
        self._place = Folder(place) if isinstance(place, Path) else place
        self.most_bytes = most_bytes

    def put(self, upload: bytes, part: Part | None = None) -> str:
        """Check, shrink and keep a picture, or a part of it; answers its `ref_...`.

        Raises InvalidReference, StorageFailed.
        """
        if not upload:
            raise InvalidReference("No picture came with the form.")
        if len(upload) > self.most_bytes:
            raise InvalidReference(
                f"The picture has {len(upload) / 1e6:.0f} MB; "
                f"at most {self.most_bytes / 1e6:.0f} MB can be used.",
                status=413,
            )
        content = _normalised(upload, part)
        reference = f"ref_{hashlib.sha256(content).hexdigest()[:32]}"
        if not self._place.has(_path(reference)):
            self._place.write(_path(reference), content)
        return reference

    def get(self, reference: str) -> tuple[bytes, str]:
        """Answer a picture and its mime type. Raises UnknownReference, StorageFailed."""
        if not is_reference(reference):
            raise UnknownReference(reference)
        try:
            content = self._place.read(_path(reference))
        except FileNotFoundError as error:
            raise UnknownReference(reference) from error
        return content, "image/png" if content.startswith(_PNG) else "image/jpeg"

    def data_url(self, reference: str) -> str:
        """Answer a picture as the API takes it. Raises UnknownReference, StorageFailed."""
        content, mime = self.get(reference)
        return f"data:{mime};base64,{base64.b64encode(content).decode()}"


def _path(reference: str) -> str:
    return f"{reference[4:6]}/{reference}"


def _normalised(upload: bytes, part: Part | None) -> bytes:
    """Decode with bounds, turn upright, shrink, drop all metadata, encode as PNG or JPEG."""
    picture = pictures.decoded(upload, side=SIDE, part=part)
    out = io.BytesIO()
    if picture.mode == "RGBA":
        picture.save(out, "PNG", optimize=True)
    else:
        picture.save(out, "JPEG", quality=90)
    return out.getvalue()
