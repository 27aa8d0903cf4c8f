"""Results of a review: counts, who is missing, the winners, and the search that follows."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.query.params import MOST_LIKES, MOST_UNLIKES
from app.query.reviews import Verdict
from app.query.search import Search

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from app.query.reviews import Answer, Person, Review, ReviewAsset


@dataclass(frozen=True, slots=True)
class AssetResult:
    """The answers about one asset, in the order in which they were given."""

    asset: ReviewAsset
    place: int  # in the review, from 1
    answers: tuple[Answer, ...]
    yes: int
    no: int
    maybe: int

    @property
    def lead(self) -> int:
        """By how many yes outnumber no; negative where there are more no."""
        return self.yes - self.no


@dataclass(frozen=True, slots=True)
class Progress:
    """How far one person is. A person who was invited and never came has no `person`."""

    name: str
    answered: int
    of: int
    person: Person | None = None

    @property
    def is_complete(self) -> bool:
        """Whether every asset has an answer."""
        return self.answered >= self.of


@dataclass(frozen=True, slots=True)
class NextSearch:
    """The search with the winners as likes and the rejected assets as unlikes."""

    search: Search
    left_out_likes: int  # wanted assets beyond the limit
    left_out_unlikes: int


def asset_results(review: Review, answers: Iterable[Answer]) -> tuple[AssetResult, ...]:
    """Return one result for each asset of a review, in its order."""
    by_asset: dict[str, list[Answer]] = defaultdict(list)
    for answer in sorted(answers, key=lambda each: each.given):
        by_asset[answer.asset_id].append(answer)
    results = []
    for place, asset in enumerate(review.assets, 1):
        given = tuple(by_asset[asset.id])
        counts = Counter(each.opinion.verdict for each in given)
        yes, no, maybe = (counts[each] for each in (Verdict.YES, Verdict.NO, Verdict.MAYBE))
        results.append(AssetResult(asset, place, given, yes, no, maybe))
    return tuple(results)


def winners(results: Iterable[AssetResult]) -> tuple[AssetResult, ...]:
    """Return the assets with more yes than no, the best first."""
    wanted = [each for each in results if each.lead > 0]
    return tuple(sorted(wanted, key=lambda each: (-each.lead, -each.yes, each.place)))


def rejected(results: Iterable[AssetResult]) -> tuple[AssetResult, ...]:
    """Return the assets with more no than yes, the most clearly rejected first."""
    unwanted = [each for each in results if each.lead < 0]
    return tuple(sorted(unwanted, key=lambda each: (each.lead, -each.no, each.place)))


def next_search(results: Iterable[AssetResult], existing: Collection[str]) -> NextSearch | None:
    """Return the search that the result leads to; None where nothing was wanted or rejected.

    Only assets that are among `existing` can be examples.
    """
    results = [each for each in results if each.asset.id in existing]
    likes = [each.asset.id for each in winners(results)]
    unlikes = [each.asset.id for each in rejected(results)]
    if not likes and not unlikes:
        return None
    search = Search(like=tuple(likes[:MOST_LIKES]), unlike=tuple(unlikes[:MOST_UNLIKES]))
    return NextSearch(search, len(likes) - len(search.like), len(unlikes) - len(search.unlike))


def progress(
    review: Review, answers: Iterable[Answer], people: Iterable[Person]
) -> tuple[Progress, ...]:
    """Return how far everyone is who opened the review, answered it or is invited.

    `people` are those who opened it. An invited name is that of a person or the id of a user, in
    any case. The most advanced come first.
    """
    answers = tuple(answers)
    counts = Counter(each.person.id for each in answers)
    by_id = {each.person.id: each.person for each in answers} | {each.id: each for each in people}
    of = len(review.assets)
    invited = {name.casefold(): name for name in review.invited}
    rows = []
    met: set[str] = set()
    for person in by_id.values():
        names = {person.name.casefold(), person.user_id.casefold()} & invited.keys()
        met |= names
        # The maker is asked like everyone else once they have given an answer.
        if person.id == review.maker.id and not counts[person.id] and not names:
            continue
        rows.append(Progress(person.name, counts[person.id], of, person))
    rows += [Progress(name, 0, of) for key, name in invited.items() if key not in met]
    return tuple(sorted(rows, key=lambda each: (-each.answered, each.name.casefold())))


def visible_answers(
    review: Review, answers: Iterable[Answer], viewer: Person | None, *, sees_all: bool
) -> tuple[Answer, ...]:
    """Return the answers that a viewer may see: all, or those about assets that they answered.

    `sees_all`: the viewer made the review, or it has ended.
    """
    answers = tuple(answers)
    if sees_all or review.shows_answers:
        return answers
    own = {each.asset_id for each in answers if viewer and each.person.id == viewer.id}
    return tuple(each for each in answers if each.asset_id in own)
