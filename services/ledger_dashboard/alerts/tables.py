"""What is wrong now, and who was told of it by which way: so that an alert comes once, and its end is told too."""

from sqlalchemy import Column, DateTime, Integer, PrimaryKeyConstraint, Table, Text

from shared.database import metadata

Moment = DateTime(timezone=True)

alert_states = Table(
    "alert_states",
    metadata,
    Column("key", Text, primary_key=True, comment="kind and what it is about, such as held:missing_mapping:acme"),
    Column("sentence", Text, nullable=False),
    Column("path", Text, nullable=False, comment="the dashboard's page about it"),
    Column("count", Integer, nullable=False),
    Column("since", Moment, nullable=False),
    Column("ended_at", Moment),
)

alert_tellings = Table(
    "alert_tellings",
    metadata,
    Column("way", Text, nullable=False, comment="mail, slack or webhook"),
    Column("key", Text, nullable=False),
    Column("since", Moment, nullable=False, comment="of the state that was told"),
    Column("told_at", Moment, nullable=False),
    Column("told_count", Integer, nullable=False),
    Column("end_told_at", Moment),
    PrimaryKeyConstraint("way", "key"),
)
