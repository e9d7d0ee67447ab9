"""A database with something of everything that the dashboard shows, and markup wherever text comes from elsewhere."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from services.export_worker.rollup import Rollup
from services.export_worker.tie_out_runs import TieOutRuns
from services.ledger_dashboard.asking.bulk import Order, order_selected
from services.ledger_dashboard.people.audit import record
from services.ledger_dashboard.people.person import Person
from services.ledger_dashboard.people.roles import Role
from shared.approvers import store as approvers
from shared.connections import mapping_store
from shared.connections.mappings import Mapping, MappingKind, MappingRow
from shared.connections.missing import customer_missing
from shared.connections.profile import ProfileSection
from shared.events.command import Action, OperatorRole
from shared.ledger.entries import Finding, Held
from shared.ledger.filter import Filter
from shared.ledger.showing import hook_states, projects, service_instances
from shared.ledger.tables import commands, connection_states, events
from shared.ledger.tie_out import Period, Tally
from shared.ledger.tie_out_request import request
from shared.ledger.words import Reason
from tests.support.cast import RECORDS
from tests.support.ledgers import COMPANY, CONNECTION, PROJECT, a_look, an_export, exported, held_for
from tests.support.pages import a_profile
from tests.support.pages import served as profiles_served

OTHER, OTHER_COMPANY = "ironside-books", "4908"
MARKUP = """<script>alert(1)</script>'"><img src=x onerror=alert(2)>"""
NONCE = "0af7651916cd43dd8448eb211c80319c"
READABLE = b'{"company_id": 4907, "project_id": 91835, "resource_id": 1, "resource_name": "Payment Applications"}'
ZOE = Person("oidc:zoe", f"Zoe {MARKUP}", frozenset({Role.OPERATOR}), None, None, address="192.0.2.9")


async def a_full_house(owner: AsyncEngine, worker: AsyncEngine) -> None:
    """Two companies: exports in five states, rights, mappings, events, months, an order, and who did what."""
    sections = (ProfileSection(title=MARKUP, sentences=(MARKUP,)), ProfileSection(title=MARKUP, rows=((MARKUP,),)))
    await profiles_served(
        worker, a_profile(title=MARKUP, sections=sections), a_profile(OTHER, OTHER_COMPANY, mode="rehearse")
    )
    lacks = (
        Finding(reason=Reason.MISSING_MAPPING, detail=customer_missing(MARKUP)),
        Finding(reason=Reason.MISSING_MAPPING, detail=MARKUP),
    )
    names = {"customer_name": MARKUP, "invoice_number": MARKUP}
    await an_export(worker, held_for(), invoice="1")
    await an_export(worker, *exported(a_look(2, **names)), invoice="2")
    await an_export(worker, Held(findings=lacks, look=a_look(3, **names)), invoice="3")
    await an_export(worker, invoice="4", connection=OTHER, company=OTHER_COMPANY)
    await an_export(worker, invoice="5", connection="", company=OTHER_COMPANY)
    await Rollup(worker).count_some()
    async with owner.begin() as connection:
        await _reference(connection)
    await _month(worker)
    async with worker.begin() as connection:
        await _shown(connection, datetime.now(UTC))


async def _reference(connection: AsyncConnection) -> None:
    lately = [replace(each, recorded_at=datetime.now(UTC) - timedelta(hours=1)) for each in RECORDS]
    lately[0] = replace(lately[0], name=MARKUP, email=MARKUP, source=MARKUP)
    job = Mapping(kind=MappingKind.JOB, procore_id=PROJECT, procore_name=MARKUP, erp_id=MARKUP, note=MARKUP)
    await approvers.save(connection, lately, MARKUP)
    await mapping_store.save(connection, [MappingRow(CONNECTION, job)], MARKUP)
    for number in range(60):
        await record(connection, ZOE, MARKUP, f"export {number} {MARKUP}", COMPANY, why=MARKUP)
    asked = {"action": Action.REPLAY, "role": OperatorRole.OPERATOR, "is_dry_run": True}
    order = Order(by="oidc:zoe", shown_name=MARKUP, why=MARKUP, chosen=MARKUP, **asked)
    await order_selected(connection, order, [1, 2, 3], Filter())


async def _month(worker: AsyncEngine) -> None:
    runs = TieOutRuns(worker, "one", lease=timedelta(days=1))
    async with worker.begin() as connection:
        await request(connection, CONNECTION, Period(2026, 9), "account:1")
    run = await runs.claim(CONNECTION)
    assert run is not None
    await runs.finish(run, Tally(), None)


async def _shown(connection: AsyncConnection, now: datetime) -> None:
    for number, (fate, raw) in enumerate(
        (("dead_lettered", MARKUP.encode()), ("dead_lettered", READABLE), ("accepted", READABLE), ("unplaced", b"\xff"))
    ):
        place = {"topic": "procore.webhooks.v1", "partition": 0, "position": number}
        told = {"event_id": f"e-{number}", "fate": fate, "detail": MARKUP, "resource_name": MARKUP, "deliveries": 2}
        await connection.execute(insert(events).values(**place, **told, received_at=now, raw=raw))
    asked = {"nonce": NONCE, "export_id": 1, "body": {"export_id": 1}, "received_at": now, "handled_at": now}
    await connection.execute(insert(commands).values(**asked, refusal=MARKUP))
    place = {"company_id": COMPANY, "project_id": PROJECT, "seen_at": now}
    await connection.execute(insert(projects).values(**place, name=MARKUP, number=""))
    await connection.execute(insert(hook_states).values(**place, state={"lost": 1}))
    for name in (CONNECTION, OTHER):
        noted = {"failures": 3, "last_failure": MARKUP, "paused_at": now, "paused_by": MARKUP, "paused_why": MARKUP}
        await connection.execute(insert(connection_states).values(connection=name, **noted))
    ready = {MARKUP: {"ok": False, "detail": MARKUP, "since": None}}
    process = {"name": MARKUP, "service": "worker", "started_at": now, "seen_at": now, "ready": ready, "detail": {}}
    await connection.execute(insert(service_instances).values(**process))
