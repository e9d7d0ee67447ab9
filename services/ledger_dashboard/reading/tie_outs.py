"""A month of one connection: what was approved, what became of it, what the ERP says, and who signed it off."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ledger_dashboard.people.tables import audit_records
from shared.connections.profile import ConnectionProfile
from shared.connections.profile_store import read_profiles
from shared.ledger.tables import tie_outs
from shared.ledger.tie_out import Period, Tally
from shared.ledger.tie_out_reader import (
    Approved,
    Finding,
    TieOutRun,
    read_approved,
    read_findings,
    read_last_runs,
    read_tallies,
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
    [month] = await _months(connection, [(profile, period)])
    return month


async def read_months(
    connection: AsyncConnection, companies: frozenset[str] | None, period: Period | None, now: datetime
) -> Sequence[Month]:
    """That month of every connection that may be seen; without one, the month that its calendar has at `now`."""
    seen = [each.profile for each in await read_profiles(connection)]
    asked = [
        (profile, period or Period.of(now.astimezone(ZoneInfo(profile.time_zone)).date()))
        for profile in seen
        if companies is None or profile.company_id in companies
    ]
    return await _months(connection, asked)


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


async def _months(connection: AsyncConnection, asked: Sequence[tuple[ConnectionProfile, Period]]) -> Sequence[Month]:
    """A few statements for all of them."""
    periods = {profile.name: period for profile, period in asked}
    zones = {profile.name: (period, ZoneInfo(profile.time_zone)) for profile, period in asked}
    tallies = await read_tallies(connection, zones)
    runs = await read_last_runs(connection, periods)
    waiting = await _waiting(connection, periods)
    signed = await _sign_offs(connection, [subject(name, period) for name, period in periods.items()])
    return [
        Month(
            connection=name,
            period=period,
            tally=tallies[name],
            run=runs.get(name),
            is_asked=name in waiting,
            findings=await read_findings(connection, runs[name].id, limit=SHOWN_FINDINGS) if name in runs else (),
            sign_offs=signed.get(subject(name, period), ()),
        )
        for name, period in periods.items()
    ]


async def _waiting(connection: AsyncConnection, periods: Mapping[str, Period]) -> frozenset[str]:
    """Connections whose month is to be asked about, or is being asked about."""
    months = tuple_(tie_outs.c.connection, tie_outs.c.period).in_([(name, str(each)) for name, each in periods.items()])
    asked = select(tie_outs.c.connection).where(months, tie_outs.c.finished_at.is_(None))
    return frozenset((await connection.scalars(asked)).all())


async def _sign_offs(connection: AsyncConnection, subjects: Sequence[str]) -> Mapping[str, Sequence[SignOff]]:
    """By subject, the newest first."""
    columns = audit_records.c
    asked = (
        select(columns.what, columns.at, columns.who, columns.shown_name, columns.detail)
        .where(columns.what.in_(subjects), columns.did == SIGNED_OFF)
        .order_by(columns.id.desc())
    )
    found: dict[str, list[SignOff]] = {}
    for what, *signed in await connection.execute(asked):
        found.setdefault(what, []).append(SignOff(*signed))
    return found
