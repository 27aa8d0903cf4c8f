"""Types of columns that are the same values in every database.

PostgreSQL: texts are compared by code points as in SQLite, not as a language sorts them, and whole
numbers have 64 bits. Its texts cannot contain NUL, which is stored as a character that no text has.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import sqlalchemy as sa

if TYPE_CHECKING:
    from sqlalchemy.engine.interfaces import Dialect

_NUL, _STORED_NUL = "\x00", "\ufdd0"  # the latter is not a character, by the Unicode standard


def without_nul(value: Any) -> Any:
    """Return a text as PostgreSQL stores it."""
    return value.replace(_NUL, _STORED_NUL) if isinstance(value, str) else value


class _PostgresText(sa.types.TypeDecorator[str]):
    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> Any:
        del dialect
        return without_nul(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> str | None:
        del dialect
        if value is not None and _STORED_NUL in value:
            return str(value).replace(_STORED_NUL, _NUL)
        return value


TEXT: Final = sa.Text().with_variant(_PostgresText(collation="C"), "postgresql")
WHOLE: Final = sa.Integer().with_variant(sa.BigInteger(), "postgresql")
