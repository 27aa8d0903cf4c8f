"""Cache of bytes, in this process and shared by all processes, with the backends of Flask-Caching.

The cache never raises and never blocks for long: a page without its cache is slower, a page that
fails because of its cache is broken. Nothing is unpickled, since a program that can write to the
cache could otherwise run code here. The only module that depends on internals of cachelib, which is
pinned in requirements.txt; a test states the reason.
"""

from __future__ import annotations

import logging
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote, urlsplit

import cachetools
import redis
from cachelib.serializers import BaseSerializer
from flask_caching import Cache
from flask_caching.backends import FileSystemCache, RedisCache
from flask_caching.backends.base import BaseCache
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.retry import Retry

from app.network.circuit_breaker import CircuitBreaker
from app.storage.locks import RenewedLocks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from flask import Flask

log = logging.getLogger(__name__)

MEMORY_BYTES: Final = 64 * 1024 * 1024  # in one process: some 600 pages of 48 hits
MOST_FILES: Final = 2000
PREFIX: Final = "akin:"
CONNECT_SECONDS: Final = 0.25
RESPONSE_SECONDS: Final = 0.5
POLL_SECONDS: Final = 0.03
LOCK_SECONDS: Final = 3.0  # until the lock of a process that has died expires


class Plain(BaseSerializer):
    """Serializer of bytes: unchanged in Redis, after a `=` in a file."""

    def dumps(self, value: Any, protocol: int = 0) -> Any:  # noqa: ARG002 - cachelib's signature
        """Return `value`."""
        return value

    def loads(self, value: Any) -> Any:
        """Return `value`."""
        return value

    def dump(self, value: Any, file: Any, protocol: int = 0) -> None:  # noqa: ARG002 - as above
        """Write `value`: bytes, or cachelib's own number of files."""
        file.write(b"=" + value if isinstance(value, bytes) else str(value).encode())

    def load(self, file: Any) -> Any:
        """Return what `dump` wrote; None for anything else."""
        text: bytes = file.read()
        if text.startswith(b"="):
            return text[1:]
        return int(text) if text.isdigit() and len(text) < 10 else None


class MemoryBackend(BaseCache):
    """LRU cache in this process, limited by bytes; that of Flask-Caching is limited by items."""

    def __init__(self, most: int = MEMORY_BYTES, clock: Callable[[], float] = time.time) -> None:
        super().__init__()
        self._items: cachetools.TLRUCache[str, tuple[bytes, float]] = cachetools.TLRUCache(
            most,
            ttu=lambda _key, item, now: now + item[1],
            timer=clock,
            getsizeof=lambda item: len(item[0]) + 500,
        )
        self._guard = threading.Lock()

    @classmethod
    def factory(cls, *_: Any) -> MemoryBackend:
        """Return a backend for a configuration of Flask-Caching."""
        return cls()

    def get(self, key: str) -> bytes | None:
        """Return the value; None where there is none."""
        with self._guard:
            item = self._items.get(key)
        return item[0] if item else None

    def set(self, key: str, value: bytes, timeout: Any = None) -> bool:
        """Store the value for `timeout` seconds."""
        with self._guard:
            try:
                self._items[key] = (value, timeout or self.default_timeout)
            except ValueError:  # larger than the cache
                return False
        return True

    def delete(self, key: str) -> bool:
        """Remove the value."""
        with self._guard:
            return self._items.pop(key, None) is not None

    def clear(self) -> bool:
        """Remove all values."""
        with self._guard:
            self._items.clear()
        return True


class FileBackend(FileSystemCache):
    """Backend for files of bytes, which does not retry a file for ten seconds."""

    serializer = Plain()  # type: ignore[assignment]  # typed as cachelib's own

    @classmethod
    def factory(cls, _app: Any, config: dict[str, Any], _args: Any, _kwargs: Any) -> FileBackend:
        """Return a backend for a configuration of Flask-Caching."""
        return cls(config["CACHE_DIR"], threshold=config["CACHE_THRESHOLD"], default_timeout=60)

    def _run_safely(self, fn: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        return fn(*args, **kwargs)


class RedisBackend(RedisCache):
    """Backend for bytes in Redis."""

    serializer = Plain()  # type: ignore[assignment]  # as above

    def __init__(self, client: redis.Redis) -> None:
        """Use a connection, which is also that of locks and counters."""
        super().__init__(client, default_timeout=60, key_prefix=PREFIX)
        self.client = client

    @classmethod
    def factory(cls, _app: Any, config: dict[str, Any], _args: Any, _kwargs: Any) -> RedisBackend:
        """Return a backend for a configuration of Flask-Caching."""
        return cls(redis.Redis.from_url(config["CACHE_REDIS_URL"], **config["CACHE_OPTIONS"]))


class CacheStore:
    """Stores bytes in this process and in the shared cache (files or Redis); never raises."""

    def __init__(
        self,
        local: BaseCache | None,
        shared: BaseCache | None,
        *,
        lock_seconds: float = LOCK_SECONDS,
        lock_renewal_seconds: float = 1.0,
    ) -> None:
        """Either cache may be None; with both, values are stored in both.

        The lock of a process that has died expires after `lock_seconds`.
        """
        self._local = local
        self._shared = shared
        # One failure is enough: each costs the page a time-out.
        self._breaker = CircuitBreaker(failures=1, rest=1.0, longest=10.0, trial=2.0)
        self._locks = RenewedLocks(
            lambda work, action: self._guarded(lambda _: work(), action),
            seconds=lock_seconds,
            renewal_seconds=lock_renewal_seconds,
        )

    @property
    def is_shared(self) -> bool:
        """True where other processes can read what is stored here."""
        return self._shared is not None

    @property
    def client(self) -> redis.Redis | None:
        """The Redis connection, where there is one."""
        return self._shared.client if isinstance(self._shared, RedisBackend) else None

    def get_local(self, key: str) -> bytes | None:
        """Return the value in this process."""
        return self._local.get(key) if self._local is not None else None

    def get_shared(self, key: str) -> bytes | None:
        """Return the value in the shared cache; None, too, while that does not respond."""
        if self._shared is None:
            return None
        value = self._guarded(lambda shared: shared.get(key), "read")
        return value if isinstance(value, bytes) else None

    def put(self, key: str, value: bytes, *, seconds: float) -> bool:
        """Store a value in both caches; True where all processes can read it."""
        if seconds < 1:
            return False
        self.put_local(key, value, seconds=seconds)
        if self._shared is None:
            return False
        return bool(
            self._guarded(lambda shared: shared.set(key, value, timeout=int(seconds)), "written")
        )

    def put_local(self, key: str, value: bytes, *, seconds: float) -> None:
        """Store a value in this process."""
        if self._local is not None and seconds >= 1:
            self._local.set(key, value, timeout=int(seconds))

    @contextmanager
    def exclusive(self, key: str, *, most_seconds: float, until: float) -> Iterator[bool]:
        """Lock `key` among all processes; True where another process had locked it before.

        A lock ends after `most_seconds` at the latest. Waiting for it ends at `until`
        (time.monotonic()); then the work goes on without it. Without Redis there is no lock.
        """
        client = self.client
        if client is None:
            yield False
            return
        name, has_waited = f"{PREFIX}lock:{key}", False
        while (lock := self._locks.acquire(client, name, most_seconds=most_seconds)) is None:
            if self._breaker.is_open or time.monotonic() >= until:
                break
            has_waited = True
            time.sleep(POLL_SECONDS)
        try:
            yield has_waited
        finally:
            if lock is not None:
                self._locks.release(lock)

    def _guarded(self, work: Callable[[Any], Any], action: str) -> Any:
        if self._breaker.wait():
            return None
        try:
            result = work(self._shared)
        except Exception as error:  # noqa: BLE001 - each backend has errors of its own
            self._breaker.failed()
            log.warning("the cache cannot be %s: %s: %s", action, type(error).__name__, error)
            return None
        self._breaker.succeeded()
        return result


def open_cache_store(
    app: Flask, url: str, *, most_files: int = MOST_FILES, lock_seconds: float = LOCK_SECONDS
) -> CacheStore:
    """Return the cache for AKIN_CACHE_URL; one in memory where its folder cannot be written.

    The time-outs of Redis can be set in the URL: `?socket_timeout=1&socket_connect_timeout=1`.
    """
    if url == "none":
        return CacheStore(None, None)
    common = {"CACHE_KEY_PREFIX": PREFIX, "CACHE_DEFAULT_TIMEOUT": 60}
    local = Cache(app, config={**common, "CACHE_TYPE": f"{__name__}.MemoryBackend"}).cache
    if url == "memory":
        return CacheStore(local, None)
    config: dict[str, Any]
    if url.startswith("file:"):
        config = {
            "CACHE_TYPE": f"{__name__}.FileBackend",
            "CACHE_DIR": unquote(urlsplit(url).path),
            "CACHE_THRESHOLD": most_files,
        }
    else:
        config = {
            "CACHE_TYPE": f"{__name__}.RedisBackend",
            "CACHE_REDIS_URL": url,
            "CACHE_OPTIONS": {
                "socket_connect_timeout": CONNECT_SECONDS,
                "socket_timeout": RESPONSE_SECONDS,
                # Reconnects once to a Redis that was restarted; a time-out is not repeated.
                "retry": Retry(NoBackoff(), 1, supported_errors=(RedisConnectionError,)),
            },
        }
    try:
        shared = Cache(app, config={**common, **config}).cache
    except OSError as error:
        log.error("responses are cached in memory only: %s", error)  # noqa: TRY400 - one line
        return CacheStore(local, None)
    return CacheStore(local, shared, lock_seconds=lock_seconds)
