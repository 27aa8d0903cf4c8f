"""Changes, and their assets."""

import sqlalchemy as sa
from alembic import op

revision, down_revision = "0002", "0001"


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "changes",
        sa.Column("id", sa.String(40), primary_key=True),
        sa.Column("scope", sa.String(64), nullable=False),
        sa.Column("user_name", sa.String(200), nullable=False),
        sa.Column("edits", sa.Text, nullable=False),
        sa.Column("undoes", sa.String(40), nullable=True, unique=True),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("size", sa.Integer, nullable=False),
        sa.Column("pauses", sa.Integer, nullable=False),
        sa.Column("lease", sa.String(40), nullable=False),
        sa.Column("leased_until", sa.BigInteger, nullable=False),
        sa.Column("resume_at", sa.BigInteger, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("advanced_at", sa.BigInteger, nullable=False),
    )
    op.create_index("changes_state", "changes", ["state", "advanced_at"])
    op.create_table(
        "change_items",
        sa.Column("change_id", sa.String(40), primary_key=True),
        sa.Column("position", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("asset_id", sa.String(200), nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("effect", sa.Text, nullable=False),
        sa.Column("message", sa.Text, nullable=False),
    )
    op.create_index("change_items_state", "change_items", ["change_id", "state", "position"])
