"""The rows of a provenance sheet: what assets state, with the names of parents and models."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.insight.provenance import gaps_first, provenance

if TYPE_CHECKING:
    from collections.abc import Iterable

    from app.insight.provenance import Provenance
    from app.scenario.assets import Asset
    from app.services.catalog import Catalog
    from app.services.labels import Labels


@dataclass(frozen=True, slots=True)
class Sheet:
    """A provenance sheet, the rows with the most gaps first."""

    title: str
    rows: tuple[Provenance, ...]
    note: str = ""  # what is not in the sheet; empty for a complete one


def sheet(
    title: str, assets: Iterable[Asset], catalog: Catalog, labels: Labels, *, most: int
) -> Sheet:
    """Return the sheet of the first `most` assets, with a note where there are more.

    Raises UpstreamError.
    """
    taken = list(itertools.islice(assets, most + 1))
    by_id = {asset.id: asset for asset in taken[:most]}
    note = f"The sheet has the first {most} assets only." if len(taken) > most else ""
    parents = {each for asset in by_id.values() for each in asset.parents}
    known = by_id | catalog.assets(parents - by_id.keys())
    models = {
        each
        for asset in by_id.values()
        for each in (asset.metadata.modelId, asset.metadata.baseModelId)
        if each
    }
    names = labels.models(models)
    rows = (provenance(asset, known, names) for asset in by_id.values())
    return Sheet(title, gaps_first(rows), note)
