"""Examples and counter-examples -> query vectors.

A reference is an asset of the library or an image that the request contains. Each has a vector of
its subject and one of its look; a reference without an image (a sound, a text) is compared by the
vector of its words. Likes attract, unlikes repel with less weight, and all of it is one linear
score, so a further like ranks assets similar to it higher.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from library.errors import BadRequest, NotFound
from library.formats.images import BadImage
from library.query.search_query import data_url

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import sqlalchemy as sa

    from library.reader.snapshot import Floats, Slots, Snapshot
    from library.search.embedding_cache import EmbeddingCache

UNLIKE_WEIGHT = 0.5  # of an unlike, relative to a like


@dataclass(frozen=True, slots=True)
class References:
    """What assets are compared with."""

    # (space, (width,) the weighted sum of the references' vectors, its share of the score)
    compared: Sequence[tuple[str, Floats, float]]
    own: Slots  # the references that are assets themselves, which are no hits


def resolve_references(
    connection: sa.Connection,
    snapshot: Snapshot,
    models: EmbeddingCache,
    *,
    like: Sequence[str],
    unlike: Sequence[str],
    ratio: float,
) -> References:
    """Resolve ids and data URLs; `ratio` as imageSemanticRatio: 1 subject, 0 look.

    Raises NotFound for an unknown id, BadRequest for a data URL that is not an image and for an
    asset that has nothing to compare.
    """
    sums: dict[str, Floats] = {}
    own: list[int] = []
    shares = _shares(ratio)
    for names, weight in ((like, 1.0), (unlike, -UNLIKE_WEIGHT)):
        if not names:
            continue
        contents = {name: data_url(name) for name in names}
        ids = [name for name, content in contents.items() if content is None]
        slots = snapshot.slots_of(connection, ids)
        missing = [name for name in ids if name not in slots]
        if missing:
            raise NotFound(f"No asset with id {missing[0][:80]!r}")
        own += slots.values()
        for name, content in contents.items():
            vectors = (
                _of_asset(connection, snapshot, slots[name], name, shares)
                if content is None
                else _of_image(snapshot, models, content)
            )
            for space, vector in vectors.items():
                sums[space] = sums.get(space, np.float32(0)) + vector * np.float32(
                    weight / len(names)
                )
    compared = [(name, vector, shares[name]) for name, vector in sums.items() if shares[name]]
    return References(compared, np.array(own, dtype=np.int64))


def _shares(ratio: float) -> dict[str, float]:
    """Return the share of each space in the score; `ratio` as imageSemanticRatio."""
    return {"subject": ratio, "look": 1 - ratio, "text": 1.0}


def _of_asset(
    connection: sa.Connection,
    snapshot: Snapshot,
    slot: int,
    name: str,
    shares: Mapping[str, float],
) -> dict[str, Floats]:
    number = int(snapshot.number[slot])
    for spaces in (("subject", "look"), ("text",)):
        if any(snapshot.spaces[space].row.rows[slot] >= 0 for space in spaces):
            vectors = {
                space: snapshot.spaces[space].vector(connection, slot, number)
                for space in spaces
                if shares[space]
            }
            return {space: vector for space, vector in vectors.items() if vector is not None}
    raise BadRequest(
        f"Asset {name[:80]!r} has neither an image nor words, so nothing can be compared with it"
    )


def _of_image(snapshot: Snapshot, models: EmbeddingCache, content: bytes) -> dict[str, Floats]:
    try:
        subject, look = models.image(snapshot.uid, content)
    except BadImage as error:
        raise BadRequest(f"The image {error}") from error
    except ValueError as error:
        raise BadRequest(f"The image cannot be read: {error}") from error
    return {
        space: snapshot.spaces[space].comparable(vectors)[0]
        for space, vectors in (("subject", subject), ("look", look))
        if len(snapshot.spaces[space])
    }
