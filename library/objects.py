"""Objects in S3, through fsspec: listing, ranged reading, and copies for confined workers.

Credentials and the endpoint are those of the environment, as botocore reads them. An object has the
values of a file: its time of change has a digest of its ETag below the milliseconds, so that an
object that was replaced within the same second is a changed one.
"""

from __future__ import annotations

import errno
import functools
import os
import shutil
import tempfile
from contextlib import closing, contextmanager
from io import BufferedReader
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from zlib import crc32

import extras
from library.folders import Bucket

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime
    from typing import BinaryIO

_BLOCK: Final = 1024**2  # bytes that are read ahead where an object is sent
_COPY_BLOCK: Final = 8 * 1024**2  # where it is copied
HEAD: Final = 64 * 1024  # bytes that are checked before the rest of an object is copied
# A page waits for it, and a thread of the server with it.
_CONFIG: Final = {"connect_timeout": 3, "read_timeout": 20, "retries": {"total_max_attempts": 1}}
_ATTEMPTS: Final = 2
_NO_CREDENTIALS: Final = (
    "there are no credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE"
)
_TRY_AGAIN: Final = frozenset({errno.EBUSY, getattr(errno, "EREMOTEIO", errno.EIO), errno.EIO})
_VERSION: Final = "?versionId="  # after a key, fsspec takes it for that of a version


class Unreachable(OSError):
    """The store cannot be used now; the text says why and fits behind a colon."""


class Status(NamedTuple):
    """What `stat` returns of a file."""

    st_size: int
    st_mtime_ns: int

    @property
    def st_mtime(self) -> float:
        """Seconds since 1970."""
        return self.st_mtime_ns / 1_000_000_000


class Object(NamedTuple):
    """An object of a listing."""

    path: str  # below the bucket's prefix
    status: Status


def listed(bucket: Bucket) -> Iterator[Object]:
    """Yield the objects below a prefix, in the order of their keys. Raises Unreachable."""
    prefix = f"{bucket.prefix}/" if bucket.prefix else ""
    more: dict[str, str] = {}
    with _errors(str(bucket), is_listing=True):
        while True:
            page = _files().call_s3("list_objects_v2", Bucket=bucket.bucket, Prefix=prefix, **more)
            for each in page.get("Contents", ()):
                status = _status(each["Size"], each["LastModified"], each.get("ETag"))
                yield Object(each["Key"][len(prefix) :], status)
            if not page.get("IsTruncated"):
                return
            more = {"ContinuationToken": page["NextContinuationToken"]}


def is_name(path: str) -> bool:
    """Return whether the name of an object below a prefix can be the path of an asset."""
    return not ({"", ".", ".."} & set(path.split("/")) or "\0" in path or _VERSION in path)


def status(address: str, path: str) -> Status:
    """Return the size and time of an object. Raises FileNotFoundError, Unreachable, OSError."""
    file, found = opened(address, path)
    file.close()
    return found


def opened(address: str, path: str, block: int = _BLOCK) -> tuple[BinaryIO, Status]:
    """Return an object, read by ranges of `block` bytes where it is read, and its status.

    An object that is replaced meanwhile is an error. Raises as `status`.
    """
    if not is_name(path):
        raise OSError(errno.EINVAL, "the name is no path", path)
    with _errors(address):
        file: Any = _files().open(
            f"{address.removeprefix('s3://')}/{path}",
            "rb",
            block_size=block,
            cache_type="readahead",
        )
        details = file.details
        found = _status(details["size"], details["LastModified"], details.get("ETag"))
        return _Ranges(file, address), found  # type: ignore[return-value]


def fetched(
    address: str, path: str, check: Callable[[bytes], object] = lambda _: None
) -> BufferedReader:
    """Return a copy of an object in a file without a name, which only its descriptor opens.

    `check` receives the first bytes, and raises where the rest is not wanted. Raises as `status`.
    """
    remote, _ = opened(address, path, _COPY_BLOCK)
    with closing(remote):
        check(remote.read(HEAD))
        remote.seek(0)
        return copied(remote)


def copied(remote: BinaryIO) -> BufferedReader:
    """Return the whole content of an opened object as `fetched` does. Raises OSError."""
    with tempfile.TemporaryFile(buffering=0) as file:
        shutil.copyfileobj(remote, file, _COPY_BLOCK)
        try:  # for reading only: the descriptor is passed on to workers
            descriptor = os.open(f"/proc/self/fd/{file.fileno()}", os.O_RDONLY | os.O_CLOEXEC)
        except (OSError, AttributeError):  # a system without it
            descriptor = os.dup(file.fileno())
        os.lseek(descriptor, 0, os.SEEK_SET)
        return os.fdopen(descriptor, "rb")


class _Ranges:
    """An opened object whose errors are those of this module."""

    def __init__(self, file: Any, address: str) -> None:
        self._file, self._address = file, address
        self.seek, self.tell, self.seekable = file.seek, file.tell, file.seekable
        self.close = file.close

    @property
    def closed(self) -> bool:
        return bool(self._file.closed)

    def read(self, size: int = -1) -> bytes:
        with _errors(self._address):
            return bytes(self._file.read(size))

    def __enter__(self) -> _Ranges:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _status(size: int, changed: datetime, tag: str | None) -> Status:
    seconds = int(changed.timestamp())  # some stores list fractions, and answer HEAD without them
    digest = crc32((tag or "").encode()) % 1_000_000
    return Status(int(size), seconds * 1_000_000_000 + digest)


def _files() -> Any:
    """Return the file system of the present environment."""
    settings = {n: v for n, v in os.environ.items() if n.startswith("AWS_")}
    return _opened_files(os.getpid(), tuple(sorted(settings.items())))


@functools.lru_cache(maxsize=2)
def _opened_files(_process: int, _environment: tuple[tuple[str, str], ...]) -> Any:
    import fsspec

    # Every listing and every status is a new one; fsspec's own instances outlive a change of keys.
    options = {"use_listings_cache": False, "skip_instance_cache": True}
    files = fsspec.filesystem("s3", config_kwargs=dict(_CONFIG), **options)
    files.retries = _ATTEMPTS
    return files


@contextmanager
def _errors(address: str, *, is_listing: bool = False) -> Iterator[None]:
    """Raise Unreachable where the store, the bucket or the keys are the reason, not the object."""
    try:
        yield
    except Unreachable:
        raise
    except ImportError as error:
        extra = extras.BY_NAME["s3"]
        raise Unreachable(f"the packages for S3 are not installed; run {extra.command}") from error
    except FileNotFoundError as error:
        if is_listing:
            bucket = Bucket(address).bucket
            raise Unreachable(f"there is no bucket {bucket!r}{_at_endpoint()}") from error
        raise
    except PermissionError as error:
        if is_listing:
            raise Unreachable(f"access is refused ({_first(error)})") from error
        raise
    except OSError as error:
        if isinstance(error, TimeoutError | ConnectionError) or error.errno in _TRY_AGAIN:
            raise _no_response(_first(error)) from error
        raise
    except Exception as error:
        # botocore and aiohttp have errors of their own, in packages that may not be installed.
        name = type(error).__name__
        if "Credential" in name or "Profile" in name:
            raise Unreachable(_NO_CREDENTIALS) from error
        if isinstance(error, ValueError):
            raise Unreachable(f"the address of the store is wrong ({_first(error)})") from error
        raise _no_response(name) from error


def _no_response(reason: str) -> Unreachable:
    return Unreachable(f"the store does not respond{_at_endpoint()} ({reason})")


def _at_endpoint() -> str:
    endpoint = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")
    return f" at {endpoint}" if endpoint else ""


def _first(error: Exception) -> str:
    text = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return " ".join(str(text).split())[:200] or type(error).__name__
