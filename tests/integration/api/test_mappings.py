"""Mappings for scripts, over a real database with the dashboard's rights: the same as on the pages."""

import pytest

from services.ledger_dashboard.people.roles import Role
from services.ledger_dashboard.reading.mappings import MOST_SHOWN
from shared.connections.mapping_store import all_current, save
from shared.connections.mappings import Mapping, MappingKind, MappingRow
from shared.connections.missing import customer_missing, job_missing
from shared.ledger.entries import Finding, Held
from shared.ledger.words import Reason
from tests.support.ledgers import COMPANY, CONNECTION, a_look, an_export
from tests.support.pages import VERA, a_profile, served
from tests.support.people import OLGA, audited
from tests.support.scripts import script

K = MappingKind
OTHER = "ironside-books"
HERE = f"/connections/{CONNECTION}"
OWNER = "Harbor Library District"
JOB = Mapping(kind=K.JOB, procore_id="91835", procore_name="Harbor Library", erp_id="J-1", note="by Ada")
HEADER = "connection,kind,procore_id,procore_name,erp_id,note"
FILE = f"""{HEADER}
{CONNECTION},job,91835,Harbor Library,J-2,
{CONNECTION},customer,,{OWNER},C-1,
{CONNECTION},account,03-300,,,not decided
""".encode()


@pytest.fixture
async def mapped(worker_engine, owner_engine):
    """Two companies' connections; one job is mapped."""
    await served(worker_engine, a_profile(), a_profile(OTHER, "4908"))
    async with owner_engine.begin() as connection:
        await save(connection, [MappingRow(CONNECTION, JOB)], "cli:root")


async def current(owner_engine, name=CONNECTION):
    async with owner_engine.connect() as connection:
        return {row.mapping.key: row.mapping for row in await all_current(connection, name)}


async def test_what_is_mapped_is_listed_and_found(dashboard, owner_engine, mapped):
    async with script(dashboard, owner_engine, VERA) as vera:
        (line,) = (await vera.get(f"{HERE}/mappings"))["mappings"]
        found = [
            len((await vera.get(f"{HERE}/mappings", **query))["mappings"])
            for query in ({"search": "j-1"}, {"search": "%"}, {"kind": "tax"}, {"kind": "job"}, {"search": "a\0"})
        ]
    assert (line["kind"], line["procore_id"], line["erp_id"], line["changed_by"]) == ("job", "91835", "J-1", "cli:root")
    assert found == [1, 0, 0, 1, 1]


async def test_the_list_is_paged_to_its_end(dashboard, owner_engine, mapped):
    many = [
        MappingRow(CONNECTION, Mapping(kind=K.ACCOUNT, procore_id=f"é-{number}", erp_id="1"))
        for number in range(2 * MOST_SHOWN)
    ]
    async with owner_engine.begin() as connection:
        await save(connection, many, "cli:root")
    seen, after = [], None
    async with script(dashboard, owner_engine, VERA) as vera:
        for _ in range(3):
            page = await vera.get(f"{HERE}/mappings", **({"after": after} if after else {}))
            seen += [each["procore_id"] for each in page["mappings"]]
            after = page["next"]
    assert after is None
    assert sorted(seen) == sorted(["91835", *(row.mapping.procore_id for row in many)])


async def test_what_is_missing_tells_how_many_it_holds_up(dashboard, owner_engine, worker_engine, mapped):
    for invoice, details in (("1", (customer_missing(OWNER), job_missing("5"))), ("2", (customer_missing(OWNER),))):
        findings = tuple(Finding(reason=Reason.MISSING_MAPPING, detail=detail) for detail in details)
        await an_export(worker_engine, Held(findings=findings, look=a_look(int(invoice))), invoice=invoice)
    async with script(dashboard, owner_engine, OLGA) as olga:
        before = await olga.get(f"{HERE}/missing-mappings")
        mapped_now = await olga.post(f"{HERE}/mappings", kind="customer", procore_name=OWNER, erp_id="C-1")
        after = await olga.get(f"{HERE}/missing-mappings")
    told = [(each["missing"]["kind"], each["count"], each["erp_id"]) for each in before["missing"]]
    assert told == [("customer", 2, None), ("job", 1, None)]
    assert (mapped_now["procore_id"], mapped_now["procore_name"], mapped_now["erp_id"]) == (None, OWNER, "C-1")
    assert [each["erp_id"] for each in after["missing"]] == ["C-1", None]
    assert not after["is_bounded"]


async def test_a_mapping_is_saved_with_its_record(dashboard, owner_engine, mapped):
    async with script(dashboard, owner_engine, OLGA) as olga:
        await olga.post(f"{HERE}/mappings", kind="job", procore_id="project: 91835", erp_id=" J-3 ")
    assert (await current(owner_engine))["id:91835"].erp_id == "J-3"
    (row,) = await audited(owner_engine)
    assert (row.who, row.did, row.what, row.company_id) == (olga.who, "mapped", f"connection {CONNECTION}", COMPANY)
    assert row.detail == {"kind": "job", "procore_id": "91835", "erp_id": "J-3"}


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"kind": "jobs"}, "body.kind"),
        ({"procore_id": "hall:5"}, "a job's id is the project's"),
        ({"procore_id": ""}, "give procore_id or procore_name"),
        ({"erp_id": " "}, "body.erp_id"),
        ({"note": "a\0b"}, "holds a NUL"),
        ({"erp_id": "\0"}, "holds a NUL"),
    ],
)
async def test_a_bad_field_saves_nothing(dashboard, owner_engine, mapped, changes, told):
    good = {"kind": "job", "procore_id": "5", "erp_id": "J-5"}
    async with script(dashboard, owner_engine, OLGA) as olga:
        refused = await olga.post(f"{HERE}/mappings", 422, **good | changes)
    assert told in refused["detail"]
    assert set(await current(owner_engine)) == {"id:91835"}


async def test_a_dry_run_tells_and_saves_nothing(dashboard, owner_engine, mapped):
    async with script(dashboard, owner_engine, OLGA) as olga:
        told = await olga.post(f"{HERE}/mappings/imports", content=FILE, query="?dry_run=true")
    added, changed = told["changes"]
    assert (added["before"], added["after"]["mapping"]["erp_id"]) == (None, "C-1")
    assert (changed["before"]["erp_id"], changed["after"]["mapping"]["erp_id"]) == ("J-1", "J-2")
    assert (told["dry_run"], told["undecided"], len(told["saved"]["added"])) == (True, 1, 1)
    assert list((await current(owner_engine)).values()) == [JOB]
    assert await audited(owner_engine) == []


async def test_an_import_is_taken_over_whole(dashboard, owner_engine, mapped):
    async with script(dashboard, owner_engine, OLGA) as olga:
        done = await olga.post(f"{HERE}/mappings/imports", content=FILE)
    assert (len(done["saved"]["added"]), len(done["saved"]["changed"]), done["changes"]) == (1, 1, None)
    assert {each.erp_id for each in (await current(owner_engine)).values()} == {"J-2", "C-1"}
    (row,) = await audited(owner_engine)
    assert (row.did, row.what, row.detail["rows"]) == ("imported", f"mappings of {CONNECTION}", 2)


@pytest.mark.parametrize("query", ["", "?dry_run=true"])
async def test_another_companys_row_refuses_the_file(dashboard, owner_engine, mapped, query):
    foreign = FILE + f"{OTHER},job,5,,J-5,\n".encode()
    async with script(dashboard, owner_engine, companies=frozenset({COMPANY})) as nightly:
        refused = await nightly.post(f"{HERE}/mappings/imports", 422, content=foreign, query=query)
    assert [(each["row"], each["column"]) for each in refused["problems"]] == [(5, "connection")]
    assert list((await current(owner_engine)).values()) == [JOB]


async def test_another_companys_mappings_do_not_exist(dashboard, owner_engine, mapped):
    async with script(dashboard, owner_engine, companies=frozenset({"4908"})) as elsewhere:
        absent = await elsewhere.get("/connections/nobody/mappings", 404)
        assert await elsewhere.post(f"{HERE}/mappings", 404, kind="job", procore_id="5", erp_id="J-5") == absent
        assert await elsewhere.post(f"{HERE}/mappings", 404, kind="job", procore_id="a:5", erp_id="J-5") == absent
        assert await elsewhere.post(f"{HERE}/mappings/imports", 404, content=FILE) == absent
    assert list((await current(owner_engine)).values()) == [JOB]


async def test_who_only_looks_maps_nothing(dashboard, owner_engine, mapped):
    for role in (Role.VIEWER, Role.ACCOUNTING_APPROVER):
        async with script(dashboard, owner_engine, roles=frozenset({role})) as nightly:
            await nightly.post(f"{HERE}/mappings", 403, kind="job", procore_id="5", erp_id="J-5")
            await nightly.post(f"{HERE}/mappings/imports", 403, content=FILE, query="?dry_run=true")
    assert list((await current(owner_engine)).values()) == [JOB]
