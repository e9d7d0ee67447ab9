"""How far a reconciliation came, so that the next one can go on there"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """The version before leaves the new column empty."""
    op.add_column(
        "reconciliations",
        sa.Column(
            "position",
            sa.Text(),
            nullable=True,
            comment="the last project that was read: after a run that failed, the next goes on there",
        ),
    )
