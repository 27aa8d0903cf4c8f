"""Description of a single file of a folder, by its path below the folder."""

from __future__ import annotations

from typing import TYPE_CHECKING

from library.ingest.describe import Described, describe, workers
from library.ingest.walk import walk

if TYPE_CHECKING:
    from pathlib import Path
    from typing import BinaryIO

    from library.schema.documents import Document

POOL = workers()


class LocalFiles:
    """The files of a task that runs in this process."""

    def __init__(self, *given: BinaryIO) -> None:
        self.given = list(given)
        self.blob = bytearray()

    def open(self, name: str) -> BinaryIO:
        """Raise OSError: there are no other files."""
        raise OSError(name)


def described(folder: Path, name: str) -> Described:
    """Return what is extracted from the file `name` and its sidecars."""
    (file,) = [file for file in walk(folder, lambda *_: None).files if file.path == name]
    return describe(file, POOL)


def document(folder: Path, name: str) -> Document:
    """Return the document of the file `name`."""
    return described(folder, name).document("asset_x")
