"""The log-in tokens of connections, encrypted"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Only the worker uses them: not even the dashboard may see that they are there."""
    op.create_table(
        "connection_tokens",
        sa.Column("connection", sa.Text(), nullable=False),
        sa.Column("refresh_token", sa.LargeBinary(), nullable=False, comment="encrypted"),
        sa.Column("refresh_until", sa.DateTime(timezone=True), nullable=True, comment="null: the ERP does not tell"),
        sa.Column("access_token", sa.LargeBinary(), nullable=True, comment="encrypted; null until the first renewal"),
        sa.Column("access_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False, comment="rises with each change"),
        sa.Column(
            "set_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="when a person gave the first of this line of refresh tokens",
        ),
        sa.Column("set_by", sa.Text(), nullable=False),
        sa.Column("renewed_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("connection", name=op.f("pk_connection_tokens")),
    )
    op.execute("GRANT SELECT, INSERT, UPDATE ON connection_tokens TO invoice_export_worker")
