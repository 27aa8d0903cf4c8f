"""BarView: the base of all pages: the search bar, and the links that carry search and display.

Every page belongs to a search and its display. Every link and form carries both, by `link`,
`suffix`, `carried` and `hidden`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, TypedDict

from app.insight.filter_errors import pointed
from app.query import describe
from app.query.display import Display
from app.query.search import Search
from app.viewmodels.parts.search_form import Example, Form, examples

if TYPE_CHECKING:
    from collections.abc import Mapping

    from app.errors import AkinError
    from app.insight.filter_errors import Pointer
    from app.query.search import Pairs
    from app.scenario.assets import Asset
    from app.viewmodels.parts.filter_panel import Panel
    from app.viewmodels.parts.variants import Stack


_NEWEST: Final = Search()


class BarParts(TypedDict):
    """The fields of a BarView, for the view models that extend it."""

    search: Search
    display: Display
    suffix: str
    form: Form
    examples: tuple[Example, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BarView:
    """A page with the search bar, whose form has hidden fields for all that has no control."""

    search: Search
    display: Display
    suffix: str  # the query string of search and display, with its `?`; may be empty
    form: Form
    examples: tuple[Example, ...]
    title: str = ""
    error: AkinError | None = None
    again_url: str = ""  # to try again after a temporary error; else empty
    stacks: Mapping[str, Stack] = field(
        default_factory=dict
    )  # by the id of their first card; only results have stacks

    def link(self, search: Search, path: str = "/") -> str:
        """Return the address of a page of a search, with the display of this one."""
        lasting = self.display.lasting
        if search is self.search and lasting is self.display:
            return path + self.suffix
        return lasting.url(search, path)

    @property
    def start_url(self) -> str:
        """The address of the newest pictures, with the display of this page."""
        return self.link(_NEWEST)

    @property
    def back_url(self) -> str:
        """The address of the results that the user came from."""
        return "/" + self.suffix

    @property
    def back_words(self) -> str:
        """A description of these results."""
        return describe.back_to(self.search)

    @property
    def carried(self) -> str:
        """Search and display as the value of one form field."""
        return self.suffix.removeprefix("?")

    def hidden(self, *shown: str) -> Pairs:
        """Return search and display as hidden fields of a form, without those with a control."""
        pairs = (*self.search.pairs(paging=False), *self.display.lasting.pairs())
        return tuple(pair for pair in pairs if pair[0] not in shown)

    @property
    def pointer(self) -> Pointer | None:
        """The position of the mistake that the API reports in the filter."""
        return pointed(self.search, getattr(self.error, "column", None))


def bar_parts(
    search: Search,
    display: Display | None = None,
    known: Mapping[str, Asset] | None = None,
    *,
    panel: Panel | None = None,
    is_library: bool = False,
) -> BarParts:
    """Build the search bar; `known` are the assets among the examples, `panel` the filters.

    `is_library`: the API is Akin's own library, in this process or another.
    """
    display = display or Display()
    return {
        "search": search,
        "display": display,
        "suffix": display.suffix(search),
        "form": Form.of(search, display, panel=panel, is_library=is_library),
        "examples": examples(search, known or {}, display),
    }


def bar_view(
    search: Search,
    *,
    display: Display | None = None,
    error: AkinError | None = None,
    again_url: str = "",
) -> BarView:
    """Build a page with only the search bar and, if there is one, an error."""
    return BarView(
        **bar_parts(search, display),
        title=describe.title(search),
        error=error,
        again_url=again_url,
    )
