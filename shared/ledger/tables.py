"""The ledger's tables. Entries are the truth; `exports` is their fold; `work` is working data outside the fold."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Computed,
    Date,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    Numeric,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.types import UserDefinedType

from shared.database import metadata

Moment = DateTime(timezone=True)


# What a search looks through; and the keys that pages sort by, which are never null, so that a keyset can compare.
SEARCHED = (
    "lower(coalesce(invoice_number, '') || ' ' || coalesce(customer_name, '') || ' ' || coalesce(erp_number, '')"
    " || ' ' || payment_application_id)"
)
SORT_KEYS = {
    "since": "since",
    "amount": "coalesce(amount, 0::numeric)",
    "billing_date": "coalesce(billing_date, '1900-01-01'::date)",
    "invoice_number": "coalesce(invoice_number, ''::text)",
    "customer_name": "coalesce(customer_name, ''::text)",
}

# Open exports that wait for a mapping: what the connections' pages count.
UNMAPPED = "status NOT IN ('exported', 'skipped') AND reasons @> ARRAY['missing_mapping']"


class TransactionId(UserDefinedType[str]):
    """Postgres's xid8: tells which transactions are surely over, whatever order they committed in."""

    cache_ok = True

    def get_col_spec(self, **_: object) -> str:
        """The type's name in SQL."""
        return "xid8"


exports = Table(
    "exports",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("connection", Text, nullable=False, comment="empty while no connection serves it"),
    Column("company_id", Text, nullable=False),
    Column("project_id", Text, nullable=False),
    Column("payment_application_id", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("since", Moment, nullable=False),
    Column("version", Integer, nullable=False),
    Column("generation", Integer, nullable=False, server_default=text("1")),
    Column("reasons", ARRAY(Text), nullable=False, server_default=text("'{}'")),
    Column("waits_for", Text),
    Column("contract_id", Text),
    Column("number", Integer),
    Column("invoice_number", Text),
    Column("customer_name", Text),
    Column("billing_date", Date),
    Column("amount", Numeric),
    Column("currency", Text),
    Column("erp_ref", Text),
    Column("erp_number", Text),
    Column("erp_url", Text),
    Column("approvers", ARRAY(Text), nullable=False, server_default=text("'{}'"), comment="Procore user ids"),
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    Column("opened_at", Moment, nullable=False),
    Column("changed_at", Moment, nullable=False),
    Column("last_hash", LargeBinary, nullable=False),
    Column("state", JSONB, nullable=False),
    Column("search", Text, Computed(SEARCHED, persisted=True), nullable=False),
    UniqueConstraint("company_id", "payment_application_id", "connection"),
    # What the overview and the alerts count of them stands in the index itself.
    Index(
        "ix_exports_open",
        "status",
        "since",
        postgresql_where=text("status NOT IN ('exported', 'skipped')"),
        postgresql_include=["company_id", "connection", "reasons"],
    ),
    Index("ix_exports_contract", "company_id", "contract_id", "number"),
    Index("ix_exports_waits_for", "company_id", "waits_for", postgresql_where=text("waits_for IS NOT NULL")),
    Index("ix_exports_project", "company_id", "project_id"),
    Index("ix_exports_billed", "connection", "billing_date"),
    Index("ix_exports_search", "search", postgresql_using="gin", postgresql_ops={"search": "gin_trgm_ops"}),
    Index("ix_exports_search_begins", "search", postgresql_ops={"search": "text_pattern_ops"}),
    Index("ix_exports_approvers", "approvers", postgresql_using="gin"),
    Index("ix_exports_connection", "connection", "id"),
    Index("ix_exports_unmapped", "connection", "id", postgresql_where=text(UNMAPPED)),
    *(Index(f"ix_exports_by_{name}", text(key), "id") for name, key in SORT_KEYS.items()),
)

entries = Table(
    "entries",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("export_id", BigInteger, ForeignKey("exports.id"), nullable=False),
    Column("seq", Integer, nullable=False),
    Column("kind", Text, nullable=False),
    Column("at", Moment, nullable=False),
    Column("body", JSONB, nullable=False),
    Column("status_before", Text, nullable=False),
    Column("status", Text, nullable=False, comment="after this entry, as the fold has it"),
    Column("previous_hash", LargeBinary, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    Column("transaction", TransactionId(), nullable=False, server_default=text("pg_current_xact_id()")),
    UniqueConstraint("export_id", "seq"),
    Index(
        "uq_entries_event",
        "export_id",
        text("(body ->> 'event_id')"),
        unique=True,
        postgresql_where=text("kind = 'received'"),
    ),
    Index(
        "uq_entries_attempt",
        "export_id",
        text("(body ->> 'attempt')"),
        unique=True,
        postgresql_where=text("kind = 'attempt_opened'"),
    ),
    Index(
        "uq_entries_nonce",
        "export_id",
        text("(body ->> 'nonce')"),
        unique=True,
        postgresql_where=text("(body ->> 'nonce') IS NOT NULL"),
    ),
    Index("ix_entries_transaction", "transaction", "id"),
)

work = Table(
    "work",
    metadata,
    Column("export_id", BigInteger, ForeignKey("exports.id"), primary_key=True),
    Column("connection", Text, nullable=False),
    Column("priority", SmallInteger, nullable=False, server_default=text("0")),
    Column("due_at", Moment, comment="null: nobody needs to look"),
    Column("look_due", Boolean, nullable=False, server_default=text("false")),
    Column("claimed_at", Moment, comment="when the last walk began"),
    Column("lease_until", Moment),
    Column("fencing_token", BigInteger, nullable=False, server_default=text("0")),
    Column("worker", Text),
    Column("call_started_at", Moment, comment="just before the last call that may change the ERP"),
    Column("trace", Text, comment="W3C traceparent of the event that made a look due"),
    Index("ix_work_due", "connection", "priority", "due_at", postgresql_where=text("due_at IS NOT NULL")),
)

events = Table(
    "events",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("event_id", Text, nullable=False, unique=True),
    Column("fate", Text, nullable=False, comment="accepted, ignored, dead_lettered, foreign, command, refused"),
    Column("detail", Text),
    Column("topic", Text, nullable=False),
    Column("partition", Integer, nullable=False),
    Column("position", BigInteger, nullable=False, comment="Kafka's offset of the last record of this event"),
    Column("deliveries", Integer, nullable=False, server_default=text("1")),
    Column("received_at", Moment, nullable=False),
    Column("export_id", BigInteger),
    Column("company_id", Text),
    Column("project_id", Text),
    Column("resource_name", Text),
    Column("resource_id", Text),
    Column("raw", LargeBinary, nullable=False),
    Index("ix_events_received", "received_at"),
    Index("ix_events_fate", "fate", "id"),
    Index("ix_events_export", "export_id", postgresql_where=text("export_id IS NOT NULL")),
)

commands = Table(
    "commands",
    metadata,
    Column("nonce", Text, primary_key=True),
    Column("export_id", BigInteger, ForeignKey("exports.id"), nullable=False),
    Column("body", JSONB, nullable=False),
    Column("received_at", Moment, nullable=False),
    Column("handled_at", Moment),
    Column("refusal", Text, comment="null when it was followed"),
    Column("answer", JSONB, comment="of a dry run: see shared/ledger/foretold.py"),
    Column("lease_until", Moment, comment="of a dry run: after it another worker tries it"),
    Index("ix_commands_pending", "export_id", "received_at", postgresql_where=text("handled_at IS NULL")),
)

connection_states = Table(
    "connection_states",
    metadata,
    Column("connection", Text, primary_key=True),
    Column("failures", Integer, nullable=False, server_default=text("0")),
    Column("open_until", Moment),
    Column("internal_errors", Integer, nullable=False, server_default=text("0")),
    Column("paused_at", Moment),
    Column("paused_by", Text),
    Column("paused_why", Text),
    Column("last_success_at", Moment),
    Column("last_failure", Text),
)

publications = Table(
    "publications",
    metadata,
    Column("name", Text, primary_key=True),
    Column("transaction", TransactionId(), nullable=False),
    Column("entry_id", BigInteger, nullable=False),
)

reconciliations = Table(
    "reconciliations",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("connection", Text, nullable=False),
    Column("started_at", Moment, nullable=False),
    Column("finished_at", Moment),
    Column("projects", Integer, nullable=False, server_default=text("0")),
    Column("invoices", Integer, nullable=False, server_default=text("0")),
    Column("missed", Integer, nullable=False, server_default=text("0")),
    Column("failure", Text),
    Column("position", Text, comment="the last project that was read: after a run that failed, the next goes on there"),
)

seals = Table(
    "seals",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("at", Moment, nullable=False),
    Column("last_entry_id", BigInteger, nullable=False, comment="the newest entry that this seal covers"),
    Column("exports", Integer, nullable=False, comment="how many have an entry since the seal before"),
    Column("digest", LargeBinary, nullable=False, comment="over id, version and hash of each, in the ids' order"),
    Column("previous_mac", LargeBinary, nullable=False, unique=True, comment="so that nobody can fork the chain"),
    Column("mac", LargeBinary, nullable=False),
)

tie_outs = Table(
    "tie_outs",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("connection", Text, nullable=False),
    Column("period", Text, nullable=False, comment="the accounting month, such as 2026-10"),
    Column("requested_at", Moment, nullable=False, server_default=text("now()")),
    Column("requested_by", Text, comment="null: the schedule"),
    Column("started_at", Moment),
    Column("finished_at", Moment),
    Column("worker", Text),
    Column("lease_until", Moment, comment="after it another worker goes on"),
    Column("position", BigInteger, nullable=False, server_default=text("0"), comment="the last export that was asked"),
    Column("verdicts", JSONB, nullable=False, server_default=text("'{}'"), comment="how many of each"),
    Column("tally", JSONB, comment="by currency: approved and its parts, in count and money"),
    Column("failure", Text, comment="why it stopped asking before the end"),
    Index("ix_tie_outs_period", "connection", "period", "id"),
    Index(
        "uq_tie_outs_unfinished",
        "connection",
        "period",
        unique=True,
        postgresql_where=text("finished_at IS NULL"),
    ),
)

tie_out_findings = Table(
    "tie_out_findings",
    metadata,
    Column("tie_out_id", BigInteger, ForeignKey("tie_outs.id"), primary_key=True),
    Column("export_id", BigInteger, ForeignKey("exports.id"), primary_key=True),
    Column("at", Moment, nullable=False),
    Column("verdict", Text, nullable=False),
    Column("detail", Text, nullable=False),
)
