"""WhyView: what speaks for a result, beside the picture and the search it answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from app import words
from app.insight.why import Why, why
from app.views.bar import BarView, bar_parts
from app.views.card import Card
from app.views.wander import wander_url

if TYPE_CHECKING:
    from collections.abc import Mapping

    from app.assets import Asset, ResultPage
    from app.display import Display
    from app.insight.why import Shared
    from app.search import Search
    from app.views.form import Example


@dataclass(frozen=True, slots=True)
class Beside:
    """One example, and what the result shares with it."""

    example: Example
    shared: Shared | None  # None where its words are not known: an uploaded picture


@dataclass(frozen=True, slots=True, kw_only=True)
class WhyView(BarView):
    """Why an asset is among the results of a search."""

    card: Card
    why: Why
    beside: tuple[Beside, ...]
    place: str  # "3rd of 42" in words; empty where it is not on the page of the address
    score: str  # of the ranking, as a percentage; empty where the answer has none
    is_by_meaning: bool
    asset_url: str
    back_url: str
    wander_url: str


def why_view(
    asset: Asset,
    search: Search,
    display: Display,
    *,
    result: ResultPage | None,
    known: Mapping[str, Asset],
) -> WhyView:
    """Explain an asset; `result` is the page of the search where the reader saw it."""
    hits = result.hits if result else ()
    at = next((at for at, hit in enumerate(hits) if hit.id == asset.id), None)
    parts = bar_parts(search, display, known)
    explained = why(search, asset, known)
    shared = {each.example: each for each in explained.shared}
    # Only this answer's: an asset remembered from another search has that search's score.
    score = hits[at].rankingScore if at is not None else None
    return WhyView(
        **parts,
        title=f"Why is {asset.name} here? · {words.title(search)}",
        card=Card.of(asset, search, 0),
        why=explained,
        beside=tuple(Beside(each, shared.get(each.example)) for each in parts["examples"]),
        place=_place(search.first + at, result) if at is not None else "",
        score=f"{score:.0%}" if score is not None and 0 <= score <= 1 else "",
        is_by_meaning=search.querySemanticRatio > 0,
        asset_url=display.url(search, f"/assets/{asset.id}"),
        back_url=display.url(search),
        wander_url=wander_url(asset.id, (), search, display),
    )


def _place(first: int, result: ResultPage | None) -> str:
    place = f"Result {words.number(first + 1)}"
    total = result.total if result else None
    return f"{place} of {words.number(total)}" if total is not None else place
