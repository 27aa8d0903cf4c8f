"""The breaker: rests after failures in a row, lets one try, and goes on by itself."""

from __future__ import annotations

from app.breaker import Breaker


class Clock:
    """Seconds that pass only when told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def broken(clock: Clock, failures: int = 3) -> Breaker:
    """A breaker after as many failures as it takes."""
    breaker = Breaker(failures=failures, rest=1.0, longest=4.0, trial=15.0, clock=clock)
    for _ in range(failures):
        assert breaker.wait() == 0
        breaker.failed()
    return breaker


def test_failures_in_a_row_open_it_and_a_success_between_them_does_not() -> None:
    breaker = Breaker(failures=3, clock=Clock())
    for _ in range(10):
        breaker.failed()
        breaker.failed()
        breaker.succeeded()
    assert (breaker.wait(), breaker.is_open) == (0, False)
    assert broken(Clock()).is_open is True


def test_callers_are_told_how_long_to_wait() -> None:
    clock = Clock()
    breaker = broken(clock)
    clock.now += 0.25
    assert breaker.wait() == 0.75


def test_after_the_rest_one_caller_tries_while_the_others_wait() -> None:
    clock = Clock()
    breaker = broken(clock)
    clock.now += 1
    assert [breaker.wait() for _ in range(3)] == [0, 15, 15]


def test_a_trial_that_succeeds_lets_everybody_go_on() -> None:
    clock = Clock()
    breaker = broken(clock)
    clock.now += 1
    breaker.wait()
    breaker.succeeded()
    assert ([breaker.wait() for _ in range(3)], breaker.is_open) == ([0, 0, 0], False)


def test_each_trial_that_fails_doubles_the_rest_up_to_the_longest() -> None:
    clock = Clock()
    breaker = broken(clock)
    rests = []
    for _ in range(4):
        rests.append(breaker.wait())
        clock.now += rests[-1]
        assert breaker.wait() == 0
        breaker.failed()
    assert rests == [1, 2, 4, 4]


def test_after_a_success_the_next_rest_is_short_again() -> None:
    clock = Clock()
    breaker = broken(clock)
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


def test_failures_of_calls_that_were_out_before_the_rest_do_not_lengthen_it() -> None:
    breaker = broken(Clock())
    for _ in range(8):
        breaker.failed()
    assert breaker.wait() == 1


def test_who_tries_and_is_never_heard_of_again_is_followed_by_another() -> None:
    clock = Clock()
    breaker = broken(clock)
    clock.now += 1
    assert breaker.wait() == 0
    clock.now += 15
    assert breaker.wait() == 0


def test_who_was_to_try_and_could_not_leaves_it_to_the_next() -> None:
    clock = Clock()
    breaker = broken(clock)
    clock.now += 1
    breaker.wait()
    breaker.abstained()
    assert breaker.wait() == 0


def test_abstaining_changes_nothing_for_one_that_is_closed() -> None:
    breaker = Breaker(clock=Clock())
    breaker.abstained()
    assert (breaker.wait(), breaker.is_open) == (0, False)
