"""Connections for scripts, over a real database with the dashboard's rights: the same as on the pages."""

import pytest

from services.export_worker.rollup import Rollup
from services.ledger_dashboard.people.roles import Role
from services.ledger_dashboard.reading.connections import read_circuit
from tests.support.ledgers import COMPANY, CONNECTION, an_export, held_for
from tests.support.pages import VERA, a_profile, served
from tests.support.people import OLGA, audited
from tests.support.scripts import script

OTHER = "ironside-books"
HERE = f"/connections/{CONNECTION}"


@pytest.fixture
async def two(worker_engine):
    """Two companies' connections; one has open exports."""
    await served(worker_engine, a_profile(), a_profile(OTHER, "4908", mode="rehearse"))
    await an_export(worker_engine, held_for(), invoice="1")
    await an_export(worker_engine, invoice="2")
    await Rollup(worker_engine).count_some()


async def paused_at(owner_engine):
    async with owner_engine.connect() as connection:
        return (await read_circuit(connection, CONNECTION)).paused_at


async def test_the_list_tells_state_mode_and_load(dashboard, owner_engine, two):
    async with script(dashboard, owner_engine, VERA) as vera:
        listed = (await vera.get("/connections"))["connections"]
    told = [(each["name"], each["company_id"], each["fare"]["mode"], each["load"]) for each in listed]
    assert told == [
        (CONNECTION, COMPANY, "live", {"open": 2, "for_people": 1}),
        (OTHER, "4908", "rehearse", {"open": 0, "for_people": 0}),
    ]
    assert all(each["is_current"] for each in listed)


async def test_one_tells_what_it_can_and_its_settings(dashboard, owner_engine, two):
    async with script(dashboard, owner_engine, VERA) as vera:
        told = await vera.get(HERE)
    assert (told["profile"]["requests_per_minute"], told["profile"]["finish"]) == (600, "posted")
    assert told["profile"]["sections"][0]["rows"] == [["Drafts", 'no: set `finish = "posted"`']]
    assert (told["circuit"]["failures"], told["mappings"]["customer"]) == (0, 0)


async def test_a_pause_and_its_end_are_kept_with_reasons(dashboard, owner_engine, two):
    async with script(dashboard, owner_engine, OLGA) as olga:
        paused = await olga.post(f"{HERE}/pauses", why="  month-end close ")
        assert (paused["paused_by"], paused["paused_why"]) == (olga.who, "month-end close")
        resumed = await olga.post(f"{HERE}/resumptions", why="closed")
    assert resumed["paused_at"] is None
    assert [(row.who, row.did, row.what, row.company_id, row.detail) for row in await audited(owner_engine)] == [
        (olga.who, "paused", f"connection {CONNECTION}", COMPANY, {"why": "month-end close"}),
        (olga.who, "resumed", f"connection {CONNECTION}", COMPANY, {"why": "closed"}),
    ]


@pytest.mark.parametrize(
    "said", [{}, {"why": ""}, {"why": " "}, {"why": "x\0"}, {"why": "x" * 501}, {"why": "x", "until": "May"}]
)
async def test_nothing_is_paused_without_a_reason(dashboard, owner_engine, two, said):
    async with script(dashboard, owner_engine, OLGA) as olga:
        assert "body" in (await olga.post(f"{HERE}/pauses", 422, **said))["detail"]
    assert await paused_at(owner_engine) is None


async def test_only_operators_and_admins_pause(dashboard, owner_engine, two):
    for role in (Role.VIEWER, Role.ACCOUNTING_APPROVER):
        async with script(dashboard, owner_engine, roles=frozenset({role})) as nightly:
            assert "takes the role" in (await nightly.post(f"{HERE}/pauses", 403, why="because"))["detail"]
            await nightly.post(f"{HERE}/resumptions", 403, why="because")
    assert await paused_at(owner_engine) is None


async def test_another_companys_connection_does_not_exist(dashboard, owner_engine, two):
    async with script(dashboard, owner_engine, companies=frozenset({"4908"})) as elsewhere:
        listed = await elsewhere.get("/connections")
        absent = await elsewhere.get("/connections/nobody", 404)
        for path in ("", "/mappings", "/missing-mappings"):
            assert await elsewhere.get(f"{HERE}{path}", 404) == absent
        for path in ("/pauses", "/resumptions"):
            assert await elsewhere.post(f"{HERE}{path}", 404, why="x") == absent
    assert [each["name"] for each in listed["connections"]] == [OTHER]
    assert await paused_at(owner_engine) is None
