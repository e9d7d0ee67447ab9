"""Who may use the dashboard, and what they did there. Accounts and tokens are made by the command line alone."""

from sqlalchemy import BigInteger, Boolean, Column, DateTime, Identity, Index, LargeBinary, Table, Text, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from shared.database import metadata

Moment = DateTime(timezone=True)

accounts = Table(
    "accounts",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("login", Text, nullable=False, unique=True, comment="in lower case"),
    Column("shown_name", Text, nullable=False),
    Column("password_hash", Text, nullable=False, comment="argon2id"),
    Column("roles", ARRAY(Text), nullable=False),
    Column("companies", ARRAY(Text), comment="Procore's company ids; null: all"),
    Column("procore_user_id", Text, comment="whose recorded rights count when this person releases"),
    Column("created_at", Moment, nullable=False, server_default=text("now()")),
    Column("created_by", Text, nullable=False),
    Column("disabled_at", Moment),
)

sessions = Table(
    "sessions",
    metadata,
    Column("key_hash", LargeBinary, primary_key=True, comment="of the cookie: who reads this table cannot log in"),
    Column("who", Text, nullable=False, comment="account:ID or oidc:SUBJECT"),
    Column("shown_name", Text, nullable=False),
    Column("roles", ARRAY(Text), nullable=False),
    Column("companies", ARRAY(Text)),
    Column("procore_user_id", Text),
    Column("dictionary", Text, nullable=False, server_default=text("'general_contractors'")),
    Column("created_at", Moment, nullable=False),
    Column("seen_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
    Index("ix_sessions_expires", "expires_at"),
)

# Which words a person wants to read; kept from one log-in to the next.
preferences = Table(
    "preferences",
    metadata,
    Column("who", Text, primary_key=True),
    Column("dictionary", Text, nullable=False),
)

log_in_attempts = Table(
    "log_in_attempts",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("login", Text, nullable=False),
    Column("address", Text, nullable=False),
    Column("at", Moment, nullable=False, server_default=text("now()")),
    Column("succeeded", Boolean, nullable=False),
    Index("ix_log_in_attempts_login", "login", "at"),
    Index("ix_log_in_attempts_address", "address", "at"),
)

api_tokens = Table(
    "api_tokens",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("key_hash", LargeBinary, nullable=False, unique=True),
    Column("label", Text, nullable=False),
    Column("roles", ARRAY(Text), nullable=False),
    Column("companies", ARRAY(Text)),
    Column("procore_user_id", Text),
    Column("created_at", Moment, nullable=False, server_default=text("now()")),
    Column("created_by", Text, nullable=False),
    Column("expires_at", Moment),
    Column("revoked_at", Moment),
)

audit_records = Table(
    "audit_records",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("at", Moment, nullable=False, server_default=text("now()")),
    Column("who", Text, nullable=False),
    Column("shown_name", Text, nullable=False),
    Column("address", Text, nullable=False),
    Column("did", Text, nullable=False, comment="a verb: saw, asked, imported, paused, signed in, ..."),
    Column("what", Text, nullable=False, comment="on what: export 12, connection acme, approvers of 4001"),
    Column("company_id", Text, comment="null: of no single company"),
    Column("detail", JSONB, nullable=False, server_default=text("'{}'")),
    Index("ix_audit_records_who", "who", "id"),
    # By how it begins, too.
    Index("ix_audit_records_what", "what", "id", postgresql_ops={"what": "text_pattern_ops"}),
    Index("ix_audit_records_company", "company_id", "id"),
)
