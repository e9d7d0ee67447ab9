"""What is seen from outside: one line for each unit of work, the promised series, one trace, readiness, no secrets."""

import asyncio
import dataclasses
import secrets
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from deploy.sandbox.faulty.orders import ErpStep, FaultKind
from services.export_worker import worker as worker_module
from shared.ledger.words import Reason
from shared.settings import TelemetrySettings
from shared.telemetry import configure_telemetry
from tests.support.house import House
from tests.support.outside import seen_from_outside

# A new worker joins its group at once; at the fallback broker that takes 5 s and more for each story.
pytestmark = pytest.mark.real_kafka

PROMISED = (
    'invoice_export_webhooks_total{outcome="accepted"}',
    'invoice_export_webhooks_total{outcome="ignored"}',
    'invoice_export_events_total{fate="accepted"}',
    'invoice_export_events_total{fate="ignored"}',
    'invoice_export_open_exports{reason="approver_lacks_privilege",status="held"}',
    'invoice_export_oldest_export_seconds{status="held"}',
    'invoice_export_exports_settled_total{reason="approver_lacks_privilege",status="held"}',
    'invoice_export_attempts_total{closing="done",connection="harbor"}',
    "invoice_export_approval_to_erp_seconds_bucket",
    'invoice_export_erp_seconds_bucket{connection="harbor",le="0.005",step="create"}',
    "invoice_export_procore_seconds_bucket",
    "invoice_export_walk_seconds_bucket",
    "invoice_export_webhook_dead_letters_total",
    "invoice_export_parked_events",
    "invoice_export_kafka_lag_records",
    "invoice_export_procore_rate_remaining",
    'invoice_export_follow_ups_given_up{connection="harbor"}',
)


async def post(house: House, *, resource: str = "Payment Applications", token: str | None = None, **ids: int) -> str:
    """A webhook with a trace that began before us; the trace's id."""
    trace = secrets.token_hex(16)
    headers = {
        "Authorization": f"Bearer {token or house.secrets.webhook_token}",
        "traceparent": f"00-{trace}-{secrets.token_hex(8)}-01",
    }
    body = {"ulid": secrets.token_hex(13), "timestamp": datetime.now(UTC).isoformat()}
    body |= {"company_id": house.company, "project_id": house.project}
    body |= {"user_id": house.ada, "event_type": "update", "resource_name": resource, **ids}
    async with httpx.AsyncClient(base_url=house.receiver_url, verify=False, trust_env=False) as client:
        await client.post("/webhooks/procore", json=body, headers=headers)
    return trace


async def test_each_walk_and_each_webhook_has_one_line(house):
    invoice = await house.approved()
    export = await house.export_of(invoice, "exported")
    export = await house.at_rest(invoice)

    async def lines() -> list[dict[str, Any]]:
        """The line follows the walk's end."""
        walks = [line for line in house.logged("export.advanced") if line["export"] == export.id]
        return walks if len(walks) >= export.fencing_token else []

    walks = await house.view.until(lines, "line for each walk")
    assert len(walks) == export.fencing_token
    sent = next(line for line in walks if line["status"] == "exported")
    assert sent["reference"] == f"harbor:{house.company}:{invoice}:1"
    assert sent["erp_number"] == export.erp_number
    assert {"connection", "decision", "row", "reasons", "version", "ms"} <= set(sent)
    webhooks = house.logged("webhook.accepted")
    assert [line["resource_id"] for line in webhooks] == [str(invoice)] * 2
    assert len({line["event_id"] for line in webhooks}) == 2


async def test_the_promised_series_are_there(house):
    await house.export_of(await house.approved(), "exported")
    held = await house.invoice(contract=await house.another_contract(), user_id=house.ben)
    await house.approve(held, by=house.ben)
    await house.export_of(held, "held")
    await post(house, resource="Drawings", resource_id=1)
    await house.view.until(lambda: house.view.events(fate="ignored"), "ignored event")
    another = house.workers.start()  # one that begins looks at what is open at once
    async with seen_from_outside(another) as outside:

        async def missing() -> bool:
            text = (await outside.get("/metrics")).text
            absent.clear()
            absent.extend(series for series in PROMISED if series not in text)
            return not absent

        absent: list[str] = []
        try:
            await house.view.until(missing, "complete page", within=10)
        except AssertionError:
            assert absent == []
        assert str(house.company) not in (await outside.get("/metrics")).text


async def test_one_trace_leads_from_the_webhook_to_the_erp(house):
    spans = InMemorySpanExporter()
    end = configure_telemetry(TelemetrySettings(), service="test", processor=SimpleSpanProcessor(spans))
    try:
        invoice = await house.invoice()
        await house.export_of(invoice, "skipped")
        await house.procore.order_webhook_fault("drop")
        await house.approve(invoice)
        trace = await post(house, resource_id=invoice)
        await house.export_of(invoice, "exported")
        await house.at_rest(invoice)
    finally:
        end()
    asked = [request for request in await house.erp.requests(house.book) if request.step is not ErpStep.LOG_IN]
    assert {request.step for request in asked} >= {ErpStep.FIND, ErpStep.CREATE, ErpStep.FINISH, ErpStep.READ}
    assert all((request.traceparent or "").split("-")[1] == trace for request in asked)
    names = [span.name for span in spans.get_finished_spans() if f"{span.context.trace_id:032x}" == trace]
    assert {"webhook.received", "export.advance", "erp.find", "erp.create", "erp.finish"} <= set(names)


async def test_readiness_is_red_while_kafka_is_away_and_green_after(opens, kafka_broker, monkeypatch):
    for name, seconds in (("STUCK_AFTER", 4.0), ("WATCH_SECONDS", 0.5)):
        monkeypatch.setattr(worker_module, name, seconds)
    house = await opens()
    async with seen_from_outside(house.workers.first) as outside:

        async def ready() -> bool:
            return (await outside.get("/readyz")).status_code == 200

        async def red() -> bool:
            return "kafka" in (await outside.get("/readyz")).json()["failing"]

        await house.view.until(ready, "readiness")
        await asyncio.to_thread(kafka_broker.kill)
        try:
            await house.view.until(red, "red readiness")
            assert (await outside.get("/healthz")).status_code == 200
            parked = await house.approved()
        finally:
            await asyncio.to_thread(kafka_broker.restart)
        await house.view.until(ready, "readiness again", within=30)
    await house.export_of(parked, "exported", within=30)


async def test_no_secret_and_no_name_is_kept_or_logged(house):
    await post(house, token="a-token-that-somebody-guessed", resource_id=1)
    await house.order(FaultKind.EXPIRE_LOG_IN, ErpStep.CREATE)
    invoice = await house.approved()
    await house.export_of(invoice, "exported")
    await house.erp.set_up(house.book, client_secret="another-secret")
    await house.erp.expire_log_ins(house.book)
    refused = await house.approved(contract=await house.another_contract())
    await house.export_of(refused, "retrying", reason=Reason.RETRY_LATER)
    await house.procore.order_fault(401, times=None)
    await house.procore.edit_invoice(invoice, total_amount_paid="1.00", user_id=house.ada)
    await house.view.until(lambda: said(house, "export.postponed"), "refusal by Procore")
    await house.procore.clear_faults()
    kept = [house.log.getvalue()]
    for table in ("events", "entries", "exports", "work", "commands", "connection_states", "reconciliations"):
        kept += (await house.view.execute(f"SELECT row_to_json({table})::text FROM {table}")).scalars()
    kept += (await house.view.execute("SELECT encode(raw, 'escape') FROM events")).scalars()
    everything = "\n".join(kept)
    assert str(invoice) in everything
    planted = [*dataclasses.asdict(house.secrets).values(), "a-token-that-somebody-guessed", "another-secret"]
    assert [secret for secret in planted if secret in everything] == []
    hashed = "\n".join((await house.view.execute("SELECT body::text FROM entries")).scalars())
    assert "example.com" not in hashed
    assert "Somebody" not in hashed


async def said(house: House, event: str) -> bool:
    return bool(house.logged(event))
