"""A filter expression -> a tree of conditions; every refusal points at its column.

Knows the grammar (filter.lark) and the fields; nothing of SQL.
"""

from __future__ import annotations

import math
import re
import threading
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lark import Lark, Transformer, v_args
from lark.exceptions import UnexpectedCharacters, UnexpectedInput, UnexpectedToken

from library.conditions import (
    All,
    Between,
    Compare,
    Contains,
    Either,
    Empty,
    Exists,
    Has,
    Not,
    OneOf,
)
from library.errors import FilterError
from library.fields import FIELDS, Type, folded
from library.rows import milliseconds

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lark import Token

    from library.conditions import Condition, Value
    from library.fields import Field

LONGEST = 100_000  # characters of a filter
DEEPEST = 60  # levels of AND within OR within NOT ...
MOST = 2_000  # conditions in one filter


@lru_cache(maxsize=256)
def parse(text: str) -> Condition | None:
    """The tree of `text`, or None when it is blank.

    Raises FilterError with the column of the mistake.
    """
    if not text.strip():
        return None
    if len(text) > LONGEST:
        raise FilterError(f"Invalid filter syntax: longer than {LONGEST} characters", LONGEST + 1)
    try:
        tree: Condition = _parser().parse(text)  # type: ignore[assignment]
    except UnexpectedInput as error:
        raise _explained(text, error) from None
    _bounded(tree)
    return tree


def number(text: str) -> float | None:
    """`text` as a number, or None when it is not a finite one."""
    if not _NUMBER.fullmatch(text):
        return None
    value = float(text)
    return value if math.isfinite(value) else None


def moment(text: str) -> float | None:
    """`text` as milliseconds since 1970: ISO 8601, a year, a month, or seconds or milliseconds."""
    if _EPOCH.fullmatch(text):
        value = float(text)
        return value if len(text.lstrip("-")) > 11 else value * 1000
    try:
        if _YEAR.fullmatch(text):
            return datetime(int(text[:4]), int(text[5:] or 1), 1, tzinfo=UTC).timestamp() * 1000
        return milliseconds(text)
    except (ValueError, OverflowError):
        return None


_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d{1,3})?", re.IGNORECASE | re.ASCII)
_EPOCH = re.compile(r"-?\d{9,14}", re.ASCII)
_YEAR = re.compile(r"\d{4}(-\d{2})?", re.ASCII)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_RESERVED = {"AND", "OR", "NOT", "IN", "TO", "EXISTS", "IS", "EMPTY", "NULL", "CONTAINS", "STARTS"}

_PHRASES = {
    "WORD": "a name or value",
    "OPERATOR": "an operator such as = or >=",
    "IN": "IN",
    "IS": "IS",
    "EXISTS": "EXISTS",
    "CONTAINS": "CONTAINS",
    "STARTS": "STARTS WITH",
    "WITH": "WITH",
    "EMPTY": "EMPTY",
    "NULL": "NULL",
    "NOT": "NOT",
    "AND": "AND",
    "OR": "OR",
    "LPAR": "`(`",
    "RPAR": "`)`",
    "LSQB": "`[`",
    "RSQB": "`]`",
    "COMMA": "`,`",
    "$END": "the end",
}


_PARSER = threading.Lock()


def _parser() -> Lark:
    """The parser, made once: making it takes as long as many searches."""
    with _PARSER:
        return _made()


@lru_cache(maxsize=1)
def _made() -> Lark:
    grammar = Path(__file__).with_name("filter.lark").read_text("utf-8")
    return Lark(grammar, parser="lalr", transformer=_Tree(), propagate_positions=False)


def _column(token: Token) -> int:
    """Where `token` begins in the whole filter, from 1; lark counts anew on each line of it."""
    return (token.start_pos or 0) + 1


def _text(token: Token) -> str:
    """The text that a bare or quoted token stands for."""
    if token.type == "WORD":
        if token in _RESERVED:
            raise FilterError(
                f"Invalid filter syntax: `{token}` is a reserved word; put quotes around it to "
                f"use it as a name or value (column {_column(token)})",
                _column(token),
            )
        return str(token)
    return _ESCAPED.sub(r"\1", token[1:-1])


def _value(field: Field, token: Token, *, ordered: bool = False) -> Value:
    """The token's value as `field` compares it; `ordered` values must be of the field's type."""
    text = _text(token)
    if field.type in {Type.TEXT, Type.ARRAY}:
        return folded(text)
    value = number(text) if field.type is Type.NUMBER else moment(text.strip())
    if value is None and (ordered or field.type is Type.DATE):
        kind = "a number" if field.type is Type.NUMBER else "a date such as 2025-01-31"
        raise FilterError(
            f'Invalid filter syntax: "{text[:80]}" is not {kind}, and {field.name} is compared by '
            f"value (column {_column(token)})",
            _column(token),
        )
    return value


def _textual(field: Field, keyword: Token) -> Field:
    """`field`, when parts of its values can be looked for; raises FilterError otherwise."""
    if field.type in {Type.NUMBER, Type.DATE}:
        column = _column(keyword)
        raise FilterError(
            f"Invalid filter syntax: {field.name} is compared by value and has no parts to look "
            f"for (column {column})",
            column,
        )
    return field


@v_args(inline=True)
class _Tree(Transformer[Any, Any]):
    """Makes the tree while the parser reads, so that nesting costs no recursion."""

    def name(self, token: Token) -> Field:
        text = _text(token)
        field = _FIELDS_FOLDED.get(text.casefold().removeprefix("metadata."))
        if field is None:
            raise FilterError(
                f'"{text[:80]}" is not a filterable field (column {_column(token)}). '
                f"Filterable fields: {', '.join(FIELDS)}",
                _column(token),
            )
        return field

    def value(self, token: Token) -> Token:
        return token

    def list(self, *tokens: Any) -> Sequence[Token]:
        return [token for token in tokens if token.type not in {"LSQB", "RSQB", "COMMA"}]

    def compare(self, field: Field, operator: Token, token: Token) -> Condition:
        value = _value(field, token, ordered=operator not in {"=", "!="})
        if operator == "!=":
            return Not(Compare(field, "=", value))
        return Compare(field, str(operator), value)

    def between(self, field: Field, low: Token, _to: Token, high: Token) -> Condition:
        return Between(field, _value(field, low, ordered=True), _value(field, high, ordered=True))

    def one_of(self, field: Field, _in: Token, tokens: Sequence[Token]) -> Condition:
        return OneOf(field, tuple(dict.fromkeys(_value(field, token) for token in tokens)))

    def none_of(self, field: Field, _not: Token, _in: Token, tokens: Sequence[Token]) -> Condition:
        return Not(self.one_of(field, _in, tokens))

    def exists(self, field: Field, *_words: Token) -> Condition:
        return Exists(field)

    def missing(self, field: Field, *_words: Token) -> Condition:
        return Not(Exists(field))

    def empty(self, field: Field, *_words: Token) -> Condition:
        return Empty(field)

    def filled(self, field: Field, *_words: Token) -> Condition:
        return Not(Empty(field))

    def contains(self, field: Field, *tokens: Token) -> Condition:
        return Contains(_textual(field, tokens[0]), folded(_text(tokens[-1])))

    def contains_not(self, field: Field, *tokens: Token) -> Condition:
        return Not(self.contains(field, *tokens))

    def starts(self, field: Field, *tokens: Token) -> Condition:
        return Contains(_textual(field, tokens[0]), folded(_text(tokens[-1])), start=True)

    def starts_not(self, field: Field, *tokens: Token) -> Condition:
        return Not(self.starts(field, *tokens))

    def has(self, field: Field, _colon: Token, token: Token) -> Condition:
        if field.type is Type.TEXT:
            return Has(field, _text(token))
        return Compare(field, "=", _value(field, token))

    def negation(self, _not: Token, item: Condition) -> Condition:
        return item.item if isinstance(item, Not) else Not(item)

    def group(self, _left: Token, item: Condition, _right: Token) -> Condition:
        return item

    def and_(self, *items: Any) -> Condition:
        return All(_flat(items, All))

    def or_(self, *items: Any) -> Condition:
        return Either(_flat(items, Either))

    def start(self, item: Condition) -> Condition:
        return item


_FIELDS_FOLDED = {name.casefold(): field for name, field in FIELDS.items()}


def _flat(items: Sequence[Any], kind: type[All | Either]) -> tuple[Condition, ...]:
    """The operands without the keywords between them, those of the same kind opened up."""
    found: list[Condition] = []
    for item in items[::2]:
        found += item.items if isinstance(item, kind) else (item,)
    return tuple(found)


def _bounded(tree: Condition) -> None:
    """Raise FilterError for a tree deeper or larger than any person writes."""
    level: list[Condition] = [tree]
    total = 0
    for _ in range(DEEPEST):
        total += sum(not _below(item) for item in level)
        if total > MOST:
            raise FilterError(f"Invalid filter syntax: more than {MOST} conditions", 1)
        level = [below for item in level for below in _below(item)]
        if not level:
            return
    raise FilterError(f"Invalid filter syntax: nested deeper than {DEEPEST} levels", 1)


def _below(item: Condition) -> tuple[Condition, ...]:
    if isinstance(item, Not):
        return (item.item,)
    return item.items if isinstance(item, (All, Either)) else ()


def _explained(text: str, error: UnexpectedInput) -> FilterError:
    """What was found, where, and what could stand there instead."""
    expected: set[str] = set()
    column, shown = len(text.rstrip()) + 1, "the end"
    if isinstance(error, UnexpectedToken):
        # What the state accepts, not what its lookahead merges.
        expected = set(error.accepts or ())
        if error.token.type != "$END":
            column, shown = _column(error.token), f"`{str(error.token)[:40]}`"
    elif isinstance(error, UnexpectedCharacters):
        place = error.pos_in_stream or 0
        expected, column = set(error.allowed or ()), place + 1
        character = text[place]
        if character in "\"'":
            return FilterError(
                f"Invalid filter syntax: the quote opened at column {column} is never closed",
                column,
            )
        shown = f"`{character}`"
    if expected == {"TO"}:
        # Two values in a row can still become a range, but an operator is what is missing.
        expected = {"OPERATOR"}
    wanted = ", ".join(name for key, name in _PHRASES.items() if key in expected)
    is_odd = shown.startswith("`") and not (shown[1].isalnum() or shown[1] in "_-/.=<>()[],;\"'")
    hint = "; values with such characters go in quotes" if is_odd else ""
    return FilterError(
        f"Invalid filter syntax: unexpected {shown} at column {column}"
        + (f", expected {wanted}" if wanted else "")
        + hint,
        column,
    )
