"""The tables of `library.sqlite`.

`assets` is narrow: what a filter or a sort order looks at, texts folded for comparison. The
arrays have a table each, `documents` holds the JSON of each asset, `sources` its file, the
`vectors_` its embeddings as half floats, `words` (FTS5) its text.

Rows are never changed in place: an asset that is written again takes a new, higher `number`, and
the number that is gone is noted in `tombstones`. So a reader that knows what it has seen reads
only what is new.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from library.fields import FIELDS, UNSEARCHED, WEIGHTS, Type

VERSION = 2  # of this schema; kept in PRAGMA user_version

metadata = sa.MetaData()

_SQL_TYPES: dict[Type, type[Any]] = {
    Type.TEXT: sa.Text,
    Type.NUMBER: sa.Float,
    Type.DATE: sa.BigInteger,
}

assets = sa.Table(
    "assets",
    metadata,
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("id", sa.Text, nullable=False, unique=True),
    *(
        sa.Column(field.name, sa.Integer if field.whole else _SQL_TYPES[field.type])
        for field in FIELDS.values()
        if field.type is not Type.ARRAY
    ),
    sqlite_autoincrement=True,
)
# Filters and sort orders are answered from memory; these are what SQL is asked for.
for _name in ("name", "modelId"):
    sa.Index(f"assets_{_name}", assets.c[_name])

arrays = {
    field.name: sa.Table(
        f"asset_{field.name}",
        metadata,
        sa.Column("value", sa.Text, primary_key=True),  # folded
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("shown", sa.Text, nullable=False),  # as the document spells it
        sa.Index(f"asset_{field.name}_number", "number"),
        sqlite_with_rowid=False,
    )
    for field in FIELDS.values()
    if field.type is Type.ARRAY
}

documents = sa.Table(
    "documents",
    metadata,
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("json", sa.LargeBinary, nullable=False),
)

# Paths are bytes: a name need not be valid in any encoding.
sources = sa.Table(
    "sources",
    metadata,
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("id", sa.Text, nullable=False),
    sa.Column("root", sa.LargeBinary, nullable=False),
    sa.Column("path", sa.LargeBinary, nullable=False),
    sa.Column("size", sa.BigInteger, nullable=False),
    sa.Column("mtime_ns", sa.BigInteger, nullable=False),
    sa.Column("sha256", sa.Text, nullable=False),
    sa.UniqueConstraint("root", "path"),
)

# A table for each kind, so that reading one vector does not read past the others.
vectors = {
    name: sa.Table(
        f"vectors_{name}",
        metadata,
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("vector", sa.LargeBinary, nullable=False),  # little-endian half floats
    )
    for name in ("text", "subject", "look")
}

# How documents spell the values that `assets` keeps folded, for counting them in facets.
spellings = sa.Table(
    "spellings",
    metadata,
    sa.Column("field", sa.Text, primary_key=True),
    sa.Column("value", sa.Text, primary_key=True),
    sa.Column("shown", sa.Text, nullable=False),
    sqlite_with_rowid=False,
)

collections = sa.Table(
    "collections",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
)

tombstones = sa.Table(
    "tombstones",
    metadata,
    sa.Column("seq", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("number", sa.Integer, nullable=False),
    sqlite_autoincrement=True,
)

meta = sa.Table(
    "meta",
    metadata,
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("value", sa.Text, nullable=False),
)

WORD_COLUMNS = (*WEIGHTS, *UNSEARCHED)

# FTS5 is SQLite's own, so it is spelled out here. The text was made alike by library.analysis;
# the tokenizer only cuts at spaces, and takes marks and symbols for parts of a word.
WORDS_DDL = (
    f"CREATE VIRTUAL TABLE IF NOT EXISTS words USING fts5({', '.join(WORD_COLUMNS)}, "
    "tokenize = \"unicode61 remove_diacritics 0 categories 'L* N* M* S* Co Cf'\")",
)

words = sa.table(
    "words",
    sa.column("rowid", sa.Integer),
    sa.column("words", sa.Text),
    *(sa.column(name, sa.Text) for name in WORD_COLUMNS),
)
