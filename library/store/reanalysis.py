"""Words of assets that an earlier analysis of text made: made again, without reading files.

Runs when a library is opened, in transactions of some hundred assets, and only writes the assets
whose words are others now. A process that is killed in between leaves the rest to the next one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import sqlalchemy as sa

from library.schema import text_analysis
from library.store.batches import rewrite, with_other_words
from library.store.tables import assets
from library.store.writes import advance, put_meta

if TYPE_CHECKING:
    from library.store.index import Index

_ANALYSIS: Final = "analysis"  # in meta: the version of the analysis that made all words
_CHUNK: Final = 500  # assets in one transaction


def reanalyse(index: Index) -> None:
    """Make the words of all assets as this version of the analysis does. Raises DatabaseError."""
    if index.meta(_ANALYSIS) == str(text_analysis.VERSION):
        return
    last = 0
    by_number = sa.select(assets.c.number).order_by(assets.c.number).limit(_CHUNK)
    while True:
        with index.writing() as connection:
            numbers = connection.execute(by_number.where(assets.c.number > last)).scalars().all()
            if not numbers:
                put_meta(connection, _ANALYSIS, str(text_analysis.VERSION))
                return
            last = numbers[-1]
            other = with_other_words(connection, numbers)
            if other:
                rewrite(connection, other, index.decisions)
                advance(connection)
