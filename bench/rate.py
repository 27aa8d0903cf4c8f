"""Requests at a fixed rate, whether responses arrive or not: an open loop.

Each request is due at a time, and its duration counts from then: a server that falls behind gets no
fewer requests, unlike with tools whose callers wait for a response first (wrk, hey). The tools that
do this, oha, vegeta and wrk2, are neither in Debian nor on PyPI or npm. One event loop in one
process, about 0.3 ms of processor time per request.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterable, Sequence

RESPONSE_SECONDS = 20.0


@dataclass(frozen=True)
class Timings:
    """Result of a run: seconds of each response, ascending, and the number of failures."""

    seconds: Sequence[float]
    failed: int

    def percentile(self, share: float) -> float:
        """Return the milliseconds within which that share arrived; nan without any."""
        if not self.seconds:
            return float("nan")
        return 1000 * self.seconds[min(len(self.seconds) - 1, int(len(self.seconds) * share))]


class _Callers:
    """Connections to one server; idle ones are used again."""

    def __init__(self, url: str, patience: float) -> None:
        parts = urlsplit(url)
        self.host, self.port = str(parts.hostname), int(parts.port or 80)
        self._idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []
        self.seconds: list[float] = []
        self.failed = 0
        self._patience = patience

    async def get(self, path: str, due: float) -> None:
        try:
            async with asyncio.timeout(self._patience):
                status = await self._exchange(path)
        except (OSError, TimeoutError, asyncio.IncompleteReadError, KeyError, ValueError):
            status = 0
        if status == 200:
            self.seconds.append(time.perf_counter() - due)
        else:
            self.failed += 1

    async def _exchange(self, path: str) -> int:
        reader, writer = (
            self._idle.pop()
            if self._idle
            else await asyncio.open_connection(self.host, self.port, limit=2**20)
        )
        try:
            head = f"GET {path} HTTP/1.1\r\nHost: {self.host}:{self.port}\r\nAccept: text/html\r\n"
            writer.write(f"{head}Accept-Encoding: gzip, br, zstd\r\n\r\n".encode())
            lines = (await reader.readuntil(b"\r\n\r\n")).lower().split(b"\r\n")
            headers = dict(line.split(b": ", 1) for line in lines[1:] if b": " in line)
            await reader.readexactly(int(headers[b"content-length"]))
        except BaseException:
            writer.close()
            raise
        if headers.get(b"connection") == b"close":
            writer.close()
        else:
            self._idle.append((reader, writer))
        return int(lines[0].split()[1])

    def close(self) -> None:
        for _, writer in self._idle:
            writer.close()


def at_rate(
    url: str, paths: Iterable[str], rate: float, *, patience: float = RESPONSE_SECONDS
) -> Timings:
    """Request each path, `rate` of them a second, evenly spread; return when all have ended."""

    async def run() -> _Callers:
        callers = _Callers(url, patience)
        began = time.perf_counter()
        going = []
        for place, path in enumerate(paths):
            due = began + place / rate
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            going.append(asyncio.create_task(callers.get(path, due)))
        await asyncio.gather(*going)
        callers.close()
        return callers

    return _finished(run)


def one_by_one(url: str, paths: Iterable[str]) -> Timings:
    """Request each path when the response before has arrived: a single caller."""

    async def run() -> _Callers:
        callers = _Callers(url, RESPONSE_SECONDS)
        for path in paths:
            await callers.get(path, time.perf_counter())
        callers.close()
        return callers

    return _finished(run)


def _finished(run: Callable[[], Coroutine[None, None, _Callers]]) -> Timings:
    callers = asyncio.run(run())
    return Timings(sorted(callers.seconds), callers.failed)
