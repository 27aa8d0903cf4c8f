"""Retries: which responses, how long to wait before, and how many."""

from __future__ import annotations

import time
from email.utils import formatdate

import pytest

from app.scenario.protocol import Response
from app.scenario.retry import LONGEST_WAIT, RetryBudget, retry_after, should_retry


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after-ms": "50"}, 0.05),
        ({"retry-after-ms": "50", "retry-after": "3"}, 0.05),
        ({"retry-after-ms": "soon", "retry-after": "3"}, 3.0),
        ({"retry-after": "1.5"}, 1.5),
        ({"retry-after": "²"}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after-ms": "inf"}, None),
        ({"retry-after": "-1"}, None),
        ({"retry-after": "9" * 12}, LONGEST_WAIT),
        ({"retry-after": "9" * 400}, None),
        ({"retry-after": "Fri, 31 Dec 9999 23:59:59 GMT"}, LONGEST_WAIT),
        ({"retry-after": "Thu, 01 Jan 1970 00:00:00 GMT"}, 0.0),
    ],
)
def test_seconds_to_wait(headers: dict[str, str], seconds: float | None) -> None:
    """In milliseconds, in seconds or as a date; limited."""
    assert retry_after(headers) == seconds


def test_seconds_until_a_date() -> None:
    """In the format of HTTP."""
    wait = retry_after({"retry-after": formatdate(time.time() + 100, usegmt=True)})
    assert wait is not None
    assert 0 < wait <= 100


@pytest.mark.parametrize(
    ("status", "wish", "expected"),
    [
        (200, None, False),
        (200, "true", False),
        (301, None, False),
        (400, None, False),
        (400, "true", True),
        (401, None, False),
        (404, None, False),
        (408, None, True),
        (409, None, True),
        (429, None, True),
        (429, "false", False),
        (500, None, True),
        (503, "FALSE", False),
        (504, None, True),
    ],
)
def test_responses_that_are_retried(status: int, wish: str | None, expected: bool) -> None:
    """As the official client does."""
    assert (
        should_retry(Response(status, {} if wish is None else {"x-should-retry": wish})) is expected
    )


def test_one_retry_for_ten_calls_and_a_few_saved_ones() -> None:
    budget = RetryBudget()
    assert sum(budget.spend() for _ in range(50)) == 10
    for _ in range(100):
        budget.earn()
    assert 9 <= sum(budget.spend() for _ in range(50)) <= 10
