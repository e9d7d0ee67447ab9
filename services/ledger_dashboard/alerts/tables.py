"""What is wrong now and who was told: so that an alert comes once, and its end is told too."""

from sqlalchemy import Column, DateTime, Integer, Table, Text

from shared.database import metadata

Moment = DateTime(timezone=True)

alert_states = Table(
    "alert_states",
    metadata,
    Column("key", Text, primary_key=True, comment="kind and what it is about, such as held:missing_mapping:acme"),
    Column("kind", Text, nullable=False),
    Column("sentence", Text, nullable=False),
    Column("count", Integer, nullable=False),
    Column("since", Moment, nullable=False),
    Column("seen_at", Moment, nullable=False),
    Column("told_at", Moment, comment="null: nobody was told yet"),
    Column("told_count", Integer, nullable=False, server_default="0"),
    Column("ended_at", Moment),
    Column("end_told_at", Moment),
)
