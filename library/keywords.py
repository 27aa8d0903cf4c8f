"""Words of a query -> scores, through FTS5's bm25.

Each word of the query becomes a group of alternatives: the word itself, its prefix completions
when it is the last, words of the library one or two typing errors away, its two halves, or the
word it makes with its neighbour. Each alternative is one FTS5 expression with its own bm25, and a
document's score for a group is the best of them, discounted for what was forgiven. A group that
is a typo thus never outweighs the word itself for being rarer.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import sqlalchemy as sa
from rapidfuzz import process
from rapidfuzz.distance import OSA

from library.analysis import words
from library.fields import WEIGHTS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from library.analysis import Word
    from library.shelf import Floats, Mask, Shelf, Slots

ENOUGH = 20  # assets with all words; with fewer, the least telling words are dropped
GROUPS_MOST = 16  # words of a query that are looked up
VARIANTS_MOST = 12  # typing errors forgiven in one word
PREFIX_LEAST = 2  # letters of a last word before its completions count
_PREFIX = 0.9  # what a completion counts for beside the word itself
_TYPO = 0.6  # the same for one typing error; squared for two
_SPLIT = 0.8  # the same for a word cut in two or joined

_COLUMNS = "{" + " ".join(WEIGHTS) + "} : "
_MATCH = sa.text(
    f"SELECT rowid, bm25(words, {', '.join(str(w) for w in WEIGHTS.values())}, 0, 0) "  # noqa: S608 - constants
    "FROM words WHERE words MATCH :expression"
)


@dataclass(frozen=True, slots=True)
class Group:
    """Alternatives for one word of the query: FTS5 expression -> what it counts for."""

    alternatives: Mapping[str, float]
    span: int = 1  # words of the query that it stands for


@dataclass(frozen=True, slots=True)
class Found:
    """Matching slots and their scores, higher is better."""

    slots: Slots
    scores: Floats


def typos(word: str) -> int:
    """Errors forgiven in a word of this length; a number is never mistyped."""
    if word.isdecimal():
        return 0
    return 0 if len(word) < 5 else 1 if len(word) < 9 else 2


def search(
    connection: sa.Connection, shelf: Shelf, query: str, terms: Mapping[str, int], mask: Mask
) -> Found:
    """The slots within `mask` that have the query's words, scored.

    `terms` is the library's vocabulary: word -> assets that have it.
    """
    groups = _groups(list(words(query))[:GROUPS_MOST], terms)
    scored = [_scored(connection, shelf, group, mask) for group in groups]
    if not scored:
        nothing = np.zeros(0, dtype=np.int64)
        return Found(nothing, nothing.astype(np.float32))
    # The most telling first: those that the fewest assets have.
    scored.sort(key=lambda found: len(found.slots))
    present = [found for found in scored if len(found.slots)] or scored[:1]
    # A word that no asset has tells nothing that could be asked of an asset.
    total = np.zeros(len(shelf.number), dtype=np.float32)
    held = np.zeros(len(shelf.number), dtype=np.int8)
    unbroken = np.ones(len(shelf.number), dtype=np.bool_)
    for found in present:
        has = np.zeros(len(shelf.number), dtype=np.bool_)
        has[found.slots] = True
        unbroken &= has
        held += unbroken
        total[found.slots] += found.scores
    wanted = len(present)
    while wanted > 1 and np.count_nonzero(held >= wanted) < ENOUGH:
        wanted -= 1
    slots = np.flatnonzero(held >= wanted)
    # Whoever has more of the telling words goes first, whatever the bm25.
    tier = held[slots] - wanted
    highest = float(total.max(initial=0.0)) or 1.0
    return Found(slots, tier.astype(np.float32) + total[slots] / (highest * 1.001))


def _scored(connection: sa.Connection, shelf: Shelf, group: Group, mask: Mask) -> Found:
    """Each slot's best alternative."""
    best = np.zeros(len(shelf.number), dtype=np.float32)
    for expression, counts in group.alternatives.items():
        rows = connection.execute(_MATCH, {"expression": _COLUMNS + expression}).all()
        if rows:
            table = np.array(rows, dtype=np.float64)
            known = np.isin(table[:, 0], shelf.number)
            slots = shelf.slots(table[known, 0].astype(np.int64))
            scores = np.maximum(-table[known, 1] * counts, 1e-9).astype(np.float32)
            best[slots] = np.maximum(best[slots], scores)
    best[~mask] = 0
    slots = np.flatnonzero(best)
    return Found(slots, best[slots])


def _quoted(text: str) -> str:
    return f'"{text}"'


def _groups(found: Sequence[Word], terms: Mapping[str, int]) -> list[Group]:
    """The query's words with their alternatives; a run of single characters is one phrase."""
    groups: list[Group] = []
    run = ""
    for place, word in enumerate(found):
        if word.single:
            run += word.text + " "
            if place + 1 == len(found) or not found[place + 1].single:
                groups.append(Group({_quoted(run.strip()): 1.0}))
                run = ""
            continue
        groups.append(Group(_alternatives(word.text, terms, last=place + 1 == len(found))))
    return _with_joined(found, groups, terms)


def _alternatives(word: str, terms: Mapping[str, int], *, last: bool) -> dict[str, float]:
    """What may stand for one word."""
    found = {_quoted(word): 1.0}
    if last and len(word) >= PREFIX_LEAST:
        found[_quoted(word) + " *"] = _PREFIX
    if len(word) >= 5:
        for cut in range(2, len(word) - 1):
            left, right = word[:cut], word[cut:]
            if left in terms and right in terms:
                found[_quoted(f"{left} {right}")] = _SPLIT
    allowed = typos(word)
    if allowed:
        near = process.extract(
            word,
            terms.keys(),
            scorer=OSA.distance,
            score_cutoff=allowed,
            limit=VARIANTS_MOST + 1,
        )
        for term, distance, _ in near:
            if distance:
                found.setdefault(_quoted(term), _TYPO**distance)
    return found


def _with_joined(
    found: Sequence[Word], groups: list[Group], terms: Mapping[str, int]
) -> list[Group]:
    """`sand castle` also asks for `sandcastle`, in place of either word."""
    if len(groups) != len(found):
        return groups
    joined = list(groups)
    for place, (left, right) in enumerate(pairwise(found)):
        word = left.text + right.text
        if word in terms:
            for side in (place, place + 1):
                joined[side] = Group({**joined[side].alternatives, _quoted(word): _SPLIT})
    return joined
