"""What one host has read for another one, as bytes: files, documents, vectors, thumbnails.

Everything but the id, which the planner gives.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import msgspec
import numpy as np

from library.ingest.batch import Batch
from library.ingest.walk import FoundFile
from library.schema.documents import Embeddings, SourceFile
from library.store import rows

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from library.formats.isolation.worker_pool import WorkerPool
    from library.ingest.batch import BatchReader
    from library.ingest.describe import Described
    from library.ingest.ids import IdAssigner
    from library.ingest.plan import Plan
    from library.schema.documents import Document, Vector

_SPACES: Final = ("text", "subject", "look")


class _File(msgspec.Struct, array_like=True):
    path: bytes
    size: int
    mtime_ns: int
    sidecars: list[bytes]
    stamp: int


class _Asset(msgspec.Struct, array_like=True):
    path: bytes
    values: bytes  # JSON of the document
    sha256: str
    source_hash: str
    sidecar_id: str | None
    is_placeholder: bool  # the file could not be read
    thumbnail: bytes | None
    frames: bytes | None
    vectors: dict[str, bytes]


class _Reading(msgspec.Struct, array_like=True):
    size: int
    assets: list[_Asset]
    skipped: list[tuple[bytes, str]]
    damaged: list[tuple[bytes, str]]
    other: list[tuple[bytes, str]]
    waiting: list[str]
    refused: list[bytes]
    unreadable: list[bytes]


_FILES: Final = msgspec.msgpack.Decoder(list[_File])
_READINGS: Final = msgspec.msgpack.Decoder(_Reading)
_ENCODE: Final = msgspec.msgpack.Encoder().encode


@dataclass(frozen=True, slots=True)
class _Read:
    """A file that another host has read."""

    file: FoundFile
    sha256: str
    sidecar_id: str | None


def encoded_files(files: Sequence[FoundFile]) -> bytes:
    """Return files of one folder; without the folder, which hosts have at different places."""
    return _ENCODE(
        [
            _File(
                os.fsencode(file.path),
                file.size,
                file.mtime_ns,
                [os.fsencode(name) for name in file.sidecars],
                file.stamp,
            )
            for file in files
        ]
    )


def decoded_files(root: str, content: bytes) -> list[FoundFile]:
    """Return files below the folder `root` of this host."""
    return [
        FoundFile(
            root,
            os.fsdecode(each.path),
            each.size,
            each.mtime_ns,
            tuple(map(os.fsdecode, each.sidecars)),
            each.stamp,
        )
        for each in _FILES.decode(content)
    ]


def read(
    files: Sequence[FoundFile],
    reader: BatchReader,
    pool: WorkerPool,
    is_wanted: Callable[[], bool],
) -> bytes | None:
    """Read and embed files for the planner; None where they are not wanted any more."""
    batch = Batch(size=len(files))
    described = list(reader.described((each for each in files if is_wanted()), pool, batch))
    if not is_wanted():
        return None
    reader.embed(batch, [(each, str(place)) for place, each in enumerate(described)])
    thumbnails, frames = dict(batch.thumbnails), dict(batch.frames)
    assets = []
    for (document, embeddings), each in zip(batch.written, described, strict=True):
        try:
            assets.append(_asset(document, embeddings, each, thumbnails, frames))
        except (OverflowError, UnicodeError, ValueError, TypeError) as error:
            reason = f"cannot be stored: {error}"
            batch.skipped.append((document.source.root, each.file.path, reason))
    # The planner tries again what cannot be opened here.
    unreadable = {file.path for file in batch.unreadable}
    return _ENCODE(
        _Reading(
            batch.size,
            assets,
            [
                (os.fsencode(path), reason)
                for _, path, reason in batch.skipped
                if path not in unreadable
            ],
            [(os.fsencode(path), reason) for _, path, reason in batch.damaged],
            [(os.fsencode(path), reason) for _, path, reason in batch.other],
            batch.waiting,
            [os.fsencode(file.path) for file in batch.refused],
            [os.fsencode(path) for path in unreadable],
        )
    )


def _asset(
    document: Document,
    embeddings: Embeddings,
    described: Described,
    thumbnails: dict[str, bytes],
    frames: dict[str, bytes],
) -> _Asset:
    return _Asset(
        os.fsencode(described.file.path),
        rows.serialize(document)[1],
        described.sha256,
        described.source_hash,
        described.sidecar_id,
        described.problem is not None,
        thumbnails.get(document.id),
        frames.get(document.id),
        {name: blob for name, blob in rows.blobs(embeddings).items() if blob is not None},
    )


def accepted(
    files: Sequence[FoundFile], content: bytes, plan: Plan, assigner: IdAssigner
) -> tuple[Batch, list[FoundFile]]:
    """Return what another host has read, with ids, and the files that it could not open."""
    by_path = {os.fsencode(file.path): file for file in files}
    reading = _READINGS.decode(content)
    again = [by_path[path] for path in reading.unreadable]
    batch = Batch(size=reading.size - len(again), waiting=reading.waiting)
    for listed, reported in (
        (batch.skipped, reading.skipped),
        (batch.damaged, reading.damaged),
        (batch.other, reading.other),
    ):
        listed += [(files[0].root, os.fsdecode(path), reason) for path, reason in reported]
    for path in reading.refused:
        plan.refuse(by_path[path])
    for asset in reading.assets:
        file = by_path[asset.path]
        if not (asset.is_placeholder and plan.was_read(file)):
            _accept(batch, asset, file, plan, assigner)
    return batch, again


def _accept(batch: Batch, asset: _Asset, file: FoundFile, plan: Plan, assigner: IdAssigner) -> None:
    asset_id = assigner.assign(_Read(file, asset.sha256, asset.sidecar_id))
    values: dict[str, Any] = msgspec.json.decode(asset.values)
    source = SourceFile(
        root=file.root,
        path=file.path,
        size=file.size,
        mtime_ns=file.stamp,
        sha256=asset.source_hash,
    )
    document = rows.to_document(values | {"id": asset_id}, source)
    vectors = {name: _vector(asset.vectors.get(name)) for name in _SPACES}
    is_same = plan.contents.get(asset_id) == asset.source_hash
    if is_same and not plan.again and not file.sidecars:
        batch.moved.append((asset_id, document, True, vectors["text"]))
        return
    batch.written.append((document, Embeddings(**vectors)))
    if asset.thumbnail is not None:
        batch.thumbnails.append((asset_id, asset.thumbnail))
    if asset.frames is not None:
        batch.frames.append((asset_id, asset.frames))


def _vector(blob: bytes | None) -> Vector | None:
    return None if blob is None else np.frombuffer(blob, "<f2").astype(np.float32)
