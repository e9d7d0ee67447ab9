"""Who may export, as the pages tell it and as people change it, over a real database with the dashboard's rights."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from services.ledger_dashboard.people.tables import audit_records
from shared.approvers.store import history, save
from tests.support.cast import ADA, BEN, CLEO, COMPANY, DAN, RECORD_OF_ADA, RECORDS
from tests.support.pages import AMY, OLGA, VERA, field, text_of, visit

OTHER = "4908"
EDITED = {
    "name": "Ada",
    "email": "ada@ironside.example",
    "erp_integrations_level": "read_only",
    "can_push_to_accounting": "yes",
    "can_export_owner_invoices": "",
    "active": "yes",
    "source": "manual",
}


@pytest.fixture
async def recorded(owner_engine):
    """The cast, looked up an hour ago; Dan forty days ago; somebody of another company."""
    lately, long_ago = (datetime.now(UTC) - age for age in (timedelta(hours=1), timedelta(days=40)))
    fresh = [replace(each, recorded_at=long_ago if each.user_id == DAN else lately) for each in RECORDS]
    stranger = replace(fresh[0], company_id=OTHER, user_id="77", name="Zoe Elsewhere")
    async with owner_engine.begin() as connection:
        await save(connection, [*fresh, stranger], "cli:root")


async def test_the_list_says_who_may_export_and_why_not(dashboard, owner_engine, recorded):
    async with visit(dashboard, owner_engine, VERA) as vera:
        page = await vera.get("/approvers")
    text = text_of(page)
    assert "Ada ada@ironside.example Yes Standard yes" in text
    assert "No lacks 'Can Push to Accounting' Standard no" in text
    assert "No neither 'Standard' nor 'Admin' on ERP Integrations Read Only yes" in text
    assert "No the record is too old Admin yes – 40 d" in text
    assert "Import a CSV file" not in text


async def test_a_search_finds_names_mails_and_ids(dashboard, owner_engine, recorded):
    async with visit(dashboard, owner_engine, VERA) as vera:
        for search, found in (("cleo", CLEO), ("160587", BEN), ("%", None), ("'; DROP TABLE exports; --", None)):
            text = text_of(await vera.get(f"/approvers?search={search}"))
            assert ("Nobody fits" in text) is (found is None), search
        assert text_of(await vera.get(f"/approvers?company={OTHER}")).count("ada@ironside.example") == 1


async def test_what_is_of_another_company_is_nowhere(dashboard, owner_engine, recorded):
    async with visit(dashboard, owner_engine, AMY, companies=frozenset({COMPANY})) as amy:
        page = await amy.get("/approvers")
        await amy.get(f"/approvers/{OTHER}/77", 404)
        await amy.post(f"/approvers/{OTHER}/77", 404, seen="", **EDITED)
        assert "Nobody fits" in await amy.get(f"/approvers?company={OTHER}")
    assert "Zoe" not in page
    assert OTHER not in page


async def test_a_persons_page_tells_the_history(dashboard, owner_engine, recorded):
    async with visit(dashboard, owner_engine, AMY) as amy:
        page = await amy.get(f"/approvers/{COMPANY}/{ADA}")
        answer = await amy.post(f"/approvers/{COMPANY}/{ADA}", seen=field(page, "seen"), **EDITED)
        text = text_of(await amy.follow(answer))
    assert "Saved: this is the record from now on." in text
    assert "Why not: neither 'Standard' nor 'Admin' on ERP Integrations" in text
    assert f"Changed by Amy Admin account:{amy.account.id} ERP Integrations Standard Read Only" in text
    assert "First recorded by cli:root" in text
    async with owner_engine.connect() as connection:
        newest = (await history(connection, COMPANY, ADA))[0]
        audited = (await connection.scalars(select(audit_records.c.did).order_by(audit_records.c.id))).all()
    assert newest.changed_by == newest.record.recorded_by == amy.account.who
    assert audited == ["saw", "recorded", "saw"]


async def test_the_page_says_that_nobody_releases_under_it(dashboard, owner_engine, recorded):
    async with visit(dashboard, owner_engine, AMY) as amy:
        text = text_of(await amy.get(f"/approvers/{COMPANY}/{ADA}"))
    assert "Nobody may release an export under a record that they changed themselves." in text
    assert "cli:root None of them may release an export under it." in text


async def test_what_was_looked_up_again_says_no_more(dashboard, owner_engine, recorded):
    async with visit(dashboard, owner_engine, AMY) as amy:
        page = await amy.get(f"/approvers/{COMPANY}/{ADA}")
        same = EDITED | {"erp_integrations_level": "Standard"}
        answer = await amy.post(f"/approvers/{COMPANY}/{ADA}", seen=field(page, "seen"), **same)
        assert "Looked up again by Amy Admin" in text_of(await amy.follow(answer))


async def test_two_people_do_not_overwrite_each_other(dashboard, owner_engine, recorded):
    async with visit(dashboard, owner_engine, AMY) as amy:
        seen = field(await amy.get(f"/approvers/{COMPANY}/{ADA}"), "seen")
        await amy.post(f"/approvers/{COMPANY}/{ADA}", seen=seen, **EDITED)
        late = await amy.post(f"/approvers/{COMPANY}/{ADA}", 422, seen=seen, **EDITED | {"active": "no"})
    assert "Somebody else changed this record meanwhile" in late.text
    async with owner_engine.connect() as connection:
        assert (await history(connection, COMPANY, ADA))[0].record.active


@pytest.mark.parametrize(
    ("field_name", "typed", "why"),
    [
        ("erp_integrations_level", "superuser", "the tool level is one of"),
        ("can_push_to_accounting", "", "may not be empty"),
        ("source", "ada@ironside.example", "not a person"),
        ("active", "perhaps", "write true or false"),
    ],
)
async def test_a_bad_field_saves_nothing(dashboard, owner_engine, recorded, field_name, typed, why):
    async with visit(dashboard, owner_engine, AMY) as amy:
        seen = field(await amy.get(f"/approvers/{COMPANY}/{ADA}"), "seen")
        answer = await amy.post(f"/approvers/{COMPANY}/{ADA}", 422, seen=seen, **EDITED | {field_name: typed})
    assert why in text_of(answer.text)
    async with owner_engine.connect() as connection:
        assert len(await history(connection, COMPANY, ADA)) == 1


async def test_somebody_unknown_is_recorded_from_their_page(dashboard, owner_engine):
    async with visit(dashboard, owner_engine, AMY) as amy:
        answer = await amy.client.get("/approvers/one", params={"company": COMPANY, "user": " 0160590 "})
        page = await amy.follow(answer)
        assert "Nothing is recorded of this person" in page
        await amy.post(f"/approvers/{COMPANY}/160590", seen="", **EDITED | {"name": "Fay"})
        assert "Fay" in await amy.get("/approvers")
        assert (await amy.client.get("/approvers/one", params={"company": "//evil", "user": "1"})).status_code == 422


async def test_only_who_may_record_sees_an_unknown_persons_page(dashboard, owner_engine, recorded):
    async with visit(dashboard, owner_engine, OLGA) as olga:
        await olga.get(f"/approvers/{COMPANY}/160590", 404)
        text = text_of(await olga.get(f"/approvers/{COMPANY}/{ADA}"))
        refused = await olga.post(f"/approvers/{COMPANY}/{ADA}", 403, seen="", **EDITED)
    assert "Save as looked up now" not in text
    assert "takes the role admin" in refused.text


async def test_a_name_full_of_markup_stays_text(dashboard, owner_engine):
    name = "<script>alert(1)</script>"
    async with owner_engine.begin() as connection:
        await save(connection, [replace(RECORD_OF_ADA, name=name, email='"><img src=x>')], "<i>cli</i>")
    async with visit(dashboard, owner_engine, AMY) as amy:
        for path in ("/approvers", f"/approvers/{COMPANY}/{ADA}"):
            page = await amy.get(path)
            assert "<script>alert" not in page
            assert "<img" not in page
            assert "<i>cli" not in page


@pytest.mark.parametrize("path", ["/approvers/x/1", "/approvers/0/1", "/approvers/4907/1%20OR%201=1"])
async def test_an_odd_address_is_no_page(dashboard, owner_engine, path):
    async with visit(dashboard, owner_engine, AMY) as amy:
        await amy.get(path, 404)
