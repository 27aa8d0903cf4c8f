"""Wandering: from a picture to one that is near, and not the nearest.

The nearest neighbours of a picture are its variants, and their nearest is where one came from. So
the doors of a picture are taken from bands further out, and which one of a band depends on the
whole trail: the same trail always has the same doors, another one has others.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final

from app.insight.stacks import stacks

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.assets import Asset

MOST_TRAIL: Final = 40  # pictures that a link remembers
DOORS: Final = 6
NEAREST: Final = 4  # neighbours that are too near


def doors(hits: Sequence[Asset], trail: Sequence[str]) -> tuple[Asset, ...]:
    """At most DOORS neighbours, nearer ones first; `hits` are the ranked neighbours.

    `trail` is where one has been, the present picture last; it is never led back to.
    """
    been = frozenset(trail)
    fresh = [stack[0] for stack in stacks(hit for hit in hits if hit.id not in been)]
    # A small library has few neighbours: then near ones are better than none.
    further = fresh[NEAREST:] if len(fresh) >= NEAREST + DOORS else fresh[-DOORS:]
    count = min(DOORS, len(further))
    bands = (
        further[len(further) * band // count : len(further) * (band + 1) // count]
        for band in range(count)
    )
    way = "/".join(trail)
    return tuple(min(band, key=lambda asset: _hash(way, asset.id)) for band in bands)


def _hash(way: str, asset_id: str) -> bytes:
    return hashlib.blake2b(f"{way}>{asset_id}".encode(), digest_size=8).digest()


def followed(trail: Sequence[str], asset_id: str) -> tuple[str, ...]:
    """The trail one step on; its oldest steps are forgotten."""
    return (*trail, asset_id)[-MOST_TRAIL:]
