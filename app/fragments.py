"""Cards, rendered once for each shape that a card can have, and filled with their texts.

The cards of a page differ in their texts and in little else. So the macro of a card is rendered
with holes where its texts go, once for each shape, and a card is such a mould with its own texts
in the holes. Rendering each card by itself took half of a page's time.
"""

from __future__ import annotations

import re
import secrets
from contextvars import ContextVar
from functools import lru_cache
from itertools import chain
from operator import attrgetter, itemgetter
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol

from flask import current_app, render_template
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
_HOLE: Final = "akin cards"
# Where the cards of the page go that is being rendered, when they are to be put in later.
_APART: Final = ContextVar[list[bytes] | None]("cards apart", default=None)
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


class _Look:
    """What decides how a card by itself looks, but for its texts; there is one of each."""

    __slots__ = ("card", "has")

    def __init__(self, card: tuple[object, ...], has: tuple[bool, ...]) -> None:
        self.card = card  # the fields of _SHAPE
        self.has = has  # for each of _TEXTS, whether there is one


class _Content(NamedTuple):
    """A card taken apart."""

    look: _Look
    texts: list[bytes]  # those of _TEXTS, escaped


class _Mould(NamedTuple):
    """The HTML of a shape in pieces, with a place for a text after each but the last."""

    pieces: list[bytes]
    texts: Callable[[list[bytes]], tuple[bytes, ...]]  # what goes into these places


class _Cards(NamedTuple):
    """All cards of a page, as they are sent."""

    html: bytes

    def __html__(self) -> str:
        return self.html.decode()


def init_app(app: Flask) -> None:
    """Give templates `card(item, page)`, and `cards(page)` for all of them, one a line."""
    hole = f"hole-{secrets.token_hex(8)}-"  # a text that nobody can know cannot come from outside
    app.extensions[_HOLE] = f"{hole}cards"

    looks = lru_cache(maxsize=MOST_MOULDS)(_Look)

    @lru_cache(maxsize=MOST_MOULDS)
    def mould(look: _Look, has_suffix: bool, is_ranked: bool, is_open: bool | None) -> _Mould:
        """`is_open`: the stack behind the card; None without one."""
        filled = (*look.has, has_suffix, True, True)
        holes: list[Any] = [f"{hole}{at:02}" if has else "" for at, has in enumerate(filled)]
        *of_card, suffix, stack_url, stack_count = holes
        names, values = (*_SHAPE, *_TEXTS), (*look.card, *of_card)
        card = _card(dict(zip(names, values, strict=True)))
        stack = None if is_open is None else Stack(stack_count, stack_url, is_open)
        module: Any = app.jinja_env.get_template("partials/card.html").module
        html = str(module.card(card, is_ranked, suffix, stack)).encode()
        pieces = re.split(f"{hole}([0-9]{{2}})".encode(), html)
        texts = itemgetter(*map(int, pieces[1::2]))
        pieces[1::2] = [b""] * (len(pieces) // 2)
        return _Mould(pieces, texts)

    @lru_cache(maxsize=MOST_KEPT)
    def content(item: Card) -> _Content:
        texts = _texts_of(item)
        # One call for all of them: what it costs is the call, more than the letters.
        escaped = _bytes(hole.join(map(str, texts))).split(hole.encode())
        return _Content(
            looks(_shape_of(item), tuple([text not in _NOTHING for text in texts])), escaped
        )

    def html_of(item: Card, stack: Stack | None, is_ranked: bool, suffix: bytes) -> bytes:
        look, texts = content(item)
        if stack is None:
            pieces, places = mould(look, bool(suffix), is_ranked, None)
            filled = places([*texts, suffix])
        else:
            pieces, places = mould(look, bool(suffix), is_ranked, stack.is_open)
            filled = places([*texts, suffix, _bytes(stack.url), _bytes(stack.count)])
        pieces = pieces.copy()
        pieces[1::2] = filled
        return b"".join(pieces)

    def card(item: Card, page: _Page) -> Markup:
        stack, suffix = page.stacks.get(item.asset_id), _bytes(page.suffix)
        html = html_of(item, stack, page.search.is_ranked, suffix).decode()
        return Markup(html)  # noqa: S704 - each text in it is escaped

    def cards(page: _Grid) -> _Cards | str:
        stacks, is_ranked, suffix = page.stacks, page.search.is_ranked, _bytes(page.suffix)
        made = [html_of(each, stacks.get(each.asset_id), is_ranked, suffix) for each in page.cards]
        html = b"\n".join(made)
        if (apart := _APART.get()) is None:
            return _Cards(html)  # each text in it is escaped
        apart.append(html)
        return f"{hole}cards"

    app.jinja_env.globals.update(card=card, cards=cards)


def rendered(template: str, **context: object) -> bytes:
    """A page as it is sent; what `cards(page)` makes goes into it as bytes.

    It is most of a page, and made of pieces that are bytes already: as text it would be copied
    several times and then read once more, letter by letter, to become bytes again.
    """
    apart: list[bytes] = []
    token = _APART.set(apart)
    try:
        html = render_template(template, **context)
    finally:
        _APART.reset(token)
    first, *others = html.encode().split(current_app.extensions[_HOLE].encode())
    between = chain.from_iterable(zip(apart, others, strict=True))
    return b"".join((first, *between))


def _bytes(text: object) -> bytes:
    """A text as it stands in HTML."""
    return str(escape(text)).encode()


def _card(values: Mapping[str, Any]) -> Card:
    """A card of the fields that _TEXTS and _SHAPE name."""
    of_card = {name: value for name, value in values.items() if "." not in name}
    picture = {
        name.removeprefix("picture."): value for name, value in values.items() if "." in name
    }
    return Card(**of_card, picture=Picture(**picture))
