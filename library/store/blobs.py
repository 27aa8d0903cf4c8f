"""Pictures of assets, and snapshots of the library: bytes by name, beside the index.

They are files in the home, or rows of the database that all hosts read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

from library.formats.open_file import open_below
from library.home import write_atomically

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping
    from pathlib import Path

THUMBNAILS: Final = "thumbnails/"


class Blobs(Protocol):
    """Stores bytes under names such as `thumbnails/ab/asset_ab12.webp`. Thread-safe."""

    @property
    def is_shared(self) -> bool:
        """Whether other hosts read them as well."""

    def read(self, name: str) -> bytes:
        """Return the content; raises FileNotFoundError, or another OSError."""

    def write(self, contents: Mapping[str, bytes]) -> None:
        """Store each completely, replacing what has its name. Raises OSError."""

    def remove(self, names: Collection[str]) -> None:
        """Remove those that exist."""

    def names(self, prefix: str) -> Iterator[str]:
        """Yield the names that begin with `prefix`, in their order."""


class FolderBlobs:
    """Files in the folder `home`."""

    is_shared: Final = False

    def __init__(self, home: Path) -> None:
        self._home = home

    def read(self, name: str) -> bytes:
        """See `Blobs`."""
        with open_below(self._home, name) as file:
            return file.read()

    def write(self, contents: Mapping[str, bytes]) -> None:
        """See `Blobs`."""
        for name, content in contents.items():
            write_atomically(self._home / name, content)

    def remove(self, names: Collection[str]) -> None:
        """See `Blobs`."""
        for name in names:
            (self._home / name).unlink(missing_ok=True)

    def names(self, prefix: str) -> Iterator[str]:
        """See `Blobs`."""
        paths = (self._home / prefix).rglob("[!.]*")
        found = (path.relative_to(self._home).as_posix() for path in paths if path.is_file())
        yield from sorted(found)


def thumbnail_name(asset_id: str) -> str:
    """Return the name of the thumbnail of an asset, which may not exist."""
    return f"{THUMBNAILS}{asset_id.removeprefix('asset_')[:2]}/{asset_id}.webp"


def frames_name(asset_id: str) -> str:
    """Return the name of the further frames of a video, which may not exist."""
    return thumbnail_name(asset_id).removesuffix("webp") + "frames.webp"


def remove_pictures(blobs: Blobs, ids: Collection[str]) -> None:
    """Remove the thumbnails and the frames of assets."""
    blobs.remove([name(each) for each in ids for name in (thumbnail_name, frames_name)])
