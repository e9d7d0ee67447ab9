"""The overview's figures: none of them counts a big table."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.connections.standing import MOST_INTERNAL_ERRORS
from shared.ledger.latency import percentile
from shared.ledger.words import Reason, Status

OPEN = (Status.WAITING, Status.HELD, Status.EXPORTING, Status.RETRYING, Status.FAILED)
MOST_COUNTED = 20_000  # of what needs a person: beyond it a figure is a lower bound, and says so
FRESH = timedelta(minutes=1)  # a service that said nothing for longer is gone


@dataclass(frozen=True)
class Standing:
    """How many exports have a status, and since when the oldest of them has it (None: none, or nobody asks)."""

    status: Status
    count: int
    oldest: datetime | None


@dataclass(frozen=True)
class Need:
    """What a person has to do something about: so many exports for this first reason."""

    status: Status
    reason: Reason | None
    count: int
    oldest: datetime


@dataclass(frozen=True)
class Hour:
    """How many exports came to each end in an hour or a day, and how long approvals took, in seconds."""

    begins: datetime
    exported: int
    held: int
    failed: int
    median: float | None
    p95: float | None


@dataclass(frozen=True)
class Fare:
    """How one connection's ERP fares."""

    connection: str
    company_id: str
    title: str
    mode: str
    paused_by: str | None
    is_stopped: bool
    open_until: datetime | None
    last_success_at: datetime | None
    last_failure: str | None


@dataclass(frozen=True)
class Flow:
    """What is on its way: None where no running service tells."""

    lag: int | None
    parked: int
    dead_letters: int
    last_reconciled_at: datetime | None
    last_missed: int | None
    workers: int
    receivers: int


async def read_standings(connection: AsyncConnection, companies: frozenset[str] | None) -> list[Standing]:
    """One for each status that an export can have, in the order of its life."""
    scope = _scope(companies)
    counted = {row.status: row.number for row in await connection.execute(_COUNTS, scope)}
    oldest = {row.status: row.oldest for row in await connection.execute(_OLDEST, scope)}
    statuses = (*OPEN, Status.EXPORTED, Status.SKIPPED)
    return [Standing(status, counted.get(status.value, 0), oldest.get(status.value)) for status in statuses]


async def read_needs(connection: AsyncConnection, companies: frozenset[str] | None) -> list[Need]:
    """Held and failed, by first reason; the most frequent first."""
    rows = await connection.execute(_NEEDS, _scope(companies) | {"most": MOST_COUNTED})
    return [
        Need(Status(row.status), Reason(row.reason) if row.reason else None, row.number, row.oldest) for row in rows
    ]


async def read_hours(
    connection: AsyncConnection, companies: frozenset[str] | None, *, since: datetime, until: datetime, step: timedelta
) -> list[Hour]:
    """From `since` (a full hour or day) to `until`, one for each step, also where nothing happened."""
    asked = _scope(companies) | {"since": since, "until": until, "unit": "day" if step >= timedelta(days=1) else "hour"}
    ends: dict[datetime, dict[str, int]] = {}
    for row in await connection.execute(_ENDS, asked):
        ends.setdefault(row.begins, {})[row.outcome] = row.number
    buckets: dict[datetime, dict[int, int]] = {}
    for row in await connection.execute(_LATENCIES, asked):
        buckets.setdefault(row.begins, {})[row.bucket] = row.number
    hours = []
    begins = since
    while begins < until:
        came, took = ends.get(begins, {}), buckets.get(begins, {})
        hours.append(
            Hour(
                begins,
                came.get(Status.EXPORTED.value, 0),
                came.get(Status.HELD.value, 0),
                came.get(Status.FAILED.value, 0),
                percentile(took, 0.5),
                percentile(took, 0.95),
            )
        )
        begins += step
    return hours


async def read_fares(connection: AsyncConnection, companies: frozenset[str] | None) -> Sequence[Fare]:
    """Every connection that a worker ever served, by name."""
    asked = _scope(companies) | {"most": MOST_INTERNAL_ERRORS}
    return [Fare(*row) for row in await connection.execute(_FARES, asked)]


async def read_flow(connection: AsyncConnection) -> Flow:
    """From the services' own word, where they gave it within the last minute."""
    row: Any = (await connection.execute(_FLOW, {"fresh": FRESH})).one()
    return Flow(*row)


def _scope(companies: frozenset[str] | None) -> dict[str, Any]:
    return {"all": companies is None, "companies": sorted(companies or ())}


_COUNTS = text(
    """
    SELECT status, CAST(sum(count) AS bigint) AS number FROM export_counts
    WHERE :all OR company_id = ANY(:companies) GROUP BY status
    """
)
_OLDEST = text(
    """
    SELECT wanted.status, found.since AS oldest
    FROM unnest(ARRAY['waiting', 'held', 'exporting', 'retrying', 'failed']) AS wanted (status)
    CROSS JOIN LATERAL (
        SELECT since FROM exports WHERE exports.status = wanted.status AND status NOT IN ('exported', 'skipped')
        AND (:all OR company_id = ANY(:companies)) ORDER BY since LIMIT 1) found
    """
)
_NEEDS = text(
    """
    SELECT status, reason, count(*) AS number, min(since) AS oldest
    FROM (SELECT status, reasons[1] AS reason, since FROM exports
          WHERE status IN ('held', 'failed') AND status NOT IN ('exported', 'skipped')
          AND (:all OR company_id = ANY(:companies)) LIMIT :most) counted
    GROUP BY status, reason ORDER BY number DESC, reason
    """
)
_ENDS = text(
    """
    SELECT begins, outcome, CAST(sum(count) AS bigint) AS number FROM export_outcomes
    WHERE unit = :unit AND begins >= :since AND begins < :until AND (:all OR company_id = ANY(:companies)) GROUP BY 1, 2
    """
)
_LATENCIES = text(
    """
    SELECT begins, bucket, CAST(sum(count) AS bigint) AS number FROM export_latencies
    WHERE unit = :unit AND begins >= :since AND begins < :until AND (:all OR company_id = ANY(:companies)) GROUP BY 1, 2
    """
)
_FARES = text(
    """
    SELECT profiles.connection, profiles.company_id, COALESCE(profiles.profile ->> 'title', ''),
        COALESCE(profiles.profile ->> 'mode', ''), CASE WHEN paused_at IS NOT NULL THEN COALESCE(paused_by, '') END,
        COALESCE(internal_errors, 0) >= :most, CASE WHEN open_until > now() THEN open_until END,
        last_success_at, last_failure
    FROM connection_profiles profiles LEFT JOIN connection_states states USING (connection)
    WHERE :all OR profiles.company_id = ANY(:companies) ORDER BY profiles.connection
    """
)
_FLOW = text(
    """
    SELECT
        (SELECT max(CAST(detail -> 'kafka' ->> 'lag' AS bigint)) FROM service_instances
         WHERE service = 'worker' AND seen_at > now() - CAST(:fresh AS interval)) AS lag,
        (SELECT count(*) FROM (SELECT FROM parked_events LIMIT 10000) parked) AS parked,
        (SELECT count(*) FROM (SELECT FROM events WHERE fate = 'dead_lettered' LIMIT 1000) dead) AS dead_letters,
        last.finished_at AS last_reconciled_at, last.missed AS last_missed,
        (SELECT count(*) FROM service_instances
         WHERE service = 'worker' AND seen_at > now() - CAST(:fresh AS interval)) AS workers,
        (SELECT count(*) FROM service_instances
         WHERE service = 'receiver' AND seen_at > now() - CAST(:fresh AS interval)) AS receivers
    FROM (SELECT) nothing LEFT JOIN LATERAL (
        SELECT finished_at, missed FROM reconciliations WHERE finished_at IS NOT NULL
        ORDER BY id DESC LIMIT 1) last ON true
    """
)
