"""Words of a query -> scores.

A document's score for a word is its best alternative's (`alternatives`) bm25 impact, times a
discount for an alternative that is not the word itself, times the group's inverse document
frequency. The frequency is that of the whole group, so a rare misspelling never outweighs the word
itself. The scores of the groups add up. Assets that have whole words rank above those that have
only parts of words or guesses.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import reduce
from math import log
from typing import TYPE_CHECKING

import numpy as np

from library.query.query_text import TERMS_MOST
from library.schema.fields import WEIGHTS
from library.schema.text_analysis import is_content_word
from library.search.alternatives import ENOUGH, MISTYPED, Alternative, Kind, entries, groups
from library.store.backends.phrases import WordRun, assets_with

if TYPE_CHECKING:
    from collections.abc import Sequence

    import sqlalchemy as sa
    from numpy.typing import NDArray

    from library.query.query_text import Phrase, QueryText
    from library.reader.snapshot import Floats, Mask, Slots, Snapshot
    from library.search.alternatives import Group

GUESSED = MISTYPED**2  # a word with matches of this discount at most is dropped before others


@dataclass(frozen=True, slots=True)
class Matches:
    """Matching slots and their scores, higher is better."""

    slots: Slots
    scores: Floats
    whole: Mask  # (matches,) those with whole words, no parts of words and no guesses
    certainty: float = 1.0  # the discount of the best match: 1 where all words are as typed


def search(
    connection: sa.Connection,
    snapshot: Snapshot,
    text: QueryText,
    mask: Mask,
    *,
    exact: bool = False,
) -> Matches:
    """Return the slots within `mask` that match the query's text, scored.

    Phrases are required. Of the other words all are required, too: when fewer than `ENOUGH`
    assets have them all, words are dropped, the least significant first: function words, then
    words of which only guesses match, then the most frequent. Assets with more of the significant
    words rank higher. A word that no asset has is ignored, and function words alone match nothing
    where the query has other words. With `exact`, nothing is dropped but function words, nothing
    is ignored, and nothing is guessed. `text.excluded` is for `exclude`.
    """
    phrases = [_phrase_scores(connection, snapshot, phrase, mask) for phrase in text.phrases]
    if not all(len(matches.slots) for matches in phrases):
        return _no_matches()
    loose = text.loose
    if len(loose) > TERMS_MOST:  # of a long text, the significant words
        loose = tuple(word for word in loose if is_content_word(word)) or loose
    words = groups(loose[:TERMS_MOST], snapshot.postings)
    if exact:
        required_words = [group for group in words if not group.is_function]
        words = [each.exact(snapshot.postings) for each in required_words or words]
    matched = [(group, _group_scores(connection, snapshot, group, mask)) for group in words]
    if exact and not all(len(matches.slots) for _, matches in matched):
        return _no_matches()
    matched = [(group, matches) for group, matches in matched if len(matches.slots)]
    has_significant = phrases or any(group.is_significant for group in words)
    if has_significant and not (phrases or any(group.is_significant for group, _ in matched)):
        return _no_matches()
    matched.sort(
        key=lambda pair: (
            not pair[0].is_significant,
            pair[1].certainty <= GUESSED,
            len(pair[1].slots),
        )
    )
    required = [
        *sorted(phrases, key=lambda matches: len(matches.slots)),
        *(matches for _, matches in matched),
    ]
    if not required:
        return _no_matches()
    slots, prefix, total, whole = _combined(required)
    least = len(required)  # terms that a hit has
    while not exact and least > max(1, len(phrases)) and np.count_nonzero(prefix >= least) < ENOUGH:
        least -= 1
    is_hit = prefix >= least
    if not is_hit.any():  # each phrase has matches, and no asset has all
        return _no_matches()
    slots, total, whole = slots[is_hit], total[is_hit], whole[is_hit]
    tier = prefix[is_hit] - least
    highest = float(total.max()) or 1.0
    # The certainty is that of the words of the best tier; a word without matches counts as 0.
    used = matched[: least + int(tier.max()) - len(phrases)]
    counted = [
        matches.certainty for group, matches in used if group.is_significant or not has_significant
    ]
    terms = len(phrases) + sum(group.is_significant or not has_significant for group in words)
    within_tier = (whole + total / np.float32(highest * 1.001)) / 2
    return Matches(
        slots,
        (tier + within_tier).astype(np.float32),
        whole,
        (len(phrases) + sum(counted)) / terms,
    )


def _combined(required: Sequence[Matches]) -> tuple[Slots, NDArray[np.int32], Floats, Mask]:
    """Return the slots with the first term, and for each of them three values.

    How many of the first terms it has, the sum of its scores, and whether it has whole words.

    A slot that has the first, second and fourth term has two of the first ones. Assets without the
    first term, the most significant, cannot have more.
    """
    slots = required[0].slots
    prefix = np.ones(len(slots), dtype=np.int32)
    total = required[0].scores.copy()
    whole = required[0].whole.copy()
    for count, matches in enumerate(required[1:], start=1):
        position = np.searchsorted(matches.slots, slots)
        position[position == len(matches.slots)] = 0
        has = matches.slots[position] == slots
        total[has] += matches.scores[position[has]]
        whole[has] &= matches.whole[position[has]]
        prefix += has & (prefix == count)
    return slots, prefix, total, whole


def exclude(connection: sa.Connection, snapshot: Snapshot, text: QueryText, mask: Mask) -> Mask:
    """Return `mask` without the slots that have an excluded word or phrase, exactly as typed."""
    left = mask
    for phrase in text.excluded:
        if left is mask:
            left = mask.copy()
        left[_phrase_slots(connection, snapshot, phrase)] = False
    return left


def _no_matches() -> Matches:
    return _matches(np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.float32))


def _matches(slots: Slots, scores: Floats, alternative: Alternative | None = None) -> Matches:
    """Return the matches of one alternative, or of words as they were typed."""
    is_whole = alternative is None or alternative.is_whole
    return Matches(slots, scores, np.full(len(slots), is_whole))


def _phrase_slots(connection: sa.Connection, snapshot: Snapshot, phrase: Phrase) -> Slots:
    """Return the slots that have exactly these adjacent words, ascending."""
    each = [_look_up(snapshot, Alternative(word)).slots for word in dict.fromkeys(phrase)]
    if len(phrase) == 1 or not all(len(slots) for slots in each):
        return min(each, key=len)
    return _look_up_phrase(connection, snapshot, Alternative(" ".join(phrase), Kind.PHRASE)).slots


def _phrase_scores(
    connection: sa.Connection, snapshot: Snapshot, phrase: Phrase, mask: Mask
) -> Matches:
    """Return the slots within `mask` with the phrase, scored by the impacts of its words."""
    slots = _phrase_slots(connection, snapshot, phrase)
    weight = _idf(len(snapshot.number), len(slots))
    slots = slots[mask[slots]]
    scores = np.zeros(len(slots), dtype=np.float32)
    for word in dict.fromkeys(phrase):
        matches = _look_up(snapshot, Alternative(word))
        if len(matches.slots):
            position = np.minimum(np.searchsorted(matches.slots, slots), len(matches.slots) - 1)
            scores += np.where(matches.slots[position] == slots, matches.scores[position], 0)
    return _matches(slots, scores * np.float32(weight))


def _group_scores(
    connection: sa.Connection, snapshot: Snapshot, group: Group, mask: Mask
) -> Matches:
    """Return each slot's best alternative, slots ascending."""
    alternatives = group.alternatives
    parts = [
        _look_up_phrase(connection, snapshot, alternative)
        if alternative.kind is Kind.PHRASE
        else _look_up(snapshot, alternative)
        for alternative in alternatives
    ]
    # One weight for all alternatives, so that none outweighs the word for being rarer.
    weight = np.float32(_idf(len(snapshot.number), max(len(part.slots) for part in parts)))
    within = [mask[part.slots] for part in parts]
    matches = Matches(
        np.concatenate([part.slots[has] for part, has in zip(parts, within, strict=True)]),
        np.concatenate([part.scores[has] for part, has in zip(parts, within, strict=True)])
        * weight,
        np.concatenate([part.whole[has] for part, has in zip(parts, within, strict=True)]),
        max(
            (each.discount for each, has in zip(alternatives, within, strict=True) if has.any()),
            default=0.0,
        ),
    )
    is_sorted = len(alternatives) == 1 and alternatives[0].kind is not Kind.PREFIX
    return matches if is_sorted else _best_of_each_slot(matches)


def _best_of_each_slot(matches: Matches) -> Matches:
    """Return each slot once, with its highest score, slots ascending."""
    if not len(matches.slots):
        return matches
    order = np.argsort(matches.slots, kind="stable")
    slots, scores = matches.slots[order], matches.scores[order]
    first = np.flatnonzero(np.diff(slots, prepend=-1))
    return replace(
        matches,
        slots=slots[first],
        scores=np.maximum.reduceat(scores, first),
        whole=np.logical_or.reduceat(matches.whole[order], first),
    )


def _look_up(snapshot: Snapshot, alternative: Alternative) -> Matches:
    """Return the slots with a word, or with any completion of it, and its impacts there."""
    slots = [np.zeros(0, dtype=np.int64)]
    impacts = [np.zeros(0, dtype=np.float32)]
    for segment in snapshot.postings:
        found = entries(segment, alternative.text, alternative.kind)
        slots.append(segment.slots[found].astype(np.int64))
        impacts.append(segment.impacts[found].astype(np.float32))
    scores = np.concatenate(impacts) * np.float32(alternative.discount)
    return _matches(np.concatenate(slots), scores, alternative)


def _idf(assets: int, matching: int) -> float:
    """Return the inverse document frequency; positive even when every asset matches.

    As in Lucene's BM25Similarity.
    """
    return log(1 + (max(0, assets - matching) + 0.5) / (matching + 0.5))


def _look_up_phrase(
    connection: sa.Connection, snapshot: Snapshot, alternative: Alternative
) -> Matches:
    """Return the slots with these adjacent words."""
    words = tuple(alternative.text.split(" "))

    def candidates() -> list[int]:
        having = (_look_up(snapshot, Alternative(word)).slots for word in set(words))
        numbers: list[int] = snapshot.number[reduce(np.intersect1d, having)].tolist()
        return numbers

    slots = snapshot.slots(assets_with(connection, tuple(WEIGHTS), [WordRun(words)], candidates))
    scores = np.full(len(slots), alternative.discount, dtype=np.float32)
    return _matches(slots, scores, alternative)
