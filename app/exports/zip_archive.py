"""A selection as a ZIP archive, written while it is sent.

It contains the original files, under safe and unique names, and at its end `sources.json`: the
origin of each file and the reason for each that is missing or incomplete.

Files that have been downloaded completely come first. If there is none for some seconds, the oldest
download is sent as it arrives; if it fails then, its entry ends there and the archive stays valid.
A proxy ends a response without bytes, and only sending shows whether the client is still there.
Therefore a few bytes are held back, and one of them is sent at every pause.
"""

from __future__ import annotations

import collections
import functools
import json
import logging
import time
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

from app.errors import AkinError
from app.exports.atom import utc_time
from app.exports.file_names import UniqueNames, name_of_file
from app.scenario.background_download import BackgroundDownload

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from app.scenario.assets import Asset
    from app.scenario.background_download import Target

    Fetch = Callable[[Asset, Target], str]  # writes the file, returns its MIME type

log = logging.getLogger(__name__)

SOURCES: Final = "sources.json"
AT_ONCE: Final = 3  # concurrent downloads
PATIENCE: Final = 5.0  # seconds until a download that is not complete is sent as it arrives
PAUSE: Final = 0.7  # seconds without bytes; a client that has left is noticed after them
_HELD_BACK: Final = 64  # bytes to send at pauses
# The begin of every archive that is streamed: signature, version 2.0, sizes after the content.
_BEGIN: Final = b"PK\x03\x04\x14\x00\x08"
_FIRST_YEAR, _LAST_YEAR = 1980, 2107  # of a date in a ZIP
_COMPRESSED: Final = (
    "text/",
    "application/json",
    "model/obj",
    "audio/wav",
    "audio/x-wav",
    "image/bmp",
)


class _Output:
    """The bytes of an archive that are not sent yet, written by ZipFile."""

    def __init__(self) -> None:
        self._buffer = bytearray(_BEGIN)
        self._known = len(_BEGIN)  # bytes in the buffer before ZipFile writes them

    def write(self, data: bytes, /) -> int:
        known = min(self._known, len(data))
        self._known -= known
        self._buffer += data[known:]
        return len(data)

    def flush(self) -> None:
        """Do nothing: ZipFile calls it."""

    def close(self) -> None:
        """Do nothing, as above."""

    def take(self, held_back: int = _HELD_BACK) -> bytes:
        """Return all bytes but the last ones."""
        return self._first(max(0, len(self._buffer) - held_back))

    def take_one(self) -> bytes:
        """Return a single byte; none where none is left."""
        return self._first(1)

    def _first(self, count: int) -> bytes:
        data = bytes(self._buffer[:count])
        del self._buffer[:count]
        return data


@dataclass(frozen=True, slots=True)
class _Running:
    """The download of the file of an asset, and its name where the asset tells its type."""

    index: int
    asset: Asset
    name: str
    download: BackgroundDownload
    begun: float


def archive(
    assets: Iterable[Asset],
    missing: Iterable[str],
    fetch: Fetch,
    *,
    origin: str,
    patience: float = PATIENCE,
    pause: float = PAUSE,
) -> Iterator[bytes]:
    """Yield a ZIP archive in parts, with the file of each asset.

    `missing` are the ids that do not exist; `origin` is what links begin with. A part can be empty.
    """
    names = UniqueNames()
    names.unique(SOURCES)
    waiting = collections.deque(
        (index, asset, names.unique(name_of_file(asset)) if _is_named(asset) else "")
        for index, asset in enumerate(assets)
    )
    running: list[_Running] = []
    entries: dict[int, dict[str, Any]] = {}
    pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="archive")
    output = _Output()
    target = ZipFile(output, "w")
    try:
        yield output.take_one()
        while waiting or running:
            while waiting and len(running) < AT_ONCE:
                index, asset, name = waiting.popleft()
                download = BackgroundDownload(pool, functools.partial(fetch, asset))
                running.append(_Running(index, asset, name, download, time.monotonic()))
            each = next((each for each in running if each.download.result.done()), running[0])
            left = each.begun + patience - time.monotonic()
            if left > 0 and not each.download.result.done():
                results = [each.download.result for each in running]
                if not wait(results, min(left, pause), FIRST_COMPLETED).done:
                    yield output.take_one()
                continue
            entry = entries[each.index] = {"file": None, **source(each.asset, origin)}
            yield from _file(target, output, each, entry, names, pause)
            running.remove(each)
            each.download.close()
        told = [entries[index] for index in sorted(entries)]
        told += [
            {"file": None, "id": id_, "error": "This asset does not exist."} for id_ in missing
        ]
        text = json.dumps({"files": told}, ensure_ascii=False, indent=1)
        sources = ZipInfo(SOURCES, time.gmtime()[:6])
        target.writestr(sources, text.encode("utf-8", "replace"), ZIP_DEFLATED)
        target.close()
        yield output.take(0)
    finally:  # also if the client disconnects
        pool.shutdown(wait=False, cancel_futures=True)
        for each in running:
            each.download.close()


def _file(
    target: ZipFile,
    output: _Output,
    each: _Running,
    entry: dict[str, Any],
    names: UniqueNames,
    pause: float,
) -> Iterator[bytes]:
    """Yield the file of an asset, and complete its entry in `sources.json`."""
    asset, result = each.asset, each.download.result
    try:
        mime = asset.mimeType or (result.result() if result.done() else "")
        if result.done():
            result.result()
        name = entry["file"] = each.name or names.unique(name_of_file(asset, mime))
        info = ZipInfo(name, _date(asset))
        info.compress_type = ZIP_DEFLATED if mime.startswith(_COMPRESSED) else ZIP_STORED
        with target.open(info, "w") as file:
            for chunk in each.download.chunks(pause):
                file.write(chunk)
                yield output.take() if chunk else output.take_one()
    except (AkinError, OSError) as error:  # OSError: the disk is full
        log.warning("%s is not complete in the archive: %s", asset.id, error)
        if entry["file"]:
            entry["incomplete"] = True
        entry["error"] = _reason(error)


def _is_named(asset: Asset) -> bool:
    """Tell whether the name of the asset's file is known before it is downloaded."""
    return bool(asset.metadata.path or asset.mimeType)


def _date(asset: Asset) -> tuple[int, int, int, int, int, int]:
    """Return when the asset was made, in UTC, as far as a ZIP can express it."""
    made = utc_time(asset.createdAt) or utc_time(asset.updatedAt)
    if made is None or not _FIRST_YEAR <= made.year <= _LAST_YEAR:
        return (_FIRST_YEAR, 1, 1, 0, 0, 0)
    return (made.year, made.month, made.day, made.hour, made.minute, made.second)


def _reason(error: AkinError | OSError) -> str:
    if isinstance(error, AkinError):
        return f"{error.title}. {error.message}".strip()
    return "This server has no disk space left to store the file temporarily."


def source(asset: Asset, origin: str) -> dict[str, Any]:
    """Return the origin of a file and how it was made, without unknown values."""
    metadata = asset.metadata
    values = {
        "id": asset.id,
        "page": f"{origin}/assets/{asset.id}",
        "name": metadata.name,
        "path": metadata.path,
        "kind": asset.medium,
        "mimeType": asset.mimeType,
        "width": asset.width,
        "height": asset.height,
        "createdAt": asset.createdAt,
        "authorId": asset.authorId,
        "prompt": metadata.prompt,
        "negativePrompt": metadata.negativePrompt,
        "modelId": metadata.modelId,
        "baseModelId": metadata.baseModelId,
        "seed": metadata.seed,
        "tags": list(asset.tags),
        "collectionIds": list(asset.collectionIds),
        "privacy": asset.privacy,
    }
    return {name: value for name, value in values.items() if value not in (None, [])}
