"""What a library does not have, and the removal of assets whose files are gone.

Extensions of the API: `GET /library`, `GET /library/indexing`, `GET /library/database`,
`GET /library/problems`, `POST /library/prune`, and `GET /library/files/{id}`: where a file is.
Knows HTTP; reads the index and the folders.
"""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn

from filelock import FileLock, Timeout
from flask import Blueprint, Response, request

from library.api.pages import json_response, page_size, token, token_key
from library.errors import BadRequest, Busy, Elsewhere, FileGone, IndexUnusable, NotFound
from library.folders import is_address
from library.formats.open_file import ElsewhereError, exists_in_root
from library.home import LOCK
from library.objects import Unreachable
from library.store import findings
from library.store.blobs import remove_pictures
from library.store.problems import CATEGORIES
from library.store.status import read_status

if TYPE_CHECKING:
    from library.store.index import Index
    from library.store.problems import Entry

_PAGE: Final = 50  # entries
_CHUNK: Final = 500  # assets that are removed in one transaction
_AWAY: Final = (
    "the database of the library does not respond, or has no primary. Searches go on as far as a "
    "replica responds, changes are refused, and indexing waits. Check the servers in "
    "AKIN_LIBRARY_URL"
)
_LOG = logging.getLogger(__name__)


class Maintenance:
    """The routes over one library."""

    def __init__(self, home: Path, index: Index) -> None:
        self._home, self._index = home, index

    def add_to(self, routes: Blueprint) -> None:
        """Add the routes to the blueprint of the API."""
        for method, path, view in (
            ("GET", "/library", self.library),
            ("GET", "/library/indexing", self.indexing),
            ("GET", "/library/database", self.database),
            ("GET", "/library/problems", self.problems),
            ("POST", "/library/prune", self.prune),
            ("GET", "/library/files/<asset_id>", self.file),
        ):
            routes.add_url_rule(path, view_func=view, methods=[method])

    def library(self) -> Response:
        """GET /library: the folders, the numbers of problems, and how far the second pass is."""
        with self._index.reading() as connection:
            roots, counts = self._index.overview(connection)
            parts = findings.progress(connection)
        body: dict[str, Any] = {
            "assetCount": sum(root.assets for root in roots),
            "roots": [
                {"name": root.name, "assetCount": root.assets, "missingCount": root.missing}
                for root in roots
            ],
            "problems": {category: counts.get(category, 0) for category in CATEGORIES},
        }
        if parts:
            body["secondPass"] = [
                {"name": part.name, "doneCount": part.done, "assetCount": part.total}
                for part in parts
            ]
        return json_response(body)

    def indexing(self) -> Response:
        """GET /library/indexing: the indexer's progress, and the generation of the index."""
        status = read_status(self._home)
        with self._index.reading() as connection:
            generation = self._index.generation(connection)
        return json_response(
            {
                "isRunning": status.is_running,
                "fileCount": status.total,
                "readCount": status.read,
                "skippedCount": status.skipped,
                "secondsLeft": status.seconds_left,
                "error": status.message,
                "generation": generation,
            }
        )

    def database(self) -> Response:
        """GET /library/database: whether the library can be written now, and why not."""
        try:
            self._index.store.check()
        except IndexUnusable as error:
            _LOG.warning("The library cannot be written: %s", error)
            return json_response({"isWritable": False, "reason": _AWAY})
        return json_response({"isWritable": True, "reason": ""})

    def problems(self) -> Response:
        """GET /library/problems: those of one category, or all, in pages."""
        category = request.args.get("category", "")
        if category and category not in CATEGORIES:
            raise BadRequest(
                f"`category` must be one of {', '.join(CATEGORIES)}, not {category[:40]!r}"
            )
        size = page_size(_PAGE)
        after = token_key(tuple[int, int]) or (0, 0)
        wanted = [category] if category else list(CATEGORIES)
        with self._index.reading() as connection:
            found = self._index.problems(connection, wanted, after=after, limit=size + 1)
        body: dict[str, Any] = {"problems": [_entry(each) for each in found[:size]]}
        if len(found) > size:
            body["nextPaginationToken"] = token(found[size - 1].key)
        return json_response(body)

    def file(self, asset_id: str) -> Response:
        """GET /library/files/{id}: the path of an asset's file on the machine of the library."""
        source = self._index.source(asset_id)
        if source is None:
            raise NotFound(f"No asset with id {asset_id[:80]!r}")
        if is_address(source.root):  # a page need not wait for the store
            return json_response({"path": f"{source.root}/{source.path}"})
        if not _exists(source.root, source.path, set()):
            raise FileGone("The file of this asset is no longer in its folder")
        path = os.fsencode(Path(source.root) / source.path)
        return json_response({"path": path.decode("utf-8", "replace")})

    def prune(self) -> Response:
        """POST /library/prune: remove the assets that are marked as missing.

        A file that is there again keeps its asset.
        """
        lock = FileLock(self._home / LOCK)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            _refuse()
        try:
            with self._index.store.indexing(_refuse):
                removed = self._remove_missing()
        finally:
            lock.release()
        return json_response({"removed": removed})

    def _remove_missing(self) -> int:
        removed = 0
        silent: set[str] = set()
        for missing in iter(lambda: self._index.some_missing(_CHUNK), {}):
            gone = [a for a, (root, path) in missing.items() if not _exists(root, path, silent)]
            removed += self._index.remove(gone)
            remove_pictures(self._index.store.blobs, gone)
            self._index.mark_missing({}, found=missing)
        return removed


def _refuse() -> NoReturn:
    raise Busy("The library is being indexed; try again when that has ended")


def _exists(root: str, path: str, silent: set[str]) -> bool:
    """Return whether a file is there; none is below a root in S3 that does not respond."""
    try:
        return root not in silent and exists_in_root(root, path)
    except ElsewhereError as error:
        raise Elsewhere(error.folder) from error
    except Unreachable:
        silent.add(root)
        return False


def _entry(entry: Entry) -> dict[str, Any]:
    return {
        "category": entry.category,
        "folder": entry.folder,
        "kind": entry.kind,
        "reason": entry.reason,
        "fileCount": entry.files,
        "names": list(entry.names),
        **({"assetId": entry.asset_id} if entry.asset_id else {}),
    }
