"""Limits on calls: calls per minute, outages, pauses that the API requests."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.errors import OptionalCallRefused, QuotaExceeded, UpstreamDown
from app.network.circuit_breaker import CircuitBreaker
from app.scenario.rate_limits import AdmissionControl, RateLimit
from app.storage.file_counters import FileStorage
from tests.support.clock import Clock

# --- the limit -------------------------------------------------------------------------------


def test_no_limit_counts_nothing(tmp_path: Path) -> None:
    RateLimit(0, FileStorage(tmp_path / "counts")).take(is_optional=False)
    assert list(tmp_path.iterdir()) == []


def test_near_the_limit_optional_calls_are_refused(tmp_path: Path) -> None:
    limit = RateLimit(10, FileStorage(tmp_path / "counts", Clock()))
    for _ in range(8):
        limit.take(is_optional=True)
    with pytest.raises(OptionalCallRefused) as spared:
        limit.take(is_optional=True)
    assert spared.value.retry_after is not None
    limit.take(is_optional=False)
    limit.take(is_optional=False)
    with pytest.raises(QuotaExceeded, match="at most 10 times a minute") as refused:
        limit.take(is_optional=False)
    assert refused.value.retry_after is not None
    assert 1 <= refused.value.retry_after <= 60


def test_a_process_counts_alone_where_nothing_shared_can_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    storage = FileStorage(tmp_path / "file" / "counts")
    assert storage.check() is False
    limit = RateLimit(3, storage)
    for _ in range(3):
        limit.take(is_optional=False)
    with pytest.raises(QuotaExceeded):
        limit.take(is_optional=False)


# --- admission -------------------------------------------------------------------------------


def test_calls_are_refused_after_failures_until_one_succeeds() -> None:
    clock = Clock()
    admission = AdmissionControl(breaker=CircuitBreaker(failures=2, rest=1, clock=clock))
    for _ in range(2):
        admission.enter("search")
        admission.failed()
    with pytest.raises(UpstreamDown, match="in a row") as refused:
        admission.enter("search")
    assert refused.value.retry_after == 1
    clock.now += 1
    admission.enter("search")
    admission.succeeded()
    admission.enter("search")
    assert admission.is_open is True


def test_a_pause_concerns_its_family_and_has_the_error_of_the_api() -> None:
    clock = Clock()
    admission = AdmissionControl(clock=clock)
    admission.pause("search", 5, QuotaExceeded("Too many requests"))
    with pytest.raises(QuotaExceeded, match="Too many requests") as refused:
        admission.enter("search")
    assert refused.value.retry_after == 5
    admission.enter("assets")
    clock.now += 5
    admission.enter("search")


def test_a_pause_of_a_day_ends_after_ten_minutes() -> None:
    clock = Clock()
    admission = AdmissionControl(clock=clock)
    admission.pause("search", 86400, QuotaExceeded("spent"))
    clock.now += 599
    with pytest.raises(QuotaExceeded):
        admission.enter("search")
    clock.now += 1
    admission.enter("search")


def test_a_trial_call_refused_by_the_limit_leaves_the_trial_to_the_next(tmp_path: Path) -> None:
    clock = Clock()
    admission = AdmissionControl(
        RateLimit(1, FileStorage(tmp_path / "counts", clock)),
        CircuitBreaker(failures=1, rest=1, clock=clock),
    )
    admission.enter("search")
    admission.failed()
    clock.now += 1
    with pytest.raises(QuotaExceeded):
        admission.enter("search")
    clock.now += 120
    admission.enter("search")
    admission.succeeded()
    assert admission.is_open is True


def test_an_optional_call_leaves_the_last_calls_to_others(tmp_path: Path) -> None:
    admission = AdmissionControl(RateLimit(1, FileStorage(tmp_path / "counts", Clock())))
    with pytest.raises(OptionalCallRefused):
        admission.enter("search", is_optional=True)
    admission.enter("search")


def test_no_call_is_repeated_beyond_the_limit(tmp_path: Path) -> None:
    admission = AdmissionControl(RateLimit(1, FileStorage(tmp_path / "counts", Clock())))
    admission.enter("search")
    assert admission.may_retry() is False


def test_each_key_has_a_count_of_its_own(tmp_path: Path) -> None:
    storage = FileStorage(tmp_path / "counts", Clock())
    first, second = (RateLimit(1, storage, scope) for scope in ("first", "second"))
    first.take(is_optional=False)
    second.take(is_optional=False)
    with pytest.raises(QuotaExceeded):
        second.take(is_optional=False)
