"""Seals over the newest hashes of the ledger"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """A table that only grows, as the entries do."""
    op.create_table(
        "seals",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_entry_id", sa.BigInteger(), nullable=False, comment="the newest entry that this seal covers"),
        sa.Column("exports", sa.Integer(), nullable=False, comment="how many have an entry since the seal before"),
        sa.Column(
            "digest",
            sa.LargeBinary(),
            nullable=False,
            comment="over id, version and hash of each, in the ids' order",
        ),
        sa.Column("previous_mac", sa.LargeBinary(), nullable=False, comment="so that nobody can fork the chain"),
        sa.Column("mac", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_seals")),
        sa.UniqueConstraint("previous_mac", name=op.f("uq_seals_previous_mac")),
    )
    for statement in (*_APPEND_ONLY, _GRANT):
        op.execute(statement)


_APPEND_ONLY = (
    """
    CREATE TRIGGER seals_are_append_only BEFORE UPDATE OR DELETE ON seals
    FOR EACH ROW EXECUTE FUNCTION refuse_change()
    """,
    """
    CREATE TRIGGER seals_are_never_truncated BEFORE TRUNCATE ON seals
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
    """,
)

_GRANT = "GRANT SELECT, INSERT ON seals TO invoice_export_worker"
