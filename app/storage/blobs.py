"""Storage of blobs: in a folder, or in any file system of fsspec (S3 and others).

A blob is named by its content and never changes, so it can be cached in memory and written twice.
"""

from __future__ import annotations

import os
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol
from urllib.parse import unquote, urlsplit

import cachetools

from app.errors import StorageFailed
from config import InvalidSettings

if TYPE_CHECKING:
    import fsspec

CACHE_BYTES: Final = 32 * 1024 * 1024  # of the blobs used last
# A page waits for it; the time-outs of botocore are a minute each, five times.
_S3: Final = {
    "config_kwargs": {
        "connect_timeout": 2,
        "read_timeout": 4,
        "retries": {"total_max_attempts": 2},
    }
}


class BlobStore(Protocol):
    """Stores bytes under names such as `ab/ref_ab12...`."""

    def read(self, name: str) -> bytes:
        """Return a blob. Raises FileNotFoundError or StorageFailed."""

    def write(self, name: str, content: bytes) -> None:
        """Store a blob completely or not at all. Raises StorageFailed."""

    def exists(self, name: str) -> bool:
        """Tell whether a blob exists. Raises StorageFailed."""


class DirectoryBlobStore:
    """Blobs in a folder, which is created with the first one."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def read(self, name: str) -> bytes:
        """See `BlobStore`."""
        try:
            return (self._folder / name).read_bytes()
        except (FileNotFoundError, NotADirectoryError) as error:
            raise FileNotFoundError(name) from error
        except OSError as error:
            raise StorageFailed("It cannot be read.") from error

    def exists(self, name: str) -> bool:
        """See `BlobStore`."""
        return (self._folder / name).is_file()

    def write(self, name: str, content: bytes) -> None:
        """See `BlobStore`."""
        path = self._folder / name
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(path, content)
        except OSError as error:
            raise StorageFailed(f"Nothing can be stored: {error.strerror or error}.") from error


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file that only its owner can read; a crash leaves the old file or the new one.

    Raises OSError, and leaves no partial file.
    """
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)  # noqa: PTH105 - mkstemp returns a str
    except BaseException:
        os.unlink(temporary)  # noqa: PTH108 - the same
        raise


class FsspecBlobStore:
    """Blobs in a file system of fsspec, which writes an object completely or not at all."""

    def __init__(self, files: fsspec.AbstractFileSystem, root: str) -> None:
        """Store everything below `root`."""
        self._files = files
        self._root = root.rstrip("/")

    def read(self, name: str) -> bytes:
        """See `BlobStore`."""
        try:
            content = self._files.cat_file(self._path(name))
        except FileNotFoundError:
            raise
        except Exception as error:
            # Each file system of fsspec has errors of its own.
            raise StorageFailed(f"It does not respond ({type(error).__name__}).") from error
        return bytes(content)

    def exists(self, name: str) -> bool:
        """See `BlobStore`."""
        try:
            return bool(self._files.exists(self._path(name)))
        except Exception as error:
            raise StorageFailed(f"It does not respond ({type(error).__name__}).") from error

    def write(self, name: str, content: bytes) -> None:
        """See `BlobStore`."""
        path = self._path(name)
        try:
            self._files.makedirs(path.rsplit("/", 1)[0], exist_ok=True)
            self._files.pipe_file(path, content)
        except Exception as error:
            raise StorageFailed(f"Nothing can be stored ({type(error).__name__}).") from error

    def _path(self, name: str) -> str:
        return f"{self._root}/{name}"


class CachedBlobStore:
    """Another store, with the blobs used last in memory."""

    def __init__(self, store: BlobStore, most: int = CACHE_BYTES) -> None:
        self._store = store
        self._cached: cachetools.LRUCache[str, bytes] = cachetools.LRUCache(most, getsizeof=len)
        self._guard = threading.Lock()

    def read(self, name: str) -> bytes:
        """See `BlobStore`."""
        with self._guard:
            content = self._cached.get(name)
        if content is None:
            content = self._store.read(name)
            self._cache(name, content)
        return content

    def exists(self, name: str) -> bool:
        """See `BlobStore`."""
        with self._guard:
            if name in self._cached:
                return True
        return self._store.exists(name)

    def write(self, name: str, content: bytes) -> None:
        """See `BlobStore`."""
        self._store.write(name, content)
        self._cache(name, content)

    def _cache(self, name: str, content: bytes) -> None:
        with self._guard:
            if len(content) <= self._cached.maxsize:
                self._cached[name] = content


def open_blob_store(url: str, folder: Path) -> BlobStore:
    """Return the store for AKIN_REFERENCES_URL; that of `folder` where it is empty.

    Raises InvalidSettings where the URL is of an unknown scheme or its package is not installed.
    """
    if not url:
        return DirectoryBlobStore(folder)
    if url.startswith("file:"):
        return DirectoryBlobStore(Path(unquote(urlsplit(url).path)))
    if "://" not in url:
        return DirectoryBlobStore(Path(url))
    from fsspec.core import url_to_fs

    options: dict[str, Any] = _S3 if url.startswith(("s3://", "s3a://")) else {}
    try:
        files, root = url_to_fs(url, **options)
    except ImportError as error:
        hint = "; install requirements/s3.txt" if url.startswith(("s3:", "s3a:")) else ""
        raise InvalidSettings(
            f"AKIN_REFERENCES_URL: a package is not installed: {error}{hint}"
        ) from error
    except ValueError as error:
        raise InvalidSettings(
            f"AKIN_REFERENCES_URL: “{urlsplit(url).scheme}” is not a known kind of storage; known "
            "are folders, and URLs such as s3://bucket/prefix"
        ) from error
    return CachedBlobStore(FsspecBlobStore(files, root))
