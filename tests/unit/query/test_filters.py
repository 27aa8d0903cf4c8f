"""Facets and ranges as a filter expression, in which values are safely quoted."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from hypothesis import example, given

from app.query import filters
from app.query.filters import Facet, Mistake, Range, expression, quote, unbalanced
from app.query.search import Search
from tests.support.searches import EXPRESSIONS, NASTY, SEARCHES

QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)


@given(NASTY)
@example('" OR privacy = "public')
@example("\\")
@example('\\"')
def test_quoted_is_one_string(value: str) -> None:
    """No value can end its string, and unquoting returns it."""
    assert QUOTED.fullmatch(quote(value))
    assert re.sub(r"\\(.)", r"\1", quote(value)[1:-1], flags=re.DOTALL) == value


@given(SEARCHES)
def test_an_expression_is_the_conjunction_of_its_clauses(search: Search) -> None:
    """It has every facet, range and flag once, in order, and nothing else."""
    clauses = [clause for facet in search.facets for clause in filters.facet_clauses(facet)]
    clauses += [clause for each in search.ranges for clause in filters.range_clauses(each)]
    clauses += ["nsfw IS EMPTY"] * (search.nsfw == "hide")
    clauses += [f"({search.filter})"] * bool(search.filter)
    assert search.expression == " AND ".join(clauses)


@pytest.mark.parametrize(
    ("facet", "clauses"),
    [
        (Facet("kind", any=("video", "image")), ['kind IN ["image", "video"]']),
        (Facet("tags", all=("b", 'a"')), ['tags = "a\\""', 'tags = "b"']),
        (Facet("tags", any=("a",), none=("b",)), ['tags IN ["a"]', 'tags NOT IN ["b"]']),
        (Facet("kind"), []),
    ],
)
def test_a_facet_has_a_clause_for_each_mode(facet: Facet, clauses: list[str]) -> None:
    """Any of some values, all of some, none of some."""
    assert list(filters.facet_clauses(facet)) == clauses


@given(EXPRESSIONS)
def test_a_raw_expression_stays_in_its_parentheses(raw: str) -> None:
    """A balanced expression cannot change the conjunction around it."""
    spelled = expression((Facet("kind", any=("image",)),), (), hide_sensitive=True, raw=raw)
    if raw:
        assert spelled == f'kind IN ["image"] AND nsfw IS EMPTY AND ({raw})'


@pytest.mark.parametrize(
    ("raw", "mistake"),
    [
        ("kind = image) OR (privacy = public", Mistake("There is a “)” without its “(”.", 12)),
        ("(kind = image", Mistake("There is a “(” without its “)”.", 0)),
        ('name = "open', Mistake("A quotation mark is not closed.", 7)),
        ("name = 'open", Mistake("A quotation mark is not closed.", 7)),
        ('name = "a\\"', Mistake("A quotation mark is not closed.", 7)),
        ("tags IN [a, b", Mistake("There is a “[” without its “]”.", 8)),
        ("] AND kind = image", Mistake("There is a “]” without its “[”.", 0)),
        ("(tags IN [a)]", Mistake("There is a “)” without its “(”.", 11)),
        ('name = ")"', None),
        ("name = 'it (is'", None),
        ("(" * 100 + "kind = image" + ")" * 100, None),
        ("", None),
    ],
)
def test_unbalanced_expressions_are_rejected(raw: str, mistake: Mistake | None) -> None:
    """With a message and the position of the mistake."""
    assert unbalanced(raw) == mistake


def test_a_range_that_holds_for_every_asset_is_recognised() -> None:
    """The API requires a filter for the newest assets; it is not shown."""
    assert filters.is_everything(Range("createdAt", "1970-01-01"))
    assert not filters.is_everything(Range("createdAt", "1970-01-02"))


@pytest.mark.parametrize(
    ("interval", "expected"),
    [
        (Range("width", "512", "1024"), ["width >= 512", "width <= 1024"]),
        (Range("createdAt", "2025-01-31"), ['createdAt >= "2025-01-31"']),
        (Range("createdAt", None, "2025-01-31"), ['createdAt <= "2025-01-31T23:59:59.999Z"']),
        (Range("createdAt", None, "2025-01-31T12:00Z"), ['createdAt <= "2025-01-31T12:00Z"']),
        (Range("createdAt", "2025-01-31+02:00"), ['createdAt >= "2025-01-30T22:00:00.000Z"']),
        (
            Range("createdAt", "2025-01-31-03:30", "2025-01-31-03:30"),
            ['createdAt >= "2025-01-31T03:30:00.000Z"', 'createdAt <= "2025-02-01T03:29:59.999Z"'],
        ),
        (Range("createdAt", "2025-01-31T09:00+09:00"), ['createdAt >= "2025-01-31T00:00:00.000Z"']),
    ],
)
def test_an_upper_date_includes_the_day(interval: Range, expected: list[str]) -> None:
    """Until its last millisecond."""
    assert list(filters.range_clauses(interval)) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2025-01-31+02:00..", "2025-01-31+02:00.."),
        ("2025-01-31 02:00..2025-02-01 02:00", "2025-01-31+02:00..2025-02-01+02:00"),  # not encoded
        ("..2025-01-31T10:00-05:00", "..2025-01-31T10:00-05:00"),
        # The second end is earlier, as a moment.
        ("2025-01-31T01:00+00:00..2025-01-31T02:00+09:00", None),
    ],
)
def test_dates_with_the_offset_of_their_reader(text: str, expected: str | None) -> None:
    parsed = filters.parse_range("createdAt", text)
    low, _, high = text.partition("..")
    assert str(parsed) == (expected or f"{high}..{low}")


@pytest.mark.parametrize("end", ["2025-01-31+25:00", "2025-01-31Z+02:00", "2025-01-31+2:00"])
def test_offsets_that_do_not_exist(end: str) -> None:
    with pytest.raises(ValueError, match="is not a date"):
        filters.parse_range("createdAt", f"{end}..")


def test_today_is_the_day_at_an_offset() -> None:
    now = datetime(2025, 1, 31, 23, 30, tzinfo=UTC)
    days = [filters.Today.at(offset, now).before(0) for offset in ("", "+02:00", "-11:00")]
    assert days == ["2025-01-31", "2025-02-01+02:00", "2025-01-31-11:00"]
