"""Who may use the dashboard, what they asked and did, and of what people were alerted"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """The dashboard makes neither accounts nor tokens: those come from the command line, as the owner."""
    op.create_table(
        "accounts",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("login", sa.Text(), nullable=False, comment="in lower case"),
        sa.Column("shown_name", sa.Text(), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False, comment="argon2id"),
        sa.Column("roles", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("companies", postgresql.ARRAY(sa.Text()), nullable=True, comment="Procore's company ids; null: all"),
        sa.Column(
            "procore_user_id", sa.Text(), nullable=True, comment="whose recorded rights count when this person releases"
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("disabled_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_accounts")),
        sa.UniqueConstraint("login", name=op.f("uq_accounts_login")),
    )
    op.create_table(
        "alert_states",
        sa.Column(
            "key", sa.Text(), nullable=False, comment="kind and what it is about, such as held:missing_mapping:acme"
        ),
        sa.Column("sentence", sa.Text(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False, comment="the dashboard's page about it"),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_alert_states")),
    )
    op.create_table(
        "alert_tellings",
        sa.Column("way", sa.Text(), nullable=False, comment="mail, slack or webhook"),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False, comment="of the state that was told"),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("told_count", sa.Integer(), nullable=False),
        sa.Column("end_told_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("way", "key", name=op.f("pk_alert_tellings")),
    )
    op.create_table(
        "api_tokens",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("key_hash", sa.LargeBinary(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("roles", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("companies", postgresql.ARRAY(sa.Text()), nullable=True),
        sa.Column("procore_user_id", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_tokens")),
        sa.UniqueConstraint("key_hash", name=op.f("uq_api_tokens_key_hash")),
    )
    op.create_table(
        "audit_records",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("shown_name", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("did", sa.Text(), nullable=False, comment="a verb: saw, asked, imported, paused, signed in, ..."),
        sa.Column("what", sa.Text(), nullable=False, comment="on what: export 12, connection acme, approvers of 4001"),
        sa.Column("company_id", sa.Text(), nullable=True, comment="null: of no single company"),
        sa.Column("detail", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_records")),
    )
    op.create_index("ix_audit_records_company", "audit_records", ["company_id", "id"], unique=False)
    op.create_index(
        "ix_audit_records_what",
        "audit_records",
        ["what", "id"],
        unique=False,
        postgresql_ops={"what": "text_pattern_ops"},
    )
    op.create_index("ix_audit_records_who", "audit_records", ["who", "id"], unique=False)
    op.create_table(
        "bulk_orders",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("shown_name", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("is_dry_run", sa.Boolean(), nullable=False),
        sa.Column("chosen", sa.Text(), nullable=False, comment="the selection or the filter, in words"),
        sa.Column(
            "rehearsed_by", sa.BigInteger(), nullable=True, comment="the dry run that this order repeats for real"
        ),
        sa.Column("cancelled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cancelled_by", sa.Text(), nullable=True),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True, comment="when the last of it was sent"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bulk_orders")),
    )
    op.create_index(
        "ix_bulk_orders_unsent",
        "bulk_orders",
        ["id"],
        unique=False,
        postgresql_where=sa.text("sent_at IS NULL AND cancelled_at IS NULL"),
    )
    op.create_table(
        "log_in_attempts",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("login", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("succeeded", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_log_in_attempts")),
    )
    op.create_index("ix_log_in_attempts_address", "log_in_attempts", ["address", "at"], unique=False)
    op.create_index("ix_log_in_attempts_login", "log_in_attempts", ["login", "at"], unique=False)
    op.create_table(
        "preferences",
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("dictionary", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("who", name=op.f("pk_preferences")),
    )
    op.create_table(
        "sessions",
        sa.Column(
            "key_hash", sa.LargeBinary(), nullable=False, comment="of the cookie: who reads this table cannot log in"
        ),
        sa.Column("who", sa.Text(), nullable=False, comment="account:ID or oidc:SUBJECT"),
        sa.Column("shown_name", sa.Text(), nullable=False),
        sa.Column("roles", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("companies", postgresql.ARRAY(sa.Text()), nullable=True),
        sa.Column("procore_user_id", sa.Text(), nullable=True),
        sa.Column("dictionary", sa.Text(), server_default=sa.text("'general_contractors'"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("key_hash", name=op.f("pk_sessions")),
    )
    op.create_index("ix_sessions_expires", "sessions", ["expires_at"], unique=False)
    op.create_table(
        "bulk_order_parts",
        sa.Column("order_id", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("export_id", sa.BigInteger(), nullable=False),
        sa.Column("nonce", sa.Text(), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["export_id"], ["exports.id"], name=op.f("fk_bulk_order_parts_export_id_exports")),
        sa.ForeignKeyConstraint(
            ["order_id"], ["bulk_orders.id"], name=op.f("fk_bulk_order_parts_order_id_bulk_orders")
        ),
        sa.PrimaryKeyConstraint("order_id", "position", name=op.f("pk_bulk_order_parts")),
        sa.UniqueConstraint("nonce", name=op.f("uq_bulk_order_parts_nonce")),
    )
    for statement in (*_APPEND_ONLY, *_GRANTS):
        op.execute(statement)


_APPEND_ONLY = (
    """
    CREATE TRIGGER audit_records_are_append_only BEFORE UPDATE OR DELETE ON audit_records
    FOR EACH ROW EXECUTE FUNCTION refuse_change()
    """,
    """
    CREATE TRIGGER audit_records_are_never_truncated BEFORE TRUNCATE ON audit_records
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
    """,
)

_GRANTS = (
    "GRANT SELECT ON accounts, api_tokens TO invoice_export_dashboard",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON sessions, preferences, log_in_attempts TO invoice_export_dashboard",
    "GRANT SELECT, INSERT ON audit_records TO invoice_export_dashboard",
    "GRANT INSERT (connection, period, requested_by) ON tie_outs TO invoice_export_dashboard",
    "GRANT SELECT, INSERT, UPDATE ON bulk_orders, bulk_order_parts TO invoice_export_dashboard",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON alert_states, alert_tellings TO invoice_export_dashboard",
)
