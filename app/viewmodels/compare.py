"""CompareView: assets side by side, or two under a slider, and their differences."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode

from app.query.selection import PARAMETER
from app.viewmodels.parts.controls import Option
from app.viewmodels.parts.search_bar import BarView, bar_parts

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from app.query.selection import Selection
    from app.scenario.assets import Asset
    from app.viewmodels.asset import AssetView

WAYS: Final = {"side": "Side by side", "slider": "Slider"}
MOST_COMPARED: Final = 8
_OWN: Final = frozenset({"Name", "Id", "Job"})  # always different, and not informative


@dataclass(frozen=True, slots=True)
class Fact:
    """One fact of all assets; empty where one of them does not have it."""

    label: str
    values: tuple[str, ...]

    @property
    def is_same(self) -> bool:
        """True where all have it, and the same one."""
        return len(set(self.values)) == 1


@dataclass(frozen=True, slots=True, kw_only=True)
class CompareView(BarView):
    """The page that compares 2 to MOST_COMPARED assets."""

    views: tuple[AssetView, ...]
    way: str
    ways: tuple[tuple[str, Option], ...]  # address and option
    swap_url: str  # empty for more than two
    picked: int  # number of selected assets, of which the first are compared
    selection_url: str
    different: tuple[Fact, ...]
    same: tuple[Fact, ...]


def compare_url(first: str, second: str, chosen: Selection, *, way: str = "side") -> str:
    """Return the address of a comparison, which leads back to the search of `chosen`.

    The ids of a selection of more than two are part of it, so that another two can be chosen.
    """
    view = (("view", way),) if way != "side" else ()
    picked = tuple((PARAMETER, each) for each in chosen.ids) if len(chosen.ids) > 2 else ()
    pairs = (("a", first), ("b", second), *picked, *view, *chosen.origin)
    return "/compare?" + urlencode(pairs, safe=":,")


def compare_view(
    views: tuple[AssetView, ...],
    *,
    chosen: Selection,
    known: Mapping[str, Asset],
    way: str,
) -> CompareView:
    """Build the page from the pages of assets of the same search."""
    search, display = chosen.search, chosen.display
    facts = tuple(_facts(views))
    a, b = (view.asset_id for view in views[:2])
    sides = chosen.url("/compare") if len(views) > 2 else compare_url(a, b, chosen)
    return CompareView(
        **bar_parts(search, display, known),
        title=" and ".join([", ".join(view.title for view in views[:-1]), views[-1].title]),
        views=views,
        way=way,
        ways=tuple(
            (
                sides if value == "side" else compare_url(a, b, chosen, way=value),
                Option(value, label, value == way),
            )
            for value, label in WAYS.items()
        ),
        swap_url=compare_url(b, a, chosen, way=way) if len(views) == 2 else "",
        picked=len(chosen.ids),
        selection_url=chosen.url(),
        different=tuple(fact for fact in facts if not fact.is_same),
        same=tuple(fact for fact in facts if fact.is_same),
    )


def _facts(views: Iterable[AssetView]) -> Iterator[Fact]:
    rows = [_rows(view) for view in views]
    for label in dict.fromkeys(chain.from_iterable(rows)):
        yield Fact(label, tuple(row.get(label, "") for row in rows))


def _rows(view: AssetView) -> dict[str, str]:
    rows = {"Prompt": view.prompt, "Negative prompt": view.negative_prompt}
    rows = {label: text for label, text in rows.items() if text}
    for group in view.groups:
        for row in group.rows:
            if row.label not in _OWN:
                before = rows.get(row.label)
                rows[row.label] = f"{before}, {row.value}" if before else row.value
    if view.tags:
        rows["Tags"] = ", ".join(tag.value for tag in view.tags)
    return rows
