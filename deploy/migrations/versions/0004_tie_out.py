"""Tie-outs: what a month came to, and what the ERP said of what was exported"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Two tables of the worker's own, and the index by which a month's exports are read."""
    op.create_table(
        "tie_outs",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("connection", sa.Text(), nullable=False),
        sa.Column("period", sa.Text(), nullable=False, comment="the accounting month, such as 2026-10"),
        sa.Column("requested_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("requested_by", sa.Text(), nullable=True, comment="null: the schedule"),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("worker", sa.Text(), nullable=True),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True, comment="after it another worker goes on"),
        sa.Column(
            "position",
            sa.BigInteger(),
            server_default=sa.text("0"),
            nullable=False,
            comment="the last export that was asked",
        ),
        sa.Column(
            "verdicts",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'"),
            nullable=False,
            comment="how many of each",
        ),
        sa.Column(
            "tally",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=True,
            comment="by currency: approved and its parts, in count and money",
        ),
        sa.Column("failure", sa.Text(), nullable=True, comment="why it stopped asking before the end"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tie_outs")),
    )
    op.create_index("ix_tie_outs_period", "tie_outs", ["connection", "period", "id"], unique=False)
    op.create_index(
        "uq_tie_outs_unfinished",
        "tie_outs",
        ["connection", "period"],
        unique=True,
        postgresql_where=sa.text("finished_at IS NULL"),
    )
    op.create_table(
        "tie_out_findings",
        sa.Column("tie_out_id", sa.BigInteger(), nullable=False),
        sa.Column("export_id", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["export_id"], ["exports.id"], name=op.f("fk_tie_out_findings_export_id_exports")),
        sa.ForeignKeyConstraint(["tie_out_id"], ["tie_outs.id"], name=op.f("fk_tie_out_findings_tie_out_id_tie_outs")),
        sa.PrimaryKeyConstraint("tie_out_id", "export_id", name=op.f("pk_tie_out_findings")),
    )
    op.create_index("ix_exports_billed", "exports", ["connection", "billing_date"], unique=False)
    for statement in _GRANTS:
        op.execute(statement)


_GRANTS = (
    "GRANT SELECT, INSERT, UPDATE ON tie_outs TO invoice_export_worker",
    "GRANT SELECT, INSERT ON tie_out_findings TO invoice_export_worker",
    "GRANT SELECT ON tie_outs, tie_out_findings TO invoice_export_dashboard",
)
