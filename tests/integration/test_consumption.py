"""From Kafka's records into a real ledger: all of a batch once, whatever comes and how often."""

import json
import secrets
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from deploy.sandbox.local.processes import free_port
from services.export_worker.adoption import adopt_unserved
from services.export_worker.consumption import Consumption
from services.export_worker.erp.catalog import ADAPTERS
from shared.connections.catalog import Catalog, load_catalog
from shared.database import DATABASE_ERRORS, Role, create_engine
from shared.events.command import Action, Command, OperatorRole
from shared.events.topics import Topic
from shared.events.webhook_event import WebhookEvent
from shared.kafka.consumer import Record
from tests.support.ledgers import COMPANY, PROJECT, an_export, held_for

KEY = SecretStr("a-signing-key-for-tests")
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.fixture
def catalog(tmp_path: Path) -> Catalog:
    path = tmp_path / "connections.toml"
    path.write_text(
        f"[[connection]]\nname = 'harbor'\ncompany_id = {COMPANY}\nadapter = 'erp_sandbox'\n"
        "settings = { url = 'http://127.0.0.1:9', book = 'main' }\nsecrets = { client_secret = 'env:NOWHERE' }\n"
    )
    return load_catalog(path, adapters=ADAPTERS)


@pytest.fixture
def consumption(worker_engine: AsyncEngine, catalog: Catalog) -> Consumption:
    return Consumption(worker_engine, catalog, KEY)


@pytest.fixture
def rows(worker_engine: AsyncEngine):
    async def asked(statement: str) -> list[Any]:
        async with worker_engine.connect() as session:
            return list((await session.execute(text(statement))).all())

    return asked


def a_record(value: bytes | None, *, topic: Topic = Topic.WEBHOOKS, offset: int = 0, partition: int = 0) -> Record:
    now = int(time.time() * 1000)
    return Record(topic, partition, offset, now, b"4907:91835", value, (("traceparent", TRACE.encode()),))


def an_event(event_id: str, *, offset: int = 0, **changes: Any) -> Record:
    fields = {
        "event_id": event_id,
        "received_at": datetime.now(UTC),
        "payload_version": "v2.0",
        "company_id": COMPANY,
        "project_id": PROJECT,
        "user_id": "2",
        "source_application_id": None,
        "resource_name": "Payment Applications",
        "resource_id": "5001",
        "reason": "update",
        "occurred_at": None,
        "body": "{}",
    }
    return a_record(WebhookEvent(**fields | changes).to_bytes(), offset=offset)


def a_command(export_id: int, *, offset: int = 0, key: SecretStr = KEY, **changes: Any) -> Record:
    fields = {
        "nonce": secrets.token_hex(8),
        "action": Action.REPLAY,
        "export_id": export_id,
        "company_id": COMPANY,
        "project_id": PROJECT,
        "by": "account-7",
        "role": OperatorRole.OPERATOR,
        "why": "mended",
        "at": datetime.now(UTC),
    }
    return a_record(Command(**fields | changes).signed(key).to_bytes(), topic=Topic.COMMANDS, offset=offset)


async def test_a_batch_is_received_and_due(consumption, rows):
    await consumption.store([an_event("one"), an_event("two", offset=1), an_event("other", offset=2, resource_id="7")])
    assert await rows("SELECT payment_application_id, connection, version FROM exports ORDER BY 1") == [
        ("5001", "harbor", 2),
        ("7", "harbor", 1),
    ]
    assert await rows("SELECT DISTINCT due_at <= now(), look_due, trace FROM work") == [(True, True, TRACE)]
    assert await rows("SELECT event_id FROM events JOIN exports ON exports.id = export_id ORDER BY 1") == [
        ("one",),
        ("other",),
        ("two",),
    ]


async def test_a_batch_that_comes_again_changes_nothing(consumption, rows):
    batch = [an_event("one"), an_event("two", offset=1)]
    await consumption.store(batch)
    await consumption.store(batch)
    assert await rows("SELECT version FROM exports") == [(2,)]
    assert await rows("SELECT event_id, deliveries FROM events ORDER BY 1") == [("one", 1), ("two", 1)]


async def test_one_event_delivered_twice_is_received_once(consumption, rows):
    await consumption.store([an_event("one"), an_event("one", offset=1)])
    await consumption.store([an_event("one", offset=2)])
    assert await rows("SELECT version FROM exports") == [(1,)]
    assert await rows("SELECT deliveries, position FROM events") == [(3, 2)]


async def test_events_of_other_resources_are_noted_and_open_nothing(consumption, rows):
    await consumption.store([an_event("one", resource_name="Drawings")])
    assert await rows("SELECT fate, resource_name FROM events") == [("ignored", "Drawings")]
    assert await rows("SELECT id FROM exports") == []


async def test_a_company_without_a_connection_is_kept_for_later(consumption, rows):
    await consumption.store([an_event("one", company_id="999")])
    assert await rows("SELECT connection, company_id FROM exports") == [("", "999")]


async def test_an_event_without_a_project_is_unplaced_until_the_invoice_is_known(consumption, rows):
    await consumption.store([an_event("early", project_id=None)])
    await consumption.store([an_event("known", offset=1), an_event("late", offset=2)])
    await consumption.store([an_event("placed", offset=3, project_id=None)])
    assert await rows("SELECT event_id, fate FROM events WHERE export_id IS NULL") == [("early", "unplaced")]
    assert await rows("SELECT project_id, version FROM exports") == [(PROJECT, 3)]


@pytest.mark.parametrize("value", [None, b"", b"\x00\xff", b"{}", b"[" * 10_000, b'{"version": 2}'])
@pytest.mark.parametrize("topic", [Topic.WEBHOOKS, Topic.COMMANDS])
async def test_what_is_not_ours_is_kept_beside_what_is(consumption, rows, topic, value):
    await consumption.store([a_record(value, topic=topic), an_event("one", offset=1)])
    [(fate, detail, raw)] = await rows("SELECT fate, detail, raw FROM events WHERE fate <> 'accepted'")
    assert (fate, raw) == ("foreign", value or b"")
    assert detail
    assert await rows("SELECT version FROM exports") == [(1,)]


async def test_a_dead_letter_is_shown_among_the_events(consumption, rows):
    await consumption.store([a_record(b"not json", topic=Topic.DEAD_LETTERS)])
    [(fate, raw)] = await rows("SELECT fate, raw FROM events")
    assert (fate, raw) == ("dead_lettered", b"not json")


def of_the_invoice(event_id: str, *, offset: int, invoice: int = 5001) -> Record:
    """An event with the body that it was read from."""
    told = {"ulid": event_id, "company_id": int(COMPANY), "project_id": int(PROJECT), "user_id": 2}
    about = {"resource_name": "Payment Applications", "resource_id": invoice, "event_type": "update"}
    return an_event(event_id, offset=offset, resource_id=str(invoice), body=json.dumps(told | about))


@pytest.fixture
def written_by_newer(worker_engine):
    """Whether the state of every export holds something that this version does not know."""

    async def write(*, is_newer: bool) -> None:
        change = "|| '{\"of_tomorrow\": 1}'" if is_newer else "- 'of_tomorrow'"
        async with worker_engine.begin() as session:
            await session.execute(text(f"UPDATE exports SET state = state {change}"))
            await session.execute(text("UPDATE work SET due_at = NULL"))

    return write


async def test_an_event_waits_for_the_version_that_wrote_its_export(consumption, rows, written_by_newer):
    await consumption.store([an_event("one")])
    await written_by_newer(is_newer=True)
    batch = [of_the_invoice("two", offset=1), an_event("other", offset=2, resource_id="7")]
    await consumption.store(batch)
    await consumption.store(batch)
    await consumption.take_up_postponed()
    fates = "SELECT event_id, fate FROM events ORDER BY 1"
    assert await rows(fates) == [("one", "accepted"), ("other", "accepted"), ("two", "postponed")]
    assert "of_tomorrow" in (await rows("SELECT detail FROM events WHERE fate = 'postponed'"))[0].detail
    await written_by_newer(is_newer=False)
    await consumption.take_up_postponed()
    await consumption.take_up_postponed()
    joined = "events JOIN exports ON exports.id = events.export_id JOIN work ON work.export_id = exports.id"
    taken = f"SELECT version, fate, detail, due_at <= now() FROM {joined} WHERE event_id = 'two'"
    assert await rows(taken) == [(2, "accepted", None, True)]


async def test_what_a_newer_version_wrote_gets_its_connection(worker_engine, catalog, rows, written_by_newer):
    await an_export(worker_engine, connection="")
    await written_by_newer(is_newer=True)
    await adopt_unserved(worker_engine, catalog)
    assert await rows("SELECT connection FROM exports") == [("harbor",)]


async def test_no_event_overtakes_one_that_waits(consumption, rows, written_by_newer):
    await consumption.store([an_event("one")])
    await written_by_newer(is_newer=True)
    await consumption.store([of_the_invoice("two", offset=1)])
    await consumption.store([of_the_invoice("three", offset=2)])
    await written_by_newer(is_newer=False)
    await consumption.store([of_the_invoice("four", offset=3), an_event("other", offset=4, resource_id="7")])
    told = "SELECT body ->> 'event_id' FROM entries WHERE export_id = (SELECT min(id) FROM exports) ORDER BY seq"
    assert [row[0] for row in await rows(told)] == ["one", "two", "three", "four"]
    assert await rows("SELECT DISTINCT fate, deliveries FROM events") == [("accepted", 1)]


async def test_what_cannot_be_taken_up_leaves_the_others_to_it(consumption, rows, written_by_newer, worker_engine):
    await consumption.store([an_event("one", resource_id="1"), an_event("two")])
    await written_by_newer(is_newer=True)
    await consumption.store([of_the_invoice("damaged", offset=2, invoice=1), of_the_invoice("fine", offset=3)])
    await written_by_newer(is_newer=False)
    async with worker_engine.begin() as session:
        await session.execute(text("UPDATE exports SET state = '[]' WHERE payment_application_id = '1'"))
    await consumption.take_up_postponed()
    assert await rows("SELECT event_id FROM events WHERE fate = 'postponed'") == [("damaged",)]


async def test_a_command_waits_for_its_exports_claim(consumption, rows, worker_engine):
    export_id = await an_export(worker_engine, held_for())
    record = a_command(export_id)
    await consumption.store([record, record])
    await consumption.store([record])
    assert await rows("SELECT export_id, handled_at FROM commands") == [(export_id, None)]
    assert await rows("SELECT fate, export_id FROM events") == [("command", export_id)]
    assert await rows("SELECT due_at <= now() FROM work") == [(True,)]
    assert "signature" not in (await rows("SELECT body::text FROM commands"))[0][0]


async def test_a_dry_run_is_kept_and_makes_no_look_due(consumption, rows, worker_engine):
    export_id = await an_export(worker_engine, held_for())
    before = await rows("SELECT due_at, look_due FROM work")
    await consumption.store([a_command(export_id, dry_run=True)])
    assert await rows("SELECT body ->> 'dry_run', handled_at FROM commands") == [("true", None)]
    assert await rows("SELECT due_at, look_due FROM work") == before


async def test_a_forged_command_never_takes_a_true_ones_place(consumption, rows, worker_engine):
    export_id = await an_export(worker_engine, held_for())
    forged = a_command(export_id, nonce="same", key=SecretStr("somebody else's key"))
    await consumption.store([forged, a_command(export_id, nonce="same", offset=1)])
    assert await rows("SELECT fate FROM events ORDER BY position") == [("refused",), ("command",)]
    assert await rows("SELECT nonce FROM commands") == [("same",)]


async def test_a_command_for_no_export_is_refused_with_its_reason(consumption, rows):
    await consumption.store([a_command(987_654), an_event("one", offset=1)])
    assert await rows("SELECT fate, detail FROM events WHERE topic LIKE '%commands%'") == [
        ("refused", "there is no export 987654")
    ]
    assert await rows("SELECT version FROM exports") == [(1,)]


async def test_a_database_that_is_away_takes_nothing_of_the_batch(consumption, rows):
    nowhere = f"postgresql://nobody:nothing@127.0.0.1:{free_port()}/nothing"
    away = create_engine(nowhere, Role.WORKER, application_name="test")
    with pytest.raises(DATABASE_ERRORS):
        await Consumption(away, consumption._catalog, KEY).store([an_event("one")])
    assert await rows("SELECT id FROM events") == []
    await consumption.store([an_event("one")])
    assert await rows("SELECT version FROM exports") == [(1,)]
