"""Reviews and notifications."""

import sqlalchemy as sa
from alembic import op

revision, down_revision = "0004", "0003"


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "reviews",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("scope", sa.Text, nullable=False),
        sa.Column("question", sa.Text, nullable=False),
        sa.Column("maker_id", sa.Text, nullable=False),
        sa.Column("maker_name", sa.Text, nullable=False),
        sa.Column("created", sa.Double, nullable=False),
        sa.Column("ends", sa.Double),
        sa.Column("ended", sa.Double),
        sa.Column("shows_answers", sa.Boolean, nullable=False),
        sa.Column("allows_originals", sa.Boolean, nullable=False),
        sa.Column("invited", sa.Text, nullable=False),
        sa.Column("link_key", sa.Text, nullable=False),
        sa.Column("origin", sa.Text, nullable=False),
        sa.Column("suffix", sa.Text, nullable=False),
    )
    op.create_index("reviews_created", "reviews", ["scope", "created"])
    op.create_table(
        "review_assets",
        _review(),
        sa.Column("place", sa.Integer, primary_key=True),
        sa.Column("asset_id", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
    )
    op.create_table(
        "review_people",
        _review(),
        sa.Column("person_id", sa.Text, primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
    )
    op.create_table(
        "review_answers",
        _review(),
        sa.Column("asset_id", sa.Text, primary_key=True),
        sa.Column("person_id", sa.Text, primary_key=True),
        sa.Column("verdict", sa.Text, nullable=False),
        sa.Column("comment", sa.Text, nullable=False),
        sa.Column("given", sa.Double, nullable=False),
    )
    op.create_table(
        "notifications",
        sa.Column("scope", sa.Text, primary_key=True),
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("due", sa.Double, nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("claimed_until", sa.Double),
        sa.Column("received", sa.Text, nullable=False),
        sa.Column("sent", sa.Double),
    )
    op.create_table(
        "notification_receivers",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("sent", sa.Double),
        sa.Column("failed", sa.Double),
        sa.Column("error", sa.Text, nullable=False),
    )


def _review() -> "sa.Column[str]":
    reference = sa.ForeignKey("reviews.id", ondelete="CASCADE")
    return sa.Column("review_id", sa.Text, reference, primary_key=True)
