"""Whose words the pages use, and the trail of who saw and did what."""

import pytest
from sqlalchemy import select

from services.ledger_dashboard.people.audit import record
from services.ledger_dashboard.people.person import Person
from services.ledger_dashboard.people.roles import Role
from services.ledger_dashboard.people.tables import preferences
from services.ledger_dashboard.reading.audit import PAGE
from shared.terminology import DIFFERENCES
from tests.support.pages import AMY, OLGA, VERA, text_of, visit

ZOE = Person("oidc:zoe", "Zoe Elsewhere", frozenset({Role.OPERATOR}), None, None, address="192.0.2.9")


@pytest.fixture
async def trail(owner_engine):
    """Two companies' deeds, one of neither, and one with a secret among its details."""
    async with owner_engine.begin() as connection:
        await record(connection, ZOE, "paused", "connection harbor", "4907", why="<b>month end</b>")
        await record(connection, ZOE, "saw", "export 12", "4908")
        await record(connection, ZOE, "saw", "export 120", "4908", token="planted-secret")
        await record(connection, ZOE, "signed in", "account 9")


async def test_the_chosen_words_are_used_everywhere_at_once(dashboard, owner_engine):
    async with visit(dashboard, owner_engine, VERA) as vera:
        assert "Who may export owner invoices" in text_of(await vera.get("/approvers"))
        answer = await vera.post("/words", dictionary="owners")
        page = await vera.follow(answer)
        assert "Saved: these are your words from now on." in text_of(page)
        assert '<a href="/words">Owners</a>' in page
        assert "Who may export funding invoices" in text_of(await vera.get("/approvers"))
    async with owner_engine.connect() as connection:
        kept = (await connection.execute(select(preferences))).one()
    assert tuple(kept) == (vera.account.who, "owners")


async def test_a_dictionary_that_is_none_is_the_usual_one(dashboard, owner_engine):
    async with visit(dashboard, owner_engine, VERA) as vera:
        page = await vera.follow(await vera.post("/words", dictionary="<pirates>"))
    assert '<a href="/words">General Contractors</a>' in page


async def test_the_table_shows_differences_or_all(dashboard, owner_engine):
    async with visit(dashboard, owner_engine, VERA) as vera:
        differing = text_of(await vera.get("/words"))
        everything = text_of(await vera.get("/words?show=all"))
    assert "Prime Contract Change Order Funding Change Order Client Contract Change Order" in differing
    assert "ERP Integrations" not in differing
    assert all(each.owners in everything for each in DIFFERENCES)


async def test_an_admin_sees_who_did_what(dashboard, owner_engine, trail):
    async with visit(dashboard, owner_engine, AMY) as amy:
        page = await amy.get("/audit")
        assert text_of(page).count("Zoe Elsewhere oidc:zoe") == 4
        assert "why: <b>month end</b>" in text_of(page)
        assert "<b>month" not in page
        assert "planted-secret" not in page
        assert "Amy Admin" in text_of(await amy.get("/audit?what=audit"))


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("who=oidc:zoe", 4),
        ("who=oidc", 0),
        ("what=export+12", 2),
        ("what=export+%25", 0),
        ("what=export+12&who=nobody", 0),
        ("what='; DELETE FROM audit_records; --", 0),
        ("before=1", 0),
        ("before=x'", 4),
    ],
)
async def test_the_trail_is_filtered(dashboard, owner_engine, trail, query, found):
    async with visit(dashboard, owner_engine, AMY) as amy:
        assert text_of(await amy.get(f"/audit?{query}")).count("192.0.2.9") == found


async def test_the_trail_is_paged_without_gap_or_double(dashboard, owner_engine):
    async with owner_engine.begin() as connection:
        for number in range(PAGE + 5):
            await record(connection, ZOE, "saw", f"export {number}", "4907")
    async with visit(dashboard, owner_engine, AMY) as amy:
        first = await amy.get("/audit?who=oidc:zoe")
        older = first.partition('rel="next"')[0].rpartition('href="')[2].split('"')[0].replace("&amp;", "&")
        second = await amy.get(older)
    exports = [f'what=export+{number}"' for number in range(PAGE + 5)]
    assert [each in first for each in exports] == [number >= 5 for number in range(PAGE + 5)]
    assert [each in second for each in exports] == [number < 5 for number in range(PAGE + 5)]
    assert 'rel="next"' not in second


async def test_an_admin_of_a_company_sees_its_trail_only(dashboard, owner_engine, trail):
    async with visit(dashboard, owner_engine, AMY, companies=frozenset({"4907"})) as amy:
        text = text_of(await amy.get("/audit"))
    assert "connection harbor" in text
    assert "export 12" not in text.replace("export 12, connection acme", "")
    assert "account 9" not in text


async def test_nobody_else_sees_the_trail_or_its_link(dashboard, owner_engine, trail):
    async with visit(dashboard, owner_engine, OLGA) as olga:
        await olga.get("/audit", 403)
        assert 'href="/audit"' not in await olga.get("/words")
    async with visit(dashboard, owner_engine, AMY) as amy:
        assert 'href="/audit"' in await amy.get("/words")
