"""Parts of pages that look alike wherever they stand, rendered once and kept.

A card is the same on every page but for the way back to the search, which its link carries: that
is a hole in what is kept. Half of a page's time went into its cards before.
"""

from __future__ import annotations

import secrets
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, Protocol

from markupsafe import Markup, escape

if TYPE_CHECKING:
    from collections.abc import Mapping

    from flask import Flask

    from app.search import Search
    from app.views.card import Card
    from app.views.stack import Stack

MOST_KEPT: Final = 8192  # cards, of about 2 KB each


class _Page(Protocol):
    """What a page with cards says of itself."""

    @property
    def suffix(self) -> str: ...
    @property
    def stacks(self) -> Mapping[str, Stack]: ...
    @property
    def search(self) -> Search: ...


def init_app(app: Flask) -> None:
    """Give templates `card(item, page)`."""
    hole = f"hole-{secrets.token_hex(8)}"  # a text that nobody can know cannot come from outside

    def render(item: Card, is_ranked: bool, stack: Stack | None) -> str:
        module: Any = app.jinja_env.get_template("partials/card.html").module
        return str(module.card(item, is_ranked, hole, stack))

    kept = lru_cache(maxsize=MOST_KEPT)(render)

    def card(item: Card, page: _Page) -> Markup:
        stack = page.stacks.get(item.asset_id)
        # What a stack's link leads to depends on the whole page.
        ranked = page.search.is_ranked
        html = render(item, ranked, stack) if stack else kept(item, ranked, None)
        return Markup(html.replace(hole, str(escape(page.suffix))))  # noqa: S704 - escaped above

    app.jinja_env.globals.update(card=card)
