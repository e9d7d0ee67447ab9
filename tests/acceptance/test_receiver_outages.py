"""What a real receiver process does while Kafka, Postgres or both are away, and when it is stopped itself."""

import asyncio
import itertools
import json
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from deploy.sandbox.local.processes import free_port
from shared.database import Role, connect_raw
from shared.events.topics import Topic
from tests.acceptance.receiving import (
    CURRENT,
    eventually,
    parked,
    records,
    running_receiver,
)

pytestmark = [pytest.mark.real_kafka, pytest.mark.timeout(180)]

numbers = itertools.count(1)


@pytest.fixture
def receiver(kafka, postgres, tmp_path):
    with running_receiver(tmp_path, database_url=postgres.url, bootstrap=kafka.bootstrap) as receiver:
        eventually(lambda: receiver.logged("broker.connected"))
        yield receiver


@pytest.fixture
def kafka_away(kafka):
    kafka.kill()
    yield kafka
    kafka.restart()


def an_event() -> dict[str, str]:
    return {
        "id": f"01OUTAGE{time.monotonic_ns()}{next(numbers)}",
        "reason": "update",
        "company_id": "415",
        "project_id": "6021",
        "resource_type": "Payment Applications",
        "resource_id": "7700123",
    }


def ids_in_kafka(kafka) -> list[str]:
    found = records(kafka.bootstrap, Topic.WEBHOOKS, lambda _: True)
    return [dict(record.headers)["ce_id"].decode() for record in found]


def test_webhooks_are_parked_and_flow_when_kafka_is_back(receiver, kafka, postgres):
    assert receiver.post(before := an_event()).status_code == 204
    kafka.kill()
    try:
        sent = [an_event() for _ in range(60)]
        began = time.monotonic()
        assert receiver.post(sent[0]).status_code == 204
        assert time.monotonic() - began < 2
        began = time.monotonic()
        assert {receiver.post(webhook).status_code for webhook in sent[1:]} == {204}
        assert time.monotonic() - began < 5, "only the first waits for Kafka"
        assert receiver.post(b"not json").status_code == 204
        assert len(parked(postgres.url)) == 61
        assert receiver.client.get("/readyz").status_code == 200
        eventually(lambda: receiver.metric("invoice_export_parked_events") == 61)
    finally:
        kafka.restart()
    eventually(lambda: parked(postgres.url) == [])
    eventually(lambda: receiver.metric("invoice_export_receiver_broker_away") == 0)
    assert {webhook["id"] for webhook in [before, *sent]} <= set(ids_in_kafka(kafka))
    assert records(kafka.bootstrap, Topic.DEAD_LETTERS, lambda record: record.value == b"not json")
    assert receiver.post(after := an_event()).status_code == 204
    assert after["id"] in ids_in_kafka(kafka)


def test_a_receiver_starts_while_kafka_is_away(kafka, kafka_away, postgres, tmp_path):
    webhook = an_event()
    with running_receiver(tmp_path, database_url=postgres.url, bootstrap=kafka.bootstrap) as receiver:
        assert receiver.post(webhook).status_code == 204
        kafka.restart()
        eventually(lambda: webhook["id"] in ids_in_kafka(kafka))


def test_a_dead_receivers_rows_are_relayed_by_the_next(kafka, kafka_away, postgres, tmp_path):
    webhook = an_event()
    with running_receiver(tmp_path, database_url=postgres.url, bootstrap=kafka.bootstrap) as receiver:
        assert receiver.post(webhook).status_code == 204
        receiver.process.kill()
        receiver.process.wait()
    assert len(parked(postgres.url)) == 1
    kafka.restart()
    with running_receiver(tmp_path, database_url=postgres.url, bootstrap=kafka.bootstrap):
        eventually(lambda: webhook["id"] in ids_in_kafka(kafka))
        eventually(lambda: parked(postgres.url) == [])


def test_with_both_away_a_webhook_is_turned_away_in_time(kafka, postgres, tmp_path):
    nowhere = f"postgresql://nobody@127.0.0.1:{free_port()}/nothing"
    with running_receiver(tmp_path, database_url=nowhere, bootstrap=f"127.0.0.1:{free_port()}") as receiver:
        for _ in range(2):
            began = time.monotonic()
            answer = receiver.post(an_event())
            assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
            assert time.monotonic() - began < 2
        assert receiver.client.get("/readyz").status_code == 503
        assert receiver.client.get("/healthz").status_code == 200


def test_a_database_that_hangs_does_not_hold_the_answer(kafka, kafka_away, postgres, tmp_path):
    async def post_while_locked(receiver) -> tuple[int, float]:
        connection = await connect_raw(postgres.url, Role.OWNER)
        try:
            async with connection.transaction():
                await connection.execute("LOCK TABLE parked_events IN ACCESS EXCLUSIVE MODE")
                began = time.monotonic()
                answer = await asyncio.to_thread(receiver.post, an_event())
                return answer.status_code, time.monotonic() - began
        finally:
            await connection.close()

    with running_receiver(tmp_path, database_url=postgres.url, bootstrap=kafka.bootstrap) as receiver:
        status, seconds = asyncio.run(post_while_locked(receiver))
        assert status == 503
        assert seconds < 2


def test_without_postgres_webhooks_still_reach_kafka(kafka, tmp_path):
    nowhere = f"postgresql://nobody@127.0.0.1:{free_port()}/nothing"
    with running_receiver(tmp_path, database_url=nowhere, bootstrap=kafka.bootstrap) as receiver:
        eventually(lambda: receiver.logged("broker.connected"))
        webhook = an_event()
        assert receiver.post(webhook).status_code == 204
        assert webhook["id"] in ids_in_kafka(kafka)
        assert receiver.client.get("/readyz").status_code == 200


def a_sender(receiver):
    return httpx.Client(base_url=receiver.url, headers={"authorization": CURRENT}, timeout=10, verify=False)


def test_stopping_under_load_loses_nothing_acknowledged(receiver, kafka):
    acknowledged: list[str] = []

    def post_until_refused() -> None:
        with a_sender(receiver) as client:
            while True:
                webhook = an_event()
                try:
                    answer = client.post("/webhooks/procore", content=json.dumps(webhook))
                except httpx.TransportError:
                    return
                assert answer.status_code == 204
                acknowledged.append(webhook["id"])

    with ThreadPoolExecutor(8) as pool:
        running = [pool.submit(post_until_refused) for _ in range(8)]
        eventually(lambda: len(acknowledged) > 300)
        receiver.terminate()
        for each in running:
            each.result()
    assert set(acknowledged) <= set(ids_in_kafka(kafka))
    assert "Traceback" not in receiver.log_path.read_text()


def test_a_broker_that_dies_under_load_loses_nothing_acknowledged(receiver, kafka, postgres):
    acknowledged: list[str] = []

    def post(count: int) -> None:
        with a_sender(receiver) as client:
            for _ in range(count):
                webhook = an_event()
                assert client.post("/webhooks/procore", content=json.dumps(webhook)).status_code == 204
                acknowledged.append(webhook["id"])

    with ThreadPoolExecutor(8) as pool:
        running = [pool.submit(post, 150) for _ in range(8)]
        eventually(lambda: len(acknowledged) > 200)
        kafka.kill()
        kafka.restart()
        for each in running:
            each.result()
    eventually(lambda: parked(postgres.url) == [])
    assert len(acknowledged) == 1200
    assert set(acknowledged) <= set(ids_in_kafka(kafka))
