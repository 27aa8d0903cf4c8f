"""Circuit breaker: open after failures in a row, one trial call, closed after a success."""

from __future__ import annotations

from app.network.circuit_breaker import CircuitBreaker
from tests.support.clock import Clock


def opened(clock: Clock, failures: int = 3) -> CircuitBreaker:
    """Return a breaker that has just opened."""
    breaker = CircuitBreaker(failures=failures, rest=1.0, longest=4.0, trial=15.0, clock=clock)
    for _ in range(failures):
        assert breaker.wait() == 0
        breaker.failed()
    return breaker


def test_failures_in_a_row_open_it_unless_a_success_is_between_them() -> None:
    breaker = CircuitBreaker(failures=3, clock=Clock(1000.0))
    for _ in range(10):
        breaker.failed()
        breaker.failed()
        breaker.succeeded()
    assert (breaker.wait(), breaker.is_open) == (0, False)
    assert opened(Clock(1000.0)).is_open is True


def test_callers_are_told_how_long_to_wait() -> None:
    clock = Clock(1000.0)
    breaker = opened(clock)
    clock.now += 0.25
    assert breaker.wait() == 0.75


def test_after_the_pause_one_caller_makes_a_trial_call() -> None:
    clock = Clock(1000.0)
    breaker = opened(clock)
    clock.now += 1
    assert [breaker.wait() for _ in range(3)] == [0, 15, 15]


def test_a_trial_that_succeeds_closes_it() -> None:
    clock = Clock(1000.0)
    breaker = opened(clock)
    clock.now += 1
    breaker.wait()
    breaker.succeeded()
    assert ([breaker.wait() for _ in range(3)], breaker.is_open) == ([0, 0, 0], False)


def test_each_trial_that_fails_doubles_the_pause_up_to_the_longest() -> None:
    clock = Clock(1000.0)
    breaker = opened(clock)
    pauses = []
    for _ in range(4):
        pauses.append(breaker.wait())
        clock.now += pauses[-1]
        assert breaker.wait() == 0
        breaker.failed()
    assert pauses == [1, 2, 4, 4]


def test_after_a_success_the_next_pause_is_short_again() -> None:
    clock = Clock(1000.0)
    breaker = opened(clock)
    for _ in range(2):
        clock.now += breaker.wait()
        breaker.wait()
        breaker.failed()
    clock.now += breaker.wait()
    breaker.wait()
    breaker.succeeded()
    for _ in range(3):
        breaker.failed()
    assert breaker.wait() == 1


def test_failures_of_calls_from_before_the_pause_do_not_extend_it() -> None:
    breaker = opened(Clock(1000.0))
    for _ in range(8):
        breaker.failed()
    assert breaker.wait() == 1


def test_a_trial_call_without_a_result_is_followed_by_another() -> None:
    clock = Clock(1000.0)
    breaker = opened(clock)
    clock.now += 1
    assert breaker.wait() == 0
    clock.now += 15
    assert breaker.wait() == 0


def test_a_cancelled_trial_call_is_left_to_the_next_caller() -> None:
    clock = Clock(1000.0)
    breaker = opened(clock)
    clock.now += 1
    breaker.wait()
    breaker.cancelled()
    assert breaker.wait() == 0


def test_a_cancelled_call_does_not_change_a_closed_breaker() -> None:
    breaker = CircuitBreaker(clock=Clock(1000.0))
    breaker.cancelled()
    assert (breaker.wait(), breaker.is_open) == (0, False)
