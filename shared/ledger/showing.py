"""Tables beside the ledger that only serve to show: the worker fills them, the pages read them.

Nothing is decided by them, none is part of the fold, and each could be emptied and filled anew.
"""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    Integer,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
)
from sqlalchemy.dialects.postgresql import JSONB

from shared.database import metadata

Moment = DateTime(timezone=True)

# The invoice as the last look that saw another content found it: what a page shows of its G702 and G703.
invoice_snapshots = Table(
    "invoice_snapshots",
    metadata,
    Column("export_id", BigInteger, ForeignKey("exports.id"), primary_key=True),
    Column("looked_at", Moment, nullable=False),
    Column("fingerprint", Text, nullable=False),
    Column("content", JSONB, nullable=False, comment="see shared/ledger/invoice_sheet.py; money as text"),
)

# Names of projects, as reconciliation saw them.
projects = Table(
    "projects",
    metadata,
    Column("company_id", Text, nullable=False),
    Column("project_id", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("number", Text, nullable=False, comment="empty where Procore shows none"),
    Column("seen_at", Moment, nullable=False),
    PrimaryKeyConstraint("company_id", "project_id"),
)

# What the connections file and the adapter say of a connection, as the worker that started last read them.
connection_profiles = Table(
    "connection_profiles",
    metadata,
    Column("connection", Text, primary_key=True),
    Column("company_id", Text, nullable=False),
    Column("profile", JSONB, nullable=False, comment="see shared/connections/profile.py; never a secret"),
    Column("seen_at", Moment, nullable=False),
)

# How many exports stand in each status: kept along with the entries, so that nobody counts a big table.
export_counts = Table(
    "export_counts",
    metadata,
    Column("company_id", Text, nullable=False),
    Column("connection", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("count", BigInteger, nullable=False),
    PrimaryKeyConstraint("company_id", "connection", "status"),
)

# How attempts and decisions ended, by hour and by day (UTC); kept along likewise.
export_outcomes = Table(
    "export_outcomes",
    metadata,
    Column("unit", Text, nullable=False, comment="hour or day"),
    Column("begins", Moment, nullable=False),
    Column("company_id", Text, nullable=False),
    Column("connection", Text, nullable=False),
    Column("outcome", Text, nullable=False, comment="exported, failed, held: a status that an export came to"),
    Column("count", Integer, nullable=False),
    PrimaryKeyConstraint("unit", "begins", "company_id", "connection", "outcome"),
)

# Time from the first sight of an approval to the ERP's confirmed yes, likewise, in buckets that grow by a quarter.
export_latencies = Table(
    "export_latencies",
    metadata,
    Column("unit", Text, nullable=False, comment="hour or day"),
    Column("begins", Moment, nullable=False),
    Column("company_id", Text, nullable=False),
    Column("connection", Text, nullable=False),
    Column("bucket", SmallInteger, nullable=False, comment="see shared/ledger/latency.py"),
    Column("count", Integer, nullable=False),
    PrimaryKeyConstraint("unit", "begins", "company_id", "connection", "bucket"),
    CheckConstraint("bucket >= 0", name="bucket"),
)

# Procore's hooks as Procore sees them.
hook_states = Table(
    "hook_states",
    metadata,
    Column("company_id", Text, nullable=False),
    Column("project_id", Text, nullable=False),
    Column("state", JSONB, nullable=False, comment="see shared/procore/hook_state.py"),
    Column("seen_at", Moment, nullable=False),
    PrimaryKeyConstraint("company_id", "project_id"),
)

# Each running process, by its own word: who does not say anything any more is gone.
service_instances = Table(
    "service_instances",
    metadata,
    Column("name", Text, primary_key=True, comment="host, process and a random part"),
    Column("service", Text, nullable=False, comment="receiver, worker or dashboard"),
    Column("started_at", Moment, nullable=False),
    Column("seen_at", Moment, nullable=False),
    Column("ready", JSONB, nullable=False, comment="its checks, as /readyz tells them"),
    Column("detail", JSONB, nullable=False, comment="lag by partition, rate budget, refused webhooks"),
)
