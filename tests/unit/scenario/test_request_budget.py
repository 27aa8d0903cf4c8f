"""RequestBudget: budgets of calls are derived from that of their request, which does not change."""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor

from app.errors import UpstreamDown, UpstreamTimeout
from app.scenario import request_budget
from app.scenario.request_budget import RequestBudget, UsedResponses


def test_a_call_has_at_most_the_time_of_its_request() -> None:
    request = RequestBudget.lasting(60)
    assert request.limited(1).deadline < request.deadline
    assert request.limited(600).deadline == request.limited().deadline == request.deadline
    assert 0 < request.limited(1).left <= 1
    assert RequestBudget().limited().deadline == math.inf


def test_a_budget_for_a_call_leaves_that_of_the_request_unchanged() -> None:
    request = RequestBudget.lasting(60)
    call = request.limited(1, optional=True, fresh=True)
    assert (call.is_optional, call.wants_fresh) == (True, True)
    assert (request.is_optional, request.wants_fresh) == (False, False)


def test_every_call_of_an_optional_request_is_optional() -> None:
    prefetch = RequestBudget(is_optional=True, wants_fresh=True)
    assert prefetch.limited(1).is_optional is True
    assert prefetch.limited(1).wants_fresh is True


def test_the_calls_of_a_request_share_the_record_of_responses() -> None:
    request = RequestBudget()
    request.limited(1).responses.add(b"one")
    request.limited(optional=True).responses.add_stale(7.0, UpstreamDown("away"))
    expected = UsedResponses()
    expected.add(b"one")
    assert request.responses.digest == expected.digest != RequestBudget().responses.digest
    assert request.responses.stale_seconds == 7.0


def test_the_oldest_stale_response_and_the_last_reason_are_recorded() -> None:
    used = UsedResponses()
    used.add_stale(9.0, UpstreamDown("away"))
    used.add_stale(3.0, UpstreamTimeout("late"))
    assert (used.stale_seconds, type(used.stale_reason)) == (9.0, UpstreamTimeout)


def test_the_current_budget_is_that_of_the_thread() -> None:
    with request_budget.during(RequestBudget.lasting(60)) as outer:
        with request_budget.during(RequestBudget.lasting(1)) as inner:
            assert request_budget.current() is inner
        assert request_budget.current() is outer
        with ThreadPoolExecutor(1) as pool:
            assert pool.submit(request_budget.current).result().deadline == math.inf
    request_budget.begin(outer)
    assert request_budget.current() is outer
    request_budget.begin(None)
    assert request_budget.current().deadline == math.inf
