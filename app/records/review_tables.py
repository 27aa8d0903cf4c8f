"""The tables of reviews."""

from __future__ import annotations

from typing import Any, Final

import sqlalchemy as sa

from app.records.ids import TextRecordId
from app.storage.database import metadata

reviews: Final = sa.Table(
    "reviews",
    metadata,
    sa.Column("id", TextRecordId(), primary_key=True),
    sa.Column("scope", sa.Text, nullable=False),  # the API whose assets these are
    sa.Column("question", sa.Text, nullable=False),
    sa.Column("maker_id", sa.Text, nullable=False),
    sa.Column("maker_name", sa.Text, nullable=False),
    sa.Column("created", sa.Double, nullable=False),
    sa.Column("ends", sa.Double),
    sa.Column("ended", sa.Double),
    sa.Column("shows_answers", sa.Boolean, nullable=False),
    sa.Column("allows_originals", sa.Boolean, nullable=False),
    sa.Column("invited", sa.Text, nullable=False),  # names, as a JSON array
    sa.Column("link_key", sa.Text, nullable=False),
    sa.Column("origin", sa.Text, nullable=False),
    sa.Column("suffix", sa.Text, nullable=False),
)


def _review_id() -> sa.Column[Any]:
    reference = sa.ForeignKey("reviews.id", ondelete="CASCADE")
    return sa.Column("review_id", TextRecordId(), reference, primary_key=True)


assets: Final = sa.Table(
    "review_assets",
    metadata,
    _review_id(),
    sa.Column("place", sa.Integer, primary_key=True),
    sa.Column("asset_id", sa.Text, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
)
people: Final = sa.Table(
    "review_people",
    metadata,
    _review_id(),
    sa.Column("person_id", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
)
answers: Final = sa.Table(
    "review_answers",
    metadata,
    _review_id(),
    sa.Column("asset_id", sa.Text, primary_key=True),
    sa.Column("person_id", sa.Text, primary_key=True),
    sa.Column("verdict", sa.Text, nullable=False),
    sa.Column("comment", sa.Text, nullable=False),
    sa.Column("given", sa.Double, nullable=False),
)
