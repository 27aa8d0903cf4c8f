"""The position of a mistake in a typed filter."""

from __future__ import annotations

import pytest

from app.insight.filter_errors import AROUND, Pointer, pointed
from app.query.search import Search


def at(search: Search, marker: str) -> int:
    """The column of a text in the expression that is sent, as the API counts it."""
    return search.expression.index(marker) + 1


def test_the_caret_is_below_the_mistake() -> None:
    """The API's column counts the parenthesis before the typed text."""
    search = Search(filter="width >= AND kind = image")
    assert pointed(search, at(search, "AND")) == Pointer(
        "width >= AND kind = image", "         ^", 10, 11
    )


def test_facets_before_it_do_not_shift_the_caret() -> None:
    """They come before the typed text."""
    search = Search(filter="width & 3", nsfw="hide").adding("tags", "a (b")
    found = pointed(search, at(search, "&"))
    assert found == Pointer("width & 3", "      ^", 7, at(search, "&"))


def test_a_filter_that_ends_too_early_has_the_caret_after_it() -> None:
    """The API meets the closing parenthesis there."""
    search = Search(filter="width >=")
    assert pointed(search, len(search.expression)) == Pointer(
        "width >=", "        ^", 9, 10, is_end=True
    )


@pytest.mark.parametrize(
    ("message", "corrected"),
    [
        (
            "Invalid filter syntax: unexpected `)` at column 10, expected a value",
            "Invalid filter syntax: the filter ends too early, expected a value",
        ),
        ('unexpected ")" in the filter', "the filter ends too early in the filter"),
        ("A value is missing.", "The filter ends too early. A value is missing."),
    ],
)
def test_a_parenthesis_that_was_not_typed_is_not_mentioned(message: str, corrected: str) -> None:
    """The message says that the filter ends too early."""
    pointer = pointed(Search(filter="width >="), 10)
    assert pointer
    assert pointer.corrected(message) == corrected


def test_the_message_names_the_column_of_the_typed_filter() -> None:
    """Not the one of the expression that was sent."""
    pointer = Pointer("width >=", "        ^", 9, 10)
    assert pointer.corrected("unexpected end at column 10") == "unexpected end at column 9"


def test_a_long_filter_is_cut_around_the_mistake() -> None:
    """The caret stays visible."""
    search = Search(filter="a = 1 AND " * 20 + "! AND " + "b = 2 AND " * 20 + "c = 3")
    found = pointed(search, at(search, "!"))
    assert found is not None
    assert (found.text[0], found.text[-1], len(found.text)) == ("…", "…", 2 * AROUND + 2)
    assert found.text[found.caret.index("^")] == "!"


@pytest.mark.parametrize("column", [None, 0, 1, 99])
def test_columns_outside_of_the_typed_filter_have_no_pointer(column: int | None) -> None:
    """Nor has a response without a column."""
    search = Search(filter="nonsense").adding("tags", "a")
    assert pointed(search, column) is None
    assert pointed(Search(), 3) is None
