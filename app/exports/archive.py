"""A selection as a ZIP that is sent while it is made.

The originals, under names that are safe and unique, and `sources.json`: where each came from, and
why one is missing. A file is whole in temporary storage before its entry begins, so a failing one
never breaks the archive. Knows assets, zipstream and how to ask for a file; nothing of HTTP.
"""

from __future__ import annotations

import collections
import functools
import json
import logging
import tempfile
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, BinaryIO, Final, cast

from zipstream import ZIP_DEFLATED, ZIP_STORED, ZipStream

from app.errors import AkinError
from app.exports.names import Names, ending, file_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from app.assets import Asset

    Fetch = Callable[[Asset, BinaryIO], str]  # writes the file, answers its mime type

log = logging.getLogger(__name__)

SOURCES: Final = "sources.json"
AT_ONCE: Final = 3  # files on their way at the same time
_IN_MEMORY: Final = 2_000_000  # bytes of a file; a larger one goes to the disk meanwhile
_CHUNK: Final = 256 * 1024
_SQUEEZED: Final = (
    "text/",
    "application/json",
    "model/obj",
    "audio/wav",
    "audio/x-wav",
    "image/bmp",
)


@dataclass(frozen=True, slots=True)
class _Fetched:
    file: BinaryIO
    mime: str


def archive(
    assets: Iterable[Asset], missing: Iterable[str], fetch: Fetch, *, origin: str
) -> Iterator[bytes]:
    """Yield the parts of a ZIP with the file of each asset, in order.

    `missing` are the ids that the API does not know; `origin` is what links begin with.
    """
    waiting = collections.deque(assets)
    running: collections.deque[tuple[Asset, Future[_Fetched]]] = collections.deque()
    pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="archive")
    stream = ZipStream(compress_type=ZIP_STORED)
    names = Names()
    names.unique(SOURCES)
    told: list[dict[str, Any]] = []
    try:
        while waiting or running:
            while waiting and len(running) < AT_ONCE:
                asset = waiting.popleft()
                running.append((asset, pool.submit(_fetched, asset, fetch)))
            asset, future = running.popleft()
            try:
                fetched = future.result()
            except (AkinError, OSError) as error:  # OSError: no room for it here
                log.warning("%s is not in the archive: %s", asset.id, error)
                why = _reason(error)
                told.append({"file": None, **source(asset, origin), "error": why})
                continue
            with fetched.file as file:
                name = names.unique(_file_of(asset, fetched.mime))
                squeezed = (asset.mimeType or fetched.mime).startswith(_SQUEEZED)
                kind = ZIP_DEFLATED if squeezed else ZIP_STORED
                parts = iter(functools.partial(file.read, _CHUNK), b"")
                stream.add(parts, name, compress_type=kind)
                yield from stream.all_files()
            told.append({"file": name, **source(asset, origin)})
        told += [
            {"file": None, "id": each, "error": "This asset does not exist."} for each in missing
        ]
        text = json.dumps({"files": told}, ensure_ascii=False, indent=1)
        stream.add(text.encode("utf-8", "replace"), SOURCES, compress_type=ZIP_DEFLATED)
        yield from stream.finalize()
    finally:  # also when the reader has left in the middle
        pool.shutdown(wait=False, cancel_futures=True)
        for _, future in running:
            future.add_done_callback(_closed)


def _file_of(asset: Asset, mime: str) -> str:
    """The name of its file where it is known; else what the asset is called, by its type."""
    if asset.metadata.path:
        file = PurePosixPath(asset.metadata.path)
        return file_name(file.stem, file.suffix, otherwise=asset.id)
    return file_name(asset.name, ending(asset.mimeType or mime), otherwise=asset.id)


def _reason(error: AkinError | OSError) -> str:
    if isinstance(error, AkinError):
        return f"{error.title}. {error.message}".strip()
    return "This server had no room to keep the file for a moment."


def _fetched(asset: Asset, fetch: Fetch) -> _Fetched:
    file = cast("BinaryIO", tempfile.SpooledTemporaryFile(_IN_MEMORY))  # noqa: SIM115 - the reader closes it
    try:
        mime = fetch(asset, file)
        file.seek(0)
    except BaseException:
        file.close()
        raise
    return _Fetched(file, mime)


def _closed(future: Future[_Fetched]) -> None:
    if not future.cancelled() and future.exception() is None:
        future.result().file.close()


def source(asset: Asset, origin: str) -> dict[str, Any]:
    """Where a file came from and how it was made, for people and programs."""
    made = asset.metadata
    told = {
        "id": asset.id,
        "page": f"{origin}/assets/{asset.id}",
        "name": made.name,
        "path": made.path,
        "kind": asset.medium,
        "mimeType": asset.mimeType,
        "width": asset.width,
        "height": asset.height,
        "createdAt": asset.createdAt,
        "authorId": asset.authorId,
        "prompt": made.prompt,
        "negativePrompt": made.negativePrompt,
        "modelId": made.modelId,
        "baseModelId": made.baseModelId,
        "seed": made.seed,
        "tags": list(asset.tags),
        "collectionIds": list(asset.collectionIds),
        "privacy": asset.privacy,
    }
    return {name: value for name, value in told.items() if value not in (None, [])}
