"""What Procore could not deliver is shown, and fed into the normal topic."""

import asyncio
import json
from datetime import UTC, datetime

import pytest
from sqlalchemy import insert

from shared.events.topics import Topic
from shared.events.webhook_event import WebhookEvent
from shared.ledger.tables import events
from tests.acceptance.receiving import records
from tests.support.hook_site import provision, receiver, site

__all__ = ["provision", "receiver", "site"]

PATIENCE = 30


@pytest.fixture
def status(site, command):
    """`hooks status --json`, and its hook of the first project."""

    async def status(*words):
        seen = await command("hooks", "status", "--json", "--project", site.library, *words)
        assert seen.exit_code == 0, seen.output
        assert site.token not in seen.output
        (project,) = json.loads(seen.stdout)
        return project

    return status


async def test_a_project_without_a_hook_is_shown(site, status, command):
    project = await status()
    assert (project["project"], project["hooks"]) == ("Library", [])
    assert project["todo"] == ["make a hook, payload v2.0"]
    shown = await command("hooks", "status")
    assert "Library" in shown.stdout
    assert "none" in shown.stdout


async def test_a_hook_in_order_has_nothing_to_do(site, receiver, provision, status):
    await provision()
    await site.change()
    await site.control.wait_until_idle(within=PATIENCE)
    project = await status()
    (hook,) = project["hooks"]
    assert project["todo"] == []
    assert (hook["token"], hook["status"], hook["triggers"]) == ("current", "active", ["create", "update", "delete"])
    assert (hook["delivered"], hook["waiting"], hook["lost"]) == (1, 0, 0)
    assert hook["last_success"]
    assert hook["last_error"] is None


async def test_what_cannot_be_delivered_is_counted(site, provision, status, command):
    async with site.receives(site.token):
        await provision()
    await site.change()
    await site.change()
    (hook,) = (await status())["hooks"]
    assert (hook["delivered"], hook["waiting"], hook["lost"], hook["never_heard"]) == (0, 2, 0, 2)
    assert hook["last_error"] in {"no answer", None}
    await site.control.advance_clock(13 * 3600)
    await site.control.wait_until_idle(within=PATIENCE)
    (hook,) = (await status())["hooks"]
    assert (hook["waiting"], hook["lost"], hook["last_error"]) == (0, 2, "no answer")
    assert hook["oldest"]
    assert "no answer" in (await command("hooks", "status")).stdout


async def test_discarded_events_are_fed_as_they_were(site, receiver, provision, status, kafka_broker):
    await provision()
    await site.control.order_webhook_fault("drop", times=1)
    await site.change()
    (told,) = [each["event"] for each in (await site.control.history())["deliveries"]]
    await status("--recover")
    found = await asyncio.to_thread(
        records,
        kafka_broker.address,
        Topic.WEBHOOKS,
        lambda record: dict(record.headers)["ce_id"] == told["ulid"].encode(),
    )
    (record,) = found
    event = WebhookEvent.from_bytes(record.value)
    assert record.key == f"{site.company}:{site.library}".encode()
    assert (event.event_id, event.resource_id, event.user_id) == (
        told["ulid"],
        str(site.invoice),
        str(site.ada),
    )


async def test_what_the_ledger_knows_is_not_fed(site, receiver, provision, status, owner_engine):
    await provision()
    await site.control.order_webhook_fault("drop", times=1)
    await site.change()
    (told,) = [each["event"] for each in (await site.control.history())["deliveries"]]
    row = {
        "event_id": told["ulid"],
        "fate": "accepted",
        "topic": Topic.WEBHOOKS.value,
        "partition": 0,
        "position": 0,
        "received_at": datetime.now(UTC),
        "raw": b"{}",
    }
    async with owner_engine.begin() as connection:
        await connection.execute(insert(events).values(row))
    (hook,) = (await status())["hooks"]
    assert (hook["lost"], hook["never_heard"]) == (1, 0)


async def test_a_stranger_token_is_told_without_its_end(site, receiver, provision, command, monkeypatch):
    await provision()
    monkeypatch.setenv("PROCORE_WEBHOOK_TOKENS", "quite-another-token")
    shown = await command("hooks", "status")
    assert "not one of ours" in shown.stdout
    assert site.token[-5:] not in shown.stdout
