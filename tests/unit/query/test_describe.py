"""Descriptions of searches, sizes and dates."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.query import describe
from app.query.params import pairs_of
from app.query.search import Search
from tests.support.searches import SEARCHES


@given(SEARCHES)
def test_every_search_has_a_title(search: Search) -> None:
    """One line that is never empty and can be encoded."""
    title = describe.title(search)
    assert title.strip()
    assert "\n" not in title
    assert title.encode()


@given(SEARCHES)
def test_every_condition_is_described_with_its_pair(search: Search) -> None:
    """Each is a pair of the address, which its link removes."""
    pairs = search.pairs()
    for parameter, value, text in describe.conditions(search):
        assert (parameter, value) in pairs
        assert text


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("", "newest"),
        ("query=castle", "castle"),
        ("like=a", "like 1 picture"),
        ("like=a&like=b&unlike=c", "like 2 pictures, unlike 1"),
        ("unlike=a&unlike=b", "unlike 2 pictures"),
        ("page=3", "newest · page 3"),
        ("offset=40", "newest · from 41"),
    ],
)
def test_titles(text: str, title: str) -> None:
    """As in the title of the browser tab."""
    assert describe.title(Search.parse(pairs_of(text)), {"c1": "Castles"}) == title


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        (0, "0 bytes"),
        (999, "999 bytes"),
        (1000, "1.0 kB"),
        (9949, "9.9 kB"),
        (9999, "10 kB"),
        (12_345, "12 kB"),
        (999_999, "1.0 MB"),
        (28_000_000, "28 MB"),
        (10**15, "1000 TB"),
    ],
)
def test_file_sizes(size: int, expected: str) -> None:
    """One to three digits before the decimal point."""
    assert describe.file_size(size) == expected


@given(st.integers(0, 10**14))
def test_file_sizes_stay_short(size: int) -> None:
    """Also at the boundaries between units."""
    figure = describe.file_size(size).split()[0]
    assert len(figure) <= 3


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (None, ""),
        ("", ""),
        ("2025-01-31T12:00:00.000Z", "2025-01-31 12:00 UTC"),
        ("2025-01-31T12:00:00+02:00", "2025-01-31 10:00 UTC"),
        ("2025-01-31T12:00", "2025-01-31 12:00 UTC"),
        ("2025-01-31", "2025-01-31"),
        ("yesterday", "yesterday"),
        ("99999-12-31T00:00:00Z", "99999-12-31T00:00:00Z"),
        ("2025-02-30T25:61:61Z", "2025-02-30T25:61:61Z"),
        ("0001-01-01T00:00:00+23:00", "0001-01-01T00:00:00+23:00"),
    ],
)
def test_dates(text: str | None, expected: str) -> None:
    """In UTC; other text is unchanged."""
    assert describe.date(text) == expected


@given(st.text(max_size=30))
@example("9999-12-31T23:59:59-23:00")
def test_any_text_is_shown_as_a_date_or_as_it_is(text: str) -> None:
    """Without an exception."""
    assert isinstance(describe.date(text), str)


@pytest.mark.parametrize(
    ("count", "expected"),
    [(0, "0 results"), (1, "1 result"), (1_234_567, "1\u202f234\u202f567 results")],
)
def test_counts(count: int, expected: str) -> None:
    """With narrow spaces between the thousands."""
    assert describe.counted(count, "result") == expected
