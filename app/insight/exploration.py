"""Exploration: from a picture to similar ones that are not the most similar.

The most similar pictures are mostly variants, and the most similar one leads back. Suggestions are
therefore taken from bands of the ranking further down. The choice within a band depends on the
trail, so that the same trail always has the same suggestions.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final

from app.insight import variants

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.scenario.assets import Asset

MOST_TRAIL: Final = 40  # pictures in the address
SUGGESTIONS: Final = 6
TOO_SIMILAR: Final = 4  # neighbours that are skipped


def suggestions(hits: Sequence[Asset], trail: Sequence[str]) -> tuple[Asset, ...]:
    """Return at most SUGGESTIONS of the ranked neighbours `hits`, the most similar first.

    Pictures of the `trail`, whose last one is the current picture, are left out.
    """
    seen = frozenset(trail)
    stacks = [stack[0] for stack in variants.stacks(hit for hit in hits if hit.id not in seen)]
    # A small library has few neighbours: then the last ones, even if they are very similar.
    has_enough = len(stacks) >= TOO_SIMILAR + SUGGESTIONS
    further = stacks[TOO_SIMILAR:] if has_enough else stacks[-SUGGESTIONS:]
    count = min(SUGGESTIONS, len(further))
    bands = (
        further[len(further) * band // count : len(further) * (band + 1) // count]
        for band in range(count)
    )
    seed = "/".join(trail)
    return tuple(min(band, key=lambda asset: _hash(seed, asset.id)) for band in bands)


def _hash(seed: str, asset_id: str) -> bytes:
    return hashlib.blake2b(f"{seed}>{asset_id}".encode(), digest_size=8).digest()


def extended(trail: Sequence[str], asset_id: str) -> tuple[str, ...]:
    """Return the trail with one more picture; the oldest ones beyond the limit are dropped."""
    return (*trail, asset_id)[-MOST_TRAIL:]
