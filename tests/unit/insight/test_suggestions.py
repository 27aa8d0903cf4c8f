"""Suggestions for what was typed so far."""

from __future__ import annotations

import pytest

from app.insight.suggestions import names_containing
from app.scenario.assets import Named

NAMES = ("old castle", "castle", "sandcastles", "Castle gate", "a, “b”", "fog")


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("castle", ["castle", "Castle gate", "old castle", "sandcastles"]),
        (" CASTLE ", ["castle", "Castle gate", "old castle", "sandcastles"]),
        ("a, “", ["a, “b”"]),
        ("dragon", []),
    ],
)
def test_better_fits_come_first(typed: str, expected: list[str]) -> None:
    found = names_containing([Named(name, name) for name in NAMES], typed, most=12)
    assert [each.name for each in found] == expected


def test_no_more_than_asked_for() -> None:
    """Equally good names stay in their own order, which is by use."""
    names = [Named(f"tag {number}", f"tag {number}") for number in range(5000)]
    assert [each.name for each in names_containing(names, "tag", most=2)] == ["tag 0", "tag 1"]
