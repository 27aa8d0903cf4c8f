"""BarView: what every page has, whatever it shows below: the bar with the whole question."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypedDict

from app import words
from app.display import Display
from app.insight.pointing import pointed
from app.views.form import Example, Form, examples

if TYPE_CHECKING:
    from collections.abc import Mapping

    from app.assets import Asset
    from app.errors import AkinError
    from app.insight.pointing import Pointer
    from app.search import Search
    from app.views.stack import Stack


class BarParts(TypedDict):
    """The fields of a BarView, for the views that add to it."""

    search: Search
    display: Display
    form: Form
    examples: tuple[Example, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BarView:
    """A page with the bar alone, which hides in its form all that it does not show."""

    search: Search
    display: Display
    form: Form
    examples: tuple[Example, ...]
    title: str = ""
    error: AkinError | None = None
    again_url: str = ""  # where asking once more may help

    def link(self, search: Search, path: str = "/") -> str:
        """The address of a neighbour, shown as the results that the reader came from."""
        return self.display.lasting.url(search, path)

    @property
    def pointer(self) -> Pointer | None:
        """Where in the filter the mistake is that the API found."""
        return pointed(self.search, getattr(self.error, "column", None))

    @property
    def back_words(self) -> str:
        """Where its search leads back to, as people say it; empty where to the beginning."""
        return words.back_to(self.search) if self.link(self.search) != "/" else ""

    @property
    def stacks(self) -> Mapping[str, Stack]:
        """None: only the results fold their cards."""
        return {}

    @property
    def suffix(self) -> str:
        """What an address ends with that leads back to this search."""
        return self.display.suffix(self.search)


def bar_parts(
    search: Search, display: Display | None = None, known: Mapping[str, Asset] | None = None
) -> BarParts:
    """The bar of a search; `known` are the assets among its examples."""
    display = display or Display()
    return {
        "search": search,
        "display": display,
        "form": Form.of(search, display),
        "examples": examples(search, known or {}, display),
    }


def bar_view(
    search: Search,
    *,
    display: Display | None = None,
    error: AkinError | None = None,
    again_url: str = "",
) -> BarView:
    """A page that has nothing but the bar, and an error where there is one."""
    return BarView(
        **bar_parts(search, display),
        title=words.title(search),
        error=error,
        again_url=again_url,
    )
