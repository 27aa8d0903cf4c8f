"""Retries of calls to the Scenario API, as its official client makes them.

Which responses are retried, how long to wait before, and how many retries there may be: within the
deadline of the call, and for a tenth of all calls (docs/scenario-api.md, "Access").
"""

from __future__ import annotations

import email.utils
import re
import threading
import time
from typing import TYPE_CHECKING, Final

import tenacity

from app.errors import UpstreamDown

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from app.errors import UpstreamError
    from app.scenario.protocol import Response

ATTEMPTS: Final = 3
BUDGET_SHARE: Final = 0.1  # of the calls: more retries would be a load of their own
BUDGET_SAVINGS: Final = 10.0  # retries that may follow each other after a quiet time
LONGEST_WAIT: Final = 7 * 86400.0  # seconds; a longer Retry-After is cut
_STATUSES: Final = frozenset({408, 409, 429})
_NUMBER: Final = re.compile(r"[0-9]{1,15}(\.[0-9]{0,9})?", re.ASCII)


class RetryableFailure(Exception):
    """An attempt that failed and may be repeated: with a response, or with an error."""

    def __init__(self, response: Response | None, error: UpstreamError | None = None) -> None:
        """`error` is raised if no other attempt follows; without one, `response` is returned."""
        super().__init__()
        self.response = response
        self.error = error

    @property
    def wait(self) -> float | None:
        """Seconds to wait according to the response."""
        return retry_after(self.response.headers) if self.response else None


class RetryBudget:
    """Limit on retries: one for ten calls, and a few that were saved."""

    def __init__(self) -> None:
        self._savings = BUDGET_SAVINGS
        self._guard = threading.Lock()

    def earn(self) -> None:
        """Count a call."""
        with self._guard:
            self._savings = min(self._savings + BUDGET_SHARE, BUDGET_SAVINGS)

    def spend(self) -> bool:
        """Count a retry and return True, or return False where none is left."""
        with self._guard:
            if self._savings < 1:
                return False
            self._savings -= 1
            return True


def should_retry(response: Response) -> bool:
    """Tell whether the official client would repeat the call."""
    if response.status < 400:
        return False
    wish = response.headers.get("x-should-retry", "").lower()
    if wish in {"true", "false"}:
        return wish == "true"
    return response.status in _STATUSES or response.status >= 500


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds to wait by `retry-after-ms`, or by `retry-after` as seconds or an HTTP date.

    At most `LONGEST_WAIT`; None where neither can be parsed.
    """
    waits = (
        _number(headers.get("retry-after-ms", ""), 0.001),
        _number(headers.get("retry-after", ""), 1.0),
        _seconds_until(headers.get("retry-after", "")),
    )
    wait = next((wait for wait in waits if wait is not None), None)
    return None if wait is None else min(wait, LONGEST_WAIT)


def _number(text: str, unit: float) -> float | None:
    return float(text) * unit if _NUMBER.fullmatch(text.strip()) else None


def _seconds_until(text: str) -> float | None:
    try:
        return max(0.0, email.utils.parsedate_to_datetime(text).timestamp() - time.time())
    except (ValueError, OverflowError):
        return None


def with_retries(
    attempt: Callable[[], Response], *, deadline: float, may_retry: Callable[[], bool]
) -> Response:
    """Return the response of the last attempt. Raises UpstreamError.

    An attempt that raises RetryableFailure is repeated until the `deadline` (time.monotonic()), as
    often as `may_retry` allows.
    """
    try:
        return attempt()
    except RetryableFailure as raised:
        first = [raised]

    # Most calls need no retry: the machinery is created for the others, with the first failure.
    def attempt_again() -> Response:
        if first:
            raise first.pop()
        return attempt()

    retrying = tenacity.Retrying(
        stop=_StopAt(deadline, may_retry),
        wait=_pause,
        retry=tenacity.retry_if_exception_type(RetryableFailure),
        reraise=True,
    )
    try:
        return retrying(attempt_again)
    except RetryableFailure as last:
        if last.response is not None:
            return last.response
        error = last.error or UpstreamDown("No connection could be made.")
        raise error from last.__cause__


class _StopAt(tenacity.stop.stop_base):
    """Stop where the next pause would end after the deadline, or no retry is left."""

    def __init__(self, deadline: float, may_retry: Callable[[], bool]) -> None:
        self._deadline = deadline
        self._may_retry = may_retry

    def __call__(self, retry_state: tenacity.RetryCallState) -> bool:
        if retry_state.attempt_number >= ATTEMPTS:
            return True
        if time.monotonic() + retry_state.upcoming_sleep >= self._deadline:
            return True
        return not self._may_retry()


def _pause(state: tenacity.RetryCallState) -> float:
    """Seconds that the API asks for, else half a second, doubling."""
    error = state.outcome.exception() if state.outcome else None
    wait = error.wait if isinstance(error, RetryableFailure) else None
    return wait if wait is not None else 0.5 * 2 ** (state.attempt_number - 1)
