"""Cards, rendered once for each shape that a card can have, and filled with their texts.

The cards of a page differ in their texts and in little else. So the macro of a card is rendered
with holes where its texts go, once for each shape, and a card is such a mould with its own texts
in the holes. Rendering each card by itself took half of a page's time.
"""

from __future__ import annotations

import re
import secrets
from functools import lru_cache
from operator import attrgetter, itemgetter
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol

from markupsafe import Markup, escape

from app.images import Picture
from app.views.card import Card
from app.views.stack import Stack

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from flask import Flask

    from app.search import Search

MOST_MOULDS: Final = 1024  # of some 3 KB each
MOST_KEPT: Final = 8192  # texts of cards, of about 1 KB each

# What the template only prints, or asks whether it is empty; the rest of a card is its shape.
_TEXTS: Final = (
    "asset_id",
    "name",
    "alt",
    "facts",
    "moving_url",
    "ratio",
    "picture.address",
    "picture.width",
    "picture.height",
)
_SHAPE: Final = tuple(
    name
    for name in (
        *Card.__struct_fields__,
        *(f"picture.{name}" for name in Picture.__struct_fields__),
    )
    if name not in {*_TEXTS, "picture"}
)
_NOTHING: Final = ("", None)
_texts_of: Final = attrgetter(*_TEXTS)
_shape_of: Final = attrgetter(*_SHAPE)


class _Page(Protocol):
    """What a page with cards says of itself."""

    @property
    def suffix(self) -> str: ...
    @property
    def stacks(self) -> Mapping[str, Stack]: ...
    @property
    def search(self) -> Search: ...


class _Grid(_Page, Protocol):
    """A page that has nothing around its cards."""

    @property
    def cards(self) -> Sequence[Card]: ...


class _Content(NamedTuple):
    """A card taken apart."""

    shape: tuple[object, ...]  # the fields of _SHAPE
    has: tuple[bool, ...]  # for each of _TEXTS, whether there is one
    texts: list[str]  # those of _TEXTS, escaped


class _Shape(NamedTuple):
    """What decides how a card looks, but for its texts."""

    card: tuple[object, ...]
    has: tuple[bool, ...]
    has_suffix: bool
    is_ranked: bool
    is_open: bool | None  # the stack behind it; None without one


class _Mould(NamedTuple):
    """The HTML of a shape in pieces, with a place for a text after each but the last."""

    pieces: list[str]
    texts: Callable[[list[str]], tuple[str, ...]]  # what goes into these places


def init_app(app: Flask) -> None:
    """Give templates `card(item, page)`, and `cards(page)` for all of them, one a line."""
    hole = f"hole-{secrets.token_hex(8)}-"  # a text that nobody can know cannot come from outside

    @lru_cache(maxsize=MOST_MOULDS)
    def mould(shape: _Shape) -> _Mould:
        filled = (*shape.has, shape.has_suffix, True, True)
        holes: list[Any] = [f"{hole}{at:02}" if has else "" for at, has in enumerate(filled)]
        *of_card, suffix, stack_url, stack_count = holes
        names, values = (*_SHAPE, *_TEXTS), (*shape.card, *of_card)
        card = _card(dict(zip(names, values, strict=True)))
        stack = None if shape.is_open is None else Stack(stack_count, stack_url, shape.is_open)
        module: Any = app.jinja_env.get_template("partials/card.html").module
        html = str(module.card(card, shape.is_ranked, suffix, stack))
        pieces = re.split(f"{hole}([0-9]{{2}})", html)
        texts = itemgetter(*map(int, pieces[1::2]))
        pieces[1::2] = [""] * (len(pieces) // 2)
        return _Mould(pieces, texts)

    @lru_cache(maxsize=MOST_KEPT)
    def content(item: Card) -> _Content:
        texts = _texts_of(item)
        # One call for all of them: what it costs is the call, more than the letters.
        escaped = str(escape(hole.join(map(str, texts)))).split(hole)
        return _Content(_shape_of(item), tuple([text not in _NOTHING for text in texts]), escaped)

    def html_of(item: Card, stack: Stack | None, is_ranked: bool, suffix: str) -> str:
        shape, has, texts = content(item)
        behind = (str(escape(stack.url)), str(stack.count)) if stack else ("", "")
        is_open = stack.is_open if stack else None
        pieces, places = mould(_Shape(shape, has, bool(suffix), is_ranked, is_open))
        pieces = pieces.copy()
        pieces[1::2] = places([*texts, suffix, *behind])
        return "".join(pieces)

    def card(item: Card, page: _Page) -> Markup:
        stack, suffix = page.stacks.get(item.asset_id), str(escape(page.suffix))
        html = html_of(item, stack, page.search.is_ranked, suffix)
        return Markup(html)  # noqa: S704 - each text in it is escaped

    def cards(page: _Grid) -> Markup:
        stacks, is_ranked, suffix = page.stacks, page.search.is_ranked, str(escape(page.suffix))
        made = [html_of(each, stacks.get(each.asset_id), is_ranked, suffix) for each in page.cards]
        return Markup("\n".join(made))  # noqa: S704 - each text in it is escaped

    app.jinja_env.globals.update(card=card, cards=cards)


def _card(values: Mapping[str, Any]) -> Card:
    """A card of the fields that _TEXTS and _SHAPE name."""
    of_card = {name: value for name, value in values.items() if "." not in name}
    picture = {
        name.removeprefix("picture."): value for name, value in values.items() if "." in name
    }
    return Card(**of_card, picture=Picture(**picture))
