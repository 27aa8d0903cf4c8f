"""The tables of an index: of `library.sqlite`, or of a schema in PostgreSQL.

`assets` is narrow: the fields of filters and sort orders, texts folded for comparison. Each array
has a table of its own, `documents` has the JSON of each asset, `sources` its file, the `vectors_`
tables its embeddings as half floats, `words` (FTS5) its text.

Rows are never changed in place: an asset that is written again gets a new, higher `number`, and
its old number is added to `tombstones`. So a reader needs to read only rows above the numbers that
it has read before.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from library.schema.fields import FIELDS, UNSEARCHED, WEIGHTS, Type
from library.store.host_roots import ROOT
from library.store.types import TEXT, WHOLE

VERSION = 9  # of this schema; stored in PRAGMA user_version

metadata = sa.MetaData()

_SQL_TYPES: dict[Type, Any] = {
    Type.TEXT: TEXT,
    Type.NUMBER: sa.Float,
    Type.DATE: sa.BigInteger,
}

assets = sa.Table(
    "assets",
    metadata,
    sa.Column("number", WHOLE, primary_key=True, autoincrement=True),
    sa.Column("id", TEXT, nullable=False, unique=True),
    *(
        sa.Column(field.name, WHOLE if field.whole else _SQL_TYPES[field.type])
        for field in FIELDS.values()
        if field.type is not Type.ARRAY
    ),
    sqlite_autoincrement=True,
)
# Filters and sort orders are evaluated in memory; these columns are queried with SQL.
for _name in ("name", "modelId"):
    sa.Index(f"assets_{_name}", assets.c[_name])

arrays = {
    field.name: sa.Table(
        f"asset_{field.name}",
        metadata,
        sa.Column("value", TEXT, primary_key=True),  # folded
        sa.Column("number", WHOLE, primary_key=True),
        sa.Column("shown", TEXT, nullable=False),  # as in the document
        sa.Index(f"asset_{field.name}_number", "number"),
        sqlite_with_rowid=False,
    )
    for field in FIELDS.values()
    if field.type is Type.ARRAY
}

documents = sa.Table(
    "documents",
    metadata,
    sa.Column("number", WHOLE, primary_key=True),
    sa.Column("json", sa.LargeBinary, nullable=False),
)

# What the files of assets state that are shown otherwise, because of decisions (`store.decisions`).
derived = sa.Table(
    "derived",
    metadata,
    sa.Column("number", WHOLE, primary_key=True),
    sa.Column("json", sa.LargeBinary, nullable=False),  # of the whole document
)

# Paths are bytes: a file name may be invalid in every encoding.
sources = sa.Table(
    "sources",
    metadata,
    sa.Column("number", WHOLE, primary_key=True),
    sa.Column("id", TEXT, nullable=False),
    sa.Column("root", ROOT, nullable=False),
    sa.Column("path", sa.LargeBinary, nullable=False),
    sa.Column("size", sa.BigInteger, nullable=False),
    sa.Column("mtime_ns", sa.BigInteger, nullable=False),
    sa.Column("sha256", TEXT, nullable=False),
    sa.UniqueConstraint("root", "path"),
)

# The folded name of each asset's file, by which others state that they were made from it.
file_names = sa.Table(
    "file_names",
    metadata,
    sa.Column("value", TEXT, primary_key=True),
    sa.Column("number", WHOLE, primary_key=True),
    sa.Index("file_names_number", "number"),
    sqlite_with_rowid=False,
)

# What assets state that they were made from, and the assets that this names (`store.lineage`).
lineage = sa.Table(
    "lineage",
    metadata,
    sa.Column("child", TEXT, primary_key=True),
    sa.Column("place", WHOLE, primary_key=True),
    sa.Column("role", TEXT, nullable=False),  # parent or reference
    sa.Column("stated", TEXT, nullable=False),
    sa.Column("name", TEXT, nullable=False),  # of its file, folded
    sa.Column("parent", TEXT),  # the id of the asset; it stays when that is gone or renamed
    sa.Index("lineage_parent", "parent"),
    sqlite_with_rowid=False,
)

# A table for each kind, so that reading vectors of one kind does not read those of the others.
vectors = {
    name: sa.Table(
        f"vectors_{name}",
        metadata,
        sa.Column("number", WHOLE, primary_key=True),
        sa.Column("vector", sa.LargeBinary, nullable=False),  # little-endian half floats
    )
    for name in ("text", "subject", "look")
}

# The spelling in documents of the values that are folded in `assets`, for facets.
spellings = sa.Table(
    "spellings",
    metadata,
    sa.Column("field", TEXT, primary_key=True),
    sa.Column("value", TEXT, primary_key=True),
    sa.Column("shown", TEXT, nullable=False),
    sqlite_with_rowid=False,
)

# Which assets belong together (`store.groups`), by the rules of `schema.grouping`. A row that
# changes gets a new, higher `seq`, so that readers read only new rows.
groups = sa.Table(
    "groups",
    metadata,
    sa.Column("seq", WHOLE, primary_key=True, autoincrement=True),
    sa.Column("asset", TEXT, nullable=False, unique=True),
    sa.Column("group_id", TEXT, nullable=False),  # "" of an asset that is in none any more
    sa.Column("kind", TEXT, nullable=False),
    sa.Column("place", WHOLE, nullable=False),  # in the group, from 0
    sa.Column("label", TEXT, nullable=False),  # of the asset in the group
    sa.Index("groups_group_id", "group_id"),
    sqlite_autoincrement=True,
)

# Folders whose files have changed since their assets were grouped.
touched = sa.Table(
    "touched",
    metadata,
    sa.Column("number", WHOLE, primary_key=True, autoincrement=True),
    sa.Column("root", ROOT, nullable=False),
    sa.Column("folder", sa.LargeBinary, nullable=False),  # below the root; b"" for the root itself
    sqlite_autoincrement=True,
)

collections = sa.Table(
    "collections",
    metadata,
    sa.Column("id", TEXT, primary_key=True),
    sa.Column("name", TEXT, nullable=False),
    sa.Column("made", sa.BigInteger),  # when it was made by hand, in milliseconds since 1970
    sa.Column("thumbnail", TEXT),  # the id of the asset that was chosen
)

tombstones = sa.Table(
    "tombstones",
    metadata,
    sa.Column("seq", WHOLE, primary_key=True, autoincrement=True),
    sa.Column("number", WHOLE, nullable=False),
    sqlite_autoincrement=True,
)

sa.Index("tombstones_number", tombstones.c.number).ddl_if(dialect="postgresql")

# Assets that stay in the index although their files are gone.
missing = sa.Table(
    "missing",
    metadata,
    sa.Column("id", TEXT, primary_key=True),
    sa.Column("reason", TEXT, nullable=False),
    sa.Column("since", sa.BigInteger, nullable=False),  # milliseconds since 1970
    sqlite_with_rowid=False,
)

# The XMP sidecars that were written (`store.sidecars`).
sidecars = sa.Table(
    "sidecars",
    metadata,
    sa.Column("asset", TEXT, primary_key=True),
    sa.Column("file", sa.LargeBinary, nullable=False),  # the path of the sidecar
    sa.Column("state", sa.LargeBinary, nullable=False),  # JSON
    sa.Column("size", sa.BigInteger),  # of the file as it was written; null while it is not
    sa.Column("mtime_ns", sa.BigInteger),
    sa.Index("sidecars_file", "file"),
    sqlite_with_rowid=False,
)

# Files that the last run did not index, in groups of the same folder, kind and reason.
problems = sa.Table(
    "problems",
    metadata,
    sa.Column("number", WHOLE, primary_key=True, autoincrement=True),
    sa.Column("root", ROOT, nullable=False),
    sa.Column("category", TEXT, nullable=False),  # skipped, other, ignored
    sa.Column("folder", sa.LargeBinary, nullable=False),  # below the root
    sa.Column("kind", TEXT, nullable=False),  # suffix of the files, or "folder"
    sa.Column("reason", TEXT, nullable=False),
    sa.Column("files", WHOLE, nullable=False),
    sa.Column("names", sa.LargeBinary, nullable=False),  # JSON: names of the first ones
)

# What the second pass has found in a file's content. A result of another version is not used.
findings = sa.Table(
    "findings",
    metadata,
    sa.Column("sha256", TEXT, primary_key=True),
    sa.Column("part", TEXT, primary_key=True),
    sa.Column("version", TEXT, nullable=False),
    sa.Column("found", sa.LargeBinary, nullable=False),  # JSON: fields of the document
    sqlite_with_rowid=False,
)

meta = sa.Table(
    "meta",
    metadata,
    sa.Column("key", TEXT, primary_key=True),
    sa.Column("value", TEXT, nullable=False),
)

UID = "uid"  # in meta: random, the key of caches of this library

WORD_COLUMNS = (*WEIGHTS, *UNSEARCHED)

# SQLAlchemy has no DDL for FTS5. The text is normalised by library.schema.text_analysis; the
# tokenizer only splits at spaces, and treats marks and symbols as parts of a word.
WORDS_DDL = (
    f"CREATE VIRTUAL TABLE IF NOT EXISTS words USING fts5({', '.join(WORD_COLUMNS)}, "
    "tokenize = \"unicode61 remove_diacritics 0 categories 'L* N* M* S* Co Cf'\")",
)

words = sa.table(
    "words",
    sa.column("rowid", WHOLE),
    sa.column("words", TEXT),
    *(sa.column(name, TEXT) for name in WORD_COLUMNS),
)
