"""The ledger, its working data and the reference data"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from shared.ledger.tables import TransactionId

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Tables, then what the database itself refuses, then who may do what."""
    _tables()
    for statement in (*_APPEND_ONLY, *_ROLES, *_GRANTS):
        op.execute(statement)


def _tables() -> None:
    op.create_table(
        "approver_records",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("company_id", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("erp_integrations_level", sa.Text(), nullable=False),
        sa.Column("can_push_to_accounting", sa.Boolean(), nullable=False),
        sa.Column("can_export_owner_invoices", sa.Boolean(), nullable=True),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_by", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("valid_to", sa.DateTime(timezone=True), nullable=True),
        sa.Column("changed_by", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "erp_integrations_level IN ('none', 'read_only', 'standard', 'admin')",
            name=op.f("ck_approver_records_level"),
        ),
        sa.CheckConstraint("valid_to >= valid_from", name=op.f("ck_approver_records_validity")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_approver_records")),
    )
    op.create_index("approver_records_history", "approver_records", ["company_id", "user_id", "id"], unique=False)
    op.create_index(
        "approver_records_one_current",
        "approver_records",
        ["company_id", "user_id"],
        unique=True,
        postgresql_where=sa.text("valid_to IS NULL"),
    )
    op.create_table(
        "connection_states",
        sa.Column("connection", sa.Text(), nullable=False),
        sa.Column("failures", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("open_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("internal_errors", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("paused_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("paused_by", sa.Text(), nullable=True),
        sa.Column("paused_why", sa.Text(), nullable=True),
        sa.Column("last_success_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_failure", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("connection", name=op.f("pk_connection_states")),
    )
    op.create_table(
        "events",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column(
            "fate", sa.Text(), nullable=False, comment="accepted, ignored, dead_lettered, foreign, command, refused"
        ),
        sa.Column("detail", sa.Text(), nullable=True),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("partition", sa.Integer(), nullable=False),
        sa.Column(
            "position", sa.BigInteger(), nullable=False, comment="Kafka's offset of the last record of this event"
        ),
        sa.Column("deliveries", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("export_id", sa.BigInteger(), nullable=True),
        sa.Column("company_id", sa.Text(), nullable=True),
        sa.Column("project_id", sa.Text(), nullable=True),
        sa.Column("resource_name", sa.Text(), nullable=True),
        sa.Column("resource_id", sa.Text(), nullable=True),
        sa.Column("raw", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_events")),
        sa.UniqueConstraint("event_id", name=op.f("uq_events_event_id")),
    )
    op.create_index(
        "ix_events_export", "events", ["export_id"], unique=False, postgresql_where=sa.text("export_id IS NOT NULL")
    )
    op.create_index("ix_events_received", "events", ["received_at"], unique=False)
    op.create_table(
        "exports",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("connection", sa.Text(), nullable=False, comment="empty while no connection serves it"),
        sa.Column("company_id", sa.Text(), nullable=False),
        sa.Column("project_id", sa.Text(), nullable=False),
        sa.Column("payment_application_id", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("generation", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("reasons", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("waits_for", sa.Text(), nullable=True),
        sa.Column("contract_id", sa.Text(), nullable=True),
        sa.Column("number", sa.Integer(), nullable=True),
        sa.Column("invoice_number", sa.Text(), nullable=True),
        sa.Column("customer_name", sa.Text(), nullable=True),
        sa.Column("billing_date", sa.Date(), nullable=True),
        sa.Column("amount", sa.Numeric(), nullable=True),
        sa.Column("currency", sa.Text(), nullable=True),
        sa.Column("erp_ref", sa.Text(), nullable=True),
        sa.Column("erp_number", sa.Text(), nullable=True),
        sa.Column("erp_url", sa.Text(), nullable=True),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_hash", sa.LargeBinary(), nullable=False),
        sa.Column("state", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_exports")),
        sa.UniqueConstraint(
            "company_id",
            "payment_application_id",
            "connection",
            name=op.f("uq_exports_company_id_payment_application_id_connection"),
        ),
    )
    op.create_index("ix_exports_contract", "exports", ["company_id", "contract_id", "number"], unique=False)
    op.create_index(
        "ix_exports_open",
        "exports",
        ["status", "since"],
        unique=False,
        postgresql_where=sa.text("status NOT IN ('exported', 'skipped')"),
        postgresql_include=["company_id", "connection", "reasons"],
    )
    op.create_index("ix_exports_project", "exports", ["company_id", "project_id"], unique=False)
    op.create_index(
        "ix_exports_waits_for",
        "exports",
        ["company_id", "waits_for"],
        unique=False,
        postgresql_where=sa.text("waits_for IS NOT NULL"),
    )
    op.create_table(
        "mappings",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("connection", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False, comment="Mapping.key: by id, else by comparable name"),
        sa.Column("procore_id", sa.Text(), nullable=True),
        sa.Column("procore_name", sa.Text(), nullable=False),
        sa.Column("erp_id", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("valid_to", sa.DateTime(timezone=True), nullable=True),
        sa.Column("changed_by", sa.Text(), nullable=False),
        sa.CheckConstraint("erp_id <> ''", name=op.f("ck_mappings_erp_id")),
        sa.CheckConstraint("valid_to >= valid_from", name=op.f("ck_mappings_validity")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mappings")),
    )
    op.create_index(
        "mappings_one_current",
        "mappings",
        ["connection", "kind", "key"],
        unique=True,
        postgresql_where=sa.text("valid_to IS NULL"),
    )
    op.create_table(
        "parked_events",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("key", sa.LargeBinary(), nullable=True),
        sa.Column("value", sa.LargeBinary(), nullable=False),
        sa.Column("headers", sa.LargeBinary(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("parked_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_parked_events")),
    )
    op.create_table(
        "publications",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("transaction", TransactionId(), nullable=False),
        sa.Column("entry_id", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_publications")),
    )
    op.create_table(
        "reconciliations",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("connection", sa.Text(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("projects", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("invoices", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("missed", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("failure", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reconciliations")),
    )
    op.create_table(
        "commands",
        sa.Column("nonce", sa.Text(), nullable=False),
        sa.Column("export_id", sa.BigInteger(), nullable=False),
        sa.Column("body", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("handled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("refusal", sa.Text(), nullable=True, comment="null when it was followed"),
        sa.ForeignKeyConstraint(["export_id"], ["exports.id"], name=op.f("fk_commands_export_id_exports")),
        sa.PrimaryKeyConstraint("nonce", name=op.f("pk_commands")),
    )
    op.create_index(
        "ix_commands_pending",
        "commands",
        ["export_id", "received_at"],
        unique=False,
        postgresql_where=sa.text("handled_at IS NULL"),
    )
    op.create_table(
        "entries",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("export_id", sa.BigInteger(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("body", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("status_before", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False, comment="after this entry, as the fold has it"),
        sa.Column("previous_hash", sa.LargeBinary(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("transaction", TransactionId(), server_default=sa.text("pg_current_xact_id()"), nullable=False),
        sa.ForeignKeyConstraint(["export_id"], ["exports.id"], name=op.f("fk_entries_export_id_exports")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_entries")),
        sa.UniqueConstraint("export_id", "seq", name=op.f("uq_entries_export_id_seq")),
    )
    op.create_index("ix_entries_transaction", "entries", ["transaction", "id"], unique=False)
    op.create_index(
        "uq_entries_attempt",
        "entries",
        ["export_id", sa.literal_column("(body ->> 'attempt')")],
        unique=True,
        postgresql_where=sa.text("kind = 'attempt_opened'"),
    )
    op.create_index(
        "uq_entries_event",
        "entries",
        ["export_id", sa.literal_column("(body ->> 'event_id')")],
        unique=True,
        postgresql_where=sa.text("kind = 'received'"),
    )
    op.create_index(
        "uq_entries_nonce",
        "entries",
        ["export_id", sa.literal_column("(body ->> 'nonce')")],
        unique=True,
        postgresql_where=sa.text("(body ->> 'nonce') IS NOT NULL"),
    )
    op.create_table(
        "work",
        sa.Column("export_id", sa.BigInteger(), nullable=False),
        sa.Column("connection", sa.Text(), nullable=False),
        sa.Column("priority", sa.SmallInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True, comment="null: nobody needs to look"),
        sa.Column("look_due", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("claimed_at", sa.DateTime(timezone=True), nullable=True, comment="when the last walk began"),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("fencing_token", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("worker", sa.Text(), nullable=True),
        sa.Column(
            "call_started_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="just before the last call that may change the ERP",
        ),
        sa.Column("trace", sa.Text(), nullable=True, comment="W3C traceparent of the event that made a look due"),
        sa.ForeignKeyConstraint(["export_id"], ["exports.id"], name=op.f("fk_work_export_id_exports")),
        sa.PrimaryKeyConstraint("export_id", name=op.f("pk_work")),
    )
    op.create_index(
        "ix_work_due",
        "work",
        ["connection", "priority", "due_at"],
        unique=False,
        postgresql_where=sa.text("due_at IS NOT NULL"),
    )


_APPEND_ONLY = (
    """
    CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION '% of % is refused: the ledger is append-only', TG_OP, TG_TABLE_NAME
            USING ERRCODE = 'restrict_violation';
    END $$
    """,
    """
    CREATE TRIGGER entries_are_append_only BEFORE UPDATE OR DELETE ON entries
    FOR EACH ROW EXECUTE FUNCTION refuse_change()
    """,
    """
    CREATE TRIGGER entries_are_never_truncated BEFORE TRUNCATE ON entries
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
    """,
    """
    CREATE TRIGGER exports_are_never_deleted BEFORE DELETE ON exports
    FOR EACH ROW EXECUTE FUNCTION refuse_change()
    """,
)

# Roles belong to the whole server: another database's migration may have made them, or be making them now.
_ROLES = tuple(
    f"""
    DO $$ BEGIN
        CREATE ROLE {role} NOLOGIN;
    EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
    END $$
    """
    for role in ("invoice_export_receiver", "invoice_export_worker", "invoice_export_dashboard")
)

_GRANTS = (
    "GRANT USAGE ON SCHEMA public TO invoice_export_receiver, invoice_export_worker, invoice_export_dashboard",
    # UPDATE, because a row is locked before it is deleted.
    "GRANT SELECT, INSERT, UPDATE, DELETE ON parked_events TO invoice_export_receiver",
    "GRANT SELECT, INSERT ON entries TO invoice_export_worker",
    """
    GRANT SELECT, INSERT, UPDATE ON exports, work, events, commands, connection_states, publications, reconciliations
    TO invoice_export_worker
    """,
    "GRANT SELECT ON approver_records, mappings, parked_events TO invoice_export_worker",
    """
    GRANT SELECT ON exports, entries, work, events, commands, connection_states, reconciliations, parked_events,
        approver_records, mappings
    TO invoice_export_dashboard
    """,
    "GRANT INSERT, UPDATE ON approver_records, mappings TO invoice_export_dashboard",
    """
    GRANT INSERT (connection, paused_at, paused_by, paused_why), UPDATE (paused_at, paused_by, paused_why)
    ON connection_states TO invoice_export_dashboard
    """,
)
