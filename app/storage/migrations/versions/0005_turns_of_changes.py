"""The order of changes, what kinds of values they change, and the index by asset that it needs."""

import sqlalchemy as sa
from alembic import op

revision, down_revision = "0005", "0004"


def upgrade() -> None:
    """Add the columns. Changes of before come first, and overlap with all."""
    op.add_column("changes", sa.Column("turn", sa.BigInteger, nullable=False, server_default="0"))
    op.add_column("changes", sa.Column("kinds", sa.Integer, nullable=False, server_default="-1"))
    op.create_index("changes_turn", "changes", ["turn"])
    op.create_index("changes_leased", "changes", ["leased_until"])
    op.create_index("change_items_asset", "change_items", ["asset_id", "change_id"])
