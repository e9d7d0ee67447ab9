"""An Approvers CSV in the browser: every change is shown before, and taken over is what was shown."""

import base64

import pytest
from sqlalchemy import select

from services.ledger_dashboard.pages.uploads import MOST_BYTES
from services.ledger_dashboard.people.tables import audit_records
from shared.approvers.store import all_current, save
from tests.support.cast import COMPANY, RECORD_OF_ADA
from tests.support.pages import AMY, OLGA, field, text_of, visit

HEADER = "company_id,user_id,name,email,erp_integrations_level,can_push_to_accounting"
ROWS = f"{COMPANY},160586,Ada,ada@ironside.example,Read Only,yes\r\n{COMPANY},160590,Fay,,Standard,yes\n"
FILE = f"{HEADER}\r\n{ROWS}".encode()


@pytest.fixture
async def ada_recorded(owner_engine):
    async with owner_engine.begin() as connection:
        await save(connection, [RECORD_OF_ADA], "cli:root")


async def current(owner_engine):
    async with owner_engine.connect() as connection:
        return await all_current(connection)


async def test_a_preview_shows_every_change_and_saves_nothing(dashboard, owner_engine, ada_recorded):
    async with visit(dashboard, owner_engine, AMY) as amy:
        text = text_of((await amy.post("/approvers/previews", 200, file=FILE)).text)
    assert "1 added, 1 changed Nothing is saved yet." in text
    assert "ERP Integrations: Standard Read Only" in text
    assert "Fay 160590" in text
    assert await current(owner_engine) == [RECORD_OF_ADA]


async def test_what_was_shown_is_taken_over(dashboard, owner_engine, ada_recorded):
    async with visit(dashboard, owner_engine, AMY) as amy:
        page = (await amy.post("/approvers/previews", 200, file=FILE)).text
        assert base64.urlsafe_b64decode(field(page, "content")) == FILE
        answer = await amy.post("/approvers/imports", content=field(page, "content"))
        assert "Imported: 1 added, 1 changed." in text_of(await amy.follow(answer))
    assert {each.name: each.recorded_by for each in await current(owner_engine)} == {
        "Ada": amy.account.who,
        "Fay": amy.account.who,
    }
    async with owner_engine.connect() as connection:
        (row,) = (await connection.execute(select(audit_records).where(audit_records.c.did == "imported"))).all()
    assert (row.what, row.company_id, row.detail["rows"]) == (f"approvers of {COMPANY}", COMPANY, 2)


@pytest.mark.parametrize("path", ["/approvers/previews", "/approvers/imports"])
async def test_one_bad_row_refuses_the_file(dashboard, owner_engine, path):
    bad = FILE + b"4907,160591,Gus,,Superuser,perhaps\n"
    sent = {"file": bad} if path.endswith("previews") else {"content": base64.urlsafe_b64encode(bad).decode()}
    async with visit(dashboard, owner_engine, AMY) as amy:
        text = text_of((await amy.post(path, 422, **sent)).text)
    assert "2 cells are wrong" in text
    assert "4 erp_integrations_level Superuser the tool level is one of" in text
    assert "4 can_push_to_accounting perhaps" in text
    assert await current(owner_engine) == []


async def test_another_companys_row_refuses_the_file(dashboard, owner_engine):
    async with visit(dashboard, owner_engine, AMY, companies=frozenset({"4908"})) as amy:
        preview = await amy.post("/approvers/previews", 422, file=FILE)
        confirmed = await amy.post("/approvers/imports", 422, content=base64.urlsafe_b64encode(FILE).decode())
    assert "no company that you may record for" in preview.text
    assert "no company that you may record for" in confirmed.text
    assert await current(owner_engine) == []


async def test_the_largest_file_comes_back_whole(dashboard, owner_engine):
    row = f"{COMPANY},{{}},{'x' * 150},,Standard,yes\n"
    rows = "".join(row.format(number) for number in range(1, MOST_BYTES // (len(row) + 4)))
    file = f"{HEADER}\n{rows}".encode()
    assert MOST_BYTES * 0.95 < len(file) <= MOST_BYTES
    async with visit(dashboard, owner_engine, AMY) as amy:
        page = (await amy.post("/approvers/previews", 200, file=file)).text
        await amy.post("/approvers/imports", content=field(page, "content"))
        larger = await amy.post("/approvers/previews", 422, file=file + b"x" * MOST_BYTES)
    assert len(await current(owner_engine)) == file.count(b"\n") - 1
    assert "larger than 700 kB" in larger.text


@pytest.mark.parametrize("file", [b"", b"\xff\xfe\x00", b"name\nAda"])
async def test_no_file_or_another_one_is_refused(dashboard, owner_engine, file):
    async with visit(dashboard, owner_engine, AMY) as amy:
        await amy.post("/approvers/previews", 422, file=file)


@pytest.mark.parametrize("content", ["", "%%%", "é", "QUJD=QUJD"])
async def test_what_did_not_come_back_whole_is_refused(dashboard, owner_engine, content):
    async with visit(dashboard, owner_engine, AMY) as amy:
        refused = await amy.post("/approvers/imports", 422, content=content)
    assert "did not come back whole" in refused.text


async def test_no_operator_imports_and_no_stranger_form_does(dashboard, owner_engine):
    content = base64.urlsafe_b64encode(FILE).decode()
    async with visit(dashboard, owner_engine, OLGA) as olga:
        await olga.post("/approvers/previews", 403, file=FILE)
        await olga.post("/approvers/imports", 403, content=content)
    async with visit(dashboard, owner_engine, AMY) as amy:
        await amy.post("/approvers/imports", 403, content=content, csrf="another")
        elsewhere = {"origin": "http://evil.example", "sec-fetch-site": "cross-site"}
        stolen = await amy.client.post(
            "/approvers/imports", data={"csrf": amy.csrf, "content": content}, headers=elsewhere
        )
    assert stolen.status_code == 403
    assert await current(owner_engine) == []
