"""How much may be asked of the API: a ceiling on calls a minute, a budget for retries, a gate.

The ceiling is one number for all workers: it is counted in Redis where the cache is there, else in
a file of the data folder that the workers of one machine share, and where neither can be used, in
this process. Near the ceiling what nobody has clicked on yet is turned away first.
"""

from __future__ import annotations

import fcntl
import logging
import os
import struct
import threading
import time
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

from app import visits
from app.breaker import Breaker
from app.errors import PrefetchSpared, QuotaExceeded, UpstreamDown, UpstreamError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import redis

log = logging.getLogger(__name__)

MINUTE: Final = 60.0
NEAR: Final = 0.8  # of the ceiling: from here on nothing is fetched ahead
RETRY_SHARE: Final = 0.1  # of the calls: retrying more than this only adds to the load
RETRY_SAVINGS: Final = 10.0  # retries that may come at once after a quiet time
LONGEST_REST: Final = 600.0  # seconds: a Retry-After of a day is asked about again before


class Tally(Protocol):
    """Counts calls of the last minute."""

    def take(self, most: float) -> float:
        """Count one call if fewer than `most` were made in the last minute.

        Answers 0 where it was counted, else the seconds until it may be.
        """


class Window(NamedTuple):
    """Two neighbouring minutes, from which the last sixty seconds are estimated."""

    minute: int
    before: int = 0  # calls of the minute before
    calls: int = 0

    def at(self, now: float) -> Window:
        """The window that `now` falls into."""
        minute = int(now // MINUTE)
        if minute == self.minute:
            return self
        return Window(minute, self.calls if minute == self.minute + 1 else 0, 0)

    def wait(self, now: float, most: float) -> float:
        """Seconds until another call fits; 0: now."""
        passed = now % MINUTE
        if self.before * (1 - passed / MINUTE) + self.calls + 1 <= most:
            return 0.0
        room = most - 1 - self.calls
        if room >= 0 and self.before:  # the minute before fades out in time
            return max(MINUTE * (1 - room / self.before) - passed, 0.1)
        # In the next minute this one's calls fade from all to none.
        fading = MINUTE * (1 - max(most - 1, 0) / self.calls) if self.calls else 0.0
        return MINUTE - passed + max(fading, 0.0)

    def plus_one(self) -> Window:
        """One call more."""
        return self._replace(calls=self.calls + 1)


class MemoryTally:
    """Counts the calls of this process."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._window = Window(0)
        self._guard = threading.Lock()

    def take(self, most: float) -> float:
        """See `Tally`."""
        with self._guard:
            now = self._clock()
            self._window = self._window.at(now)
            if not (wait := self._window.wait(now, most)):
                self._window = self._window.plus_one()
            return wait


class FileTally:
    """Counts the calls of every process that opens the same file."""

    _FORMAT: Final = struct.Struct("<QII")

    def __init__(self, path: Path, clock: Callable[[], float] = time.time) -> None:
        """The file is made by the first call; raises OSError then, where it cannot be."""
        self._path = path
        self._clock = clock

    def take(self, most: float) -> float:
        """See `Tally`. Raises OSError."""
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
        try:
            handle = os.open(self._path, flags, 0o644)
        except FileNotFoundError:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            handle = os.open(self._path, flags, 0o644)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            kept = os.pread(handle, self._FORMAT.size, 0)
            now = self._clock()
            whole = len(kept) == self._FORMAT.size
            window = (Window(*self._FORMAT.unpack(kept)) if whole else Window(0)).at(now)
            if wait := window.wait(now, most):
                return wait
            # Written over in place: making a file shorter costs a file system milliseconds.
            os.pwrite(handle, self._FORMAT.pack(*window.plus_one()), 0)
        finally:
            os.close(handle)  # and with it the lock
        return 0.0


class RedisTally:
    """Counts the calls of every process that uses the same Redis."""

    # Counted only where there is room, in one step: two workers never take the same last call.
    _SCRIPT: Final = """
    local calls = tonumber(redis.call('GET', KEYS[1]) or '0')
    local before = tonumber(redis.call('GET', KEYS[2]) or '0')
    if before * tonumber(ARGV[1]) + calls + 1 > tonumber(ARGV[2]) then
        return {0, before, calls}
    end
    redis.call('INCR', KEYS[1])
    redis.call('EXPIRE', KEYS[1], 180)
    return {1, before, calls}
    """

    def __init__(self, client: redis.Redis, clock: Callable[[], float] = time.time) -> None:
        self._script = client.register_script(self._SCRIPT)
        self._clock = clock

    def take(self, most: float) -> float:
        """See `Tally`. Raises redis.RedisError."""
        now = self._clock()
        minute = int(now // MINUTE)
        keys = [f"akin:calls:{minute}", f"akin:calls:{minute - 1}"]
        taken, before, calls = self._script(keys=keys, args=[1 - now % MINUTE / MINUTE, most])
        if taken:
            return 0.0
        return max(Window(minute, int(before), int(calls)).wait(now, most), 0.1)


def shared_tally(client: redis.Redis | None, path: Path) -> Tally:
    """The tally that most workers share: Redis' where there is one, else the file's."""
    return RedisTally(client) if client is not None else FileTally(path)


class Ceiling:
    """At most so many calls a minute; 0: as many as are wanted."""

    def __init__(self, per_minute: int, tally: Tally) -> None:
        """Count in `tally`; in this process while that cannot be used."""
        self.per_minute = per_minute
        self._tally = tally
        self._alone = MemoryTally()
        # A Redis that is down costs one time-out now and then, not one a call.
        self._breaker = Breaker(failures=1, longest=10.0)

    def take(self, *, is_prefetch: bool) -> None:
        """Count one call. Raises PrefetchSpared near the ceiling and QuotaExceeded at it."""
        if not self.per_minute:
            return
        wait = self._take(self.per_minute * NEAR if is_prefetch else self.per_minute)
        if not wait:
            return
        if is_prefetch:
            raise PrefetchSpared(wait)
        error = QuotaExceeded(
            f"This server asks the library at most {self.per_minute} times a minute."
        )
        error.retry_after = wait
        raise error

    def _take(self, most: float) -> float:
        if not self._breaker.wait():
            try:
                wait = self._tally.take(most)
            except Exception as error:  # noqa: BLE001 - any trouble at all
                # Redis or a file, whatever its trouble: uncounted calls would spend the quota, no
                # calls at all would break every page, so this process counts its own.
                self._breaker.failed()
                log.warning("calls are counted by process: %s: %s", type(error).__name__, error)
            else:
                self._breaker.succeeded()
                return wait
        return self._alone.take(most)


class RetryBudget:
    """Lets a tenth of the calls be repeated, so that retries never are a load of their own."""

    def __init__(self) -> None:
        self._savings = RETRY_SAVINGS
        self._guard = threading.Lock()

    def earn(self) -> None:
        """A call was made."""
        with self._guard:
            self._savings = min(self._savings + RETRY_SHARE, RETRY_SAVINGS)

    def spend(self) -> bool:
        """Tell whether a call may be repeated, and count that."""
        with self._guard:
            if self._savings < 1:
                return False
            self._savings -= 1
            return True


class Gate:
    """What a call has to pass before it is sent, and where it is told how it went.

    Calls are of families ("search", "assets", "tags", ...): the API has a quota for each, so a
    rest that it asks for is one of that family, while a breakdown is everybody's.
    """

    def __init__(
        self,
        ceiling: Ceiling | None = None,
        breaker: Breaker | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Without a ceiling everything may pass that the breaker lets through."""
        self._ceiling = ceiling
        self._breaker = breaker or Breaker()
        self._budget = RetryBudget()
        self._clock = clock
        self._rests: dict[str, tuple[float, UpstreamError]] = {}  # until when, and why

    @property
    def is_open(self) -> bool:
        """False while the API is given a rest because it broke down."""
        return not self._breaker.is_open

    def enter(self, family: str) -> None:
        """Pass with a new call. Raises UpstreamDown, QuotaExceeded or PrefetchSpared."""
        self._check_rest(family)
        if wait := self._breaker.wait():
            error = UpstreamDown("It has failed several times in a row and is given a moment.")
            error.retry_after = wait
            raise error
        try:
            self._count()
        except (QuotaExceeded, PrefetchSpared):
            self._breaker.abstained()
            raise
        self._budget.earn()

    def enter_again(self) -> bool:
        """Tell whether a call may be sent once more."""
        if not self._budget.spend():
            return False
        try:
            self._count()
        except (QuotaExceeded, PrefetchSpared):
            return False
        return True

    def worked(self) -> None:
        """The API answered, whatever it said."""
        self._breaker.succeeded()

    def failed(self) -> None:
        """No answer came, or one of something else."""
        self._breaker.failed()

    def rest(self, family: str, seconds: float, reason: UpstreamError) -> None:
        """The API asked that no call of a family be made for a while, and said why."""
        self._rests[family] = (self._clock() + min(seconds, LONGEST_REST), reason)

    def _check_rest(self, family: str) -> None:
        until, reason = self._rests.get(family, (0.0, None))
        left = until - self._clock()
        if reason is None or left <= 0:
            return
        error = type(reason)(reason.message)
        error.retry_after = left
        raise error

    def _count(self) -> None:
        if self._ceiling is not None:
            self._ceiling.take(is_prefetch=visits.current().is_prefetch)
