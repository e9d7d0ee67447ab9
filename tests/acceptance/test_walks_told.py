"""What a walk tells in its line and its series: how the attempt closed, each look-up, and what deserves an alert."""

import secrets
from typing import Any

import httpx
import pytest
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from deploy.sandbox.faulty.orders import ErpStep, FaultKind
from shared.events.command import Action, OperatorRole
from shared.ledger.words import EntryKind, Reason
from shared.settings import TelemetrySettings
from shared.telemetry import configure_telemetry
from tests.support.house import CLIENT, HASTY, House
from tests.support.house_parts import CONNECTION
from tests.support.outside import measured
from tests.support.raising_erp import RAISING

# A new worker joins its group at once; at the fallback broker that takes 5 s and more for each story.
pytestmark = pytest.mark.real_kafka

WALKS = "invoice_export_walks_total"
ATTEMPTS = "invoice_export_attempts_total"
LOOK_UPS = "invoice_export_erp_seconds_count"


def attempts(closing: str) -> float:
    return measured(ATTEMPTS, connection=CONNECTION, closing=closing)


async def line_of(house: House, **wanted: Any) -> dict[str, Any]:
    """The newest line of a walk that is as wanted, once there is one."""

    async def look() -> dict[str, Any] | None:
        lines = [line for line in house.logged("export.advanced") if wanted.items() <= line.items()]
        return lines[-1] if lines else None

    return await house.view.until(look, f"line {wanted}")


@pytest.mark.parametrize(
    ("kind", "status", "closing"),
    [(FaultKind.SILENCE_AFTER, 0, "unknown"), (FaultKind.STATUS_BEFORE, 429, "unavailable")],
)
async def test_an_attempt_is_counted_by_how_it_closed(opens, kind, status, closing):
    house = await opens(erp=HASTY)
    before = {name: attempts(name) for name in (closing, "done", "retrying", "exported")}
    await house.order(kind, ErpStep.CREATE, status=status, retry_after=0)
    await house.export_of(await house.approved(), "exported")
    await line_of(house, status="exported")
    assert {name: attempts(name) - counted for name, counted in before.items()} == {
        closing: 1,
        "done": 1,
        "retrying": 0,
        "exported": 0,
    }


async def test_an_attempt_that_a_fault_of_ours_ends_is_counted(opens, faulty):
    house = await opens(adapter=RAISING)
    before = attempts("internal_error")
    faulty.everything = True
    await house.export_of(await house.approved(), "held", reason=Reason.INTERNAL_ERROR)

    async def is_counted() -> bool:
        return attempts("internal_error") == before + 1

    await house.view.until(is_counted, "attempt")


async def test_every_look_up_is_timed_and_traced(opens):
    house = await opens(erp=HASTY)
    spans = InMemorySpanExporter()
    before = measured(LOOK_UPS, connection=CONNECTION, step="find")
    end = configure_telemetry(TelemetrySettings(), service="test", processor=SimpleSpanProcessor(spans))
    try:
        await house.order(FaultKind.SILENCE_AFTER, ErpStep.CREATE)
        invoice = await house.invoice()
        number = (await house.procore.invoice(invoice))["invoice_number"]
        await house.approve(invoice)
        await house.export_of(invoice, "exported")
        await house.command(invoice, Action.REPLAY, afresh=True, invoice_number=number)
        await house.followed(invoice, EntryKind.COMMAND_REFUSED)
        await house.at_rest(invoice)
    finally:
        end()
    asked = await house.requested(ErpStep.FIND)
    assert asked >= 3
    assert [span.name for span in spans.get_finished_spans()].count("erp.find") == asked
    assert measured(LOOK_UPS, connection=CONNECTION, step="find") - before == asked


async def test_what_is_exported_and_cannot_be_read_warns(house):
    invoice = await house.approved()
    await house.export_of(invoice, "exported")
    assert (await line_of(house, status="exported"))["level"] == "info"
    await house.at_rest(invoice)
    before = measured(WALKS, decision="keep", row="4")
    await house.procore.permit_projects(CLIENT, [])
    await house.procore.edit_invoice(invoice, total_amount_paid="1.00", user_id=house.ada)
    assert (await line_of(house, decision="keep", row=4))["level"] == "warning"
    assert measured(WALKS, decision="keep", row="4") > before
    await house.procore.permit_projects(CLIENT, None)


async def test_a_company_without_a_connection_warns(house):
    body = {"ulid": secrets.token_hex(13), "company_id": house.company * 10, "project_id": house.project}
    body |= {"user_id": house.ada, "event_type": "update", "resource_name": "Payment Applications", "resource_id": 77}
    headers = {"Authorization": f"Bearer {house.secrets.webhook_token}"}
    async with httpx.AsyncClient(base_url=house.receiver_url, verify=False, trust_env=False) as client:
        (await client.post("/webhooks/procore", json=body, headers=headers)).raise_for_status()
    line = await line_of(house, decision="defer", row=11)
    assert (line["level"], line["reasons"]) == ("warning", [Reason.CONNECTION_MISSING.value])


NO_WAKING = """
    CREATE FUNCTION no_waking() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'the database is away'; END $$
"""


async def test_a_walk_has_its_line_where_its_successor_cannot_be_woken(house):
    first = await house.invoice(user_id=house.ben)
    await house.approve(first, by=house.ben)
    await house.export_of(first, "held")
    second = await house.approved()
    waiting = await house.export_of(second, "waiting", reason=Reason.OUT_OF_ORDER)
    await house.at_rest(second)
    await house.view.execute(NO_WAKING)
    await house.view.execute(
        f"CREATE TRIGGER no_waking BEFORE UPDATE ON work FOR EACH ROW WHEN (NEW.export_id = {waiting.id})"
        " EXECUTE FUNCTION no_waking()"
    )
    await house.command(first, Action.RELEASE, role=OperatorRole.ACCOUNTING_APPROVER, user_id=str(house.ada))
    export = await house.export_of(first, "exported")
    assert (await line_of(house, export=export.id, status="exported"))["erp_number"] == export.erp_number
    assert [line for line in house.logged("export.interrupted") if line["export"] == export.id] == []
    await house.view.execute("DROP TRIGGER no_waking ON work")
    await house.export_of(second, "exported")


async def test_an_outage_that_look_ups_alone_heal_is_over(opens):
    house = await opens(erp=HASTY)
    await house.order(FaultKind.SILENCE_AFTER, ErpStep.FINISH)
    await house.order(FaultKind.STATUS_BEFORE, ErpStep.FIND, status=503, skip=1)
    invoice = await house.approved()
    await house.export_of(invoice, "exported")
    assert EntryKind.CONFIRMED in await house.view.kinds(invoice)
    assert house.logged("export.broken") == []
    rows = (await house.view.execute("SELECT failures, open_until, last_failure FROM connection_states")).all()
    assert [tuple(row) for row in rows] == [(0, None, None)]
