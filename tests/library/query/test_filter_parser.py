"""The filter grammar: which expressions are valid, their trees, and errors."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from library.errors import FilterError
from library.query.filter_parser import parse_filter
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
from library.schema.fields import FIELDS

if TYPE_CHECKING:
    from library.query.filter_tree import Condition

KIND, WIDTH, TAGS, NAME, CREATED = (
    FIELDS[name] for name in ("kind", "width", "tags", "name", "createdAt")
)
IMAGE = Compare(KIND, "=", "image")
WIDE = Compare(WIDTH, ">=", 1024.0)
DRAGON = Compare(TAGS, "=", "dragon")


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("kind = image", IMAGE),
        ("KIND=IMAGE", IMAGE),
        ("'kind' = \"Image\"", IMAGE),
        ("metadata.kind = image", IMAGE),
        ("kind != image", Not(IMAGE)),
        ("width >= 1024", WIDE),
        ("width >= 1.024e3", WIDE),
        ("width < -1", Compare(WIDTH, "<", -1.0)),
        ("width = wide", Compare(WIDTH, "=", None)),
        ("width = 1e999", Compare(WIDTH, "=", None)),
        ("width != wide", Not(Compare(WIDTH, "=", None))),
        ("width 1 TO 2", Between(WIDTH, 1.0, 2.0)),
        ("kind IN [image, 'Video',]", OneOf(KIND, ("image", "video"))),
        ("kind in []", OneOf(KIND, ())),
        ("kind NOT IN [image]", Not(OneOf(KIND, ("image",)))),
        ("name EXISTS", Exists(NAME)),
        ("name NOT EXISTS", Not(Exists(NAME))),
        ("name IS NULL", Not(Exists(NAME))),
        ("name IS NOT NULL", Exists(NAME)),
        ("tags IS EMPTY", IsEmpty(TAGS)),
        ("tags is not empty", Not(IsEmpty(TAGS))),
        ("name CONTAINS 'Red D'", Contains(NAME, "red d")),
        ("name NOT CONTAINS x", Not(Contains(NAME, "x"))),
        ("name STARTS WITH x", Contains(NAME, "x", start=True)),
        ("name NOT starts with x", Not(Contains(NAME, "x", start=True))),
        ("name:dragon", HasWords(NAME, "dragon")),
        ("tags:dragon", DRAGON),
        ("createdAt >= 2025-01-01", Compare(CREATED, ">=", 1735689600000.0)),
        ("createdAt >= 2025", Compare(CREATED, ">=", 1735689600000.0)),
        ("createdAt >= ' 2025-01-01 '", Compare(CREATED, ">=", 1735689600000.0)),
        ("createdAt >= 2025-03", Compare(CREATED, ">=", 1740787200000.0)),
        ("createdAt < -99999999999", Compare(CREATED, "<", -99999999999000.0)),
        ("createdAt < 99999999999", Compare(CREATED, "<", 99999999999000.0)),
        ("createdAt < 100000000000", Compare(CREATED, "<", 100000000000.0)),
        ("createdAt < -100000000000", Compare(CREATED, "<", -100000000000.0)),
        ("createdAt >= 1735689600", Compare(CREATED, ">=", 1735689600000.0)),
        ("createdAt >= 1735689600000", Compare(CREATED, ">=", 1735689600000.0)),
        ('createdAt = "2025-01-01T01:00:00+01:00"', Compare(CREATED, "=", 1735689600000.0)),
        ("tags = not", Compare(TAGS, "=", "not")),
        (r"name = 'it\'s'", Compare(NAME, "=", "it's")),
        (r'name = "a \"b\" c"', Compare(NAME, "=", 'a "b" c')),
        ("name = красный", Compare(NAME, "=", "красный")),
        ("name = STRASSE", Compare(NAME, "=", "strasse")),
        ("name = Straße", Compare(NAME, "=", "strasse")),
        ("kind = image AND width >= 1024", And((IMAGE, WIDE))),
        (
            "kind = image OR width >= 1024 AND tags = dragon",
            Or((IMAGE, And((WIDE, DRAGON)))),
        ),
        (
            "(kind = image or width>=1024) and tags=dragon",
            And((Or((IMAGE, WIDE)), DRAGON)),
        ),
        ("kind = image AND (width >= 1024 AND tags = dragon)", And((IMAGE, WIDE, DRAGON))),
        ("(kind = image OR width >= 1024) OR tags = dragon", Or((IMAGE, WIDE, DRAGON))),
        ("NOT kind = image AND tags = dragon", And((Not(IMAGE), DRAGON))),
        ("NOT (kind = image AND tags = dragon)", Not(And((IMAGE, DRAGON)))),
        ("NOT NOT kind = image", IMAGE),
        ("(" * 100 + "kind = image" + ")" * 100, IMAGE),
        ("METADATA.Width >= 1024", WIDE),
        (" OR ".join(["kind = image"] * 2000), Or((IMAGE,) * 2000)),
        ("", None),
        ("  ", None),
    ],
)
def test_an_expression_is_parsed_into_its_tree(text: str, tree: Condition | None) -> None:
    assert parse_filter(text) == tree


@pytest.mark.parametrize(
    ("text", "column", "message"),
    [
        ("kind =", 7, "expected a name or value"),
        ("kind image", 11, "expected an operator"),
        ("kind = image foo = 1", 14, "expected AND, OR, the end"),
        ("(kind = image", 14, "expected `)`"),
        ("kind = image)", 13, "unexpected `)`"),
        ('kind = "image', 8, "the quote opened at column 8 is never closed"),
        ("aspectRatio = 16:9", 17, "go in quotes"),
        ("kind IN [image video]", 16, "expected `]`, `,`"),
        ("kind IN image", 9, "expected `[`"),
        ("kind = image AND", 17, "unexpected the end"),
        ("AND kind = image", 1, "`AND` is a reserved word"),
        ("width > wide", 9, "is not a number"),
        ("width > 1e999", 9, "is not a number"),
        ("width 1 TO x", 12, "is not a number"),
        ("width x TO 2", 7, "is not a number, and"),
        ("width STARTS WITH 1", 7, "on texts only (column 7)"),
        ("createdAt > yesterday", 13, "is not a date"),
        ("createdAt = 2025-13-01", 13, "is not a date"),
        ("colour = red", 1, '"colour" is not a filterable field'),
        ("kind = image AND id = x", 18, '"id" is not a filterable field'),
        ("tags = OR", 8, "reserved word"),
        ("kind = image\nAND colour = red", 18, "field (column 18)"),
        ("kind = image\n AND\nwidth > wide", 27, "is not a number"),
        ("kind = image\nAND )", 18, "unexpected `)` at column 18"),
        ("kind = image AND\nOR = 1", 18, "`OR` is a reserved word"),
        ("width = 1\nAND width CONTAINS 1", 21, "work on texts only (column 21)"),
        ("name =\n🐉", 8, "go in quotes"),
        ('kind = image\nAND name = "x', 25, "opened at column 25"),
        ("kind IS image", 9, "expected EMPTY, NULL, NOT"),
        ("kind IS NOT image", 13, "expected EMPTY, NULL"),
        ("kind NOT image", 10, "expected IN, EXISTS, CONTAINS, STARTS WITH"),
        ("name STARTS x", 13, "expected WITH"),
        ("kind", 5, "expected a name or value, an operator such as = or >=, IN, IS, EXISTS"),
        ("createdAt = 2025-13", 13, "is not a date"),
        ("kind @ image", 6, "unexpected `@`"),
        ("²=1", 1, "not a filterable field"),
        ("\ud800 = 1", 1, "unexpected"),
        (" OR ".join(["kind = a"] * 2001), 1, "more than 2000 conditions"),
        ("kind = " + "a" * 100_000, 100_001, "longer than"),
        ("NOT (kind = a AND " * 61 + "kind = b" + ")" * 61, 1, "nested deeper"),
    ],
)
def test_an_error_has_the_column_of_the_mistake(text: str, column: int, message: str) -> None:
    with pytest.raises(FilterError) as caught:
        parse_filter(text)
    assert caught.value.column == column
    assert message in str(caught.value)


@pytest.mark.parametrize(
    "word",
    ["AND", "OR", "NOT", "IN", "TO", "EXISTS", "IS", "EMPTY", "NULL", "CONTAINS", "STARTS"],
)
def test_a_keyword_in_quotes_or_lower_case_is_a_value(word: str) -> None:
    """An unquoted keyword in capitals more likely follows a condition without its value."""
    for text in (f'tags = "{word}"', f"tags = {word.lower()}"):
        assert parse_filter(text) == Compare(TAGS, "=", word.lower())
    with pytest.raises(FilterError, match=f"`{word}` is a reserved word"):
        parse_filter(f"tags IN [{word}]")


def test_depth_and_length_of_a_filter_are_limited() -> None:
    def nested(levels: int) -> str:
        return "NOT (kind = a AND " * (levels // 2) + "kind = b" + ")" * (levels // 2)

    assert parse_filter(nested(58)) is not None
    with pytest.raises(FilterError, match="nested deeper than 60 levels"):
        parse_filter(nested(60))
    longest = "kind = " + "a" * (100_000 - len("kind = "))
    assert parse_filter(longest) is not None
    with pytest.raises(FilterError, match="longer than 100000 characters"):
        parse_filter(longest + "a")


PIECES = st.sampled_from(
    (
        *("kind", "width", "tags", "createdAt", "nonsense", "=", "!=", "<", ":", ",", "(", ")"),
        *("[", "]", "IN", "NOT", "AND", "OR", "TO", "EXISTS", "IS", "EMPTY", "NULL", "CONTAINS"),
        *("STARTS WITH", "image", "'quoted'", '"open', "1024", "2025-01-01", "1e9", "²", "\\"),
    )
)


@given(st.text(max_size=40) | st.lists(PIECES, max_size=12).map(" ".join))
def test_any_text_is_a_tree_or_an_error_with_a_column_in_it(text: str) -> None:
    with contextlib.suppress(FilterError):
        tree = parse_filter(text)
        assert (tree is None) == (not text.strip())
        return
    with pytest.raises(FilterError) as caught:
        parse_filter(text)
    assert 1 <= caught.value.column <= len(text) + 1


def test_contains_on_a_number_is_an_error() -> None:
    with pytest.raises(FilterError, match="CONTAINS and STARTS WITH work on texts only") as caught:
        parse_filter("width CONTAINS 1")
    assert caught.value.column == 7


def test_the_filter_that_is_always_true_contains_photographs_from_before_1970() -> None:
    old = -1_000_000_000_000.0  # 1938
    for text, value in (("1970-01-01", -1e14), ("1970-01-02", 86_400_000.0), ("1938", None)):
        tree = parse_filter(f'createdAt >= "{text}"')
        assert isinstance(tree, Compare)
        assert value is None or tree.value == value
        assert (float(str(tree.value)) <= old) == (text != "1970-01-02")
