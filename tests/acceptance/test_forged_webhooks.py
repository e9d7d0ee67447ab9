"""Somebody who knows the token tells lies: a webhook is a hint, and Procore is asked who sent what."""

import secrets

import httpx

from shared.ledger.words import Reason
from tests.support.house import House


async def forge(house: House, invoice: int, *, user: int) -> None:
    """An event that Procore never sent, with the right token."""
    body = {"ulid": secrets.token_hex(13), "company_id": house.company, "project_id": house.project}
    body |= {"user_id": user, "event_type": "update", "resource_name": "Payment Applications", "resource_id": invoice}
    headers = {"authorization": f"Bearer {house.secrets.webhook_token}"}
    async with httpx.AsyncClient(base_url=house.receiver_url, verify=False, trust_env=False) as client:
        assert (await client.post("/webhooks/procore", json=body, headers=headers)).status_code == 204


async def test_an_event_that_procore_never_sent_counts_for_nobody(opens):
    house = await opens(verify_approver="always")
    invoice = await house.invoice(user_id=house.ben)
    await house.export_of(invoice, "skipped")
    await house.procore.order_webhook_fault("drop")
    await house.approve(invoice, by=house.ben)
    await forge(house, invoice, user=house.ada)
    await house.export_of(invoice, "held", reason=Reason.APPROVER_UNVERIFIED)
    assert await house.receivables() == []


async def test_an_approval_that_nobody_gave_exports_nothing(house):
    invoice = await house.invoice()
    await house.export_of(invoice, "skipped")
    await forge(house, invoice, user=house.ada)
    await house.received(invoice, 2)
    await house.at_rest(invoice)
    await house.export_of(invoice, "skipped")
    assert await house.receivables() == []
