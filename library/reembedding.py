"""New vectors for a whole library, beside its searching, switched over at the end.

Knows the vector tables and thumbnails: originals are not read again, so a folder that is away is
no obstacle. Vectors are gathered in a file of their own; a run that was stopped goes on from there.
Then one transaction replaces them all and gives the library another `uid`, by which servers know
that what they hold in memory is of another kind.
"""

from __future__ import annotations

import hashlib
import secrets
from contextlib import closing
from typing import TYPE_CHECKING, Any, Final

import sqlalchemy as sa

from library import pictures, rows, schema
from library.database import UID
from library.describing import spoken
from library.homes import thumbnail_path
from library.models import choose

if TYPE_CHECKING:
    from pathlib import Path

    from PIL import Image

    from library.documents import Document
    from library.index import Index
    from library.models import Models
    from library.runs import Report

_BATCH: Final = 32
_SPACES: Final = ("text", "subject", "look")


def reembed(home: Path, index: Index, models: Models, report: Report) -> int:
    """Embed every asset with `models` and switch over; returns how many. Hold `alone` around it."""
    draft = home / f"reembed-{hashlib.sha256(models.signature.encode()).hexdigest()[:12]}.sqlite"
    ids = sorted(asset_id for _, asset_id in index.sources().values())
    engine = sa.create_engine(sa.URL.create("sqlite", database=str(draft)))
    try:
        with engine.begin() as connection:
            _DRAFT.create(connection, checkfirst=True)
            done = set(connection.execute(sa.select(_DRAFT.c.id)).scalars())
        waiting = [asset_id for asset_id in ids if asset_id not in done]
        report.begin(len(waiting))
        for start in range(0, len(waiting), _BATCH):
            part = waiting[start : start + _BATCH]
            found = index.documents(part)
            written = _embedded(home, [found[i] for i in part if i in found], models)
            with engine.begin() as connection:
                if written:
                    connection.execute(sa.insert(_DRAFT), written)
            report.advance(len(part))
    finally:
        engine.dispose()
    _switch(home, index, models, draft)
    draft.unlink()
    return len(ids)


_DRAFT: Final = sa.Table(
    "draft",
    sa.MetaData(),
    sa.Column("id", sa.Text, primary_key=True),
    *(sa.Column(name, sa.LargeBinary) for name in _SPACES),
)


def _embedded(home: Path, documents: list[Document], models: Models) -> list[dict[str, Any]]:
    shown = [_thumbnail(home, document) for document in documents]
    subject, look, _ = models.see([picture for picture in shown if picture is not None])
    seen = iter(zip(subject, look, strict=True))
    words = [_words(document) for document in documents]
    texts = iter(models.embed_texts([said for said in words if said]))
    written = []
    for document, picture, said in zip(documents, shown, words, strict=True):
        subject_of, look_of = (None, None) if picture is None else next(seen)
        text = models.meaning(next(texts) if said else None, subject_of)
        vectors = (text, subject_of, look_of)
        halves = {name: rows.half(v) for name, v in zip(_SPACES, vectors, strict=True)}
        written.append({"id": document.id, **halves})
    return written


def _thumbnail(home: Path, document: Document) -> Image.Image | None:
    if not document.thumbnail:
        return None
    try:
        with closing(pictures.open_picture(thumbnail_path(home, document.id))) as image:
            return pictures.upright(image)
    except (OSError, pictures.BadImage):
        return None


def _words(document: Document) -> str:
    # The fields themselves, since what a file was named after is not told from them.
    told = {name: getattr(document, name) for name in ("prompt", "description", "name", "content")}
    return ". ".join([*document.guesses[:1], spoken(told, document.source.path)])


def _switch(home: Path, index: Index, models: Models, draft: Path) -> None:
    """Replace every vector in one transaction."""
    with index.engine.connect() as plain:  # ATTACH is not possible inside of a transaction
        raw = plain.connection.driver_connection
        if raw is None:
            raise RuntimeError("no connection to the library")
        raw.execute("ATTACH DATABASE ? AS draft", (str(draft),))
        try:
            raw.execute("BEGIN IMMEDIATE")
            for name in _SPACES:
                table = schema.vectors[name].name
                raw.execute(f"DELETE FROM {table}")  # noqa: S608 - a name of the schema
                raw.execute(
                    f"INSERT INTO {table} (number, vector) "  # noqa: S608 - the same
                    f"SELECT sources.number, draft.draft.{name} FROM draft.draft "
                    f"JOIN sources USING (id) WHERE draft.draft.{name} IS NOT NULL"
                )
            for key, value in ((UID, secrets.token_hex(8)), ("models", models.signature)):
                raw.execute(
                    "INSERT INTO meta (key, value) VALUES (?, ?) "
                    "ON CONFLICT (key) DO UPDATE SET value = excluded.value",
                    (key, value),
                )
            raw.execute("UPDATE meta SET value = value + 1 WHERE key = 'generation'")
            choose(home, models.choice)
            raw.execute("COMMIT")
        except BaseException:
            raw.execute("ROLLBACK")
            raise
        finally:
            raw.execute("DETACH DATABASE draft")
