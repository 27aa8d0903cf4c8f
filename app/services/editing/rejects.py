"""Rejected assets of a local folder, and moving their files to the trash of this machine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from app.query.search import Search
from app.scenario.library import NotTrashed, Trashed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.scenario.client import Client

MOST: Final = 100  # assets on one page, which can be moved at once
REJECT: Final = "reject"
REJECTED: Final = Search(filter=f"label = {REJECT}", hitsPerPage=MOST)


def move_to_trash(client: Client, asset_ids: Sequence[str], by: str) -> Trashed:
    """Move the files of those assets that are still rejected; the others are failures.

    May raise an UpstreamError: what was moved until then is in the trash.
    """
    latest = client.latest_assets(asset_ids)
    kept = {
        asset_id: "There is no such asset any more."
        if asset_id not in latest
        else "It is not rejected any more."
        for asset_id in asset_ids
        if asset_id not in latest or latest[asset_id].metadata.label != REJECT
    }
    wanted = [asset_id for asset_id in asset_ids if asset_id not in kept]
    done = client.trash(wanted, by=by) if wanted else Trashed()
    failed = (*done.failed, *(NotTrashed(asset, reason) for asset, reason in kept.items()))
    return Trashed(done.moved, failed)
