"""Looks every quarter of a minute what is wrong, remembers it, and tells people by each way that is configured."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import structlog
from pydantic import SecretStr
from sqlalchemy import delete, func, select, text
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from services.ledger_dashboard.alerts.conditions import (
    Facts,
    Held,
    News,
    State,
    Telling,
    conditions,
    moved_on,
    news,
)
from services.ledger_dashboard.alerts.tables import alert_states, alert_tellings
from services.ledger_dashboard.alerts.ways import NotTold, Way
from services.ledger_dashboard.settings import AlertSettings
from shared.database import DATABASE_ERRORS, Role, connect_raw, hold_lock
from shared.ledger.words import Reason, Status

EVERY_SECONDS = 15.0
LOCK = 7_215_012  # any number that nothing else in this database locks
KEPT = timedelta(days=7)
MOST_COUNTED = 20_000
MOST_SECONDS = 30.0  # for one way; the others wait as long

log = structlog.get_logger("ledger_dashboard.bell")


class Bell:
    """One dashboard at a time rings: whoever holds the advisory lock of its session."""

    def __init__(self, engine: AsyncEngine, url: SecretStr, settings: AlertSettings, ways: Sequence[Way]) -> None:
        self._engine = engine
        self._url = url
        self._settings = settings
        self._ways = ways

    async def run(self) -> None:
        """Until cancelled; with no way configured the states are kept all the same, for the pages."""
        while True:
            try:
                session = await connect_raw(
                    self._url.get_secret_value(), Role.DASHBOARD, application_name="ledger_dashboard:bell"
                )
                try:
                    await self._run(session)
                finally:
                    await session.close()
            except DATABASE_ERRORS as error:
                log.warning("session.lost", why=type(error).__name__)
            except Exception:
                # A fault of ours, and not the end of all alerts: the next look may well succeed.
                log.exception("bell.broken")
            await asyncio.sleep(EVERY_SECONDS)

    async def _run(self, session: asyncpg.Connection) -> None:
        await hold_lock(session, LOCK, every=EVERY_SECONDS)
        while not session.is_closed():
            await self.look(datetime.now(UTC))
            await asyncio.sleep(EVERY_SECONDS)

    async def look(self, now: datetime) -> None:
        """One look, and what follows from it."""
        async with self._engine.begin() as connection:
            found = conditions(await read_facts(connection), much_lag=self._settings.alert_lag_records)
            states = moved_on(await _states(connection), found, now)
            await _keep(connection, states, now)
        for way in self._ways:
            await self._tell(way, states, now)

    async def _tell(self, way: Way, states: Sequence[State], now: datetime) -> None:
        async with self._engine.connect() as connection:
            told = await _tellings(connection, way.name)
        due = news(states, told, now, quiet=timedelta(minutes=self._settings.alert_quiet_minutes))
        if not due:
            return
        try:
            async with asyncio.timeout(MOST_SECONDS):
                await way.tell(due, now)
        except (NotTold, TimeoutError) as error:
            log.warning("alert.postponed", way=way.name, why=str(error) or f"no answer within {MOST_SECONDS:g} s")
            return
        # Told before it is noted: a crash in between tells it twice, never not at all.
        async with self._engine.begin() as connection:
            await _note(connection, way.name, due, now)
        log.info("alert.told", way=way.name, alerts=[one.state.key for one in due])


async def read_facts(connection: AsyncConnection) -> Facts:
    """What the database tells now."""
    held = [
        Held(row.connection, Status(row.status), _known(row.reason), row.number)
        for row in await connection.execute(_HELD, {"most": MOST_COUNTED})
    ]
    links = (await connection.execute(_LINKS)).all()
    flow: Any = (await connection.execute(_FLOW)).one()
    missed = (await connection.execute(_MISSED)).all()
    return Facts(
        held=held,
        open_circuits=[row.connection for row in links if row.is_open],
        stopped=[row.connection for row in links if row.is_stopped],
        lag=flow.lag,
        parked=flow.parked,
        dead_letters=flow.dead_letters,
        refused=flow.refused,
        missed={row.connection: row.missed for row in missed if row.missed},
        workers=flow.workers,
        receivers=flow.receivers,
    )


def _known(reason: str | None) -> Reason | None:
    """A newer version's is as good as none: that something is held is told all the same."""
    return Reason(reason) if reason in set(Reason) else None


async def _states(connection: AsyncConnection) -> list[State]:
    columns = (alert_states.c[name] for name in State.__dataclass_fields__)
    return [State(*row) for row in await connection.execute(select(*columns))]


async def _keep(connection: AsyncConnection, states: Sequence[State], now: datetime) -> None:
    if states:
        put = upsert(alert_states)
        changed = {name: put.excluded[name] for name in State.__dataclass_fields__ if name != "key"}
        await connection.execute(
            put.on_conflict_do_update(index_elements=["key"], set_=changed), list(map(vars, states))
        )
    await connection.execute(delete(alert_states).where(alert_states.c.ended_at < now - KEPT))


async def _tellings(connection: AsyncConnection, way: str) -> dict[str, Telling]:
    columns = (alert_tellings.c[name] for name in Telling.__dataclass_fields__)
    rows = await connection.execute(select(*columns).where(alert_tellings.c.way == way))
    return {row.key: Telling(*row) for row in rows}


async def _note(connection: AsyncConnection, way: str, told: Sequence[News], now: datetime) -> None:
    put = upsert(alert_tellings)
    rows = [
        {
            "way": way,
            "key": one.state.key,
            "since": one.state.since,
            "told_at": now,
            "told_count": one.state.count,
            "end_told_at": now if one.is_over else None,
        }
        for one in told
    ]
    changed = {name: put.excluded[name] for name in ("since", "told_at", "told_count", "end_told_at")}
    await connection.execute(put.on_conflict_do_update(index_elements=["way", "key"], set_=changed), rows)
    old = func.coalesce(alert_tellings.c.end_told_at, alert_tellings.c.told_at) < now - KEPT
    await connection.execute(delete(alert_tellings).where(old, alert_tellings.c.end_told_at.is_not(None)))


_HELD = text(
    """
    SELECT connection, status, reason, count(*) AS number
    FROM (SELECT connection, status, reasons[1] AS reason FROM exports
          WHERE status IN ('held', 'failed') AND status NOT IN ('exported', 'skipped') LIMIT :most) counted
    GROUP BY connection, status, reason ORDER BY number DESC
    """
)
_LINKS = text(
    """
    SELECT connection, COALESCE(open_until > now(), false) AS is_open, internal_errors >= 5 AS is_stopped
    FROM connection_states
    """
)
_FLOW = text(
    """
    SELECT
        max(CAST(detail -> 'kafka' ->> 'lag' AS bigint)) FILTER (WHERE service = 'worker') AS lag,
        (SELECT count(*) FROM (SELECT FROM parked_events LIMIT 10000) parked) AS parked,
        (SELECT count(*) FROM (SELECT FROM events WHERE fate = 'dead_lettered'
            AND received_at > now() - interval '1 day' LIMIT 1000) dead) AS dead_letters,
        CAST(COALESCE(sum(CAST(detail -> 'webhooks' ->> 'refused' AS bigint)) FILTER (WHERE service = 'receiver'
            AND CAST(detail ->> 'refused_at' AS timestamptz) > now() - interval '15 minutes'), 0) AS bigint) AS refused,
        count(*) FILTER (WHERE service = 'worker') AS workers,
        count(*) FILTER (WHERE service = 'receiver') AS receivers
    FROM service_instances WHERE seen_at > now() - interval '1 minute'
    """
)
_MISSED = text(
    """
    SELECT DISTINCT ON (connection) connection, missed FROM reconciliations
    WHERE finished_at > now() - interval '1 day' ORDER BY connection, id DESC
    """
)
