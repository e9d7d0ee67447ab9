"""The audit trail, tie-outs and dead letters for scripts: the same as on the pages."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import insert

from services.export_worker.tie_out_runs import TieOutRuns
from services.ledger_dashboard.people.audit import record
from services.ledger_dashboard.people.person import Person
from services.ledger_dashboard.people.roles import Role
from services.ledger_dashboard.reading.audit import PAGE
from shared.ledger.tables import events
from shared.ledger.tie_out import Tally
from tests.support.ledgers import COMPANY, CONNECTION, an_export, exported
from tests.support.pages import a_profile, served
from tests.support.people import audited
from tests.support.scripts import script

ZOE = Person("oidc:zoe", "Zoe Elsewhere", frozenset({Role.OPERATOR}), None, None, address="192.0.2.9")
OTHER = "ironside-books"
HERE = f"/tie-outs/{CONNECTION}/2026-09"


async def dids(owner_engine):
    return [(row.did, row.what) for row in await audited(owner_engine)]


async def test_the_trail_is_paged_without_gap_or_double(dashboard, owner_engine):
    async with owner_engine.begin() as connection:
        for number in range(PAGE + 5):
            await record(connection, ZOE, "saw", f"export {number}", COMPANY, token="planted-secret")
    async with script(dashboard, owner_engine) as nightly:
        first = await nightly.get("/audit", who="oidc:zoe")
        second = await nightly.get("/audit", who="oidc:zoe", before=first["older"])
        few = await nightly.get("/audit", what="export 12")
        none = await nightly.get("/audit", what="'; DELETE FROM audit_records; --")
    seen = [each["what"] for each in (*first["records"], *second["records"])]
    assert seen == [f"export {number}" for number in reversed(range(PAGE + 5))]
    assert (second["older"], [each["what"] for each in few["records"]]) == (None, ["export 12"])
    assert none["records"] == []
    assert "planted-secret" not in str(first)
    assert (await dids(owner_engine)).count(("saw", "audit")) == 3


async def test_the_trail_of_others_companies_is_hidden(dashboard, owner_engine):
    async with owner_engine.begin() as connection:
        for company in (COMPANY, "4908", None):
            await record(connection, ZOE, "saw", f"export of {company}", company)
    async with script(dashboard, owner_engine, companies=frozenset({COMPANY})) as nightly:
        assert [each["what"] for each in (await nightly.get("/audit"))["records"]] == [f"export of {COMPANY}"]
    for role in set(Role) - {Role.ADMIN}:
        async with script(dashboard, owner_engine, roles=frozenset({role})) as nightly:
            await nightly.get("/audit", 403)


@pytest.fixture
async def month(worker_engine):
    """September of two companies; in one an export stands in the ERP."""
    await served(worker_engine, a_profile(), a_profile(OTHER, "4908"))
    await an_export(worker_engine, *exported())


def runs_of(worker_engine):
    return TieOutRuns(worker_engine, "one", lease=timedelta(days=1))


async def tied_out(worker_engine):
    """As a worker does it that finds nothing wrong."""
    runs = runs_of(worker_engine)
    run = await runs.claim(CONNECTION)
    await runs.finish(run, Tally(), None)


async def test_a_month_is_asked_about_and_signed_off(dashboard, owner_engine, worker_engine, month):
    async with script(dashboard, owner_engine) as nightly:
        refused = await nightly.post(f"{HERE}/sign-offs", 409)
        asked = await nightly.post(f"{HERE}/requests", 202)
        await tied_out(worker_engine)
        signed = await nightly.post(f"{HERE}/sign-offs", 201)
        listed = await nightly.get("/tie-outs", period="2026-09")
    assert "does not tie out" in refused["detail"]
    assert (asked["is_asked"], asked["ties"]) == (True, False)
    assert (signed["is_asked"], signed["ties"], signed["signed_off_by"]) == (False, True, [nightly.who])
    assert [(each["connection"], each["ties"]) for each in listed["tie_outs"]] == [(CONNECTION, True), (OTHER, False)]
    what = f"tie-out {CONNECTION} 2026-09"
    assert await dids(owner_engine) == [("asked", what), ("signed off", what)]


async def test_by_default_each_connections_month_is_told(dashboard, owner_engine, month):
    async with script(dashboard, owner_engine) as nightly:
        listed = await nightly.get("/tie-outs")
        for odd in ("2026-9", "9999-12", "now", "\0"):
            await nightly.get("/tie-outs", 422, period=odd)
            await nightly.get(f"/tie-outs/{CONNECTION}/{odd}".replace("\0", "%00"), 404)
    assert {each["period"] for each in listed["tie_outs"]} == {f"{datetime.now(UTC):%Y-%m}"}


async def test_another_companys_month_does_not_exist(dashboard, owner_engine, worker_engine, month):
    async with script(dashboard, owner_engine, companies=frozenset({"4908"})) as elsewhere:
        absent = await elsewhere.get("/tie-outs/nobody/2026-09", 404)
        assert await elsewhere.get(HERE, 404) == absent
        for deed in ("requests", "sign-offs"):
            assert await elsewhere.post(f"{HERE}/{deed}", 404) == absent
        assert [each["connection"] for each in (await elsewhere.get("/tie-outs"))["tie_outs"]] == [OTHER]
    assert await runs_of(worker_engine).claim(CONNECTION) is None
    assert await dids(owner_engine) == []


@pytest.mark.parametrize(
    ("deed", "roles"),
    [
        ("requests", {Role.OPERATOR, Role.ACCOUNTING_APPROVER, Role.ADMIN}),
        ("sign-offs", {Role.ACCOUNTING_APPROVER, Role.ADMIN}),
    ],
)
async def test_each_deed_takes_its_roles(dashboard, owner_engine, month, deed, roles):
    for role in Role:
        async with script(dashboard, owner_engine, roles=frozenset({role})) as nightly:
            answer = await nightly.client.post(f"/api/v1{HERE}/{deed}")
        assert (answer.status_code == 403) is (role not in roles), role


GOOD = b'{"company_id": 4907, "project_id": 91835, "resource_id": 1, "resource_name": "Payment Applications"}'


async def an_event(worker_engine, raw, fate="dead_lettered"):
    row = {
        "event_id": f"{fate}/{raw!r}"[:60],
        "fate": fate,
        "topic": "procore.webhooks.dead-letter.v1",
        "partition": 0,
        "position": 1,
        "deliveries": 1,
        "received_at": datetime.now(UTC),
        "raw": raw,
    }
    async with worker_engine.begin() as connection:
        return (await connection.execute(insert(events).values(row).returning(events.c.id))).scalar_one()


@pytest.mark.parametrize(
    ("raw", "fate", "status", "told"),
    [
        (b"no JSON", "dead_lettered", 409, "still cannot be read"),
        (GOOD, "accepted", 409, "Only dead letters"),
        (GOOD, "dead_lettered", 503, "Kafka did not take it"),
    ],
)
async def test_what_is_not_read_again_says_why(dashboard, owner_engine, worker_engine, raw, fate, status, told):
    event = await an_event(worker_engine, raw, fate)
    async with script(dashboard, owner_engine) as nightly:
        assert told in (await nightly.post(f"/events/{event}/replays", status))["detail"]
    assert await dids(owner_engine) == []


async def test_a_dead_letter_is_read_again_by_operators(dashboard, owner_engine, worker_engine):
    event = await an_event(worker_engine, GOOD)
    for role in (Role.VIEWER, Role.ACCOUNTING_APPROVER):
        async with script(dashboard, owner_engine, roles=frozenset({role})) as nightly:
            await nightly.post(f"/events/{event}/replays", 403)
    async with script(dashboard, owner_engine, companies=frozenset({COMPANY})) as nightly:
        await nightly.post(f"/events/{event}/replays", 404)


async def test_events_that_came_again_are_found(dashboard, owner_engine, worker_engine):
    event = await an_event(worker_engine, GOOD)
    async with worker_engine.begin() as connection:
        await connection.execute(events.update().values(deliveries=2))
    await an_event(worker_engine, b"x")
    async with script(dashboard, owner_engine) as nightly:
        assert [each["id"] for each in (await nightly.get("/events", fate="duplicate"))["events"]] == [event]
        assert len((await nightly.get("/events", fate="dead_lettered"))["events"]) == 2
        await nightly.get("/events", 422, fate="x")
