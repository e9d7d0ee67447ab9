"""Approvers for scripts, over a real database with the dashboard's rights: the same as on the pages."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from services.ledger_dashboard.api.files import MOST_BYTES
from services.ledger_dashboard.people.roles import Role
from services.ledger_dashboard.reading.approvers import MOST_SHOWN
from shared.approvers.store import all_current, history, save
from tests.support.cast import ADA, BEN, COMPANY, RECORDS
from tests.support.people import OLGA, audited
from tests.support.scripts import script

OTHER = "4908"
HERE = f"/approvers/{COMPANY}/{ADA}"
RIGHTS = {"erp_integrations_level": "read_only", "can_push_to_accounting": True, "name": "Ada"}
HEADER = "company_id,user_id,name,email,erp_integrations_level,can_push_to_accounting"
FILE = f"{HEADER}\n{COMPANY},{ADA},Ada,,Read Only,yes\n{COMPANY},160590,Fay,,Standard,yes\n".encode()


@pytest.fixture
async def recorded(owner_engine):
    """The cast, looked up an hour ago, and somebody of another company."""
    fresh = [replace(each, recorded_at=datetime.now(UTC) - timedelta(hours=1)) for each in RECORDS]
    async with owner_engine.begin() as connection:
        await save(connection, [*fresh, replace(fresh[0], company_id=OTHER, user_id="77", name="Zoe")], "cli:root")


async def versions(owner_engine):
    async with owner_engine.connect() as connection:
        return await history(connection, COMPANY, ADA)


async def current(owner_engine):
    async with owner_engine.connect() as connection:
        return {each.user_id: each for each in await all_current(connection)}


async def test_the_list_says_what_keeps_each_from_exporting(dashboard, owner_engine, recorded):
    async with script(dashboard, owner_engine, OLGA) as olga:
        listed = await olga.get("/approvers", company_id=COMPANY)
        found = await olga.get("/approvers", search="160587")
    assert {each["record"]["name"]: each["problems"] for each in listed["approvers"]} == {
        "Ada": [],
        "Ben": ["approver_lacks_privilege"],
        "Cleo": ["approver_lacks_tool_level"],
        "Dan": [],
    }
    assert [each["record"]["user_id"] for each in found["approvers"]] == [BEN]
    assert listed["next"] is None


async def test_the_list_is_paged_to_its_end(dashboard, owner_engine):
    people = [replace(RECORDS[0], user_id=str(each), name="Ada" if each % 2 else "Zoë") for each in range(1, 700)]
    async with owner_engine.begin() as connection:
        await save(connection, people, "cli:root")
    seen, after = [], None
    async with script(dashboard, owner_engine) as nightly:
        for _ in range(len(people) // MOST_SHOWN + 1):
            page = await nightly.get("/approvers", **({"after": after} if after else {}))
            assert len(page["approvers"]) <= MOST_SHOWN
            seen += [each["record"]["user_id"] for each in page["approvers"]]
            after = page["next"]
    assert after is None
    assert sorted(seen, key=int) == [each.user_id for each in people]


async def test_one_is_shown_with_its_history(dashboard, owner_engine, recorded):
    async with script(dashboard, owner_engine) as nightly:
        before = await nightly.get(HERE)
        after = await nightly.post(HERE, 201, **RIGHTS, seen=before["since"])
        assert await nightly.get(HERE) == after
        await nightly.get(f"/approvers/{COMPANY}/999", 404)
    assert after["problems"] == ["approver_lacks_tool_level"]
    assert [each["changed_by"] for each in after["versions"]] == [nightly.who, "cli:root"]
    assert after["record"]["source"] == "manual"
    assert [row.did for row in await audited(owner_engine)] == ["saw", "recorded", "saw"]


async def test_somebody_unknown_is_recorded(dashboard, owner_engine):
    async with script(dashboard, owner_engine) as nightly:
        made = await nightly.post(HERE, 201, **RIGHTS | {"erp_integrations_level": "admin"})
    assert (made["record"]["recorded_by"], made["problems"]) == (nightly.who, [])


async def test_two_scripts_do_not_overwrite_each_other(dashboard, owner_engine, recorded):
    async with script(dashboard, owner_engine) as nightly:
        seen = (await nightly.get(HERE))["since"]
        await nightly.post(HERE, 201, **RIGHTS, seen=seen)
        for old in (seen, None, "0001-01-01T00:00:00Z"):
            refused = await nightly.post(HERE, 409, **RIGHTS, seen=old, active=False)
            assert "meanwhile" in refused["detail"]
    assert (await versions(owner_engine))[0].record.active


@pytest.mark.parametrize(
    ("changes", "column"),
    [({"source": "ada@ironside.example"}, "source"), ({"name": "A\0da"}, "name"), ({"email": "\0"}, "email")],
)
async def test_a_bad_field_is_named_and_nothing_saved(dashboard, owner_engine, recorded, changes, column):
    async with script(dashboard, owner_engine) as nightly:
        seen = (await nightly.get(HERE))["since"]
        refused = await nightly.post(HERE, 422, **RIGHTS | changes, seen=seen)
    assert [each["column"] for each in refused["problems"]] == [column]
    assert column in refused["detail"]
    assert len(await versions(owner_engine)) == 1


@pytest.mark.parametrize("changes", [{"erp_integrations_level": "superuser"}, {"whose": "x"}, {"name": "x" * 201}])
async def test_what_is_not_understood_is_refused(dashboard, owner_engine, changes):
    async with script(dashboard, owner_engine) as nightly:
        assert "body" in (await nightly.post(HERE, 422, **RIGHTS | changes))["detail"]
    assert await current(owner_engine) == {}


async def test_a_dry_run_tells_and_saves_nothing(dashboard, owner_engine, recorded):
    async with script(dashboard, owner_engine) as nightly:
        told = await nightly.post("/approvers/imports", content=FILE, query="?dry_run=true")
    assert (told["saved"]["added"], told["saved"]["changed"]) == (["160590"], [ADA])
    changed, added = told["changes"]
    assert (changed["before"]["erp_integrations_level"], changed["after"]["erp_integrations_level"]) == (
        "standard",
        "read_only",
    )
    assert (added["before"], added["after"]["name"]) == (None, "Fay")
    assert "160590" not in await current(owner_engine)
    assert await audited(owner_engine) == []


async def test_an_import_is_taken_over_whole(dashboard, owner_engine, recorded):
    async with script(dashboard, owner_engine) as nightly:
        done = await nightly.post("/approvers/imports", content=FILE)
    assert (done["dry_run"], done["saved"]["added"], done["changes"]) == (False, ["160590"], None)
    assert (await current(owner_engine))["160590"].recorded_by == nightly.who
    (row,) = await audited(owner_engine)
    assert (row.who, row.did, row.what, row.detail["rows"]) == (nightly.who, "imported", f"approvers of {COMPANY}", 2)


@pytest.mark.parametrize("query", ["", "?dry_run=true"])
async def test_one_bad_row_refuses_the_file(dashboard, owner_engine, query):
    bad = FILE + f"{COMPANY},160591,Gus,,Superuser,perhaps\n".encode()
    async with script(dashboard, owner_engine) as nightly:
        refused = await nightly.post("/approvers/imports", 422, content=bad, query=query)
    assert refused["detail"].startswith("2 cells are wrong: nothing was done.")
    assert [(each["row"], each["column"]) for each in refused["problems"]] == [
        (4, "erp_integrations_level"),
        (4, "can_push_to_accounting"),
    ]
    assert await current(owner_engine) == {}


@pytest.mark.parametrize(
    ("content", "status"),
    [(b"", 422), (b"\xff\xfe\x00", 422), (b"x" * (MOST_BYTES + 1), 413), (b"\x00", 422)],
)
async def test_what_is_no_file_is_refused(dashboard, owner_engine, content, status):
    async with script(dashboard, owner_engine) as nightly:
        await nightly.post("/approvers/imports", status, content=content)


async def test_another_company_does_not_exist(dashboard, owner_engine, recorded):
    async with script(dashboard, owner_engine, companies=frozenset({OTHER})) as elsewhere:
        listed = await elsewhere.get("/approvers")
        assert (await elsewhere.get("/approvers", company_id=COMPANY))["approvers"] == []
        absent = await elsewhere.get(HERE, 404)
        assert await elsewhere.post(HERE, 404, **RIGHTS) == absent
        assert "no company that you may record for" in str(
            await elsewhere.post("/approvers/imports", 422, content=FILE, query="?dry_run=true")
        )
        await elsewhere.post("/approvers/imports", 422, content=FILE)
    assert [each["record"]["name"] for each in listed["approvers"]] == ["Zoe"]
    assert len(await versions(owner_engine)) == 1


async def test_only_an_admin_records(dashboard, owner_engine, recorded):
    for role in Role:
        async with script(dashboard, owner_engine, roles=frozenset({role})) as nightly:
            status = 409 if role is Role.ADMIN else 403
            await nightly.post(HERE, status, **RIGHTS)
            await nightly.post(
                "/approvers/imports", 200 if role is Role.ADMIN else 403, content=FILE, query="?dry_run=true"
            )
    assert len(await versions(owner_engine)) == 1
