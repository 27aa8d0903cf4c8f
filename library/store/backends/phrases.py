"""Adjacent words in the texts of assets.

Which assets have a word is known in memory (`library.reader.postings`); only the database knows
which words are adjacent.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles

from library.store.backends.dialects import Condition, among, bound, position
from library.store.tables import assets, words

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlalchemy.sql.compiler import SQLCompiler

_MATCH = sa.text("SELECT rowid FROM words WHERE words MATCH :expression ORDER BY rowid")


class WordRun(NamedTuple):
    """Words in a row; `is_open`: the last one may be the beginning of a word."""

    words: tuple[str, ...]
    is_open: bool = False


def assets_with(
    connection: sa.Connection,
    columns: Sequence[str],
    phrases: Sequence[WordRun],
    candidates: Callable[[], Sequence[int]],
) -> Sequence[int]:
    """Return the numbers, ascending, of the assets with any of the phrases in any of the columns.

    `candidates` returns the numbers of those that have all words of one, for a database that has
    no index of words.
    """
    if connection.dialect.name == "postgresql":
        return _among_candidates(connection, columns, phrases, candidates())
    listed = " OR ".join(_expression(phrase) for phrase in phrases)
    expression = f"{{{' '.join(columns)}}} : ({listed})"
    return connection.execute(_MATCH, {"expression": expression}).scalars().all()


def _expression(phrase: WordRun) -> str:
    """Return a phrase in the language of FTS5."""
    return f'"{" ".join(phrase.words)}"{" *" if phrase.is_open else ""}'


def _among_candidates(
    connection: sa.Connection,
    columns: Sequence[str],
    phrases: Sequence[WordRun],
    candidates: Sequence[int],
) -> Sequence[int]:
    if not candidates:
        return ()
    parts = [
        position(_spaced(words.c[column]), sa.literal(_spaces(run), sa.Text)) > 0
        for column in columns
        for run in phrases
    ]
    found = sa.select(words.c.rowid).where(among(words.c.rowid), sa.or_(*parts))
    rows = connection.execute(found.order_by(words.c.rowid), bound(candidates))
    return rows.scalars().all()


def _spaced(text: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    """Return a text of words with a space on each side of each."""
    return sa.literal_column("' '") + text + sa.literal_column("' '")


def _spaces(run: WordRun) -> str:
    return f" {' '.join(run.words)}{'' if run.is_open else ' '}"


class _HasPhrase(Condition):
    """Whether a column of `words` has words in a row."""

    name = "has_phrase"
    inherit_cache = True


@compiles(_HasPhrase, "sqlite")
def _has_phrase_sqlite(element: _HasPhrase, compiler: SQLCompiler, **options: Any) -> str:
    column, phrase = element.clauses
    expression = f"'{{{column.name}}} : \"' || {compiler.process(phrase, **options)} || '\"'"
    return f"words MATCH ({expression})"


@compiles(_HasPhrase, "postgresql")
def _has_phrase_postgresql(element: _HasPhrase, compiler: SQLCompiler, **options: Any) -> str:
    column, phrase = (compiler.process(each, **options) for each in element.clauses)
    return f"strpos(' ' || {column} || ' ', ' ' || {phrase} || ' ') > 0"


def with_phrase(column: str, phrase: str) -> sa.ColumnElement[bool]:
    """Return the clause over `assets` for those with the words, separated by spaces, in a row."""
    found = _HasPhrase(words.c[column], sa.literal(phrase, sa.Text))
    return assets.c.number.in_(sa.select(words.c.rowid).where(found))
