"""Mappings on their pages: what is missing is mapped where it is told, a file is shown before it counts."""

import base64

import pytest
from sqlalchemy import select

from services.ledger_dashboard.people.tables import audit_records
from shared.connections.mapping_csv import read_mappings
from shared.connections.mapping_store import all_current, save
from shared.connections.mappings import Mapping, MappingKind, MappingRow
from shared.connections.missing import code_missing, customer_missing, job_missing
from shared.ledger.entries import Finding, Held
from shared.ledger.showing import projects
from shared.ledger.words import Reason
from tests.support.ledgers import COMPANY, CONNECTION, a_look, an_export
from tests.support.pages import AMY, OLGA, VERA, a_profile, field, served, text_of, visit

K = MappingKind
OTHER = "ironside-books"
HERE = f"/connections/{CONNECTION}"
OWNER = "Harbor Library District"
JOB = Mapping(kind=K.JOB, procore_id="91835", procore_name="Harbor Library", erp_id="J-1", note="by Ada")
HEADER = "connection,kind,procore_id,procore_name,erp_id,note"
FILE = f"""{HEADER}
{CONNECTION},job,91835,Harbor Library,J-2,
{CONNECTION},customer,,{OWNER},C-1,
{CONNECTION},customer,*,,C-9,
{CONNECTION},account,03-300,,,not decided
""".encode()


@pytest.fixture
async def mapped(worker_engine, owner_engine):
    """Two companies' connections; one job is mapped."""
    await served(worker_engine, a_profile(), a_profile(OTHER, "4908"))
    async with owner_engine.begin() as connection:
        await save(connection, [MappingRow(CONNECTION, JOB)], "cli:root")


async def held_up(engine, invoice, *details):
    findings = tuple(Finding(reason=Reason.MISSING_MAPPING, detail=detail) for detail in details)
    return await an_export(engine, Held(findings=findings, look=a_look(int(invoice))), invoice=invoice)


async def current(owner_engine, name=CONNECTION):
    async with owner_engine.connect() as connection:
        return {row.mapping.key: row.mapping for row in await all_current(connection, name)}


async def test_what_is_missing_tells_how_many_it_holds_up(dashboard, owner_engine, worker_engine, mapped):
    async with worker_engine.begin() as connection:
        row = {"company_id": COMPANY, "project_id": "5", "name": "Pier 5", "number": "", "seen_at": a_look().looked_at}
        await connection.execute(projects.insert().values(row))
    await held_up(worker_engine, "1", customer_missing(OWNER), job_missing("5"))
    await held_up(worker_engine, "2", customer_missing(OWNER), code_missing(None, K.ACCOUNT))
    await held_up(worker_engine, "3", "Account 4711 does not exist.")
    async with visit(dashboard, owner_engine, OLGA) as olga:
        page = await olga.get(HERE)
    text = text_of(page)
    assert f"the owner '{OWNER}' has no customer in the ERP 2 exports" in text
    assert "project 5 has no job in the ERP Pier 5 1 export" in text
    assert "It will serve every line without a mapping of its own." in text
    assert "Account 4711 does not exist. 1 export The ERP's own words" in text
    assert f'href="/exports?connection={CONNECTION}&amp;reason=missing_mapping"' in page


async def test_what_is_missing_is_mapped_right_there(dashboard, owner_engine, worker_engine, mapped):
    await held_up(worker_engine, "1", customer_missing("O'Hara & Sons"))
    async with visit(dashboard, owner_engine, OLGA) as olga:
        page = await olga.get(HERE)
        hidden = {name: field(page, name) for name in ("back", "kind", "procore_id", "procore_name")}
        assert hidden == {"back": "connection", "kind": "customer", "procore_id": "", "procore_name": "O'Hara & Sons"}
        answer = await olga.post(f"{HERE}/mappings", **hidden, erp_id="C-7")
        assert answer.headers["location"] == f"{HERE}?done=mapped"
        text = text_of(await olga.follow(answer))
    assert "Saved: this counts from now on. Replay what waited for it." in text
    assert "Mapped to C-7 Replay what it held up." in text
    assert (await current(owner_engine))["name:o'hara & sons"].erp_id == "C-7"
    async with owner_engine.connect() as connection:
        (row,) = (await connection.execute(select(audit_records).where(audit_records.c.did == "mapped"))).all()
    assert (row.what, row.company_id, row.detail["erp_id"]) == (f"connection {CONNECTION}", COMPANY, "C-7")


async def test_a_mapping_is_changed_from_the_list(dashboard, owner_engine, mapped):
    async with visit(dashboard, owner_engine, OLGA) as olga:
        assert "change=job%3Aid%3A91835" in await olga.get(f"{HERE}/mappings")
        page = await olga.get(f"{HERE}/mappings?change=job%3Aid%3A91835")
        assert "Change a mapping" in page
        assert 'name="erp_id" value="J-1"' in page
        changed = {"kind": "job", "procore_id": "91835", "procore_name": "Harbor Library", "erp_id": "J-3", "note": ""}
        text = text_of(await olga.follow(await olga.post(f"{HERE}/mappings", **changed)))
    assert "Job Harbor Library 91835 J-3" in text
    assert "Olga Operator" in text
    assert [each.erp_id for each in (await current(owner_engine)).values()] == ["J-3"]


@pytest.mark.parametrize(
    ("field_name", "typed", "why"),
    [
        ("kind", "jobs", "a kind is one of"),
        ("procore_id", "hall:5", "a job's id is the project's"),
        ("erp_id", "", "ERP id: may not be empty"),
        ("erp_id", "x" * 201, "is longer than 200 characters"),
        ("note", "a\0b", "holds a NUL character"),
    ],
)
async def test_a_bad_field_saves_nothing(dashboard, owner_engine, mapped, field_name, typed, why):
    good = {"kind": "job", "procore_id": "5", "erp_id": "J-5", "note": ""}
    async with visit(dashboard, owner_engine, OLGA) as olga:
        refused = await olga.post(f"{HERE}/mappings", 422, **good | {field_name: typed})
    assert why in text_of(refused.text)
    assert set(await current(owner_engine)) == {"id:91835"}


async def test_the_list_is_searched_and_filtered(dashboard, owner_engine, mapped):
    async with visit(dashboard, owner_engine, VERA) as vera:
        for query, is_found in (
            ("search=harbor", True),
            ("search=j-1", True),
            ("search=%25", False),
            ("kind=tax", False),
        ):
            text = text_of(await vera.get(f"{HERE}/mappings?{query}"))
            assert ("J-1" in text) is is_found, query
        assert "Map one thing" not in await vera.get(f"{HERE}/mappings?kind=nonsense&change=job:nonsense")


async def test_a_download_is_read_back_as_it_was(dashboard, owner_engine, mapped):
    async with visit(dashboard, owner_engine, VERA) as vera:
        answer = await vera.client.get(f"{HERE}/mappings.csv")
    assert "attachment" in answer.headers["content-disposition"]
    assert read_mappings(answer.content).rows == (MappingRow(CONNECTION, JOB),)


async def test_a_preview_shows_the_difference_and_saves_nothing(dashboard, owner_engine, mapped):
    async with visit(dashboard, owner_engine, OLGA) as olga:
        text = text_of((await olga.post(f"{HERE}/mappings/previews", 200, file=FILE)).text)
    assert "2 added, 1 changed Nothing is saved yet. 1 row without an ERP id is left out." in text
    assert f"{CONNECTION} : every customer without a mapping of its own goes to C-9" in text
    assert "changed ERP id: J-1 J-2 Note: by Ada nothing" in text
    assert list((await current(owner_engine)).values()) == [JOB]


async def test_what_was_shown_is_imported(dashboard, owner_engine, mapped):
    async with visit(dashboard, owner_engine, OLGA) as olga:
        page = (await olga.post(f"{HERE}/mappings/previews", 200, file=FILE)).text
        answer = await olga.post(f"{HERE}/mappings/imports", content=field(page, "content"))
        assert "Imported: 2 added, 1 changed." in text_of(await olga.follow(answer))
    assert {each.erp_id for each in (await current(owner_engine)).values()} == {"J-2", "C-1", "C-9"}


@pytest.mark.parametrize("step", ["previews", "imports"])
async def test_one_bad_row_refuses_the_file(dashboard, owner_engine, mapped, step):
    bad = FILE + f"{CONNECTION},jobs,5,,J-5,\n".encode()
    sent = {"file": bad} if step == "previews" else {"content": base64.urlsafe_b64encode(bad).decode()}
    async with visit(dashboard, owner_engine, OLGA) as olga:
        text = text_of((await olga.post(f"{HERE}/mappings/{step}", 422, **sent)).text)
    assert "6 kind jobs a kind is one of" in text
    assert list((await current(owner_engine)).values()) == [JOB]


@pytest.mark.parametrize("step", ["previews", "imports"])
async def test_another_companys_connection_refuses_the_file(dashboard, owner_engine, mapped, step):
    foreign = f"{HEADER}\n{OTHER},job,5,,J-5,\n".encode()
    sent = {"file": foreign} if step == "previews" else {"content": base64.urlsafe_b64encode(foreign).decode()}
    async with visit(dashboard, owner_engine, AMY, companies=frozenset({COMPANY})) as amy:
        answer = await amy.post(f"{HERE}/mappings/{step}", 422, **sent)
    assert f"no such connection (there are: {CONNECTION})" in text_of(answer.text)
    assert await current(owner_engine, OTHER) == {}


async def test_who_only_looks_maps_nothing(dashboard, owner_engine, mapped):
    content = base64.urlsafe_b64encode(FILE).decode()
    async with visit(dashboard, owner_engine, VERA) as vera:
        await vera.post(f"{HERE}/mappings", 403, kind="job", procore_id="5", erp_id="J-5")
        await vera.post(f"{HERE}/mappings/imports", 403, content=content)
        await vera.post(f"{HERE}/mappings/previews", 403, file=FILE)
    assert list((await current(owner_engine)).values()) == [JOB]


async def test_markup_in_a_mapping_stays_text(dashboard, owner_engine, worker_engine, mapped):
    markup = "<script>alert(1)</script>"
    await held_up(worker_engine, "1", customer_missing(markup), f"`{markup}` is unknown")
    async with visit(dashboard, owner_engine, OLGA) as olga:
        await olga.post(f"{HERE}/mappings", kind="customer", procore_name=markup, erp_id=markup, note=markup)
        for path in (HERE, f"{HERE}/mappings"):
            assert "<script>alert" not in await olga.get(path)
