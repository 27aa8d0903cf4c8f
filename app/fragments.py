"""Cards, rendered once for each shape that a card can have, and filled with their texts.

The cards of a page differ in their texts and in little else. So the macro of a card is rendered
with holes where its texts go, once for each shape, and a card is such a mould with its own texts
in the holes. Rendering each card by itself took half of a page's time.
"""

from __future__ import annotations

import dataclasses
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
    from collections.abc import Callable, Mapping

    from flask import Flask

    from app.search import Search

MOST_MOULDS: Final = 1024  # of some 3 KB each

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
        *(each.name for each in dataclasses.fields(Card)),
        *(f"picture.{each.name}" for each in dataclasses.fields(Picture)),
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


class _Shape(NamedTuple):
    """Cards of one shape look alike but for their texts."""

    card: tuple[object, ...]  # the fields of _SHAPE
    is_ranked: bool
    is_open: bool | None  # the stack behind it; None without one
    has: tuple[bool, ...]  # for each text, whether there is one


class _Mould(NamedTuple):
    """The HTML of a shape with a `%s` for each hole, and which of the texts goes into each."""

    html: str
    texts: Callable[[list[str]], tuple[str, ...]]


def init_app(app: Flask) -> None:
    """Give templates `card(item, page)`."""
    hole = f"hole-{secrets.token_hex(8)}-"  # a text that nobody can know cannot come from outside

    @lru_cache(maxsize=MOST_MOULDS)
    def mould(shape: _Shape) -> _Mould:
        holes: list[Any] = [f"{hole}{at:02}" if has else "" for at, has in enumerate(shape.has)]
        *of_card, suffix, stack_url, stack_count = holes
        names, values = (*_SHAPE, *_TEXTS), (*shape.card, *of_card)
        card = _card(dict(zip(names, values, strict=True)))
        stack = None if shape.is_open is None else Stack(stack_count, stack_url, shape.is_open)
        module: Any = app.jinja_env.get_template("partials/card.html").module
        html = str(module.card(card, shape.is_ranked, suffix, stack))
        literals = re.split(f"{hole}([0-9]{{2}})", html.replace("%", "%%"))
        return _Mould("%s".join(literals[::2]), itemgetter(*map(int, literals[1::2])))

    def card(item: Card, page: _Page) -> Markup:
        stack = page.stacks.get(item.asset_id)
        behind = (stack.url, stack.count) if stack else ("", "")
        texts = (*_texts_of(item), page.suffix, *behind)
        shape = _Shape(
            _shape_of(item),
            page.search.is_ranked,
            stack.is_open if stack else None,
            tuple([text not in _NOTHING for text in texts]),
        )
        html, places = mould(shape)
        escaped = str(escape(hole.join(map(str, texts)))).split(hole)
        return Markup(html % places(escaped))  # noqa: S704 - escaped in the line above

    app.jinja_env.globals.update(card=card)


def _card(values: Mapping[str, Any]) -> Card:
    """A card of the fields that _TEXTS and _SHAPE name."""
    of_card = {name: value for name, value in values.items() if "." not in name}
    picture = {
        name.removeprefix("picture."): value for name, value in values.items() if "." in name
    }
    return Card(**of_card, picture=Picture(**picture))
