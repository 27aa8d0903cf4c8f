"""The second pass: what is expensive, after everything is searchable.

Its queue is derived from the library: contents that a part has not looked at. It holds no lock of
the indexer, so both may run at the same time, and results are written in small transactions: it can
be killed at any moment, and the next run continues. One host runs it at a time. Its process has a
low priority.
"""

from __future__ import annotations

import hashlib
import os
import time
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from filelock import FileLock, Timeout

import extras
from library.embedding import recognition
from library.errors import LibraryError
from library.formats import images
from library.formats.isolation.decoding import enlarged, from_pixels
from library.formats.isolation.worker_pool import Failed, WorkerPool
from library.formats.open_file import NotRegularError, open_in_root
from library.home import SECOND_ATTEMPT, SECOND_LOCK
from library.ingest import needs
from library.reader.index_reader import IndexReader
from library.store.blobs import thumbnail_name
from library.store.index import Index

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from PIL import Image

    from extras import Extra
    from library.embedding.recognition import Recogniser
    from library.ingest.process.runs import Progress
    from library.store.findings import Waiting
    from scripts.install import Installer

_SECONDS: Final = 5.0  # between two transactions
_BATCH: Final = 64  # results in one transaction, at most
_ATTEMPTS: Final = 2  # at a picture during which the process has ended
_RUNNING: Final = "the second pass of this library is running"
_NICENESS: Final = 15
_MAX_RESULT: Final = 8 * 1024**2  # bytes that a worker returns: a picture with transparency


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the second pass.

    `side`: the size of the pictures that it looks at; 0 where the thumbnail is large enough.
    """

    name: str  # the field that it fills
    extra: Extra
    version: str
    load: Callable[[], Recogniser]
    side: int = 0


PARTS: Final = (
    Part(
        "nsfw",
        extras.BY_NAME["nsfw"],
        recognition.SENSITIVE_VERSION,
        recognition.sensitive_classifier,
    ),
    Part(
        "text",
        extras.BY_NAME["ocr"],
        recognition.TEXT_VERSION,
        recognition.text_recogniser,
        recognition.TEXT_SIDE,
    ),
)


def parts_of(environment: Mapping[str, str]) -> tuple[Part, ...]:
    """Return the parts that settings turn on."""
    return tuple(part for part in PARTS if part.extra.is_set(environment))


def installed(
    parts: Sequence[Part], installer: Installer | None, progress: Progress
) -> tuple[Part, ...]:
    """Return those parts whose packages are there, after an attempt to install them."""
    absent = [part.extra for part in parts if part.extra.is_missing()]
    if absent and installer is not None:
        needs.install({extra: extra.settings[0][0] for extra in absent}, installer, progress)
    for extra in absent:
        if extra.is_missing():
            progress.note(
                f"{extra.settings[0][0]} has no effect: packages for {extra.what} are not "
                f"installed. Install them, then index again: {extra.command}"
            )
    return tuple(part for part in parts if not part.extra.is_missing())


class SecondPass:
    """The second pass over one library.

    `parts` are those that are on; the values that others have filled are removed.
    """

    def __init__(self, home: Path, index: Index, parts: Sequence[Part], progress: Progress) -> None:
        self._home, self._index, self._parts, self._progress = home, index, parts, progress

    def run(self, is_wanted: Callable[[], bool] = lambda: True) -> int:
        """Look at what is waiting until that is done, or not wanted; return how many pictures.

        Nothing is done while another process runs the second pass of this library.
        """
        lock = FileLock(self._home / SECOND_LOCK)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            self._progress.note(f"{_RUNNING} already")
            return 0
        try:
            return self._run_alone(is_wanted)
        finally:
            lock.release()

    def _run_alone(self, is_wanted: Callable[[], bool]) -> int:
        with self._index.store.alone("second-pass") as is_alone:
            if not is_alone:
                self._progress.note(f"{_RUNNING} on another host")
                return 0
            self._index.set_parts({part.name: part.version for part in self._parts})
            total = 0
            while waiting := self._waiting():  # again, for what was indexed meanwhile
                self._progress.begin(sum(map(len, waiting.values())))
                count = sum(self._run(*each, is_wanted) for each in waiting.items())
                total += count
                if not count:  # files that have changed, or that are gone
                    break
            return total

    def _waiting(self) -> dict[Part, list[Waiting]]:
        queues = {part: self._index.waiting(part.name, part.version) for part in self._parts}
        return {part: queue for part, queue in queues.items() if queue}

    def _run(self, part: Part, waiting: list[Waiting], is_wanted: Callable[[], bool]) -> int:
        if not is_wanted():
            return 0
        self._progress.note(f"{part.extra.what}: looking at {pictures(len(waiting))}")
        recognise = part.load()
        found: dict[str, dict[str, Any]] = {}
        count, written = 0, time.monotonic()
        with WorkerPool(1, [enlarged.__module__]) as pool:
            try:
                for each in waiting:
                    if not is_wanted():
                        break
                    with suppress(_NotNow), self._attempt(part, each) as is_allowed:
                        found[each.sha256] = (
                            self._found(each, part, recognise, pool) if is_allowed else {}
                        )
                        count += 1
                    self._progress.advance(1)
                    if len(found) >= _BATCH or time.monotonic() - written > _SECONDS:
                        self._index.add_findings(part.name, part.version, found)
                        found, written = {}, time.monotonic()
            finally:
                self._index.add_findings(part.name, part.version, found)
        return count

    @contextmanager
    def _attempt(self, part: Part, each: Waiting) -> Iterator[bool]:
        """Yield whether to look at a picture: not where that has ended the process before.

        Once may have been a user's `kill`.
        """
        file = self._home / SECOND_ATTEMPT
        mark = f"{part.name} {each.sha256} "
        try:
            before = file.read_text("ascii")
        except OSError:
            before = ""
        count = before.count(mark)
        if count < _ATTEMPTS:
            file.write_text(mark * (count + 1), "ascii")
        else:
            self._progress.note(f"{part.extra.what}: a picture is left out, which ends the process")
        try:
            yield count < _ATTEMPTS
        finally:  # not where the process has ended
            file.unlink(missing_ok=True)

    def _found(
        self, each: Waiting, part: Part, recognise: Recogniser, pool: WorkerPool
    ) -> dict[str, Any]:
        """Return what a part finds; nothing in a picture that cannot be decoded at this size."""
        try:
            picture = self._large(each, part.side, pool) if part.side else self._thumbnail(each)
            return recognise(picture)
        except (Failed, images.BadImage):
            return {}
        except (ValueError, ArithmeticError, RuntimeError, TypeError, IndexError) as error:
            self._progress.note(f"{part.extra.what}: a picture is left out: {error}")
            return {}

    def _thumbnail(self, each: Waiting) -> Image.Image:
        try:
            content = self._index.store.blobs.read(thumbnail_name(each.asset_id))
        except OSError as error:
            raise _NotNow from error
        return images.decode(content, "image/webp")

    def _large(self, each: Waiting, side: int, pool: WorkerPool) -> Image.Image:
        """Return the picture of an asset, decoded in a confined worker."""
        document = self._index.document(each.asset_id)
        if document is None:
            raise _NotNow
        try:
            with open_in_root(document.source.root, document.source.path) as opened:
                if hashlib.file_digest(opened, "sha256").hexdigest() != each.sha256:
                    raise _NotNow  # the indexer will read it
                opened.seek(0)
                shape, pixels = pool.run(
                    enlarged, [opened], limit=_MAX_RESULT, mime=document.mimeType, side=side
                )
        except (OSError, NotRegularError) as error:
            raise _NotNow from error
        return from_pixels(shape["picture"], pixels, side)


class _NotNow(LibraryError):
    """The file has changed or is gone; the next run may find it."""


def pictures(count: int) -> str:
    """Return a number of pictures in words."""
    return "1 picture" if count == 1 else f"{count} pictures"


def run_here(home: Path, progress: Progress, *, is_beside: bool = False) -> int:
    """Run the second pass of a library in this process, at low priority; return as `run`.

    With `is_beside`, it ends with the process that has started this one.
    """
    if hasattr(os, "nice"):
        os.nice(_NICENESS)
    parent = os.getppid()
    parts = installed(parts_of(os.environ), needs.installer(), progress)
    with closing(Index.open(home)) as index:
        count = SecondPass(home, index, parts, progress).run(
            lambda: not is_beside or os.getppid() == parent
        )
        if count:
            IndexReader(index).warm()
    return count
