"""Form: the one search form, and the pictures that steer it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from app import words
from app.display import Display
from app.reading import MOST_HITS
from app.references import is_reference
from app.views.option import Option

if TYPE_CHECKING:
    from collections.abc import Mapping

    from app.assets import Asset
    from app.search import Search
    from app.views.panel import Panel

PAGE_SIZES: Final = (24, 48, 96, MOST_HITS)
MODES: Final = {0.0: "Exact words", 0.5: "Balanced", 1.0: "Meaning"}
LIKENESS: Final = {0.0: "Near-duplicates", 0.5: "Same look", 1.0: "Same subject"}


@dataclass(frozen=True, slots=True)
class Scale:
    """A ratio from 0 to 1: a slider that holds its value, and buttons for its named points."""

    name: str
    label: str
    value: str
    options: tuple[Option, ...]
    ends_url: str  # both ends of it side by side

    @property
    def words(self) -> str:
        """What the slider says: the named point it stands on, else the number."""
        return next((each.label for each in self.options if each.is_chosen), self.value)


@dataclass(frozen=True, slots=True)
class Form:
    """The one search form: what each control shows, and the state that has no control."""

    query: str
    modes: Scale | None  # querySemanticRatio; None without a query
    likeness: Scale | None  # imageSemanticRatio; None without an example
    sorts: tuple[Option, ...]
    sizes: tuple[Option, ...]
    size_name: str  # hitsPerPage or limit
    hidden: tuple[tuple[str, str], ...]
    full: Mapping[str, str]  # the sides that no picture can be added to, and why

    @classmethod
    def of(
        cls, search: Search, display: Display | None = None, *, panel: Panel | None = None
    ) -> Form:
        """Lay out a search. Submitted unchanged, it is the same search from its first page.

        With a `panel` its filters and the tools beside the count are on the page; without one the
        bar is alone, and all that it does not show is hidden in it.
        """
        display = (display or Display()).lasting
        sort = ",".join(search.sortBy)
        default = "Best match" if search.is_ranked else words.SORTS["createdAt:desc"]
        sorts = {"": default, **words.SORTS}
        if not search.is_ranked:
            del sorts["createdAt:desc"]
        if sort not in sorts:
            sorts[sort] = ", then ".join(words.SORTS[each].lower() for each in search.sortBy)
            sorts[sort] = sorts[sort].capitalize()
        size_name = "hitsPerPage" if search.limit is None else "limit"
        sizes = sorted({*PAGE_SIZES, search.size})
        controls = {"query"}
        if panel is not None:
            controls |= {"querySemanticRatio", "imageSemanticRatio", "sortBy", size_name}
            controls |= panel.carries
        hidden = [
            (name, value)
            for name, value in (*search.pairs(paging=False), *display.pairs())
            if name not in controls
        ]
        return cls(
            query=search.query,
            modes=Scale(
                "querySemanticRatio",
                "Words as",
                f"{search.querySemanticRatio:g}",
                _points(search.querySemanticRatio, MODES),
                display.url(search.with_(), "/ends/words"),
            )
            if search.query
            else None,
            likeness=Scale(
                "imageSemanticRatio",
                "Similar how?",
                f"{search.imageSemanticRatio:g}",
                _points(search.imageSemanticRatio, LIKENESS),
                display.url(search.with_(), "/ends/likeness"),
            )
            if search.examples
            else None,
            sorts=tuple(Option(value, label, value == sort) for value, label in sorts.items()),
            sizes=tuple(Option(str(size), str(size), size == search.size) for size in sizes),
            size_name=size_name,
            hidden=tuple(hidden),
            full=words.full_sides(search),
        )


def _points(ratio: float, labels: dict[float, str]) -> tuple[Option, ...]:
    return tuple(Option(f"{value:g}", label, value == ratio) for value, label in labels.items())


@dataclass(frozen=True, slots=True)
class Example:
    """A chosen picture in the bar."""

    example: str
    side: str
    name: str
    image_url: str
    remove_url: str
    swap_url: str
    asset_url: str  # empty for an uploaded picture


def examples(
    search: Search,
    known: Mapping[str, Asset],
    display: Display | None = None,
    *,
    image_url: str = "/assets/{}/image?width=256",
) -> tuple[Example, ...]:
    """Show the chosen pictures of a search, likes first."""
    display = (display or Display()).lasting
    shown = []
    for side, ids in (("like", search.like), ("unlike", search.unlike)):
        for example in ids:
            uploaded = is_reference(example)
            asset = known.get(example)
            name = "Your picture" if uploaded else asset.name if asset else example
            swapped = search.with_unlike if side == "like" else search.with_like
            shown.append(
                Example(
                    example=example,
                    side=side,
                    name=name,
                    image_url=f"/references/{example}" if uploaded else image_url.format(example),
                    remove_url=display.url(search.without(side, example)),
                    swap_url=display.url(swapped(example)),
                    asset_url="" if uploaded else f"/assets/{example}",
                )
            )
    return tuple(shown)
