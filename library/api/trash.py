"""`POST /library/trash`, an extension: the files of assets to the trash of the system.

The library is on the machine whose trash it is. Knows HTTP; `library.ingest.trash` moves files.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from flask import Blueprint, Response, request
from sqlalchemy.exc import DatabaseError

from library.api.pages import json_response
from library.api.writing import ALL
from library.errors import BadRequest, IndexUnusable, NotStored
from library.query.request_bodies import ASSET_IDS, BULK_MOST, decode_body

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from library.api.writing import Writing

_LOG = logging.getLogger(__name__)


class Trash:
    """The route over one library; `move` returns asset -> why its file could not be moved."""

    def __init__(self, writing: Writing, move: Callable[[Sequence[str]], dict[str, str]]) -> None:
        self._writing, self._move = writing, move

    def add_to(self, routes: Blueprint) -> None:
        """Add the route to the blueprint of the API."""
        routes.add_url_rule("/library/trash", view_func=self.trash, methods=["POST"])

    def trash(self) -> Response:
        """POST /library/trash: what was moved, and what was not and why."""
        self._writing.require(ALL)
        ids = list(dict.fromkeys(decode_body(request.get_data(cache=False), ASSET_IDS).assetIds))
        if len(ids) > BULK_MOST:
            raise BadRequest(f"`assetIds` may have {BULK_MOST} entries at most, not {len(ids)}")
        _LOG.info("Trash by %s: %d assets", self._writing.user(), len(ids))
        try:
            failed = self._move(ids)
        except (DatabaseError, IndexUnusable) as error:
            _LOG.warning("Files are in the trash, and the index cannot be written: %s", error)
            raise NotStored(
                "The index cannot be written, so assets may be shown whose files are in the trash "
                "already. Check that the disk is not full, and index the folder again"
            ) from error
        return json_response(
            {
                "moved": [asset for asset in ids if asset not in failed],
                "failed": [{"assetId": asset, "error": why} for asset, why in failed.items()],
            }
        )
