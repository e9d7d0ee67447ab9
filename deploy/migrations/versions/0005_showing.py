"""What pages show beside the ledger, and the ways to find an export among very many"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from shared.ledger.tables import SEARCHED, UNMAPPED

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Tables of the worker's own, and columns of the export's row that searching and sorting need."""
    op.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
    op.create_table(
        "connection_profiles",
        sa.Column("connection", sa.Text(), nullable=False),
        sa.Column("company_id", sa.Text(), nullable=False),
        sa.Column(
            "profile",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=False,
            comment="see shared/connections/profile.py; never a secret",
        ),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("connection", name=op.f("pk_connection_profiles")),
    )
    op.create_table(
        "export_counts",
        sa.Column("company_id", sa.Text(), nullable=False),
        sa.Column("connection", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("company_id", "connection", "status", name=op.f("pk_export_counts")),
    )
    op.create_table(
        "export_outcomes",
        sa.Column("unit", sa.Text(), nullable=False, comment="hour or day"),
        sa.Column("begins", sa.DateTime(timezone=True), nullable=False),
        sa.Column("company_id", sa.Text(), nullable=False),
        sa.Column("connection", sa.Text(), nullable=False),
        sa.Column(
            "outcome", sa.Text(), nullable=False, comment="exported, failed, held: a status that an export came to"
        ),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint(
            "unit", "begins", "company_id", "connection", "outcome", name=op.f("pk_export_outcomes")
        ),
    )
    op.create_table(
        "export_latencies",
        sa.Column("unit", sa.Text(), nullable=False, comment="hour or day"),
        sa.Column("begins", sa.DateTime(timezone=True), nullable=False),
        sa.Column("company_id", sa.Text(), nullable=False),
        sa.Column("connection", sa.Text(), nullable=False),
        sa.Column("bucket", sa.SmallInteger(), nullable=False, comment="see shared/ledger/latency.py"),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.CheckConstraint("bucket >= 0", name=op.f("ck_export_latencies_bucket")),
        sa.PrimaryKeyConstraint(
            "unit", "begins", "company_id", "connection", "bucket", name=op.f("pk_export_latencies")
        ),
    )
    op.create_table(
        "hook_states",
        sa.Column("company_id", sa.Text(), nullable=False),
        sa.Column("project_id", sa.Text(), nullable=False),
        sa.Column(
            "state",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=False,
            comment="see shared/procore/hook_state.py",
        ),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("company_id", "project_id", name=op.f("pk_hook_states")),
    )
    op.create_table(
        "projects",
        sa.Column("company_id", sa.Text(), nullable=False),
        sa.Column("project_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False, comment="empty where Procore shows none"),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("company_id", "project_id", name=op.f("pk_projects")),
    )
    op.create_table(
        "service_instances",
        sa.Column("name", sa.Text(), nullable=False, comment="host, process and a random part"),
        sa.Column("service", sa.Text(), nullable=False, comment="receiver, worker or dashboard"),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "ready",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=False,
            comment="its checks, as /readyz tells them",
        ),
        sa.Column(
            "detail",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=False,
            comment="lag by partition, rate budget, refused webhooks",
        ),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_service_instances")),
    )
    op.create_table(
        "invoice_snapshots",
        sa.Column("export_id", sa.BigInteger(), nullable=False),
        sa.Column("looked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column(
            "content",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=False,
            comment="see shared/ledger/invoice_sheet.py; money as text",
        ),
        sa.ForeignKeyConstraint(["export_id"], ["exports.id"], name=op.f("fk_invoice_snapshots_export_id_exports")),
        sa.PrimaryKeyConstraint("export_id", name=op.f("pk_invoice_snapshots")),
    )
    op.add_column(
        "commands",
        sa.Column(
            "answer",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=True,
            comment="of a dry run: see shared/ledger/foretold.py",
        ),
    )
    op.add_column(
        "commands",
        sa.Column(
            "lease_until",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="of a dry run: after it another worker tries it",
        ),
    )
    op.create_index("ix_events_fate", "events", ["fate", "id"], unique=False)
    op.add_column(
        "exports",
        sa.Column(
            "approvers",
            postgresql.ARRAY(sa.Text()),
            server_default=sa.text("'{}'"),
            nullable=False,
            comment="Procore user ids",
        ),
    )
    op.add_column(
        "exports",
        sa.Column(
            "search",
            sa.Text(),
            sa.Computed(
                SEARCHED,
                persisted=True,
            ),
            nullable=False,
        ),
    )
    op.create_index("ix_exports_approvers", "exports", ["approvers"], unique=False, postgresql_using="gin")
    op.create_index(
        "ix_exports_by_amount", "exports", [sa.literal_column("coalesce(amount, 0::numeric)"), "id"], unique=False
    )
    op.create_index(
        "ix_exports_by_billing_date",
        "exports",
        [sa.literal_column("coalesce(billing_date, '1900-01-01'::date)"), "id"],
        unique=False,
    )
    op.create_index(
        "ix_exports_by_customer_name",
        "exports",
        [sa.literal_column("coalesce(customer_name, ''::text)"), "id"],
        unique=False,
    )
    op.create_index(
        "ix_exports_by_invoice_number",
        "exports",
        [sa.literal_column("coalesce(invoice_number, ''::text)"), "id"],
        unique=False,
    )
    op.create_index("ix_exports_by_since", "exports", [sa.literal_column("since"), "id"], unique=False)
    op.create_index("ix_exports_connection", "exports", ["connection", "id"], unique=False)
    op.create_index(
        "ix_exports_unmapped", "exports", ["connection", "id"], unique=False, postgresql_where=sa.text(UNMAPPED)
    )
    op.create_index(
        "ix_exports_search",
        "exports",
        ["search"],
        unique=False,
        postgresql_using="gin",
        postgresql_ops={"search": "gin_trgm_ops"},
    )
    op.create_index(
        "ix_exports_search_begins",
        "exports",
        ["search"],
        unique=False,
        postgresql_ops={"search": "text_pattern_ops"},
    )
    for statement in (_APPROVERS_SO_FAR, *_GRANTS):
        op.execute(statement)


_APPROVERS_SO_FAR = """
    UPDATE exports SET approvers = ARRAY(SELECT jsonb_array_elements_text(state -> 'authority' -> 'users'))
    WHERE jsonb_typeof(state -> 'authority' -> 'users') = 'array'
"""

_GRANTS = (
    """
    GRANT SELECT, INSERT, UPDATE ON invoice_snapshots, projects, connection_profiles, export_counts, export_outcomes,
        export_latencies, hook_states
    TO invoice_export_worker
    """,
    """
    GRANT SELECT ON invoice_snapshots, projects, connection_profiles, export_counts, export_outcomes, export_latencies,
        hook_states, service_instances
    TO invoice_export_dashboard
    """,
    """
    GRANT SELECT, INSERT, UPDATE, DELETE ON service_instances
    TO invoice_export_receiver, invoice_export_worker, invoice_export_dashboard
    """,
)
