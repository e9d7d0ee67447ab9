import json
from datetime import UTC, datetime

import pytest

from shared.events.dead_letter import DeadLetter
from shared.events.topics import TOPICS, Topic
from shared.events.webhook_event import InvalidRecord, WebhookEvent

NOW = datetime(2026, 5, 4, 13, 20, 42, tzinfo=UTC)


def an_event(**changes) -> WebhookEvent:
    fields = {
        "event_id": "01JT5Q8Z6W4N3V9K2H7XB0CDEF",
        "received_at": NOW,
        "payload_version": "v4.0",
        "company_id": "415",
        "project_id": "6021",
        "user_id": "31207",
        "source_application_id": None,
        "resource_name": "Payment Applications",
        "resource_id": "7700123",
        "reason": "update",
        "occurred_at": datetime(2026, 5, 4, 13, 20, 41, tzinfo=UTC),
        "body": '{"name": "Bücherei \\u0000"}',
    }
    return WebhookEvent(**{**fields, **changes})


def test_an_event_survives_the_way_through_kafka():
    event = an_event()
    assert WebhookEvent.from_bytes(event.to_bytes()) == event


def test_the_key_is_company_and_project():
    assert an_event().kafka_key == b"415:6021"
    assert an_event(project_id=None).kafka_key == b"415:"


def test_headers_are_binary_cloudevents():
    headers = dict(an_event().headers())
    assert headers == {
        "ce_specversion": b"1.0",
        "ce_id": b"01JT5Q8Z6W4N3V9K2H7XB0CDEF",
        "ce_type": b"procore.payment_applications.update",
        "ce_source": b"/procore/companies/415/projects/6021",
        "ce_time": b"2026-05-04T13:20:41Z",
        "content-type": b"application/json",
    }


def test_headers_do_without_project_time_and_words():
    headers = dict(an_event(project_id=None, occurred_at=None, resource_name="---").headers())
    assert headers["ce_source"] == b"/procore/companies/415"
    assert headers["ce_time"] == b"2026-05-04T13:20:42Z"
    assert headers["ce_type"] == b"procore.unknown.update"


def test_a_newer_receivers_extra_field_is_ignored():
    content = {**json.loads(an_event().to_bytes()), "colour": "green"}
    assert WebhookEvent.from_bytes(json.dumps(content).encode()) == an_event()


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"version": 2}, "version"),
        ({"company_id": "-1"}, "company_id"),
        ({"resource_id": 77}, "resource_id"),
        ({"resource_id": None}, "resource_id"),
        ({"received_at": "2026-05-04T13:20:42"}, "received_at"),
        ({"reason": "a\u0000b"}, "reason"),
        ({"payload_version": "v1"}, "payload_version"),
    ],
)
def test_a_record_that_is_not_ours_names_its_fault(changes, named):
    content = {**json.loads(an_event().to_bytes()), **changes}
    with pytest.raises(InvalidRecord) as caught:
        WebhookEvent.from_bytes(json.dumps(content).encode())
    assert caught.value.reason.startswith(named)


@pytest.mark.parametrize("value", [None, b"", b"\x00", b"[]", b"null", b"\xff", b"{}"])
def test_stray_bytes_are_an_invalid_record(value):
    with pytest.raises(InvalidRecord):
        WebhookEvent.from_bytes(value)


def test_a_dead_letter_survives_the_way_through_kafka():
    letter = DeadLetter.of(
        b"\xff\x00",
        reason="not_utf8",
        detail="the body is not UTF-8 text",
        received_at=NOW,
        http_headers=[(b"User-Agent", b"Procore"), (b"Authorization", b"hush"), (b"cookie", b"hush")],
    )
    assert letter.origin_headers == (("user-agent", "Procore"),)
    assert DeadLetter.from_record(b"\xff\x00", letter.headers(), recorded_at=NOW) == letter
    assert b"hush" not in b"".join(value for _, value in letter.headers())


def test_a_foreign_dead_letter_is_read_all_the_same():
    headers = [("received_at", b"2026"), ("body_length", b"many"), ("x", None)]
    letter = DeadLetter.from_record(None, headers, recorded_at=NOW)
    assert (letter.reason, letter.received_at, letter.length, letter.body) == ("unknown", NOW, 0, b"")


def test_every_topic_is_kept_for_thirty_days():
    assert {each.topic for each in TOPICS} == set(Topic)
    assert all(each.retention_ms == 30 * 24 * 3600 * 1000 and each.partitions == 12 for each in TOPICS)
