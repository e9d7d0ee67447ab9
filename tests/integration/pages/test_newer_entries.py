"""A dashboard and a command line that are older than what the ledger holds: they say so, and show the rest."""

import pytest
from sqlalchemy import text

from services.ledger_dashboard.alerts.bell import read_facts
from shared.ledger.words import Reason
from tests.support.ledgers import an_export, held_for
from tests.support.pages import VERA, text_of, visit
from tests.support.people import a_token, an_account, browser
from tests.support.scripts import API, EVERY_ROLE

UNGUARDED = "SET LOCAL session_replication_role = replica"
WROTE = "a newer version of invoice-export wrote held.of_tomorrow"


@pytest.fixture
async def newer(worker_engine, owner_engine) -> int:
    """An export whose last entry has a field that this version does not know; its id."""
    export_id = await an_export(worker_engine, held_for())
    await an_export(worker_engine, held_for(), invoice="5002")
    async with owner_engine.begin() as connection:
        await connection.execute(text(UNGUARDED))
        await connection.execute(
            text("UPDATE entries SET body = body || '{\"of_tomorrow\": 1}' WHERE export_id = :id AND seq = 2"),
            {"id": export_id},
        )
    return export_id


async def test_the_page_of_the_export_says_so_and_the_list_shows_it(dashboard, owner_engine, newer):
    async with visit(dashboard, owner_engine, VERA) as vera:
        assert WROTE in text_of(await vera.get(f"/exports/{newer}", 503))
        assert f'"/exports/{newer}' in await vera.get("/exports")


async def test_a_script_is_told_so(dashboard, owner_engine, newer):
    await an_account(owner_engine)
    token = await a_token(owner_engine, EVERY_ROLE)
    async with browser(dashboard, Authorization=f"Bearer {token}") as script:
        answer = await script.get(f"{API}/exports/{newer}")
    assert answer.status_code == 503
    assert WROTE in answer.json()["detail"]


async def test_the_command_line_says_so(command, newer):
    result = await command("exports", "show", newer)
    assert result.exit_code == 1
    assert WROTE in result.stderr
    assert "Traceback" not in result.output


async def test_the_bell_tells_it_without_its_reason(owner_engine, newer):
    async with owner_engine.begin() as connection:
        await connection.execute(text("UPDATE exports SET reasons = '{of_tomorrow}' WHERE id = :id"), {"id": newer})
        facts = await read_facts(connection)
    assert {(held.reason, held.count) for held in facts.held} == {(None, 1), (Reason.APPROVER_LACKS_PRIVILEGE, 1)}
