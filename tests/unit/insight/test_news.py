"""The search for what is new since a person's last look."""

from __future__ import annotations

import pytest

from app.insight.news import newer
from app.query.params import pairs_of
from app.query.search import Search

SINCE = 1_767_225_600.5  # 2026-01-01T00:00:00.500Z
MOMENT = "2026-01-01T00:00:00.500Z"


@pytest.mark.parametrize(
    ("address", "low"),
    [
        ("query=castle&page=3", MOMENT),
        ("createdAt=2025-01-01..", MOMENT),
        ("createdAt=2027-01-01..", "2027-01-01"),
        ("createdAt=2026-01-01%2B02:00..", MOMENT),  # begins two hours before midnight
        ("createdAt=2026-01-01-02:00..", "2026-01-01-02:00"),
    ],
)
def test_it_begins_at_the_later_of_both_times(address: str, low: str) -> None:
    """And at the first page."""
    found = newer(Search.parse(pairs_of(address)), SINCE)
    assert found is not None
    assert (found.range("createdAt").low, found.first) == (low, 0)


@pytest.mark.parametrize(
    "address", ["like=asset_1", "query=a&querySemanticRatio=0.5", "createdAt=..2027-01-01"]
)
def test_some_searches_have_no_number_of_new_results(address: str) -> None:
    """Those that match every asset, and those whose interval ends."""
    assert newer(Search.parse(pairs_of(address)), SINCE) is None
