"""Login throttle: counters of sign-in attempts."""

from __future__ import annotations

import shutil
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from app.auth.passwords.login_throttle import LoginThrottle
from app.errors import TooManyAttempts
from tests.cluster.programs import Redis

if TYPE_CHECKING:
    from pathlib import Path


def attempts(throttle: LoginThrottle, name: str, address: str, limit: int = 200) -> int:
    """Return how many attempts in a row are let through."""
    for count in range(limit):
        try:
            throttle.count(name, address)
        except TooManyAttempts:
            return count
    return limit


@pytest.fixture
def still(monkeypatch: pytest.MonkeyPatch) -> None:
    """A clock that stands still, so that no window of a limit ends."""
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now)


@pytest.mark.usefixtures("still")
def test_wrong_passwords_are_slowed() -> None:
    """After a few attempts the next has to wait for a time that the error names."""
    throttle = LoginThrottle()
    assert attempts(throttle, "ada", "192.0.2.1") in range(4, 11)
    with pytest.raises(TooManyAttempts, match="Wait") as raised:
        throttle.count("ADA", "192.0.2.1")
    assert raised.value.retry_after is not None
    assert raised.value.retry_after >= 1


def test_other_addresses_and_names_are_not_slowed() -> None:
    """Wrong passwords from one address do not count for another address or name."""
    throttle = LoginThrottle()
    attempts(throttle, "ada", "192.0.2.1")
    throttle.count("ada", "192.0.2.2")
    throttle.count("bob", "192.0.2.1")


@pytest.mark.usefixtures("still")
def test_many_names_from_one_address() -> None:
    """One password tried with many names is slowed."""
    throttle = LoginThrottle()
    admitted = sum(attempts(throttle, f"user{number}", "192.0.2.1", 1) for number in range(100))
    assert admitted == 30


@pytest.mark.usefixtures("still")
def test_one_name_from_many_addresses() -> None:
    """One name tried from many addresses is slowed."""
    throttle = LoginThrottle()
    admitted = sum(attempts(throttle, "ada", f"192.0.2.{number}", 1) for number in range(200))
    assert admitted == 60


@pytest.mark.usefixtures("still")
def test_counting_without_redis() -> None:
    """While Redis is unavailable each process counts for itself."""
    throttle = LoginThrottle("redis://127.0.0.1:1/0?socket_connect_timeout=1")
    assert attempts(throttle, "ada", "192.0.2.1") in range(4, 11)


@pytest.mark.usefixtures("still")
@pytest.mark.parametrize("storage", ["memory", "redis"])
def test_parallel_attempts(storage: str, tmp_path: Path) -> None:
    """Of many parallel attempts as many are let through as one after the other."""
    if storage == "memory":
        assert parallel_attempts([LoginThrottle()]) == 4
        return
    if shutil.which("redis-server") is None:
        pytest.skip("redis-server is not installed")
    with Redis(tmp_path) as server:
        assert parallel_attempts([LoginThrottle(server.url) for _ in range(2)]) == 4


def parallel_attempts(throttles: list[LoginThrottle]) -> int:
    """Return how many of 40 attempts in 20 threads are let through, by all throttles together."""

    def attempt(number: int) -> int:
        return attempts(throttles[number % len(throttles)], "ada", "192.0.2.1", 1)

    with ThreadPoolExecutor(20) as pool:
        return sum(pool.map(attempt, range(40)))


@pytest.mark.usefixtures("still")
def test_successful_attempts_are_taken_back() -> None:
    """The counters are as before where the password was right."""
    throttle = LoginThrottle()
    for _ in range(50):
        throttle.count("ada", "192.0.2.1")
        throttle.uncount("ada", "192.0.2.1")
    assert attempts(throttle, "ada", "192.0.2.1") == 4
