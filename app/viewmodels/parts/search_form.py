"""The search form, and the example pictures of a search."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from app.query import describe
from app.query.display import Display
from app.query.params import AUTO, MOST_HITS, is_reference
from app.query.sorts import LIBRARY_SORTS, RANDOM, SORTS, reshuffled, sort_label
from app.viewmodels.parts.controls import Option

if TYPE_CHECKING:
    from collections.abc import Mapping

    from app.query.search import Search
    from app.scenario.assets import Asset
    from app.viewmodels.parts.filter_panel import Panel

PAGE_SIZES: Final = (24, 48, 96, MOST_HITS)
MODES: Final = {None: "Auto", 0.0: "Exact words", 0.5: "Balanced", 1.0: "Meaning"}
LIKENESS: Final = {0.0: "Near-duplicates", 0.5: "Same look", 1.0: "Same subject"}


@dataclass(frozen=True, slots=True)
class Scale:
    """A ratio from 0 to 1: a slider with its value, and buttons for named points."""

    name: str
    label: str
    value: str  # "" for auto, which has no slider
    options: tuple[Option, ...]
    ends_url: str  # the page with both ends side by side

    @property
    def words(self) -> str:
        """The label of the value: of its named point, else the number."""
        return next((each.label for each in self.options if each.is_chosen), self.value)


@dataclass(frozen=True, slots=True)
class Form:
    """The search form: the state of each control, and hidden fields for the rest."""

    query: str
    modes: Scale | None  # querySemanticRatio; None without a query
    likeness: Scale | None  # imageSemanticRatio; None without an example
    sorts: tuple[Option, ...]
    sizes: tuple[Option, ...]
    size_name: str  # hitsPerPage or limit
    hidden: tuple[tuple[str, str], ...]
    full: Mapping[str, str]  # the sides, like and unlike, that are full, with the reason

    @classmethod
    def of(
        cls,
        search: Search,
        display: Display | None = None,
        *,
        panel: Panel | None = None,
        is_library: bool = False,
    ) -> Form:
        """Build the form. Submitting it unchanged gives the same search from its first page.

        With a `panel`, filters and scales have controls on the page. Without one, everything but
        the words is hidden in the form. `is_library`: the API is Akin's own library, which has
        more orders.
        """
        display = (display or Display()).lasting
        sort = ",".join(search.sortBy)
        default = "Best match" if search.is_ranked else SORTS["createdAt:desc"]
        sorts = {"": default, **SORTS, **(LIBRARY_SORTS if is_library else {})}
        if not search.is_ranked:
            del sorts["createdAt:desc"]
        if sort not in sorts:
            sorts[sort] = ", then ".join(sort_label(each).lower() for each in search.sortBy)
            sorts[sort] = sorts[sort].capitalize()
        if is_library and sort.startswith(RANDOM):
            sorts[reshuffled(search.sortBy[0])] = "Shuffle again"
        elif is_library:  # the address gets a number, so that pages do not repeat
            sorts[RANDOM] = sort_label(RANDOM)
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
                "" if search.is_auto else f"{search.querySemanticRatio:g}",
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
            full=describe.full_sides(search),
        )


def _points(
    ratio: float | None, labels: Mapping[float | None, str] | Mapping[float, str]
) -> tuple[Option, ...]:
    return tuple(
        Option(AUTO if value is None else f"{value:g}", label, value == ratio)
        for value, label in labels.items()
    )


@dataclass(frozen=True, slots=True)
class Example:
    """An example picture in the search bar."""

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
    """Return the example pictures of a search, likes first."""
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
                    asset_url="" if uploaded else display.url(search, f"/assets/{example}"),
                )
            )
    return tuple(shown)
