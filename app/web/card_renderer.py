"""Renderer of cards: a template compiled for each shape of a card, filled with its texts.

The cards of a page differ in their texts and in little else. The macro of a card is rendered once
for each shape, with placeholders for its texts; a card is that HTML with its own texts in place of
them. Rendering each card by the macro took half of a page's time.
"""

from __future__ import annotations

import re
import secrets
from contextvars import ContextVar
from functools import lru_cache
from operator import attrgetter, itemgetter
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol

from flask import render_template
from markupsafe import Markup, escape

from app.auth import permissions
from app.scenario.image_urls import Picture
from app.viewmodels.parts.card import Card
from app.viewmodels.parts.variants import Stack

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from flask import Flask

    from app.query.search import Search

MAX_SHAPES: Final = 1024  # compiled templates of some 3 KB each
MAX_CARDS: Final = 8192  # texts of cards, of about 1 KB each

# Fields that the macro only prints or tests for emptiness; the others are the card's shape.
_TEXTS: Final = (
    "asset_id",
    "name",
    "alt",
    "facts",
    "file",
    "group",
    "moving_url",
    "ratio",
    "rating",
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
# Random, so that it cannot occur in the texts of a card.
_PLACEHOLDER: Final = f"text-{secrets.token_hex(8)}-"
_ALL_CARDS: Final = f"{_PLACEHOLDER}cards"
# The cards of the page that is being rendered, where they are inserted afterwards.
_DEFERRED: Final = ContextVar[list[list[bytes]] | None]("deferred cards", default=None)
_texts_of: Final = attrgetter(*_TEXTS)
_shape_of: Final = attrgetter(*_SHAPE)


class _Page(Protocol):
    """The fields of a page that its cards depend on."""

    @property
    def suffix(self) -> str: ...
    @property
    def stacks(self) -> Mapping[str, Stack]: ...
    @property
    def search(self) -> Search: ...


class _Grid(_Page, Protocol):
    """A page and all its cards."""

    @property
    def cards(self) -> Sequence[Card]: ...


class _Shape:
    """The fields of a card except for its texts; equal shapes are the same object."""

    __slots__ = ("card", "has")

    def __init__(self, card: tuple[object, ...], has: tuple[bool, ...]) -> None:
        self.card = card  # the fields of _SHAPE
        self.has = has  # for each of _TEXTS, whether it is not empty


class _Content(NamedTuple):
    """A card as shape and texts."""

    shape: _Shape
    texts: list[bytes]  # those of _TEXTS, escaped


class _Compiled(NamedTuple):
    """The HTML of a shape in pieces, with a text after each piece but the last."""

    pieces: list[bytes]
    texts: Callable[[list[bytes]], tuple[bytes, ...]]  # the texts in their order


class _Cards(NamedTuple):
    """The HTML of all cards of a page."""

    html: bytes

    def __html__(self) -> str:
        return self.html.decode()


def init_app(app: Flask) -> None:
    """Add `card(item, page)` to templates, and `cards(page)` for all cards of a page."""
    shapes = lru_cache(maxsize=MAX_SHAPES)(_Shape)

    @lru_cache(maxsize=MAX_SHAPES)
    def compiled(
        shape: _Shape, has_suffix: bool, is_ranked: bool, is_open: bool | None, may_edit: bool
    ) -> _Compiled:
        """Return the HTML of a shape; `is_open` is of the card's stack, None without one."""
        present = (*shape.has, has_suffix, True, True)
        texts: list[Any] = [
            f"{_PLACEHOLDER}{at:02}" if has else "" for at, has in enumerate(present)
        ]
        *card_texts, suffix, stack_url, stack_count = texts
        names, values = (*_SHAPE, *_TEXTS), (*shape.card, *card_texts)
        card = _card(dict(zip(names, values, strict=True)))
        stack = None if is_open is None else Stack(stack_count, stack_url, is_open)
        module: Any = app.jinja_env.get_template("partials/card.html").module
        html = str(module.card(card, is_ranked, suffix, stack, may_edit)).encode()
        pieces = re.split(f"{_PLACEHOLDER}([0-9]{{2}})".encode(), html)
        select = itemgetter(*map(int, pieces[1::2]))
        pieces[1::2] = [b""] * (len(pieces) // 2)
        return _Compiled(pieces, select)

    @lru_cache(maxsize=MAX_CARDS)
    def content(item: Card) -> _Content:
        texts = _texts_of(item)
        # One call for all texts: the call costs more than the characters.
        escaped = _bytes(_PLACEHOLDER.join(map(str, texts))).split(_PLACEHOLDER.encode())
        return _Content(
            shapes(_shape_of(item), tuple([text not in _NOTHING for text in texts])), escaped
        )

    def html_of(
        item: Card, stack: Stack | None, is_ranked: bool, suffix: bytes, may_edit: bool
    ) -> list[bytes]:
        shape, texts = content(item)
        is_open = None if stack is None else stack.is_open
        pieces, select = compiled(shape, bool(suffix), is_ranked, is_open, may_edit)
        if stack is None:
            filled = select([*texts, suffix])
        else:
            filled = select([*texts, suffix, _bytes(stack.url), _bytes(stack.count)])
        pieces = pieces.copy()
        pieces[1::2] = filled
        return pieces

    def card(item: Card, page: _Page) -> Markup:
        stack, suffix = page.stacks.get(item.asset_id), _bytes(page.suffix)
        may_edit = permissions.current().tags
        html = b"".join(html_of(item, stack, page.search.is_ranked, suffix, may_edit))
        return Markup(html.decode())  # noqa: S704 - each text in it is escaped

    def cards(page: _Grid) -> _Cards | str:
        stacks, is_ranked, suffix = page.stacks, page.search.is_ranked, _bytes(page.suffix)
        may_edit = permissions.current().tags
        html: list[bytes] = []
        for each in page.cards:
            html += html_of(each, stacks.get(each.asset_id), is_ranked, suffix, may_edit)
            html.append(b"\n")
        if (deferred := _DEFERRED.get()) is None:
            return _Cards(b"".join(html[:-1]))  # each text in it is escaped
        deferred.append(html[:-1])
        return _ALL_CARDS

    app.jinja_env.globals.update(card=card, cards=cards)


def render_page(template: str, **context: object) -> bytes:
    """Return a rendered page as bytes; the cards of `cards(page)` are inserted as bytes.

    They are most of a page: as text they would be copied several times and then encoded again.
    """
    deferred: list[list[bytes]] = []
    token = _DEFERRED.set(deferred)
    try:
        html = render_template(template, **context)
    finally:
        _DEFERRED.reset(token)
    first, *others = html.encode().split(_ALL_CARDS.encode())
    pieces = [first]
    for cards, rest in zip(deferred, others, strict=True):
        pieces += cards
        pieces.append(rest)
    return b"".join(pieces)


def _bytes(text: object) -> bytes:
    """Return a text escaped for HTML."""
    return str(escape(text)).encode()


def _card(values: Mapping[str, Any]) -> Card:
    """Return a card of the fields in _TEXTS and _SHAPE."""
    of_card = {name: value for name, value in values.items() if "." not in name}
    picture = {
        name.removeprefix("picture."): value for name, value in values.items() if "." in name
    }
    return Card(**of_card, picture=Picture(**picture))
