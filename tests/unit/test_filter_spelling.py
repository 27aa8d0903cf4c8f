"""Facets and ranges become one expression in which no value can be anything else than a value."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app import filters
from app.filters import EVERYTHING, Facet, Mistake, Range, expression, parts, quote, unbalanced
from app.search import Search
from tests.unit.searches import EXPRESSIONS, NASTY, SEARCHES

QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)


@given(NASTY)
@example('" OR privacy = "public')
@example("\\")
@example('\\"')
def test_quoted_is_one_string(value: str) -> None:
    """Nothing in a value can end its string, and unquoting gives the value back."""
    assert QUOTED.fullmatch(quote(value))
    assert re.sub(r"\\(.)", r"\1", quote(value)[1:-1], flags=re.DOTALL) == value


@given(SEARCHES)
def test_parts_take_an_expression_apart(search: Search) -> None:
    """Facets, ranges, the sensitive and the raw rest come back as they went in."""
    found = parts(search.expression)
    again = Search(
        facets=found.facets,
        ranges=found.ranges,
        nsfw="hide" if found.hide_sensitive else "blur",
        filter=found.raw,
    )
    assert (again.facets, again.ranges, again.filter) == (
        search.facets,
        search.ranges,
        search.filter,
    )
    assert found.hide_sensitive == (search.nsfw == "hide")


@given(EXPRESSIONS)
def test_a_raw_expression_stays_in_its_parentheses(raw: str) -> None:
    """A balanced expression cannot reach beyond the conjunction that it stands in."""
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
def test_what_would_escape_is_refused(raw: str, mistake: Mistake | None) -> None:
    """Each mistake is named in a sentence for the reader, and has its place."""
    assert unbalanced(raw) == mistake


CLAUSES = [
    "kind = image",
    "name = 'a  AND b'",
    'name = "a AND  b"',
    'name IN ["a"]',
    'prompt = "a"',
    "tags IN [a, b]",
    "(tags = a OR tags = b)",
    "createdAt >= yesterday",
    'NOT kind IN ["image"]',
    "nsfw IS NULL",
    "prompt:dragon",
]


@given(st.lists(st.sampled_from(CLAUSES), min_size=2, max_size=4))
def test_what_no_facet_or_range_says_is_kept_letter_by_letter(clauses: list[str]) -> None:
    """Alone as beside what one does say."""
    text = " AND ".join(clauses)
    assert parts(text) == filters.Parts((), (), False, text)
    found = parts(f'kind IN ["image"] AND {text} AND nsfw IS EMPTY AND width >= 5')
    assert found == filters.Parts(
        (Facet("kind", any=("image",)),), (Range("width", "5"),), True, text
    )


@given(EXPRESSIONS | NASTY)
@example('a OR b AND kind IN ["image"]')
@example("((a) OR (b))")
@example("(a) OR (b)")
@example("(a = b) AND (c = d)")
@example('(kind IN ["image"])')
@example('kind IN ["image"] AND kind NOT IN ["video"] AND a')
def test_an_expression_that_was_taken_apart_and_joined_is_taken_apart_alike(text: str) -> None:
    """Nothing in the raw rest becomes a facet, nor the other way round."""
    found = parts(text)
    if unbalanced(text) is None:  # as every expression that is used
        assert unbalanced(found.raw) is None
        joined = expression(
            found.facets, found.ranges, hide_sensitive=found.hide_sensitive, raw=found.raw
        )
        assert parts(joined) == found


def test_an_or_at_the_top_keeps_the_expression_whole() -> None:
    """It binds weaker than AND: no clause of it is a condition for all."""
    text = 'kind IN ["image"] AND width >= 512 OR tags = "a"'
    assert parts(text) == filters.Parts((), (), False, text)


def test_everything_is_no_condition() -> None:
    """What the API needs to show the newest is not shown to a reader."""
    assert parts(EVERYTHING) == filters.Parts((), (), False, "")
    assert filters.is_everything(Range("createdAt", "1970-01-01"))


@pytest.mark.parametrize(
    ("interval", "expected"),
    [
        (Range("width", "512", "1024"), ["width >= 512", "width <= 1024"]),
        (Range("createdAt", "2025-01-31"), ['createdAt >= "2025-01-31"']),
        (Range("createdAt", None, "2025-01-31"), ['createdAt <= "2025-01-31T23:59:59.999Z"']),
        (Range("createdAt", None, "2025-01-31T12:00Z"), ['createdAt <= "2025-01-31T12:00Z"']),
    ],
)
def test_a_day_ends_at_its_end(interval: Range, expected: list[str]) -> None:
    """Until a day means until its last moment."""
    assert list(filters.range_clauses(interval)) == expected
