"""Orders for many exports at once: the choice is frozen when it is made, and sent on at the connection's pace."""

from sqlalchemy import BigInteger, Boolean, Column, DateTime, ForeignKey, Identity, Index, Integer, Table, Text, text

from shared.database import metadata

Moment = DateTime(timezone=True)

bulk_orders = Table(
    "bulk_orders",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("asked_at", Moment, nullable=False, server_default=text("now()")),
    Column("by", Text, nullable=False),
    Column("shown_name", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("why", Text, nullable=False),
    Column("is_dry_run", Boolean, nullable=False),
    Column("chosen", Text, nullable=False, comment="the selection or the filter, in words"),
    Column("rehearsed_by", BigInteger, comment="the dry run that this order repeats for real"),
    Column("cancelled_at", Moment),
    Column("cancelled_by", Text),
    Column("sent_at", Moment, comment="when the last of it was sent"),
    Index("ix_bulk_orders_unsent", "id", postgresql_where=text("sent_at IS NULL AND cancelled_at IS NULL")),
)

bulk_order_parts = Table(
    "bulk_order_parts",
    metadata,
    Column("order_id", BigInteger, ForeignKey("bulk_orders.id"), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("export_id", BigInteger, ForeignKey("exports.id"), nullable=False),
    Column("nonce", Text, nullable=False, unique=True),
    Column("sent_at", Moment),
)
