"""Webhooks through a real receiver process into a real Kafka."""

import hashlib
import itertools
import json
import socket
import time
from urllib.parse import urlsplit

import pytest

from shared.events.topics import Topic
from shared.events.webhook_event import WebhookEvent
from tests.acceptance.receiving import (
    CURRENT,
    PREVIOUS,
    eventually,
    records,
    running_receiver,
)

pytestmark = [pytest.mark.real_kafka, pytest.mark.timeout(180)]

numbers = itertools.count(1)
TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.fixture(scope="module")
def receiver(kafka, postgres, tmp_path_factory):
    with running_receiver(
        tmp_path_factory.mktemp("receiver"), database_url=postgres.url, bootstrap=kafka.bootstrap
    ) as receiver:
        eventually(lambda: receiver.logged("broker.connected"))
        yield receiver


def a_webhook(**changes):
    """A v4.0 delivery with an event id of its own."""
    content = {
        "id": f"01EVENT{time.monotonic_ns()}{next(numbers)}",
        "timestamp": "2026-05-04T13:20:41.512034Z",
        "reason": "update",
        "company_id": "415",
        "project_id": "6021",
        "user_id": "31207",
        "resource_type": "Payment Applications",
        "resource_id": "7700123",
    }
    return {**content, **changes}


def events_of(kafka, webhook) -> list[WebhookEvent]:
    found = records(
        kafka.bootstrap, Topic.WEBHOOKS, lambda record: dict(record.headers)["ce_id"] == webhook["id"].encode()
    )
    return [WebhookEvent.from_bytes(record.value) for record in found]


@pytest.mark.parametrize("token", [CURRENT, PREVIOUS, f"Bearer {CURRENT}", f"bearer {PREVIOUS}"])
def test_a_webhook_with_either_token_reaches_kafka(receiver, kafka, token):
    webhook = a_webhook()
    assert receiver.post(webhook, token).status_code == 204
    (event,) = events_of(kafka, webhook)
    assert (event.company_id, event.project_id, event.resource_id) == ("415", "6021", "7700123")
    assert json.loads(event.body) == webhook


@pytest.mark.parametrize("token", [None, "", "current-token", "Basic current-token-1", f"{CURRENT},{PREVIOUS}"])
def test_a_wrong_or_missing_token_is_refused(receiver, kafka, token):
    webhook = a_webhook()
    assert receiver.post(webhook, token).status_code == 401
    assert events_of(kafka, webhook) == []


def test_a_wrong_token_is_refused_before_the_body(receiver):
    address = urlsplit(receiver.url)
    with socket.create_connection((address.hostname, address.port), timeout=5) as connection:
        connection.sendall(
            b"POST /webhooks/procore HTTP/1.1\r\nHost: x\r\nAuthorization: wrong\r\n"
            b"Content-Length: 1000000\r\nExpect: 100-continue\r\n\r\n"
        )
        assert connection.recv(4096).startswith(b"HTTP/1.1 401")


def test_a_record_has_key_cloudevents_and_trace(receiver, kafka):
    webhook = a_webhook()
    receiver.client.post(
        "/webhooks/procore",
        content=json.dumps(webhook),
        headers={"authorization": CURRENT, "traceparent": TRACEPARENT},
    )
    (record,) = records(
        kafka.bootstrap, Topic.WEBHOOKS, lambda record: dict(record.headers)["ce_id"] == webhook["id"].encode()
    )
    headers = dict(record.headers)
    assert record.key == b"415:6021"
    assert headers["ce_type"] == b"procore.payment_applications.update"
    assert headers["traceparent"] == TRACEPARENT.encode()


def test_an_event_about_something_else_is_kept_and_ignored(receiver, kafka):
    webhook = a_webhook(resource_type="Prime Contracts")
    before = receiver.metric('invoice_export_webhooks_total{outcome="ignored"}')
    assert receiver.post(webhook).status_code == 204
    assert [event.is_relevant for event in events_of(kafka, webhook)] == [False]
    assert receiver.metric('invoice_export_webhooks_total{outcome="ignored"}') == before + 1


def test_a_duplicate_passes_through_for_the_worker(receiver, kafka):
    webhook = a_webhook()
    assert [receiver.post(webhook).status_code for _ in range(3)] == [204, 204, 204]
    assert len(events_of(kafka, webhook)) == 3


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"\xff\x00 not text", b"not_utf8"),
        (b"<webhook/>", b"not_json"),
        (b"", b"empty"),
        (b'{"company_id": -5, "resource_id": 1}', b"field_odd"),
        (b'{"a":' * 50_000, b"too_deep"),
    ],
)
def test_an_unreadable_webhook_becomes_a_dead_letter(receiver, kafka, body, reason):
    assert receiver.post(body).status_code == 204
    sha256 = hashlib.sha256(body).hexdigest().encode()
    found = records(kafka.bootstrap, Topic.DEAD_LETTERS, lambda record: dict(record.headers)["body_sha256"] == sha256)
    headers = dict(found[-1].headers)
    assert headers["dead_letter_reason"] == reason
    assert headers["http-user-agent"] == b"Procore"
    assert (found[-1].value or b"") == body
    assert CURRENT.encode() not in b"".join(headers.values())


def test_a_body_over_one_mebibyte_leaves_hash_and_head(receiver, kafka):
    body = b'{"x": "' + b"y" * (1024 * 1024) + b'"}'
    assert receiver.post(body).status_code == 204
    sha256 = hashlib.sha256(body).hexdigest().encode()
    (found,) = records(
        kafka.bootstrap, Topic.DEAD_LETTERS, lambda record: dict(record.headers)["body_sha256"] == sha256
    )
    headers = dict(found.headers)
    assert headers["dead_letter_reason"] == b"too_large"
    assert (headers["body_length"], headers["body_is_whole"]) == (str(len(body)).encode(), b"false")
    assert found.value == body[:4096]


def test_a_body_of_one_mebibyte_is_read_whole(receiver, kafka):
    webhook = a_webhook()
    bare = len(json.dumps({**webhook, "note": ""}).encode())
    webhook["note"] = "\\" * ((1024 * 1024 - bare) // 2)
    assert receiver.post(webhook).status_code == 204
    assert [json.loads(event.body) for event in events_of(kafka, webhook)] == [webhook]


def test_a_body_that_never_ends_is_turned_away_in_time(receiver):
    address = urlsplit(receiver.url)
    began = time.monotonic()
    with socket.create_connection((address.hostname, address.port), timeout=5) as connection:
        connection.sendall(
            b"POST /webhooks/procore HTTP/1.1\r\nHost: x\r\nAuthorization: " + CURRENT.encode() + b"\r\n"
            b"Content-Length: 1000\r\n\r\n{"
        )
        answer = connection.recv(4096)
    assert answer.startswith(b"HTTP/1.1 503")
    assert b"retry-after: 5" in answer
    assert time.monotonic() - began < 2


@pytest.mark.parametrize("upgrade", ["h2c", "websocket"])
def test_a_body_behind_an_upgrade_is_never_taken_for_empty(receiver, kafka, upgrade):
    webhook = a_webhook()
    headers = {"authorization": CURRENT, "connection": "upgrade", "upgrade": upgrade}
    letters = len(records(kafka.bootstrap, Topic.DEAD_LETTERS, lambda _: True))
    answer = receiver.client.post("/webhooks/procore", content=json.dumps(webhook), headers=headers)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert len(records(kafka.bootstrap, Topic.DEAD_LETTERS, lambda _: True)) == letters
    assert "upgrade" in receiver.logged("webhook.turned_away")[-1]["why"]


def test_an_empty_body_beside_an_upgrade_that_is_not_asked_for_is_kept(receiver, kafka):
    letters = len(records(kafka.bootstrap, Topic.DEAD_LETTERS, lambda _: True))
    headers = {"authorization": CURRENT, "upgrade": "websocket"}
    answer = receiver.client.post("/webhooks/procore", content=iter([b""]), headers=headers)
    assert answer.status_code == 204
    assert len(records(kafka.bootstrap, Topic.DEAD_LETTERS, lambda _: True)) == letters + 1


def test_a_client_that_leaves_is_logged(receiver):
    address = urlsplit(receiver.url)
    before = len(receiver.logged("webhook.disconnected"))
    with socket.create_connection((address.hostname, address.port), timeout=5) as connection:
        connection.sendall(
            b"POST /webhooks/procore HTTP/1.1\r\nHost: x\r\nAuthorization: " + CURRENT.encode() + b"\r\n"
            b"Content-Length: 1000\r\n\r\n{"
        )
    eventually(lambda: len(receiver.logged("webhook.disconnected")) == before + 1)


def test_other_methods_are_not_allowed(receiver):
    answer = receiver.client.get("/webhooks/procore", headers={"authorization": CURRENT})
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")


def test_each_webhook_is_one_line_without_the_token(receiver):
    webhook = a_webhook()
    receiver.post(webhook)
    receiver.post(webhook, "wrong-token-3")
    (line,) = [line for line in receiver.logged("webhook.accepted") if line["event_id"] == webhook["id"]]
    assert (line["company_id"], line["project_id"], line["resource_id"]) == ("415", "6021", "7700123")
    assert line["milliseconds"] < 2000
    text = receiver.log_path.read_text()
    assert CURRENT not in text
    assert "wrong-token-3" not in text


def test_the_receiver_says_that_it_is_ready(receiver):
    answer = receiver.client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json()["checks"]["intake"]["detail"] == "Kafka takes webhooks"
