"""Examples and counter-examples -> how alike every asset is to them.

A reference is an asset of the library or a picture that came with the request. Each brings a
vector of its subject and one of its look; a reference that has no picture in it (a sound, a text)
is compared by what is written of it. Likes pull, unlikes push with less force, and all of it is
one linear score, so that a further like raises what is nearer to it above what is farther.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from library.errors import BadRequest, NotFound
from library.pictures import BadImage
from library.query import data_url

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import sqlalchemy as sa

    from library.remembered import Remembered
    from library.shelf import Floats, Shelf, Slots

PUSH = 0.5  # what an unlike weighs beside a like


@dataclass(frozen=True, slots=True)
class References:
    """What a search is steered by."""

    # (space, (width,) the weighed sum of the references' vectors, what it counts for)
    compared: Sequence[tuple[str, Floats, float]]
    own: Slots  # the references that are assets themselves: left out of the results


def references(
    connection: sa.Connection,
    shelf: Shelf,
    models: Remembered,
    *,
    like: Sequence[str],
    unlike: Sequence[str],
    ratio: float,
) -> References:
    """Resolve ids and data URLs; `ratio` as imageSemanticRatio: 1 subject, 0 look.

    Raises NotFound for an id that does not exist, BadRequest for a data URL that is no picture
    and for an asset that there is nothing to compare by.
    """
    pull: dict[str, Floats] = {}
    own: list[int] = []
    share = _share(ratio)
    for names, force in ((like, 1.0), (unlike, -PUSH)):
        if not names:
            continue
        contents = {name: data_url(name) for name in names}
        ids = [name for name, content in contents.items() if content is None]
        slots = shelf.slots_of(connection, ids)
        missing = [name for name in ids if name not in slots]
        if missing:
            raise NotFound(f"No asset with id {missing[0][:80]!r}")
        own += slots.values()
        for name, content in contents.items():
            brought = (
                _of_asset(connection, shelf, slots[name], name, share)
                if content is None
                else _of_picture(shelf, models, content)
            )
            for space, vector in brought.items():
                pull[space] = pull.get(space, np.float32(0)) + vector * np.float32(
                    force / len(names)
                )
    compared = [(name, vector, share[name]) for name, vector in pull.items() if share[name]]
    return References(compared, np.array(own, dtype=np.int64))


def _share(ratio: float) -> dict[str, float]:
    """What each space counts for; `ratio` as imageSemanticRatio."""
    return {"subject": ratio, "look": 1 - ratio, "text": 1.0}


def _of_asset(
    connection: sa.Connection, shelf: Shelf, slot: int, name: str, share: Mapping[str, float]
) -> dict[str, Floats]:
    number = int(shelf.number[slot])
    for spaces in (("subject", "look"), ("text",)):
        if any(shelf.space[space].row.rows[slot] >= 0 for space in spaces):
            found = {
                space: shelf.space[space].vector(connection, slot, number)
                for space in spaces
                if share[space]
            }
            return {space: vector for space, vector in found.items() if vector is not None}
    raise BadRequest(f"Asset {name[:80]!r} has neither a picture nor words to compare by")


def _of_picture(shelf: Shelf, models: Remembered, content: bytes) -> dict[str, Floats]:
    try:
        subject, look = models.picture(shelf.uid, content)
    except BadImage as error:
        raise BadRequest(f"The image {error}") from error
    except ValueError as error:
        raise BadRequest(f"The image cannot be read: {error}") from error
    return {
        space: shelf.space[space].comparable(vectors)[0]
        for space, vectors in (("subject", subject), ("look", look))
        if len(shelf.space[space])
    }
