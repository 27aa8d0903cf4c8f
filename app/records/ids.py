"""Ids of stored records, as addresses and forms contain them."""

from __future__ import annotations

import re
from typing import Final

import sqlalchemy as sa

_ID: Final = re.compile(r"[\w-]{1,60}", re.ASCII)


class RecordId(sa.TypeDecorator[str]):
    """The type of columns with ids that this program has made.

    A query for any other text finds nothing: PostgreSQL refuses some, such as those with a NUL.
    """

    impl = sa.String
    cache_ok = True

    def process_bind_param(self, value: str | None, _dialect: sa.Dialect) -> str | None:
        """Return an id as it is, and "", which no record has, for another text."""
        return value if value is None or _ID.fullmatch(value) else ""


class TextRecordId(RecordId):
    """The same for columns without a length."""

    impl = sa.Text
    cache_ok = True
