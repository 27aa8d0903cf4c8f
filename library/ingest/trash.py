"""Moving the files of assets to the trash of the system, from which people can restore them.

The index forgets the assets; their ids and decisions stay, so a file that is restored is what it
was. Nothing is ever deleted: where there is no trash, the file stays where it is.
"""

from __future__ import annotations

import logging
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Final

from library.errors import LibraryError
from library.folders import is_address
from library.formats.open_file import open_below
from library.ingest.walk import in_folder
from library.store.blobs import remove_pictures

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from library.ingest.walk import FoundFile
    from library.schema.documents import Document
    from library.store.index import Index

_CHANGED: Final = (
    "The file has changed since it was indexed, so it may be another one now. Wait until it is "
    "indexed again, or index the folder"
)
_GONE: Final = "The file is no longer in its folder"
_IN_S3: Final = "The file is in S3, which has no trash. Delete the object there"
_UNKNOWN: Final = "There is no such asset"
_LOG = logging.getLogger(__name__)


class _NotMoved(LibraryError):
    """A file that stays where it is; the text says why."""


def send_to_trash(path: str) -> None:
    """Move a file to the trash of the system. Raises OSError where there is none."""
    import_module("send2trash").send2trash(path)  # it has no types


def move(
    index: Index, assets: Sequence[str], send: Callable[[str], None] = send_to_trash
) -> dict[str, str]:
    """Move the files of assets, with their own sidecars; return those that failed, and why.

    Raises the errors of the index: files that are in the trash by then are removed from it by the
    next run of the indexer.
    """
    documents = index.documents(assets)
    failed = {asset: _UNKNOWN for asset in assets if asset not in documents}
    folders: dict[tuple[str, str], list[Document]] = {}
    for document in documents.values():
        folder = document.source.path.rpartition("/")[0]
        folders.setdefault((document.source.root, folder), []).append(document)
    moved: list[str] = []
    for (root, folder), listed in folders.items():
        if is_address(root):
            failed |= {each.id: _IN_S3 for each in listed}
            continue
        try:
            files = in_folder(root, folder)
        except OSError as error:
            failed |= {each.id: f"Its folder cannot be read: {error.strerror}" for each in listed}
            continue
        for document in listed:
            try:
                _move(document, files, send)
                moved.append(document.id)
            except (OSError, _NotMoved) as error:
                reason = error.strerror if isinstance(error, OSError) else str(error)
                failed[document.id] = str(reason or error)
    if moved:
        index.remove(moved)
        remove_pictures(index.store.blobs, moved)
        index.mark_missing({}, found=moved)
        index.link()
    return failed


def _move(document: Document, files: Mapping[str, FoundFile], send: Callable[[str], None]) -> None:
    source = document.source
    file = files.get(source.path)
    if file is None:
        raise _NotMoved(_GONE)
    if (file.size, file.stamp) != (source.size, source.mtime_ns):
        raise _NotMoved(_CHANGED)
    open_below(source.root, source.path).close()  # no link, and nothing but a file
    send(str(Path(source.root, source.path)))
    _LOG.info("Moved to the trash: %s", source.path)
    others = {name for path, each in files.items() if path != source.path for name in each.sidecars}
    for name in file.sidecars:
        if name not in others:
            try:
                open_below(source.root, name).close()
                send(str(Path(source.root, name)))
            except OSError as error:
                _LOG.warning("The sidecar %s stays: %s", name, error.strerror or error)
