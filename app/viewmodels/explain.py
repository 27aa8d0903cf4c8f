"""ExplanationView: why an asset is among the results of a search."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.insight.explain import Explanation, explain
from app.query import describe
from app.viewmodels.exploration import exploration_url
from app.viewmodels.parts.card import Card
from app.viewmodels.parts.search_bar import BarView, bar_parts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from app.insight.explain import Shared
    from app.query.display import Display
    from app.query.search import Search
    from app.scenario.assets import Asset, ResultPage
    from app.viewmodels.parts.search_form import Example


@dataclass(frozen=True, slots=True)
class ExampleMatch:
    """One example, with what the result shares with it."""

    example: Example
    shared: Shared | None  # None for an uploaded picture, whose words are not known


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplanationView(BarView):
    """The explanation page."""

    card: Card
    explanation: Explanation
    matches: tuple[ExampleMatch, ...]
    position: str  # "Result 3 of 42"; empty if it is not on the page of the address
    unwritten: str  # about a word that its shown texts do not have
    asset_url: str
    exploration_url: str


def explanation_view(
    asset: Asset,
    search: Search,
    display: Display,
    *,
    result: ResultPage | None,
    known: Mapping[str, Asset],
    is_library: bool = False,
) -> ExplanationView:
    """Build the page; `result` is the page of results that shows the asset.

    `is_library`: the API is Akin's own library, whose hits for words alone have all of them.
    """
    hits = result.hits if result else ()
    at = next((at for at, hit in enumerate(hits) if hit.id == asset.id), None)
    parts = bar_parts(search, display, known)
    explanation = explain(search, asset, known)
    shared = {each.example: each for each in explanation.shared}
    return ExplanationView(
        **parts,
        title=f"Why is {asset.name} here? · {describe.title(search)}",
        card=Card.of(asset, search, 0),
        explanation=explanation,
        matches=tuple(ExampleMatch(each, shared.get(each.example)) for each in parts["examples"]),
        position=_position(search.first + at, result) if at is not None else "",
        unwritten=_unwritten(search, is_hit=at is not None, is_library=is_library),
        asset_url=display.url(search, f"/assets/{asset.id}"),
        exploration_url=exploration_url(asset.id, (), search, display),
    )


def _unwritten(search: Search, *, is_hit: bool, is_library: bool) -> str:
    if search.querySemanticRatio or (search.is_auto and not is_hit):
        return "not in its text; found by meaning"
    if search.is_auto and is_library:
        return "in another form or spelling, in its path, or in other details"
    return "not in its text"


def _position(first: int, result: ResultPage | None) -> str:
    position = f"Result {describe.number(first + 1)}"
    total = result.total if result else None
    return f"{position} of {describe.number(total)}" if total is not None else position
