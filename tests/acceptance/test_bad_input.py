"""What comes in wrong: it blocks nothing behind it, and leaves a trace that a person finds."""

import secrets
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from shared.events.command import Action
from shared.events.topics import Topic
from shared.events.webhook_event import kafka_key
from shared.ledger.words import EntryKind, Reason
from tests.support.house import CLIENT, House
from tests.support.ledger_view import Export

# A new worker joins its group at once; at the fallback broker that takes 5 s and more for each story.
pytestmark = pytest.mark.real_kafka


async def post(house: House, **changes: Any) -> str:
    """A webhook that is authentic, and that Procore's sandbox would never send; its event's id."""
    event_id = secrets.token_hex(13)
    body = {
        "ulid": event_id,
        "timestamp": datetime.now(UTC).isoformat(),
        "user_id": house.ada,
        "company_id": house.company,
        "project_id": house.project,
        "event_type": "update",
        "resource_name": "Payment Applications",
        "resource_id": 1,
        **changes,
    }
    headers = {"Authorization": f"Bearer {house.secrets.webhook_token}"}
    async with httpx.AsyncClient(base_url=house.receiver_url, verify=False, trust_env=False) as client:
        answer = await client.post("/webhooks/procore", json=body, headers=headers)
    assert answer.status_code == 204
    return event_id


async def event(house: House, **wanted: Any) -> Any:
    """The row of the Events page, once it is there."""
    return (await house.view.until(lambda: house.view.events(**wanted), f"event {wanted}"))[-1]


async def flows(house: House) -> None:
    """Those behind it go their way."""
    invoice = await house.approved(contract=await house.another_contract())
    await house.export_of(invoice, "exported")


async def test_a_company_that_nobody_serves_waits_for_a_connection(house):
    event_id = await post(house, company_id=house.company * 10, resource_id=77)
    row = await event(house, event_id=event_id)
    assert row.fate == "accepted"

    async def deferred():
        return (await house.view.execute("SELECT reasons FROM exports WHERE connection = '' AND reasons <> '{}'")).all()

    assert (await house.view.until(deferred, "deferred export"))[0].reasons == [Reason.CONNECTION_MISSING.value]
    await flows(house)


@pytest.mark.parametrize("status", [403, 404])
async def test_a_project_without_access_is_held_after_three_looks(house, status):
    closed = await house.procore.create_project(company_id=house.company)
    await house.hook(closed)
    await house.procore.permit_projects(CLIENT, [house.project], denied_status=status)
    invoice = await house.invoice(contract=await house.another_contract(project=closed))
    export = await held_after_three_looks(house, invoice, lambda: house.approve(invoice))
    assert str(status) in export.details
    await flows(house)
    await house.procore.permit_projects(CLIENT, None)
    await house.command(invoice, Action.REPLAY)
    await house.export_of(invoice, "exported")


async def held_after_three_looks(house: House, invoice: int, tell: Callable[[], Awaitable[object]]) -> Export:
    """Each `tell` makes one more look due; without it the clock would, a little later."""
    for number in (1, 2):

        async def has_looked(number: int = number) -> bool:
            export = await house.view.export(invoice)
            return export is not None and export.state.unreadable_looks >= number

        await house.view.until(has_looked, f"look {number} at {invoice}")
        await tell()
    export = await house.export_of(invoice, "held", reason=Reason.INVOICE_UNREADABLE)
    assert (await house.view.kinds(invoice)).count(EntryKind.DEFERRED) == 2
    return export


@pytest.mark.parametrize(
    ("resource_id", "detail"),
    [
        (2**63, "404: Procore does not find this"),
        (int("7" * 30), "not an id of Procore's: '777777777777777777777777777777'"),
    ],
)
async def test_an_id_that_procore_never_gave_is_held_after_three_looks(house, resource_id, detail):
    await post(house, resource_id=resource_id)
    export = await held_after_three_looks(house, resource_id, lambda: post(house, resource_id=resource_id))
    assert detail in export.details
    await flows(house)


@pytest.mark.parametrize("status", [400, 406, 409, 422])
async def test_a_look_that_procore_refuses_is_held_after_three_looks(house, status):
    invoice = await house.invoice()
    await house.at_rest(invoice)
    path = f"/rest/v1.0/payment_applications/{invoice}"
    await house.procore.order_fault(status, path_prefix=path, times=None, text="no such view", shape="message")
    await house.approve(invoice)
    export = await held_after_three_looks(house, invoice, lambda: house.approve(invoice))
    assert export.details == f"Procore refused the request ({status}): no such view"
    await flows(house)
    await house.procore.clear_faults()
    await house.command(invoice, Action.REPLAY)
    await house.export_of(invoice, "exported")


async def test_a_contract_that_procore_refuses_to_list_is_held_after_three_looks(house):
    await house.export_of(await house.approved(), "exported")
    invoice = await house.invoice()
    await house.at_rest(invoice)
    path = f"/rest/v1.0/prime_contracts/{house.contract}/payment_applications"
    await house.procore.order_fault(422, path_prefix=path, times=None, text="no such list", shape="message")
    await house.approve(invoice)
    export = await held_after_three_looks(house, invoice, lambda: house.approve(invoice))
    assert export.details == "the invoice before it: Procore refused the request (422): no such list"
    await flows(house)


async def test_hooks_that_procore_refuses_to_show_verify_nobody(opens):
    house = await opens(verify_approver="always")
    await house.procore.order_fault(422, path_prefix="/rest/v2.0/companies", times=None)
    invoice = await house.approved()
    await house.export_of(invoice, "held", reason=Reason.APPROVER_UNVERIFIED)
    await house.procore.clear_faults()
    await house.command(invoice, Action.REPLAY)
    await house.export_of(invoice, "exported")


WRONG = {
    "without a G702": ({}, ["g702"], Reason.MISSING_FIELD, "the G702 summary (g702) is missing"),
    "with a null G702": ({"g702": None}, [], Reason.MISSING_FIELD, "the G702 summary (g702) is missing"),
    "with an empty G702": ({"g702": {}}, [], Reason.MISSING_FIELD, "g702.original_contract_sum"),
    "with a blank number": ({"invoice_number": "   "}, [], Reason.MISSING_FIELD, "the invoice number is missing"),
    "with a null billing date": ({"billing_date": None}, [], Reason.MISSING_FIELD, "the billing date is missing"),
    "with words for an amount": ({"g702.current_payment_due": "much"}, [], Reason.MISSING_FIELD, "not an amount"),
    "with an underscore in an amount": (
        {"g702.current_payment_due": "54_000.00"},
        [],
        Reason.MISSING_FIELD,
        "is not an amount: '54_000.00'",
    ),
    "with true for an amount": (
        {"g702.tax_applicable_to_this_payment": True},
        [],
        Reason.MISSING_FIELD,
        "is not an amount: 'true'",
    ),
    "with other sums": ({"g702.current_payment_due": "53999.99"}, [], Reason.SUMS_DIFFER, "53,999.99 is stated"),
    "in another currency": (
        {"currency_configuration.currency_iso_code": "CAD"},
        [],
        Reason.CURRENCY,
        "the ERP takes USD, not CAD",
    ),
    "with an owner nobody mapped": (
        {"formatted_contract_company": "Alder Street LLC"},
        [],
        Reason.MISSING_MAPPING,
        "Alder Street LLC",
    ),
    "with a place beyond the ledger's": (
        {"number": 2**31},
        [],
        Reason.MISSING_FIELD,
        "number is not a whole number: '2147483648'",
    ),
    "with a number too long": ({"invoice_number": "1" * 22}, [], Reason.TOO_LONG, "21 characters"),
}


async def test_an_invoice_that_is_wrong_is_held_and_says_what_is_wrong(house):
    invoices = {}
    for what, (changes, removed, _, _) in WRONG.items():
        invoice = invoices[what] = await house.invoice(contract=await house.another_contract())
        await house.procore.override_invoice(invoice, changes, remove=removed)
        await house.approve(invoice)
    for what, (_, _, reason, detail) in WRONG.items():
        export = await house.export_of(invoices[what], "held", reason=reason)
        assert detail in export.details, what
    assert await house.receivables() == []
    await flows(house)


async def test_amounts_as_floats_are_exported_to_the_cent(house):
    invoice = await house.invoice(concrete="0.30")
    amounts = {"g702.current_payment_due": 0.27, "g702.total_earned_less_retainage": 0.27, "g702.total_retainage": 0.03}
    await house.procore.override_invoice(invoice, amounts)
    await house.approve(invoice)
    await house.export_of(invoice, "exported")
    assert [str(total) for total in await house.totals()] == ["0.27"]


async def test_an_unknown_status_counts_as_not_approved(house):
    invoice = await house.invoice()
    await house.procore.override_invoice(invoice, {"status": "blessed"}, user_id=house.ada)
    export = await house.export_of(invoice, "skipped", reason=Reason.NOT_APPROVED)
    await house.at_rest(invoice)
    assert export.details in {"Procore shows blessed", "Procore shows draft"}
    assert (await house.export_of(invoice)).details == "Procore shows blessed"


async def test_an_event_without_a_project_is_placed_by_the_invoice_we_know(house):
    invoice = await house.invoice()
    await house.export_of(invoice, "skipped")
    await house.procore.order_webhook_fault("drop")
    await house.approve(invoice)
    event_id = await post(house, project_id=None, resource_id=invoice)
    await house.export_of(invoice, "exported")
    assert (await event(house, event_id=event_id)).export_id is not None


async def test_an_event_without_a_project_is_left_to_reconciliation(house):
    await house.procore.order_webhook_fault("drop")
    invoice = await house.approved()
    event_id = await post(house, project_id=None, resource_id=invoice)
    row = await event(house, event_id=event_id)
    assert (row.fate, row.export_id) == ("unplaced", None)
    assert (await house.reconcile()).missed == [str(invoice)]
    await house.export_of(invoice, "exported")


STRAY = (b"\x00\xff stray", b"", b"[]", b'{"version": 99}', b"[" * 50_000, None)


@pytest.mark.parametrize("topic", [Topic.WEBHOOKS, Topic.COMMANDS])
async def test_records_that_are_not_ours_are_kept_and_passed(house, topic):
    key = kafka_key(str(house.company), str(house.project))
    for value in STRAY:
        await house.kafka.send(topic, key=key, value=value, within=10)
    await flows(house)

    async def kept() -> list[bytes]:
        rows = await house.view.events(topic=topic.value, fate="foreign")
        assert all(row.detail for row in rows)
        found = [row.raw for row in rows]
        return found if len(found) >= len(STRAY) else []

    assert await house.view.until(kept, "row for each record") == [value or b"" for value in STRAY]


async def test_a_command_under_a_forged_signature_changes_nothing(house):
    invoice = await house.invoice(user_id=house.ben)
    await house.approve(invoice, by=house.ben)
    await house.export_of(invoice, "held")
    await house.at_rest(invoice)
    before = await house.view.kinds(invoice)
    await house.command(invoice, Action.REPLAY, key="a-key-that-is-not-ours")
    row = await event(house, topic=Topic.COMMANDS.value, fate="refused")
    assert row.detail == "the signature is not ours"
    await house.at_rest(invoice)
    assert await house.view.kinds(invoice) == before


async def test_a_command_sent_twice_is_followed_once(house):
    invoice = await house.invoice(user_id=house.ben)
    await house.approve(invoice, by=house.ben)
    await house.export_of(invoice, "held")
    command = await house.command(invoice, Action.REPLAY)
    await house.followed(invoice, EntryKind.REPLAY_ACCEPTED)
    await house.kafka.send(Topic.COMMANDS, key=command.kafka_key, value=command.to_bytes(), within=10)
    await house.command(invoice, Action.RESOLVE, dismissed=True)
    await house.export_of(invoice, "skipped", reason=Reason.DISMISSED)
    assert (await house.view.kinds(invoice)).count(EntryKind.REPLAY_ACCEPTED) == 1


async def test_a_command_for_an_export_that_is_not_there_is_refused(house):
    invoice = await house.invoice()
    await house.export_of(invoice, "skipped")
    await house.command(invoice, Action.REPLAY, export_id=987_654)
    row = await event(house, topic=Topic.COMMANDS.value, fate="refused")
    assert row.detail == "there is no export 987654"
    await flows(house)
