"""Whoever changed what is recorded of themselves releases nothing under it, by whichever log-in they come."""

import base64
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from services.ledger_dashboard.people.person import Holder
from services.ledger_dashboard.people.roles import Role
from shared.database import Role as DatabaseRole
from shared.database import create_engine
from shared.ledger.entries import CommandRefused
from shared.ledger.words import EntryKind, Reason
from tests.support.dashboard import Dashboard, Visitor, open_dashboard
from tests.support.house import House
from tests.support.people import a_token, an_account

REFUSAL = "nobody releases under a record that they changed themselves"
RIGHTS = {"name": "Ben", "erp_integrations_level": "standard", "can_push_to_accounting": "yes", "active": "yes"}
HEADER = "company_id,user_id,name,erp_integrations_level,can_push_to_accounting"

Change = Callable[[House, Visitor], Awaitable[None]]


@pytest.fixture
async def dashboard(house: House) -> AsyncIterator[Dashboard]:
    async with open_dashboard(house) as dashboard:
        yield dashboard


@pytest.fixture
async def token(house: House) -> AsyncIterator[str]:
    """Of Ben's, who has an account too, and is an admin and an accounting approver at once."""
    owner = create_engine(house.database_url, DatabaseRole.OWNER, application_name="test")
    roles = frozenset({Role.ADMIN, Role.ACCOUNTING_APPROVER})
    ben = Holder("", "Ben", roles, None, str(house.ben))
    await an_account(owner, "ben", ben)
    yield await a_token(owner, ben)
    await owner.dispose()


async def typed(house: House, ben: Visitor) -> None:
    page = await ben.see(f"/approvers/{house.company}/{house.ben}")
    seen = page.partition('name="seen" value="')[2].partition('"')[0]
    await ben.post(f"/approvers/{house.company}/{house.ben}", seen=seen, source="report", **RIGHTS)


async def imported(house: House, ben: Visitor) -> None:
    file = f"{HEADER}\n{house.company},{house.ben},Ben,standard,yes\n".encode()
    await ben.post("/approvers/imports", content=base64.urlsafe_b64encode(file).decode())


async def held_export(house: House) -> tuple[int, int]:
    invoice = await house.invoice(user_id=house.cleo)
    await house.approve(invoice, by=house.cleo)
    export = await house.export_of(invoice, "held", reason=Reason.APPROVER_LACKS_TOOL_LEVEL)
    await house.at_rest(invoice)
    return invoice, export.id


@pytest.mark.parametrize("change", [typed, imported])
async def test_nobody_releases_under_what_they_recorded_of_themselves(
    change: Change, house: House, dashboard: Dashboard, token: str
) -> None:
    invoice, export = await held_export(house)
    ben = await dashboard.visitor("ben")
    await change(house, ben)
    page = (await ben.post(f"/exports/{export}/releases", why="I take it over", step="go")).text
    assert f"Refused: {REFUSAL}." in page
    await house.export_of(invoice, "held")
    assert await house.receivables() == []


async def test_another_log_in_of_the_same_person_is_refused_too(house: House, dashboard: Dashboard, token: str) -> None:
    invoice, export = await held_export(house)
    await typed(house, await dashboard.visitor("ben"))
    script = await dashboard.visitor()
    asked = {"url": f"/api/v1/exports/{export}/releases", "headers": {"authorization": f"Bearer {token}"}}
    answer = await script.web.post(**asked, json={"why": "I take it over"})
    assert (answer.status_code, answer.json()["refusal"]) == (200, REFUSAL)
    refused = await house.followed(invoice, EntryKind.COMMAND_REFUSED)
    assert isinstance(refused, CommandRefused)
    assert refused.by.startswith("token:")
    assert await house.receivables() == []


async def test_what_another_admin_recorded_is_released_under(house: House, dashboard: Dashboard, token: str) -> None:
    invoice, export = await held_export(house)
    await typed(house, await dashboard.visitor("root"))
    ben = await dashboard.visitor("ben")
    await ben.post(f"/exports/{export}/releases", why="I take it over", step="go")
    await house.export_of(invoice, "exported")
