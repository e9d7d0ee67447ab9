"""Tie-outs on a real Postgres: one at a time for each connection, nothing counted twice, and a month read by pages."""

import asyncio
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.ext.asyncio import AsyncEngine

from services.export_worker.core.tie_out import Told
from services.export_worker.tie_out_runs import RunLost, TieOutRuns
from shared.database import Role, create_engine
from shared.ledger.entries import ResolvedByHand
from shared.ledger.tie_out import Part, Period, Sum, Tally, Verdict
from shared.ledger.tie_out_reader import read_approved, read_findings, read_last_run, read_tally
from shared.ledger.words import EntryKind, Status
from tests.support.ledgers import CONNECTION, a_look, an_export, held_for

SEPTEMBER, OCTOBER = Period(2026, 9), Period(2026, 10)
DAY = timedelta(days=1)
DENVER = ZoneInfo("America/Denver")
BY_HAND = ResolvedByHand(nonce="n", by="7", why="because", dismissed=False, erp_number="AR-7")


def runs_of(engine: AsyncEngine, worker: str, *, lease: timedelta = DAY) -> TieOutRuns:
    return TieOutRuns(engine, worker, lease=lease)


async def lease_ends(engine: AsyncEngine) -> None:
    async with engine.begin() as session:
        await session.execute(text("UPDATE tie_outs SET lease_until = now() - interval '1 second'"))


async def test_of_many_workers_one_ties_out(worker_engine):
    workers = [runs_of(worker_engine, f"worker {number}") for number in range(6)]
    await asyncio.gather(*(each.request_due(CONNECTION, (SEPTEMBER, OCTOBER), DAY) for each in workers))
    claimed = [run for run in await asyncio.gather(*(each.claim(CONNECTION) for each in workers)) if run]
    assert [run.period for run in claimed] == [SEPTEMBER]
    assert await workers[0].claim("another") is None


async def test_the_next_month_follows_when_one_is_done(worker_engine):
    runs = runs_of(worker_engine, "one")
    await runs.request_due(CONNECTION, (SEPTEMBER, OCTOBER), DAY)
    first = await runs.claim(CONNECTION)
    assert await runs.claim(CONNECTION) is None
    await runs.finish(first, Tally(), None)
    second = await runs.claim(CONNECTION)
    await runs.finish(second, Tally(), None)
    assert (first.period, second.period) == (SEPTEMBER, OCTOBER)
    await runs.request_due(CONNECTION, (SEPTEMBER, OCTOBER), DAY)
    assert await runs.claim(CONNECTION) is None


async def test_a_tie_out_that_the_erp_failed_is_repeated_within_the_hour(worker_engine):
    runs = runs_of(worker_engine, "one")
    await runs.request_due(CONNECTION, (OCTOBER,), DAY)
    await runs.finish(await runs.claim(CONNECTION), Tally(), "the ERP is down")
    await runs.request_due(CONNECTION, (OCTOBER,), DAY)
    assert await runs.claim(CONNECTION) is None
    async with worker_engine.begin() as session:
        await session.execute(text("UPDATE tie_outs SET requested_at = now() - interval '61 minutes'"))
    await runs.request_due(CONNECTION, (OCTOBER,), DAY)
    assert await runs.claim(CONNECTION) is not None


async def test_a_worker_that_comes_back_late_has_lost_its_tie_out(worker_engine):
    zombie, heir = runs_of(worker_engine, "zombie"), runs_of(worker_engine, "heir")
    await zombie.request_due(CONNECTION, (OCTOBER,), DAY)
    mine = await zombie.claim(CONNECTION)
    await zombie.pass_over(mine, 7, Counter({Verdict.NOT_ASKED: 3}))
    await lease_ends(worker_engine)
    taken = await heir.claim(CONNECTION)
    assert (taken.id, taken.position, taken.verdicts) == (mine.id, 7, {Verdict.NOT_ASKED: 3})
    with pytest.raises(RunLost):
        await zombie.pass_over(mine, 9, Counter({Verdict.NOT_ASKED: 1}))
    with pytest.raises(RunLost):
        await zombie.finish(mine, Tally(), None)
    await heir.finish(taken, Tally(), None)


async def test_a_doubt_comes_with_its_finding_or_not_at_all(worker_engine):
    export_id = await an_export(worker_engine, held_for(), BY_HAND)
    async with worker_engine.connect() as session:
        [export] = await read_approved(session, CONNECTION, SEPTEMBER, UTC)
    lost, ours = runs_of(worker_engine, "lost"), runs_of(worker_engine, "ours")
    await lost.request_due(CONNECTION, (SEPTEMBER,), DAY)
    mine = await lost.claim(CONNECTION)
    await lease_ends(worker_engine)
    run = await ours.claim(CONNECTION)
    gone, now = Told(Verdict.GONE, "AR-7 is not there"), datetime.now(UTC)
    with pytest.raises(RunLost):
        await lost.record(mine, export, gone, now)
    assert await kinds(worker_engine, export_id, EntryKind.TIE_OUT_FOUND) == 0
    await ours.record(run, export, gone, now)
    await ours.record(run, export, gone, now)  # what it read is older than what it wrote
    assert await kinds(worker_engine, export_id, EntryKind.TIE_OUT_FOUND) == 1
    await ours.finish(run, Tally(), None)
    async with worker_engine.connect() as session:
        last = await read_last_run(session, CONNECTION, SEPTEMBER)
        [finding] = await read_findings(session, last.id)
    assert (finding.verdict, finding.detail, finding.invoice_number) == (Verdict.GONE, gone.detail, "INV-001")


async def kinds(engine: AsyncEngine, export_id: int, kind: EntryKind) -> int:
    counted = text("SELECT count(*) FROM entries WHERE export_id = :id AND kind = :kind")
    async with engine.connect() as session:
        return int((await session.execute(counted, {"id": export_id, "kind": kind.value})).scalar_one())


async def test_a_month_adds_up_in_each_currency(worker_engine):
    euro = a_look(2, currency="EUR", amount=Decimal("10.01"))
    credit = a_look(3, amount=Decimal("-0.50"))
    draft = a_look(4, seen="draft")
    later = a_look(5, billing_date=date(2026, 10, 1))
    for number, look in enumerate((a_look(), euro, credit, draft, later)):
        await an_export(worker_engine, held_for(look=look), invoice=str(5001 + number))
    await an_export(worker_engine, held_for(look=a_look(6)), BY_HAND, invoice="5006")
    await an_export(worker_engine, held_for(look=a_look(7)), invoice="5007", connection="another")
    async with worker_engine.connect() as session:
        tally = await read_tally(session, CONNECTION, SEPTEMBER, DENVER)
    assert tally.adds_up
    told = {account.currency: (account.approved, dict(account.parts)) for account in tally.accounts}
    held, whole = Sum(2, Decimal("53999.50")), Sum(3, Decimal("107999.50"))
    assert told == {
        "EUR": (Sum(1, Decimal("10.01")), {Part.HELD: Sum(1, Decimal("10.01"))}),
        "USD": (whole, {Part.HELD: held, Part.EXPORTED: Sum(1, Decimal("54000.00"))}),
    }


async def test_an_undated_invoice_belongs_to_the_day_it_was_heard_of(worker_engine, owner_engine):
    await an_export(worker_engine, held_for(look=a_look(billing_date=None)))
    async with owner_engine.begin() as session:
        await session.execute(text("UPDATE exports SET opened_at = '2026-10-01 03:00+00'"))
    async with worker_engine.connect() as session:
        seen = {
            (zone, period): len(await read_approved(session, CONNECTION, period, zone))
            for zone in (UTC, DENVER)
            for period in (SEPTEMBER, OCTOBER)
        }
    assert seen == {(UTC, SEPTEMBER): 0, (UTC, OCTOBER): 1, (DENVER, SEPTEMBER): 1, (DENVER, OCTOBER): 0}


async def test_a_month_is_read_by_pages_without_a_gap(worker_engine):
    ids = [await an_export(worker_engine, held_for(), invoice=str(5000 + number)) for number in range(5)]
    seen: list[int] = []
    async with worker_engine.connect() as session:
        while page := await read_approved(session, CONNECTION, SEPTEMBER, UTC, after=max(seen, default=0), limit=2):
            assert len(page) <= 2
            seen += [export.id for export in page]
        assert await read_approved(session, CONNECTION, SEPTEMBER, UTC, only=Status.EXPORTED) == []
    assert seen == ids


async def test_the_dashboard_reads_tie_outs_and_changes_none(database_url):
    engine = create_engine(database_url, Role.DASHBOARD, application_name="test")
    async with engine.connect() as session:
        assert await read_last_run(session, CONNECTION, OCTOBER) is None
    for change in ("DELETE FROM tie_outs", "INSERT INTO tie_out_findings SELECT 1, 1, now(), '', ''"):
        async with engine.connect() as session:
            with pytest.raises(ProgrammingError, match="permission denied"):
                await session.execute(text(change))
    await engine.dispose()
