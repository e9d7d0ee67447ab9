"""Changes of status on invoice.exports.v1: in order for each key, none lost, whatever order commits came in."""

import asyncio
import itertools
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiokafka import AIOKafkaConsumer

from deploy.sandbox.local.parts import Part
from services.export_worker.publication import Publication
from shared.database import Role, connect_raw
from shared.events.export_event import ExportEvent
from shared.events.topics import Topic
from shared.kafka.producer import Producer
from shared.kafka.topics import create_topics
from shared.ledger.words import Reason
from shared.settings import KafkaSettings
from tests.support.ledgers import an_export, append, held_for

companies = itertools.count(secrets.randbelow(10**9) * 1000)


@pytest.fixture
def company() -> str:
    """One that no other test publishes."""
    return str(next(companies))


@pytest.fixture
async def producer(kafka_broker: Part) -> AsyncIterator[Producer]:
    settings = KafkaSettings(
        kafka_bootstrap_servers=[kafka_broker.address], kafka_enable_idempotence=not kafka_broker.limits
    )
    await create_topics(settings)
    producer = Producer(settings, client_id="test")
    await producer.start()
    await producer.wait_connected()
    yield producer
    await producer.stop()


@pytest.fixture
async def reader(kafka_broker: Part, producer: Producer) -> AsyncIterator[AIOKafkaConsumer]:
    consumer = AIOKafkaConsumer(Topic.EXPORTS, bootstrap_servers=kafka_broker.address, auto_offset_reset="latest")
    await consumer.start()
    await consumer.seek_to_end()
    yield consumer
    await consumer.stop()


@asynccontextmanager
async def publishing(engine, producer, database_url):
    """While the block lasts."""
    session = await connect_raw(database_url, Role.WORKER)
    running = asyncio.create_task(Publication(engine, producer).run(session))
    try:
        yield
    finally:
        running.cancel()
        await asyncio.wait({running})
        await session.close()


async def told(reader: AIOKafkaConsumer, company: str, number: int) -> list[ExportEvent]:
    """The first so many events of the company."""
    events: list[ExportEvent] = []
    async with asyncio.timeout(20):
        while len(events) < number:
            record = await reader.getone()
            event = ExportEvent.model_validate_json(record.value)
            if event.company_id == company:
                assert record.key == event.kafka_key
                events.append(event)
    return events


async def test_changes_of_status_are_told_in_order(worker_engine, producer, reader, database_url, company):
    first = await an_export(worker_engine, held_for(), invoice="1", company=company)
    second = await an_export(worker_engine, invoice="2", company=company)
    await append(worker_engine, first, held_for(Reason.APPROVER_INACTIVE))
    async with publishing(worker_engine, producer, database_url):
        events = await told(reader, company, 3)
        assert [(event.export_id, event.seq, event.status) for event in events] == [
            (first, 1, "waiting"),
            (first, 2, "held"),
            (second, 1, "waiting"),
        ]
        assert events[1].reasons == (Reason.APPROVER_LACKS_PRIVILEGE.value,)
        third = await an_export(worker_engine, invoice="3", company=company)
        assert [event.export_id for event in await told(reader, company, 1)] == [third]


async def test_an_entry_whose_transaction_ends_late_is_not_lost(
    worker_engine, owner_engine, producer, reader, database_url, company
):
    async with publishing(worker_engine, producer, database_url):
        async with owner_engine.connect() as session, session.begin() as held_open:
            await session.exec_driver_sql("SELECT pg_current_xact_id()")
            later = await an_export(worker_engine, held_for(), invoice="2", company=company)
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(2.5):
                    await told(reader, company, 1)
            await session.exec_driver_sql(EARLY, (company,))
            await held_open.commit()
        events = await told(reader, company, 3)
    assert [event.payment_application_id for event in events] == ["1", "2", "2"]
    assert [event.export_id for event in events[1:]] == [later, later]
    assert events[0].entry_id > events[1].entry_id  # told in the order in which it began, not by its number


EARLY = """
    WITH made AS (
        INSERT INTO exports (connection, company_id, project_id, payment_application_id, status, since, version,
            opened_at, changed_at, last_hash, state)
        VALUES ('harbor', $1, '91835', '1', 'waiting', now(), 1, now(), now(), '', '{}') RETURNING id)
    INSERT INTO entries (export_id, seq, kind, at, body, status_before, status, previous_hash, hash)
    SELECT id, 1, 'received', now(), '{}', 'none', 'waiting', '', '' FROM made
"""


async def test_two_workers_tell_each_change_once(worker_engine, producer, reader, database_url, company):
    async with publishing(worker_engine, producer, database_url), publishing(worker_engine, producer, database_url):
        made = [await an_export(worker_engine, held_for(), invoice=str(at), company=company) for at in range(5)]
        events = await told(reader, company, 10)
    assert [event.export_id for event in events] == [export_id for export_id in made for _ in range(2)]
    assert len({event.entry_id for event in events}) == 10


async def test_what_was_told_is_not_told_again_after_a_restart(worker_engine, producer, reader, database_url, company):
    await an_export(worker_engine, invoice="1", company=company)
    async with publishing(worker_engine, producer, database_url):
        await told(reader, company, 1)
        await published(worker_engine)
    second = await an_export(worker_engine, invoice="2", company=company)
    async with publishing(worker_engine, producer, database_url):
        assert [event.export_id for event in await told(reader, company, 1)] == [second]


async def published(engine) -> None:
    """Until the place that was reached is on record."""
    async with asyncio.timeout(10):
        while True:
            async with engine.connect() as session:
                if (await session.exec_driver_sql("SELECT FROM publications")).rowcount:
                    return
            await asyncio.sleep(0.02)
