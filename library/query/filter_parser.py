"""Parser of filter expressions; every syntax error has the column of the mistake.

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

from library.errors import FilterError
from library.query.filter_tree import (
    And,
    Between,
    Compare,
    Contains,
    Exists,
    HasWords,
    IsEmpty,
    Not,
    OneOf,
    Or,
)
from library.schema.fields import FIELDS, Type, folded
from library.store.rows import milliseconds

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lark import Token

    from library.query.filter_tree import Condition, Value
    from library.schema.fields import Field

LENGTH_MOST = 100_000  # characters of a filter
DEPTH_MOST = 60  # levels of AND within OR within NOT ...
CONDITIONS_MOST = 2_000


@lru_cache(maxsize=256)
def parse_filter(text: str) -> Condition | None:
    """Return the tree of `text`, or None when it is blank.

    Raises FilterError with the column of the mistake.
    """
    if not text.strip():
        return None
    if len(text) > LENGTH_MOST:
        raise FilterError(
            f"Invalid filter syntax: longer than {LENGTH_MOST} characters", LENGTH_MOST + 1
        )
    try:
        tree: Condition = _parser().parse(text)  # type: ignore[assignment]
    except UnexpectedInput as error:
        raise _syntax_error(text, error) from None
    _require_bounded(tree)
    return tree


def parse_number(text: str) -> float | None:
    """Return `text` as a number, or None when it is not a finite one."""
    if not _NUMBER.fullmatch(text):
        return None
    value = float(text)
    return value if math.isfinite(value) else None


def parse_date(text: str) -> float | None:
    """Return `text` as milliseconds since 1970, or None.

    It is ISO 8601, a year, a month, or seconds or milliseconds since 1970.
    """
    if _EPOCH.fullmatch(text):
        value = float(text)
        return value if len(text.lstrip("-")) > 11 else value * 1000
    try:
        if _YEAR.fullmatch(text):
            return datetime(int(text[:4]), int(text[5:] or 1), 1, tzinfo=UTC).timestamp() * 1000
        return milliseconds(text)
    except (ValueError, OverflowError):
        return None


_EARLIEST = -1e14  # milliseconds since 1970
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d{1,3})?", re.IGNORECASE | re.ASCII)
_EPOCH = re.compile(r"-?\d{9,14}", re.ASCII)
_YEAR = re.compile(r"\d{4}(-\d{2})?", re.ASCII)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_RESERVED = {"AND", "OR", "NOT", "IN", "TO", "EXISTS", "IS", "EMPTY", "NULL", "CONTAINS", "STARTS"}

_TOKEN_NAMES = {
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


_PARSER_LOCK = threading.Lock()


def _parser() -> Lark:
    """Return the parser, built once: building it takes as long as many searches."""
    with _PARSER_LOCK:
        return _build_parser()


@lru_cache(maxsize=1)
def _build_parser() -> Lark:
    grammar = Path(__file__).with_name("filter.lark").read_text("utf-8")
    return Lark(grammar, parser="lalr", transformer=_TreeBuilder(), propagate_positions=False)


def _column(token: Token) -> int:
    """Return where `token` begins in the whole filter, from 1; lark counts per line."""
    return (token.start_pos or 0) + 1


def _text(token: Token) -> str:
    """Return the text of a bare or quoted token, without quotes and escapes."""
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
    """Return the token's value for `field`; `ordered` values must be of the field's type."""
    text = _text(token)
    if field.type in {Type.TEXT, Type.ARRAY}:
        return folded(text.strip("/") if field.folders else text)
    value = parse_number(text) if field.type is Type.NUMBER else parse_date(text.strip())
    if value is None and (ordered or field.type is Type.DATE):
        kind = "a number" if field.type is Type.NUMBER else "a date such as 2025-01-31"
        raise FilterError(
            f'Invalid filter syntax: "{text[:80]}" is not {kind}, and {field.name} is compared by '
            f"value (column {_column(token)})",
            _column(token),
        )
    return value


def _require_text(field: Field, keyword: Token) -> Field:
    """Return `field` if its values are texts; raises FilterError otherwise."""
    if field.type in {Type.NUMBER, Type.DATE}:
        column = _column(keyword)
        raise FilterError(
            f"Invalid filter syntax: {field.name} is compared by value; CONTAINS and STARTS WITH "
            f"work on texts only (column {column})",
            column,
        )
    return field


@v_args(inline=True)
class _TreeBuilder(Transformer[Any, Any]):
    """Builds the tree while the parser reads, so that nesting needs no recursion."""

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
        if operator == ">=" and field.type is Type.DATE and value == 0:
            value = _EARLIEST  # the API's filter that is always true: photographs can be older
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
        return IsEmpty(field)

    def filled(self, field: Field, *_words: Token) -> Condition:
        return Not(IsEmpty(field))

    def contains(self, field: Field, *tokens: Token) -> Condition:
        return Contains(_require_text(field, tokens[0]), folded(_text(tokens[-1])))

    def contains_not(self, field: Field, *tokens: Token) -> Condition:
        return Not(self.contains(field, *tokens))

    def starts(self, field: Field, *tokens: Token) -> Condition:
        text = _text(tokens[-1])
        if field.folders and text.endswith("/"):  # everything below that folder
            return Compare(field, "=", _value(field, tokens[-1]))
        return Contains(_require_text(field, tokens[0]), folded(text), start=True)

    def starts_not(self, field: Field, *tokens: Token) -> Condition:
        return Not(self.starts(field, *tokens))

    def has(self, field: Field, _colon: Token, token: Token) -> Condition:
        if field.type is Type.TEXT:
            return HasWords(field, _text(token))
        return Compare(field, "=", _value(field, token))

    def negation(self, _not: Token, item: Condition) -> Condition:
        return item.negated()

    def group(self, _left: Token, item: Condition, _right: Token) -> Condition:
        return item

    def and_(self, *items: Any) -> Condition:
        return And(_flat(items, And))

    def or_(self, *items: Any) -> Condition:
        return Or(_flat(items, Or))

    def start(self, item: Condition) -> Condition:
        return item


_FIELDS_FOLDED = {name.casefold(): field for name, field in FIELDS.items()}


def _flat(items: Sequence[Any], join: type[And | Or]) -> tuple[Condition, ...]:
    """Return the operands without keywords; those of the same class are replaced by theirs."""
    operands: list[Condition] = []
    for item in items[::2]:
        operands += item.items if isinstance(item, join) else (item,)
    return tuple(operands)


def _require_bounded(tree: Condition) -> None:
    """Raise FilterError for a tree deeper or larger than any person writes."""
    level: tuple[Condition, ...] = (tree,)
    total = 0
    for _ in range(DEPTH_MOST):
        total += sum(not node.children for node in level)
        if total > CONDITIONS_MOST:
            raise FilterError(f"Invalid filter syntax: more than {CONDITIONS_MOST} conditions", 1)
        level = tuple(child for node in level for child in node.children)
        if not level:
            return
    raise FilterError(f"Invalid filter syntax: nested deeper than {DEPTH_MOST} levels", 1)


def _syntax_error(text: str, error: UnexpectedInput) -> FilterError:
    """Return the error with what was unexpected, where, and what is possible there."""
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
    options = ", ".join(name for key, name in _TOKEN_NAMES.items() if key in expected)
    is_odd = shown.startswith("`") and not (shown[1].isalnum() or shown[1] in "_-/.=<>()[],;\"'")
    hint = "; values with such characters go in quotes" if is_odd else ""
    return FilterError(
        f"Invalid filter syntax: unexpected {shown} at column {column}"
        + (f", expected {options}" if options else "")
        + hint,
        column,
    )
