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

    from library.shelf import Floats, Shelf, Slots

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
        contents = {name: data_url(name) for name in names}
        ids = [name for name, content in contents.items() if content is None]
        slots = shelf.slots_of(connection, ids)
        missing = [name for name in ids if name not in slots]
        if missing:
            raise NotFound(f"No asset with id {missing[0][:80]!r}")
        own += slots.values()
        for name, content in contents.items():
            brought = (
                _of_asset(connection, shelf, slots[name], name)
                if content is None
                else _of_picture(shelf, models, content)
            )
            for space, vector in brought.items():
                pull[space] = pull.get(space, np.float32(0)) + vector * np.float32(
                    force / len(names)
                )
    return References(pull, np.array(own, dtype=np.int64))


def shares(found: References, ratio: float) -> list[tuple[str, Floats, float]]:
    """(space, vector, share) of what is compared; `ratio` as imageSemanticRatio: 1 subject."""
    share = {"subject": ratio, "look": 1 - ratio, "text": 1.0}
    return [(name, vector, share[name]) for name, vector in found.pull.items() if share[name]]


def _of_asset(connection: sa.Connection, shelf: Shelf, slot: int, name: str) -> dict[str, Floats]:
    number = int(shelf.number[slot])
    brought: dict[str, Floats] = {}
    for spaces in (("subject", "look"), ("text",)):
        for space in spaces:
            vector = shelf.space[space].vector(connection, slot, number)
            if vector is not None:
                brought[space] = vector
        if brought:
            return brought
    raise BadRequest(f"Asset {name[:80]!r} has neither a picture nor words to compare by")


def _of_picture(shelf: Shelf, models: Embedder, content: bytes) -> dict[str, Floats]:
    try:
        picture = models.decode(content)
    except ValueError as error:
        raise BadRequest(f"The image cannot be read: {error}") from error
    subject, look = models.embed_images([picture])
    return {
        space: shelf.space[space].comparable(vectors)[0]
        for space, vectors in (("subject", subject), ("look", look))
        if len(shelf.space[space])
    }
