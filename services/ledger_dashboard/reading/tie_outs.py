"""A month of one connection: what was approved, what became of it, what the ERP says, and who signed it off."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ledger_dashboard.people.tables import audit_records
from services.ledger_dashboard.reading.export import read_profile
from services.ledger_dashboard.reading.names import connection_names
from shared.connections.profile import ConnectionProfile
from shared.ledger.tables import tie_outs
from shared.ledger.tie_out import Period, Tally
from shared.ledger.tie_out_reader import (
    Approved,
    Finding,
    TieOutRun,
    read_approved,
    read_findings,
    read_last_run,
    read_tally,
)

SIGNED_OFF = "signed off"
SHOWN_FINDINGS = 200
MONTHS_BACK = 12


@dataclass(frozen=True)
class SignOff:
    """Who said that the month is right, and what its sums were then."""

    at: datetime
    who: str
    shown_name: str
    detail: Mapping[str, Any]


@dataclass(frozen=True)
class Month:
    """`tally` is as of now; `run` is the last time that the ERP was asked, None: never."""

    connection: str
    period: Period
    tally: Tally
    run: TieOutRun | None
    is_asked: bool
    findings: Sequence[Finding]
    sign_offs: Sequence[SignOff]

    @property
    def ties(self) -> bool:
        """The parts add up, the ERP was asked to the end, and nothing differs there."""
        return self.tally.adds_up and self.run is not None and self.run.failure is None and not self.findings


async def read_month(connection: AsyncConnection, profile: ConnectionProfile, period: Period) -> Month:
    """As of now."""
    name = profile.name
    run = await read_last_run(connection, name, period)
    waiting = select(tie_outs.c.id).where(
        tie_outs.c.connection == name, tie_outs.c.period == str(period), tie_outs.c.finished_at.is_(None)
    )
    return Month(
        connection=name,
        period=period,
        tally=await read_tally(connection, name, period, ZoneInfo(profile.time_zone)),
        run=run,
        is_asked=await connection.scalar(waiting) is not None,
        findings=await read_findings(connection, run.id, limit=SHOWN_FINDINGS) if run else (),
        sign_offs=await _sign_offs(connection, name, period),
    )


async def read_months(
    connection: AsyncConnection, companies: frozenset[str] | None, period: Period | None, now: datetime
) -> list[Month]:
    """That month of every connection that may be seen; without one, the month that its calendar has at `now`."""
    months = []
    for name in await connection_names(connection, companies):
        profile = await read_profile(connection, name)
        if profile is not None:
            this = Period.of(now.astimezone(ZoneInfo(profile.time_zone)).date())
            months.append(await read_month(connection, profile, period or this))
    return months


async def approved_lines(
    connection: AsyncConnection, profile: ConnectionProfile, period: Period
) -> AsyncIterator[Approved]:
    """Every approved invoice of the month."""
    after = 0
    zone = ZoneInfo(profile.time_zone)
    while page := await read_approved(connection, profile.name, period, zone, after=after):
        for line in page:
            yield line
        after = page[-1].id


def subject(name: str, period: Period) -> str:
    """What a sign-off is of, in the audit trail."""
    return f"tie-out {name} {period}"


async def _sign_offs(connection: AsyncConnection, name: str, period: Period) -> Sequence[SignOff]:
    columns = audit_records.c
    asked = (
        select(columns.at, columns.who, columns.shown_name, columns.detail)
        .where(columns.what == subject(name, period), columns.did == SIGNED_OFF)
        .order_by(columns.id.desc())
        .limit(10)
    )
    return [SignOff(*row) for row in await connection.execute(asked)]
