"""The objects below a prefix of a bucket in S3, as `walk` returns the files below a folder.

No object but `.akinignore` is read: a listing has names, sizes, times and ETags.
"""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from library import objects
from library.ingest import exclusions
from library.ingest.exclusions import Exclusions
from library.ingest.walk import FolderMissing, FoundFile, Walk, sort_out

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from pathspec import GitIgnoreSpec

    from library.folders import Bucket

_NO_PATH = "its name cannot be the path of a file"


def walk(
    bucket: Bucket,
    skipped: Callable[[str, str], None],
    *,
    ignored: Callable[[str, str, bool], None] = lambda *_: None,
    others: Collection[Bucket] = (),
    patterns: GitIgnoreSpec | None = None,
    suffixes: frozenset[str] | None = None,
) -> Walk:
    """Return the objects below `bucket`; see `library.ingest.walk.walk`.

    What is below one of the `others` is left out. Raises FolderMissing.
    """
    result = Walk(str(bucket), exclusions=Exclusions(patterns))
    below = tuple(f"{each}/"[len(f"{bucket}/") :] for each in others if _is_within(each, bucket))
    try:
        every = [each for each in objects.listed(bucket) if not each.path.startswith(below)]
    except OSError as error:
        raise FolderMissing(f"{bucket} cannot be listed: {error}") from error
    folders = _Folders(result, skipped, ignored)
    folders.read_exclusions([each.path for each in every])
    for path, status in every:
        if path.endswith("/"):
            continue  # how some programs show an empty folder
        if not objects.is_name(path):
            skipped(path, _NO_PATH)
        elif folders.is_read(path.rpartition("/")[0]):
            if reason := result.exclusions.reason(path, is_folder=False):
                ignored(path, reason, False)
            else:
                result.files.append(
                    FoundFile(result.root, path, status.st_size, status.st_mtime_ns)
                )
    sort_out(result, skipped)
    if suffixes is not None:
        result.files = [f for f in result.files if PurePosixPath(f.path).suffix.lower() in suffixes]
    return result


def _is_within(bucket: Bucket, other: Bucket) -> bool:
    return str(bucket).startswith(f"{other}/")


class _Folders:
    """Which folders of a listing are read."""

    def __init__(
        self,
        result: Walk,
        skipped: Callable[[str, str], None],
        ignored: Callable[[str, str, bool], None],
    ) -> None:
        self._result, self._skipped, self._ignored = result, skipped, ignored
        self._read = {"": True}

    def read_exclusions(self, paths: Collection[str]) -> None:
        """Read the `.akinignore` objects; one that is above another counts for it."""
        files = (path for path in paths if path.rpartition("/")[2] == exclusions.FILE)
        for path in sorted(filter(objects.is_name, files), key=lambda each: each.count("/")):
            folder = path.rpartition("/")[0]
            if not self.is_read(folder):
                continue
            try:
                self._result.exclusions.add(folder, _patterns(self._result.root, path))
            except (OSError, exclusions.BadPattern) as error:
                self._result.unread.append(folder)
                self._read[folder] = False
                self._skipped(folder, f"folder cannot be read: {error}")

    def is_read(self, folder: str) -> bool:
        """Return whether a folder is read; report it the first time where it is not."""
        if folder not in self._read:
            is_read = self.is_read(folder.rpartition("/")[0])
            if is_read and (reason := self._result.exclusions.reason(folder, is_folder=True)):
                self._ignored(folder, reason, True)
                is_read = False
            self._read[folder] = is_read
        return self._read[folder]


def _patterns(address: str, path: str) -> bytes:
    """Return the content of an `.akinignore`. Raises OSError and BadPattern."""
    file, _ = objects.opened(address, path)
    with file:
        content = file.read(exclusions.MAX_BYTES + 1)
    if len(content) > exclusions.MAX_BYTES:
        raise exclusions.BadPattern(f"{path} is larger than {exclusions.MAX_BYTES // 1024} KB")
    return content
