"""The collection that a change has created, which its undo deletes."""

import sqlalchemy as sa
from alembic import op

revision, down_revision = "0006", "0005"


def upgrade() -> None:
    """Add the column. Changes of before have created none that is known."""
    op.add_column(
        "changes", sa.Column("created", sa.String(200), nullable=False, server_default="")
    )
