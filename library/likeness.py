"""Examples and counter-examples -> how alike every asset is to them.

A reference is an asset of the library or a picture that came with the request. Each brings a
vector of its subject and one of its look; a reference that has no picture in it (a sound, a text)
is compared by what is written of it. Likes pull, unlikes push with less force, and all of it is
one linear score, so that a further like raises what is nearer to it above what is farther.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from library.errors import BadRequest, NotFound
from library.query import data_url

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    import sqlalchemy as sa

    from library.index import Index
    from library.shelf import Floats, Mask, Shelf, Slots

PUSH = 0.5  # what an unlike weighs beside a like


class Embedder(Protocol):
    """What ranking asks of the models (`library.models.Models`)."""

    def embed_texts(self, texts: Sequence[str], *, query: bool = False) -> Floats:
        """(n, width) unit vectors."""

    def embed_images(self, images: Sequence[Any]) -> tuple[Floats, Floats]:
        """(n, width) subject, not centred; (n, width) look, unit length."""

    def decode(self, data: bytes) -> Any:
        """The picture in `data`; raises ValueError with a clear text."""


@dataclass(frozen=True, slots=True)
class References:
    """What a search is steered by: in each space, the weighed sum of the references' vectors."""

    pull: dict[str, Floats]  # space -> (width,)
    own: Slots  # the references that are assets themselves: left out of the results


def references(
    connection: sa.Connection,
    index: Index,
    shelf: Shelf,
    models: Embedder,
    *,
    like: Sequence[str],
    unlike: Sequence[str],
) -> References:
    """Resolve ids and data URLs.

    Raises NotFound for an id that does not exist, BadRequest for a data URL that is no picture
    and for an asset that there is nothing to compare by.
    """
    pull: dict[str, Floats] = {}
    own: list[int] = []
    for names, force in ((like, 1.0), (unlike, -PUSH)):
        ids = [name for name in names if data_url(name) is None]
        numbers = index.numbers(connection, ids)
        missing = [name for name in ids if name not in numbers]
        if missing:
            raise NotFound(f"No asset with id {missing[0][:80]!r}")
        for name in names:
            content = data_url(name)
            if content is None:
                slot = int(shelf.slots([numbers[name]])[0])
                own.append(slot)
                brought = _of_asset(shelf, slot, name)
            else:
                brought = _of_picture(shelf, models, content)
            for space, vector in brought.items():
                pull[space] = pull.get(space, 0) + vector * (force / len(names))
    return References(pull, np.array(own, dtype=np.int64))


def likeness(shelf: Shelf, found: References, ratio: float) -> tuple[Floats, Mask]:
    """(slots,) scores, and which slots have anything to compare.

    `ratio` is imageSemanticRatio: 1 subject, 0 look.
    """
    share = {"subject": ratio, "look": 1 - ratio, "text": 1.0}
    scores = np.zeros(len(shelf.number), dtype=np.float32)
    comparable = np.zeros(len(shelf.number), dtype=np.bool_)
    for name, vector in found.pull.items():
        if share[name]:
            cosines = shelf.space[name].cosines(vector)
            comparable |= ~np.isnan(cosines)
            scores += np.nan_to_num(cosines) * np.float32(share[name])
    comparable[found.own] = False
    return scores, comparable


def _of_asset(shelf: Shelf, slot: int, name: str) -> dict[str, Floats]:
    spaces: tuple[str, ...] = ("subject", "look")
    if shelf.space["subject"].row[slot] < 0:
        spaces = ("text",)
    brought = {
        space: shelf.space[space].unit[shelf.space[space].row[slot]]
        for space in spaces
        if shelf.space[space].row[slot] >= 0
    }
    if not brought:
        raise BadRequest(f"Asset {name[:80]!r} has neither a picture nor words to compare by")
    return brought


def _of_picture(shelf: Shelf, models: Embedder, content: bytes) -> dict[str, Floats]:
    try:
        picture = models.decode(content)
    except ValueError as error:
        raise BadRequest(f"The image cannot be read: {error}") from error
    subject, look = models.embed_images([picture])
    brought: dict[str, Floats] = {}
    for space, vectors in (("subject", subject), ("look", look)):
        if len(shelf.space[space].slot):
            brought[space] = shelf.space[space].comparable(vectors)[0]
    return brought
