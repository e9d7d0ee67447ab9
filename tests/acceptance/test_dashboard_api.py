"""The dashboard's API with a worker behind it: what a script asks is done, and told."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from services.ledger_dashboard.people.person import Holder
from services.ledger_dashboard.people.roles import Role
from shared.ledger.words import EntryKind, Reason
from tests.support.dashboard import open_dashboard
from tests.support.house import House
from tests.support.people import a_token

NIGHTLY = Holder("", "nightly", frozenset(Role), None, None)


@pytest.fixture
async def script(house: House) -> AsyncIterator[httpx.AsyncClient]:
    async with open_dashboard(house) as dashboard:
        headers = {"authorization": f"Bearer {await a_token(house.view.engine, NIGHTLY)}"}
        address = f"{dashboard.url}/api/v1"
        async with httpx.AsyncClient(base_url=address, headers=headers, trust_env=False, timeout=30) as client:
            yield client


async def asked(script: httpx.AsyncClient, path: str, status: int = 200, **said: Any) -> Any:
    answer = await script.post(path, json=said)
    assert answer.status_code == status, answer.text
    return answer.json()


async def test_a_replay_is_rehearsed_then_done(house: House, script: httpx.AsyncClient) -> None:
    invoice = await house.invoice(user_id=house.ben)
    await house.approve(invoice, by=house.ben)
    export = await house.export_of(invoice, "held", reason=Reason.APPROVER_LACKS_PRIVILEGE)
    await house.at_rest(invoice)
    path = f"/approvers/{house.company}/{house.ben}"
    seen = (await script.get(path)).json()["since"]
    rights = {"erp_integrations_level": "standard", "can_push_to_accounting": True}
    assert (await asked(script, path, 201, **rights, seen=seen))["problems"] == []
    told = await asked(script, f"/exports/{export.id}/replays", why="granted", dry_run=True)
    assert told["dry_run"]["decision"] == "send"
    assert await house.receivables() == []
    done = await asked(script, f"/exports/{export.id}/replays", why="granted")
    assert (done["handled"], done["refusal"]) == (True, None)
    assert (await script.get(f"/exports/{export.id}/requests/{done['nonce']}")).json() == done
    await house.export_of(invoice, "exported")
    assert len(await house.receivables()) == 1


async def test_a_refusal_of_the_workers_is_told(house: House, script: httpx.AsyncClient) -> None:
    invoice = await house.approved()
    export = await house.export_of(invoice, "exported")
    told = await asked(script, f"/exports/{export.id}/confirmations", why="imported", erp_number="4711")
    assert told["handled"]
    assert told["refusal"]
    assert EntryKind.COMMAND_REFUSED in await house.view.kinds(invoice)


async def test_a_dead_letter_is_read_again_and_received(house: House, script: httpx.AsyncClient) -> None:
    await house.pause()
    invoice = await house.approved()
    first = await house.export_of(invoice, reason=Reason.PAUSED)
    body = {
        "id": 77,
        "company_id": house.company,
        "project_id": house.project,
        "user_id": house.ada,
        "resource_id": invoice,
        "resource_name": "Payment Applications",
        "event_type": "update",
    }
    row = await house.view.execute(
        "INSERT INTO events (event_id, fate, topic, partition, position, deliveries, received_at, raw)"
        " VALUES ('letter', 'dead_lettered', 'letters', 0, 1, 1, :at, :raw) RETURNING id",
        at=datetime.now(UTC),
        raw=json.dumps(body).encode(),
    )
    before = (await house.view.kinds(invoice)).count(EntryKind.RECEIVED)
    told = await asked(script, f"/events/{row.scalar()}/replays", 202)
    assert (told["event_id"], told["project_id"]) == ("77", str(house.project))
    await house.received(invoice, before + 1)
    assert (await house.export_of(invoice)).id == first.id
