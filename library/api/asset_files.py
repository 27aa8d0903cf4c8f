"""The files of assets, opened where they are: below a folder, or in S3."""

from __future__ import annotations

import os
from contextlib import nullcontext
from typing import TYPE_CHECKING

from library import objects
from library.errors import Busy, Elsewhere, NotFound
from library.folders import is_address
from library.formats.open_file import ElsewhereError, open_below

if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from typing import BinaryIO

    from library.schema.documents import Document, SourceFile


def open_file(document: Document) -> tuple[BinaryIO, os.stat_result | objects.Status]:
    """Return the file of an asset, opened without following links, and its status.

    An object in S3 is read as far as it is sent. Raises NotFound, Elsewhere and Busy.
    """
    source = document.source
    try:
        if is_address(source.root):
            return objects.opened(source.root, source.path)
        file = open_below(source.root, source.path)
    except ElsewhereError as error:
        raise Elsewhere(error.folder) from error
    except objects.Unreachable as error:
        raise _silent() from error
    except OSError as error:
        raise NotFound(
            "The file of this asset is no longer in its folder; index the folder again"
        ) from error
    return file, os.fstat(file.fileno())


def for_worker(file: BinaryIO, document: Document) -> AbstractContextManager[BinaryIO]:
    """Return an opened file with a descriptor: a copy, where it is in S3. Raises Busy."""
    if not is_address(document.source.root):
        return nullcontext(file)
    try:
        return objects.copied(file)
    except OSError as error:
        raise _silent() from error


def has_file(document: Document) -> bool:
    """Return whether the file of an asset can be opened."""
    try:
        open_file(document)[0].close()
    except NotFound:
        return False
    return True


def is_unchanged(source: SourceFile, status: os.stat_result | objects.Status) -> bool:
    """Return whether a file is as it was when it was indexed."""
    return (status.st_size, status.st_mtime_ns) == (source.size, source.mtime_ns)


def _silent() -> Busy:
    return Busy("The file of this asset is in S3, which cannot be read now")
