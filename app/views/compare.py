"""CompareView: two assets beside each other or one over the other, and what tells them apart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode

from app.selection import PARAMETER
from app.views.bar import BarView, bar_parts
from app.views.option import Option

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from app.assets import Asset
    from app.selection import Selection
    from app.views.asset import AssetView

WAYS: Final = {"side": "Side by side", "slider": "Slider"}
_OWN: Final = frozenset({"Name", "Id", "Job"})  # differ always, and say nothing


@dataclass(frozen=True, slots=True)
class Fact:
    """One fact of both; an empty text where one of them has none."""

    label: str
    first: str
    second: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CompareView(BarView):
    """The page that compares two assets."""

    first: AssetView
    second: AssetView
    way: str
    ways: tuple[tuple[str, Option], ...]  # address and choice
    swap_url: str
    back_url: str
    back_words: str
    picked: int  # how many were selected, of which two are here
    selection_url: str
    different: tuple[Fact, ...]
    same: tuple[Fact, ...]


def compare_url(first: str, second: str, chosen: Selection, *, way: str = "side") -> str:
    """The address of a comparison; `chosen` is where the reader came from.

    It goes along where more than two were picked, so that another two can be chosen.
    """
    view = (("view", way),) if way != "side" else ()
    picked = tuple((PARAMETER, each) for each in chosen.ids) if len(chosen.ids) > 2 else ()
    pairs = (("a", first), ("b", second), *picked, *view, *chosen.origin)
    return "/compare?" + urlencode(pairs, safe=":,")


def compare_view(
    first: AssetView,
    second: AssetView,
    *,
    chosen: Selection,
    known: Mapping[str, Asset],
    way: str,
) -> CompareView:
    """Build the page from two assets' own views, of the same search."""
    search, display = chosen.search, chosen.display
    facts = tuple(_facts(first, second))
    a, b = first.asset_id, second.asset_id
    return CompareView(
        **bar_parts(search, display, known),
        title=f"{first.title} and {second.title}",
        first=first,
        second=second,
        way=way,
        ways=tuple(
            (compare_url(a, b, chosen, way=value), Option(value, label, value == way))
            for value, label in WAYS.items()
        ),
        swap_url=compare_url(b, a, chosen, way=way),
        back_url=display.lasting.url(search),
        back_words=first.back_words,
        picked=len(chosen.ids),
        selection_url=chosen.url(),
        different=tuple(fact for fact in facts if fact.first != fact.second),
        same=tuple(fact for fact in facts if fact.first == fact.second),
    )


def _facts(first: AssetView, second: AssetView) -> Iterator[Fact]:
    one, other = _rows(first), _rows(second)
    for label in {**one, **other}:
        yield Fact(label, one.get(label, ""), other.get(label, ""))


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
