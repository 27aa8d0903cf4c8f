"""Uploaded example pictures: checked, shrunk, and kept under their content's hash.

A link carries `ref_<hash>` and works for whoever opens it. Knows files and Pillow; nothing of HTTP.
"""

from __future__ import annotations

import base64
import hashlib
import io
import os
import re
import tempfile
from typing import TYPE_CHECKING, Final

from app import pictures
from app.errors import InvalidReference, UnknownReference

if TYPE_CHECKING:
    from pathlib import Path

SIDE: Final = 1024  # pixels on the longer side: more than any embedding looks at
_NAME: Final = re.compile(r"ref_[0-9a-f]{32}")
_PNG: Final = b"\x89PNG"


def is_reference(example: str) -> bool:
    """Tell a `ref_...` from an asset's id."""
    return _NAME.fullmatch(example) is not None


class References:
    """A folder of reference pictures, each named by its content; nothing in it ever changes."""

    def __init__(self, folder: Path, *, most_bytes: int) -> None:
        """Keep pictures in `folder`, which is made when the first one comes."""
        self._folder = folder
        self.most_bytes = most_bytes

    def put(self, upload: bytes) -> str:
        """Check, shrink and keep a picture; answers its `ref_...`. Raises InvalidReference."""
        if not upload:
            raise InvalidReference("No picture came with the form.")
        if len(upload) > self.most_bytes:
            raise InvalidReference(
                f"The picture has {len(upload) / 1e6:.0f} MB; "
                f"at most {self.most_bytes / 1e6:.0f} MB can be used.",
                status=413,
            )
        content = _normalised(upload)
        reference = f"ref_{hashlib.sha256(content).hexdigest()[:32]}"
        path = self._path(reference)
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            _write_whole(path, content)
        return reference

    def get(self, reference: str) -> tuple[bytes, str]:
        """Answer a picture and its mime type. Raises UnknownReference."""
        if not is_reference(reference):
            raise UnknownReference(reference)
        try:
            content = self._path(reference).read_bytes()
        except OSError as error:
            raise UnknownReference(reference) from error
        return content, "image/png" if content.startswith(_PNG) else "image/jpeg"

    def data_url(self, reference: str) -> str:
        """Answer a picture as the API takes it. Raises UnknownReference."""
        content, mime = self.get(reference)
        return f"data:{mime};base64,{base64.b64encode(content).decode()}"

    def _path(self, reference: str) -> Path:
        return self._folder / reference[4:6] / reference


def _normalised(upload: bytes) -> bytes:
    """Decode with bounds, turn upright, shrink, drop all metadata, encode as PNG or JPEG."""
    picture = pictures.decoded(upload, side=SIDE)
    out = io.BytesIO()
    if picture.mode == "RGBA":
        picture.save(out, "PNG", optimize=True)
    else:
        picture.save(out, "JPEG", quality=90)
    return out.getvalue()


def _write_whole(path: Path, content: bytes) -> None:
    """Write so that a crash leaves either nothing or the whole file."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)  # noqa: PTH105 - the name is a str of mkstemp
    except BaseException:
        os.unlink(temporary)  # noqa: PTH108 - the same
        raise
