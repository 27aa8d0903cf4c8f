"""New vectors for a whole library, while it is searched.

They are computed from thumbnails, so that the folder itself is not needed, and collected in a file
from which a stopped run continues. Then one transaction replaces all vectors and gives the library
a new `uid`, by which servers recognise that their snapshots are stale.
"""

from __future__ import annotations

import hashlib
import secrets
from typing import TYPE_CHECKING, Any, Final

import sqlalchemy as sa

from library.embedding.models import select_model
from library.formats import images
from library.formats.appearance import whole
from library.ingest import frames
from library.ingest.describe import text_of
from library.store import rows, tables
from library.store.blobs import thumbnail_name
from library.store.listings import numbers_of
from library.store.tables import UID
from library.store.writes import advance, put_meta

if TYPE_CHECKING:
    from pathlib import Path

    from PIL import Image

    from library.embedding.models import Models
    from library.ingest.process.runs import Progress
    from library.schema.documents import Document
    from library.store.index import Index

_BATCH: Final = 32
_ROWS: Final = 1000  # copied at a time
_SPACES: Final = ("text", "subject", "look")


def reembed(
    home: Path, index: Index, models: Models, progress: Progress, *, batch: int = _BATCH
) -> int:
    """Embed every asset with `models`, switch over, and return their number.

    The caller holds `runs.exclusive`.
    """
    draft = home / f"reembed-{hashlib.sha256(models.signature.encode()).hexdigest()[:12]}.sqlite"
    ids = sorted(asset_id for _, asset_id in index.sources().values())
    engine = sa.create_engine(sa.URL.create("sqlite", database=str(draft)))
    try:
        with engine.begin() as connection:
            _DRAFT.create(connection, checkfirst=True)
            done = set(connection.execute(sa.select(_DRAFT.c.id)).scalars())
        waiting = [asset_id for asset_id in ids if asset_id not in done]
        progress.begin(len(waiting))
        for start in range(0, len(waiting), batch):
            part = waiting[start : start + batch]
            documents = index.documents(part)
            known = [documents[asset_id] for asset_id in part if asset_id in documents]
            written = _embedded(index, known, models)
            with engine.begin() as connection:
                if written:
                    connection.execute(sa.insert(_DRAFT), written)
            progress.advance(len(part))
        _switch(home, index, models, engine)
    finally:
        engine.dispose()
    draft.unlink()
    return len(ids)


_DRAFT: Final = sa.Table(
    "draft",
    sa.MetaData(),
    sa.Column("id", sa.Text, primary_key=True),
    *(sa.Column(name, sa.LargeBinary) for name in _SPACES),
)


def _embedded(index: Index, documents: list[Document], models: Models) -> list[dict[str, Any]]:
    analysed = models.analyse_assets([_pictures(index, each) for each in documents])
    inputs = [text_of(document) for document in documents]
    texts = iter(models.embed_texts([text for text in inputs if text]))
    written = []
    for document, (subject, look, _), text_input in zip(documents, analysed, inputs, strict=True):
        text = models.meaning_vector(next(texts) if text_input else None, subject)
        vectors = (text, subject, look)
        halves = {name: rows.half_floats(v) for name, v in zip(_SPACES, vectors, strict=True)}
        written.append({"id": document.id, **halves})
    return written


def _pictures(index: Index, document: Document) -> list[Image.Image]:
    """Return the pictures of an asset; none where its thumbnail is a placeholder."""
    if not document.thumbnail or index.subject(document.id) is None:
        return []
    try:
        picture = images.decode(index.store.blobs.read(thumbnail_name(document.id)), "image/webp")
    except (OSError, images.BadImage):
        return []
    if document.visible:  # the thumbnail is a part of the picture
        picture = whole(picture, document.visible)
    is_video = document.kind == "video"
    return [picture, *(frames.read(index.store.blobs, document.id) if is_video else ())]


def _switch(home: Path, index: Index, models: Models, draft: sa.Engine) -> None:
    """Replace every vector in one transaction."""
    every = sa.select(_DRAFT).execution_options(yield_per=_ROWS)
    with index.writing() as connection, draft.connect() as drafts:
        for table in tables.vectors.values():
            connection.execute(sa.delete(table))
        for part in drafts.execute(every).partitions():
            numbers = numbers_of(connection, [row.id for row in part])
            for name, table in tables.vectors.items():
                written = [
                    {"number": numbers[row.id], "vector": vector}
                    for row in part
                    if row.id in numbers and (vector := getattr(row, name)) is not None
                ]
                if written:
                    connection.execute(sa.insert(table), written)
        put_meta(connection, UID, secrets.token_hex(8))
        put_meta(connection, "models", models.signature)
        advance(connection)
        select_model(home, models.choice)
