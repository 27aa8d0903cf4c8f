"""Where answers are put: Flask-Caching's backends, made fit to hold bytes of strangers.

A shelf never raises and is never waited for long: a page without its cache is slower, a page that
fails for its cache is broken. Nothing is unpickled: whoever can write to the cache could otherwise
run code here. Knows nothing of what the bytes mean.
"""

from __future__ import annotations

import logging
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote, urlsplit

import cachetools
from cachelib.serializers import BaseSerializer
from flask_caching import Cache
from flask_caching.backends import FileSystemCache, RedisCache
from flask_caching.backends.base import BaseCache
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.retry import Retry

from app.breaker import Breaker
from app.locks import Locks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import redis
    from flask import Flask

log = logging.getLogger(__name__)

MEMORY_BYTES: Final = 64 * 1024 * 1024  # of one process: some 600 pages of 48 hits
FILES: Final = 2000
PREFIX: Final = "akin:"
CONNECT_SECONDS: Final = 0.25
ANSWER_SECONDS: Final = 0.5
POLL_SECONDS: Final = 0.03


class Plain(BaseSerializer):
    """Bytes as they are: Redis knows where they end, a file begins with a sign for them."""

    def dumps(self, value: Any, protocol: int = 0) -> Any:  # noqa: ARG002 - cachelib's words
        """Answer `value`."""
        return value

    def loads(self, value: Any) -> Any:
        """Answer `value`."""
        return value

    def dump(self, value: Any, file: Any, protocol: int = 0) -> None:  # noqa: ARG002 - as above
        """Write `value`; a number is what cachelib counts its files with."""
        file.write(b"=" + value if isinstance(value, bytes) else str(value).encode())

    def load(self, file: Any) -> Any:
        """Read what `dump` wrote; None for anything else."""
        text: bytes = file.read()
        if text.startswith(b"="):
            return text[1:]
        return int(text) if text.isdigit() and len(text) < 10 else None


class MemoryBackend(BaseCache):
    """A cache in this process that is bounded by bytes: Flask-Caching's own is bounded by items.

    What was longest unused goes first.
    """

    def __init__(self, most: int = MEMORY_BYTES, clock: Callable[[], float] = time.time) -> None:
        super().__init__()
        self._kept: cachetools.TLRUCache[str, tuple[bytes, float]] = cachetools.TLRUCache(
            most,
            ttu=lambda _key, item, now: now + item[1],
            timer=clock,
            getsizeof=lambda item: len(item[0]) + 500,
        )
        self._guard = threading.Lock()

    @classmethod
    def factory(cls, *_: Any) -> MemoryBackend:
        """Flask-Caching's way of making one."""
        return cls()

    def get(self, key: str) -> bytes | None:
        """Answer what is kept."""
        with self._guard:
            item = self._kept.get(key)
        return item[0] if item else None

    def set(self, key: str, value: bytes, timeout: Any = None) -> bool:
        """Keep it for `timeout` seconds."""
        with self._guard:
            try:
                self._kept[key] = (value, timeout or self.default_timeout)
            except ValueError:  # larger than everything
                return False
        return True

    def delete(self, key: str) -> bool:
        """Forget it."""
        with self._guard:
            return self._kept.pop(key, None) is not None

    def clear(self) -> bool:
        """Forget everything."""
        with self._guard:
            self._kept.clear()
        return True


class FileBackend(FileSystemCache):
    """Flask-Caching's files, of plain bytes, without its ten seconds of retries."""

    serializer = Plain()  # type: ignore[assignment]  # any serializer will do

    @classmethod
    def factory(cls, _app: Any, config: dict[str, Any], _args: Any, _kwargs: Any) -> FileBackend:
        """Flask-Caching's way of making one."""
        return cls(config["CACHE_DIR"], threshold=FILES, default_timeout=60)

    def _run_safely(self, fn: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        return fn(*args, **kwargs)


class RedisBackend(RedisCache):
    """Flask-Caching's Redis, of plain bytes."""

    serializer = Plain()  # type: ignore[assignment]  # any serializer will do

    @property
    def client(self) -> redis.Redis:
        """The connection, for locks and counts."""
        return self._write_client  # type: ignore[no-any-return]  # as above


class Shelf:
    """Keeps bytes near (in this process) and far (files or Redis, shared), and never raises."""

    def __init__(self, near: BaseCache | None, far: BaseCache | None) -> None:
        """Either may be None; with both, what is put goes to both."""
        self._near = near
        self._far = far
        # One failure is enough: each costs the page a time-out.
        self._breaker = Breaker(failures=1, rest=1.0, longest=10.0, trial=2.0)
        self._locks = Locks(lambda work, done: self._guarded(lambda _: work(), done))

    @property
    def is_shared(self) -> bool:
        """True where other processes see what is put here."""
        return self._far is not None

    @property
    def client(self) -> redis.Redis | None:
        """The Redis behind it, where there is one."""
        return self._far.client if isinstance(self._far, RedisBackend) else None

    def near(self, key: str) -> bytes | None:
        """What this process keeps."""
        return self._near.get(key) if self._near is not None else None

    def far(self, key: str) -> bytes | None:
        """What all share; None, too, while that does not answer."""
        if self._far is None:
            return None
        found = self._guarded(lambda far: far.get(key), "read")
        return found if isinstance(found, bytes) else None

    def put(self, key: str, value: bytes, *, seconds: float) -> bool:
        """Keep bytes for so long, near and far; True where all who share this can see them."""
        if seconds < 1:
            return False
        self.put_near(key, value, seconds=seconds)
        if self._far is None:
            return False
        return bool(self._guarded(lambda far: far.set(key, value, timeout=int(seconds)), "written"))

    def put_near(self, key: str, value: bytes, *, seconds: float) -> None:
        """Keep bytes in this process."""
        if self._near is not None and seconds >= 1:
            self._near.set(key, value, timeout=int(seconds))

    @contextmanager
    def alone(self, key: str, *, most_seconds: float, until: float) -> Iterator[bool]:
        """Hold what only one process may do for `key`; True where another had held it meanwhile.

        A holder that dies is forgotten after `locks.SECONDS`, one that goes on for too long after
        `most_seconds`; nobody waits beyond `until` (time.monotonic()). Without Redis there is
        nobody else.
        """
        client = self.client
        if client is None:
            yield False
            return
        name, waited = f"{PREFIX}lock:{key}", False
        while (lock := self._locks.take(client, name, most_seconds=most_seconds)) is None:
            if self._breaker.is_open or time.monotonic() >= until:
                break
            waited = True
            time.sleep(POLL_SECONDS)
        try:
            yield waited
        finally:
            if lock is not None:
                self._locks.give_back(lock)

    def _guarded(self, work: Callable[[Any], Any], done: str) -> Any:
        if self._breaker.wait():
            return None
        try:
            answer = work(self._far)
        except Exception as error:  # noqa: BLE001 - any trouble at all
            # Whatever backend is configured, and however it fails.
            self._breaker.failed()
            log.warning("the cache cannot be %s: %s: %s", done, type(error).__name__, error)
            return None
        self._breaker.succeeded()
        return answer


def make_shelf(app: Flask, url: str) -> Shelf:
    """The shelf that AKIN_CACHE_URL names; this process alone where a folder cannot be written."""
    if url == "none":
        return Shelf(None, None)
    common = {"CACHE_KEY_PREFIX": PREFIX, "CACHE_DEFAULT_TIMEOUT": 60}
    near = Cache(app, config={**common, "CACHE_TYPE": f"{__name__}.MemoryBackend"}).cache
    if url == "memory":
        return Shelf(near, None)
    config: dict[str, Any]
    if url.startswith("file:"):
        config = {"CACHE_TYPE": f"{__name__}.FileBackend", "CACHE_DIR": unquote(urlsplit(url).path)}
    else:
        config = {
            "CACHE_TYPE": f"{__name__}.RedisBackend",
            "CACHE_REDIS_URL": url,
            "CACHE_OPTIONS": {
                "socket_connect_timeout": CONNECT_SECONDS,
                "socket_timeout": ANSWER_SECONDS,
                # A connection that a restarted Redis has closed is opened again, no time-out twice.
                "retry": Retry(NoBackoff(), 1, supported_errors=(RedisConnectionError,)),
            },
        }
    try:
        far = Cache(app, config={**common, **config}).cache
    except OSError as error:
        log.error("answers are kept in memory alone: %s", error)  # noqa: TRY400 - one line says it
        return Shelf(near, None)
    return Shelf(near, far)
