"""Where files of content are kept: a folder, or anything that fsspec can reach (S3 and the like).

What is kept is named by its content and never changes, so reading may be served from memory, and
writing the same twice does no harm. Knows names and bytes, and nothing of pictures.
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

if TYPE_CHECKING:
    import fsspec

NEAR_BYTES: Final = 32 * 1024 * 1024  # of what was read last
# A page waits for it: botocore's own time-outs are a minute each, five times.
_S3: Final = {
    "config_kwargs": {
        "connect_timeout": 2,
        "read_timeout": 4,
        "retries": {"total_max_attempts": 2},
    }
}


class Place(Protocol):
    """Keeps bytes under names such as `ab/ref_ab12...`."""

    def read(self, name: str) -> bytes:
        """Answer what is kept. Raises FileNotFoundError, or StorageFailed."""

    def write(self, name: str, content: bytes) -> None:
        """Keep it, whole or not at all. Raises StorageFailed."""

    def has(self, name: str) -> bool:
        """Tell whether something is kept. Raises StorageFailed."""


class Folder:
    """A folder, which is made when the first file comes."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def read(self, name: str) -> bytes:
        """See `Place`."""
        try:
            return (self._folder / name).read_bytes()
        except (FileNotFoundError, NotADirectoryError) as error:
            raise FileNotFoundError(name) from error
        except OSError as error:
            raise StorageFailed("It cannot be read.") from error

    def has(self, name: str) -> bool:
        """See `Place`."""
        return (self._folder / name).is_file()

    def write(self, name: str, content: bytes) -> None:
        """See `Place`."""
        path = self._folder / name
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_whole(path, content)
        except OSError as error:
            raise StorageFailed(f"Nothing can be kept: {error.strerror or error}.") from error


def write_whole(path: Path, content: bytes) -> None:
    """Write so that a crash leaves what was there or the whole file, for its owner alone.

    Raises OSError, and leaves no part behind.
    """
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)  # noqa: PTH105 - the name is a str of mkstemp
    except BaseException:
        os.unlink(temporary)  # noqa: PTH108 - the same
        raise


class Remote:
    """What an fsspec file system reaches: an object is written whole or not at all."""

    def __init__(self, files: fsspec.AbstractFileSystem, root: str) -> None:
        """Keep everything below `root`."""
        self._files = files
        self._root = root.rstrip("/")

    def read(self, name: str) -> bytes:
        """See `Place`."""
        try:
            content = self._files.cat_file(self._path(name))
        except FileNotFoundError:
            raise
        except Exception as error:
            # Each file system of fsspec has errors of its own.
            raise StorageFailed(f"It does not answer ({type(error).__name__}).") from error
        return bytes(content)

    def has(self, name: str) -> bool:
        """See `Place`."""
        try:
            return bool(self._files.exists(self._path(name)))
        except Exception as error:
            raise StorageFailed(f"It does not answer ({type(error).__name__}).") from error

    def write(self, name: str, content: bytes) -> None:
        """See `Place`."""
        path = self._path(name)
        try:
            self._files.makedirs(path.rsplit("/", 1)[0], exist_ok=True)
            self._files.pipe_file(path, content)
        except Exception as error:
            raise StorageFailed(f"Nothing can be kept ({type(error).__name__}).") from error

    def _path(self, name: str) -> str:
        return f"{self._root}/{name}"


class Near:
    """Another place, with what was used last in memory."""

    def __init__(self, place: Place, most: int = NEAR_BYTES) -> None:
        self._place = place
        self._kept: cachetools.LRUCache[str, bytes] = cachetools.LRUCache(most, getsizeof=len)
        self._guard = threading.Lock()

    def read(self, name: str) -> bytes:
        """See `Place`."""
        with self._guard:
            content = self._kept.get(name)
        if content is None:
            content = self._place.read(name)
            self._keep(name, content)
        return content

    def has(self, name: str) -> bool:
        """See `Place`."""
        with self._guard:
            if name in self._kept:
                return True
        return self._place.has(name)

    def write(self, name: str, content: bytes) -> None:
        """See `Place`."""
        self._place.write(name, content)
        self._keep(name, content)

    def _keep(self, name: str, content: bytes) -> None:
        with self._guard:
            if len(content) <= self._kept.maxsize:
                self._kept[name] = content


def place_of(url: str, folder: Path) -> Place:
    """The place that AKIN_REFERENCES_URL names; `folder` where it is empty.

    Raises StorageFailed where what the URL needs is not installed, or the URL is none.
    """
    if not url:
        return Folder(folder)
    if url.startswith("file:"):
        return Folder(Path(unquote(urlsplit(url).path)))
    if "://" not in url:
        return Folder(Path(url))
    from fsspec.core import url_to_fs

    options: dict[str, Any] = _S3 if url.startswith(("s3://", "s3a://")) else {}
    try:
        files, root = url_to_fs(url, **options)
    except (ImportError, ValueError) as error:
        raise StorageFailed(f"AKIN_REFERENCES_URL: {error}") from error
    return Near(Remote(files, root))
