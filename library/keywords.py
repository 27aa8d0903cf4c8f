"""Words of a query -> scores.

Each word of the query becomes a group of alternatives: the word itself, its completions when it
is the last, words of the library one or two typing errors away, its two halves, or the word it
makes with its neighbour. A document's score for a group is its best alternative's bm25 impact,
discounted for what was forgiven, times what the group tells; so a word that is found through a
typo never outweighs the word itself for being rarer. The scores of the groups add up. An error in
the first letter is forgiven too, and counts as one more: few people make it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from itertools import pairwise
from math import log
from typing import TYPE_CHECKING

import numpy as np
import sqlalchemy as sa
from rapidfuzz import process
from rapidfuzz.distance import OSA

from library.analysis import tells
from library.fields import WEIGHTS
from library.wording import MOST

if TYPE_CHECKING:
    from collections.abc import Sequence

    from library.analysis import Word
    from library.postings import Postings, Segment
    from library.shelf import Floats, Mask, Shelf, Slots
    from library.wording import Phrase, Wording

ENOUGH = 20  # assets with all words; with fewer, the least telling words are dropped
VARIANTS_MOST = 12  # mistyped forms of one word
REMEMBERED = 4096  # words whose mistyped forms are kept
PREFIX_LEAST = 2  # letters of a last word before its completions count
COMPLETED = 0.9  # what a completion counts for beside the word itself
MISTYPED = 0.6  # the same for one typing error; squared for two
GUESSED = MISTYPED**2  # a word that is found by no more than this is dropped before the others
APART = 0.8  # the same for a word cut in two or joined


class Kind(Enum):
    """How an alternative is looked up."""

    WORD = "word"
    PREFIX = "prefix"
    PHRASE = "phrase"  # words in a row; only the FTS5 table knows their places


@dataclass(frozen=True, slots=True)
class Alternative:
    """One thing that may stand for a word of the query."""

    text: str
    kind: Kind = Kind.WORD
    counts: float = 1.0


@dataclass(frozen=True, slots=True)
class Found:
    """Matching slots and their scores, higher is better."""

    slots: Slots
    scores: Floats
    sure: float = 1.0  # what the best of it counts for: 1 where all words are as they were typed


@dataclass(frozen=True, slots=True)
class Group:
    """What may stand for one word of the query."""

    alternatives: list[Alternative]
    telling: bool  # no function word


def search(connection: sa.Connection, shelf: Shelf, wording: Wording, mask: Mask) -> Found:
    """The slots within `mask` that have what is wanted, scored.

    Phrases have to be there. Of the other words all are wanted, too: when fewer than `ENOUGH`
    assets have them all, words are dropped from the least telling, that is, function words, those
    that are guessed, then the one that most assets have; whoever has more of the telling words goes
    first. A word that no asset has is left out from the beginning, and nothing is found by function
    words alone where anything else was asked for. `wording.without` is for `without`.
    """
    rows = [_row(connection, shelf, phrase, mask) for phrase in wording.phrases]
    if not all(len(found.slots) for found in rows):
        return _nothing()
    loose = wording.loose
    if len(loose) > MOST:  # of a long text, the words that tell
        loose = tuple(word for word in loose if tells(word)) or loose
    groups = _groups(loose[:MOST], shelf.postings)
    found_by = [(group, _scored(connection, shelf, group, mask)) for group in groups]
    found_by = [(group, found) for group, found in found_by if len(found.slots)]
    asked = rows or any(group.telling for group in groups)
    if asked and not (rows or any(group.telling for group, _ in found_by)):
        return _nothing()
    found_by.sort(
        key=lambda pair: (not pair[0].telling, pair[1].sure <= GUESSED, len(pair[1].slots))
    )
    scored = [*sorted(rows, key=lambda f: len(f.slots)), *(found for _, found in found_by)]
    if not scored:
        return _nothing()
    # Only assets with the most telling word can have the telling words in a row.
    slots = scored[0].slots
    held = np.ones(len(slots), dtype=np.int32)
    total = scored[0].scores.copy()
    for wanted, found in enumerate(scored[1:], start=1):
        place = np.searchsorted(found.slots, slots)
        place[place == len(found.slots)] = 0
        has = found.slots[place] == slots
        total[has] += found.scores[place[has]]
        held += has & (held == wanted)
    wanted = len(scored)
    while wanted > max(1, len(rows)) and np.count_nonzero(held >= wanted) < ENOUGH:
        wanted -= 1
    kept = held >= wanted
    if not kept.any():  # the phrases are there, and nowhere together
        return _nothing()
    slots, tier, total = slots[kept], held[kept] - wanted, total[kept]
    highest = float(total.max()) or 1.0
    most = wanted + int(tier.max()) - len(rows)
    told = [found.sure for group, found in found_by[:most] if group.telling or not asked]
    words = len(rows) + sum(group.telling or not asked for group in groups)
    return Found(
        slots,
        tier.astype(np.float32) + total / np.float32(highest * 1.001),
        (len(rows) + sum(told)) / words,
    )


def without(connection: sa.Connection, shelf: Shelf, wording: Wording, mask: Mask) -> Mask:
    """`mask` without the slots that have what is not wanted, word for word."""
    left = mask
    for phrase in wording.without:
        if left is mask:
            left = mask.copy()
        left[_having(connection, shelf, phrase)] = False
    return left


def _nothing() -> Found:
    return Found(np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.float32))


def _having(connection: sa.Connection, shelf: Shelf, phrase: Phrase) -> Slots:
    """The slots that have these words in a row, exactly; rising."""
    each = [_looked_up(shelf, Alternative(word)).slots for word in dict.fromkeys(phrase)]
    if len(phrase) == 1 or not all(len(slots) for slots in each):
        return min(each, key=len)
    return _phrase(connection, shelf, Alternative(" ".join(phrase), Kind.PHRASE)).slots


def _row(connection: sa.Connection, shelf: Shelf, phrase: Phrase, mask: Mask) -> Found:
    """The slots within `mask` with these words in a row, scored by what the words weigh there."""
    slots = _having(connection, shelf, phrase)
    weight = _idf(len(shelf.number), len(slots))
    slots = slots[mask[slots]]
    scores = np.zeros(len(slots), dtype=np.float32)
    for word in dict.fromkeys(phrase):
        found = _looked_up(shelf, Alternative(word))
        if len(found.slots):
            place = np.minimum(np.searchsorted(found.slots, slots), len(found.slots) - 1)
            scores += np.where(found.slots[place] == slots, found.scores[place], 0)
    return Found(slots, scores * np.float32(weight))


def typos(word: str) -> int:
    """Errors forgiven in a word of this length; a number is never mistyped."""
    if word.isdecimal() or len(word) < 5:
        return 0
    return 1 if len(word) < 9 else 2


def _scored(connection: sa.Connection, shelf: Shelf, among: Group, mask: Mask) -> Found:
    """Each slot's best alternative, slots rising."""
    group = among.alternatives
    parts = [
        _phrase(connection, shelf, alternative)
        if alternative.kind is Kind.PHRASE
        else _looked_up(shelf, alternative)
        for alternative in group
    ]
    # One weight for all alternatives, so that none is ahead of the word for being rarer.
    weight = np.float32(_idf(len(shelf.number), max(len(part.slots) for part in parts)))
    within = [mask[part.slots] for part in parts]
    found = Found(
        np.concatenate([part.slots[held] for part, held in zip(parts, within, strict=True)]),
        np.concatenate([part.scores[held] for part, held in zip(parts, within, strict=True)])
        * weight,
        max((a.counts for a, held in zip(group, within, strict=True) if held.any()), default=0.0),
    )
    alone = len(group) == 1 and group[0].kind is not Kind.PREFIX
    return found if alone else _best(found)


def _best(found: Found) -> Found:
    """Each slot once, with its highest score, slots rising."""
    if not len(found.slots):
        return found
    order = np.argsort(found.slots, kind="stable")
    slots, scores = found.slots[order], found.scores[order]
    first = np.flatnonzero(np.diff(slots, prepend=-1))
    return replace(found, slots=slots[first], scores=np.maximum.reduceat(scores, first))


def _looked_up(shelf: Shelf, alternative: Alternative) -> Found:
    """The slots with a word, or with any completion of it, and its impacts there."""
    slots = [np.zeros(0, dtype=np.int64)]
    impacts = [np.zeros(0, dtype=np.float32)]
    for segment in shelf.postings:
        place = _place(segment, alternative)
        slots.append(segment.slots[place].astype(np.int64))
        impacts.append(segment.impacts[place].astype(np.float32))
    return Found(np.concatenate(slots), np.concatenate(impacts) * np.float32(alternative.counts))


def _place(segment: Segment, alternative: Alternative) -> slice:
    if alternative.kind is Kind.PREFIX:
        return segment.completions(alternative.text)
    return segment.word(alternative.text)


def _idf(assets: int, have: int) -> float:
    """What a word tells, a little even when every asset has it (as Lucene's BM25)."""
    return log(1 + (max(0, assets - have) + 0.5) / (have + 0.5))


_COLUMNS = "{" + " ".join(WEIGHTS) + "} : "
_MATCH = sa.text("SELECT rowid FROM words WHERE words MATCH :expression ORDER BY rowid")


def _phrase(connection: sa.Connection, shelf: Shelf, alternative: Alternative) -> Found:
    """The slots with these words in a row."""
    expression = f'{_COLUMNS}"{alternative.text}"'
    rows = connection.execute(_MATCH, {"expression": expression}).scalars().all()
    slots = shelf.slots(rows)
    return Found(slots, np.full(len(slots), alternative.counts, dtype=np.float32))


def _groups(found: Sequence[Word], postings: Postings) -> list[Group]:
    """The query's words with their alternatives; a run of single characters is one phrase."""
    groups: list[Group] = []
    run: list[str] = []
    for place, word in enumerate(found):
        last = place + 1 == len(found)
        if not word.single:
            groups.append(Group(_alternatives(word.text, postings, last=last), tells(word)))
            continue
        run.append(word.text)
        if last or not found[place + 1].single:
            kind = Kind.PHRASE if len(run) > 1 else Kind.WORD
            groups.append(Group([Alternative(" ".join(run), kind)], telling=True))
            run = []
    if len(groups) == len(found):
        # `sand castle` also asks for `sandcastle`, in place of either word.
        for place, (left, right) in enumerate(pairwise(found)):
            joined = left.text + right.text
            if _have(postings, joined):
                groups[place].alternatives.append(Alternative(joined, counts=APART))
                groups[place + 1].alternatives.append(Alternative(joined, counts=APART))
    return groups


def _have(postings: Postings, word: str, kind: Kind = Kind.WORD) -> int:
    """How many entries the postings have for a word."""
    places = (_place(segment, Alternative(word, kind)) for segment in postings)
    return sum(place.stop - place.start for place in places)


def _alternatives(word: str, postings: Postings, *, last: bool) -> list[Alternative]:
    """What may stand for one word of the query."""
    found = [Alternative(word)]
    have = _have(postings, word)
    if last and len(word) >= PREFIX_LEAST:
        found.append(Alternative(word, Kind.PREFIX, COMPLETED))
        have = max(have, _have(postings, word, Kind.PREFIX))
    for cut in range(2, len(word) - 1) if len(word) >= 5 else ():
        left, right = word[:cut], word[cut:]
        if _have(postings, left) and _have(postings, right):
            found.append(Alternative(f"{left} {right}", Kind.PHRASE, APART))
    # A word that many assets have is no mistake.
    if have < ENOUGH:
        found += _mistyped(word, postings)
    return found


def _near(segment: Segment, word: str) -> list[tuple[str, int]]:
    """Words of a segment within the errors that `word` is forgiven, and how many count."""
    if word in segment.near:
        return segment.near[word]
    allowed = typos(word)
    found: list[tuple[str, int]] = []
    for length in range(len(word) - allowed, len(word) + allowed + 1):
        near = process.extract(
            word,
            segment.by_length.get(length, ()),
            scorer=OSA.distance,
            score_cutoff=allowed,
            limit=VARIANTS_MOST + 1,
        )
        found += [
            (term, int(distance) + (term[0] != word[0])) for term, distance, _ in near if distance
        ]
    if len(segment.near) >= REMEMBERED:
        segment.near.clear()
    segment.near[word] = sorted(found, key=lambda near: near[1])[:VARIANTS_MOST]
    return segment.near[word]


def _mistyped(word: str, postings: Postings) -> list[Alternative]:
    if not typos(word):
        return []
    near = {term: errors for segment in postings for term, errors in _near(segment, word)}
    nearest = sorted(near.items(), key=lambda pair: pair[1])[:VARIANTS_MOST]
    return [Alternative(term, counts=MISTYPED**errors) for term, errors in nearest]
