"""Webhooks come without a pause while the token changes: none is refused, and each arrives."""

import json
import secrets
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field

import httpx
import pytest

from deploy.sandbox.local.kafka import start_kafka
from deploy.sandbox.local.postgres import start_postgres
from shared.events.topics import Topic
from tests.acceptance.receiving import (
    CURRENT,
    Receiver,
    eventually,
    prepare_database,
    prepare_topics,
    records,
    running_receiver,
)

pytestmark = [pytest.mark.real_kafka, pytest.mark.timeout(180)]

SENDERS = 6
NEWER = "newer-token-0"


@dataclass
class Procore:
    """Sends events as fast as they are taken, each until it is; `url` and `token` are where and with what."""

    url: str
    token: str = CURRENT
    is_over: threading.Event = field(default_factory=threading.Event)
    answers: Counter[int] = field(default_factory=Counter)
    arrived: dict[str, str] = field(default_factory=dict)

    def send(self) -> None:
        """One after the other. A connection that breaks means: again, at the address as it is then."""
        with httpx.Client(timeout=10, verify=False, trust_env=False) as client:
            while not self.is_over.is_set():
                event = f"01EVENT{secrets.token_hex(10)}"
                while event not in self.arrived:
                    self._deliver(client, event)

    def _deliver(self, client: httpx.Client, event: str) -> None:
        url, token = self.url, self.token
        body = {"id": event, "reason": "update", "company_id": "415", "project_id": "6021", "resource_id": "7"}
        body |= {"resource_type": "Payment Applications", "user_id": "31207"}
        try:
            answer = client.post(f"{url}/webhooks/procore", content=json.dumps(body), headers={"authorization": token})
        except httpx.TransportError:
            return
        self.answers[answer.status_code] += 1
        if answer.status_code == 204:
            self.arrived[event] = token

    def until_more(self, count: int) -> None:
        """So many more have arrived with the token of now."""
        wanted = self.with_token(self.token) + count
        eventually(lambda: self.with_token(self.token) >= wanted)

    def with_token(self, token: str) -> int:
        """How many arrived with it."""
        return list(self.arrived.copy().values()).count(token)


@contextmanager
def sending(url: str) -> Iterator[Procore]:
    """By several at once, to the block's end."""
    procore = Procore(url)
    with ThreadPoolExecutor(SENDERS) as pool:
        running = [pool.submit(procore.send) for _ in range(SENDERS)]
        try:
            yield procore
        finally:
            procore.is_over.set()
        for each in running:
            each.result()


@pytest.fixture(scope="module")
def kafka(tmp_path_factory):
    kafka = start_kafka(tmp_path_factory.mktemp("kafka"))
    prepare_topics(kafka.bootstrap)
    yield kafka
    kafka.remove()


@pytest.fixture
def start(kafka, tmp_path):
    """Starts a receiver that knows these tokens, once it reaches Kafka."""
    postgres = start_postgres(tmp_path / "postgres", durable=False)
    prepare_database(postgres.url)

    @contextmanager
    def start(tokens: str) -> Iterator[Receiver]:
        with running_receiver(tmp_path, database_url=postgres.url, bootstrap=kafka.bootstrap, tokens=tokens) as one:
            eventually(lambda: one.logged("broker.connected"))
            yield one

    yield start
    postgres.remove()


def test_a_rotation_under_load_loses_no_event(start, kafka):
    with start(CURRENT) as before, start(f"{NEWER},{CURRENT}") as between, start(NEWER) as after:
        with sending(before.url) as procore:
            procore.until_more(100)
            procore.url = between.url
            before.terminate()
            procore.until_more(100)
            procore.token = NEWER  # as `hooks provision --rotate` tells each hook
            procore.until_more(100)
            assert between.metric('invoice_export_webhook_tokens_total{token="previous"}') >= 100
            eventually(lambda: is_silent(between))
            procore.url = after.url
            between.terminate()
            procore.until_more(100)
        assert set(procore.answers) == {204}
        found = records(kafka.bootstrap, Topic.WEBHOOKS, lambda _: True)
        assert set(procore.arrived) <= {dict(record.headers)["ce_id"].decode() for record in found}
        assert after.post({}, CURRENT).status_code == 401


def is_silent(receiver: Receiver) -> bool:
    """Nobody comes with the token of before any more."""
    name = 'invoice_export_webhook_tokens_total{token="previous"}'
    seen, taken = receiver.metric(name), receiver.metric('invoice_export_webhook_tokens_total{token="current"}')
    eventually(lambda: receiver.metric('invoice_export_webhook_tokens_total{token="current"}') > taken + 2 * SENDERS)
    return receiver.metric(name) == seen
