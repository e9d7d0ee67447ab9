import json
from datetime import UTC, datetime
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.events.notifications import Notification, Unreadable, UnreadableReason, read
from shared.events.webhook_event import WebhookEvent, is_owner_invoice

NOW = datetime(2026, 5, 4, 13, 20, 42, tzinfo=UTC)
V2 = {
    "id": 904410071,
    "ulid": "01JT5Q8Z6W4N3V9K2H7XB0CDEF",
    "timestamp": "2026-05-04T13:20:41.512034Z",
    "metadata": {"source_user_id": 31207, "source_application_id": 88, "source_operation_id": None},
    "user_id": 31207,
    "company_id": 415,
    "project_id": 6021,
    "api_version": "v2.0",
    "event_type": "update",
    "resource_name": "Payment Applications",
    "resource_id": 7700123,
}
V3 = {**V2, "api_version": "v3.0", "related_resources": [{"id": 1, "name": "Prime Contracts"}]}
V4 = {
    "id": "01JT5Q8Z6W4N3V9K2H7XB0CD",
    "timestamp": "2026-05-04T13:20:41.512034Z",
    "reason": "update",
    "company_id": "415",
    "project_id": "6021",
    "user_id": "31207",
    "resource_type": "Payment Applications",
    "resource_id": "7700123",
}


def notification(content: dict, **changes) -> Notification:
    found = read(json.dumps({**content, **changes}).encode())
    assert isinstance(found, Notification), found
    return found


def unreadable(body: bytes) -> Unreadable:
    found = read(body)
    assert isinstance(found, Unreadable), found
    return found


@pytest.mark.parametrize(("content", "version"), [(V2, "v2.0"), (V3, "v3.0"), (V4, "v4.0")])
def test_every_payload_version_reads_the_same(content, version):
    found = notification(content)
    assert found.payload_version == version
    assert (found.company_id, found.project_id, found.user_id) == ("415", "6021", "31207")
    assert (found.resource_name, found.resource_id, found.reason) == (
        "Payment Applications",
        "7700123",
        "update",
    )
    assert found.occurred_at == datetime(2026, 5, 4, 13, 20, 41, 512034, tzinfo=UTC)
    assert found.is_relevant


@pytest.mark.parametrize(
    ("api_version", "version"), [("v2", "v2.0"), ("v3", "v3.0"), ("v9", "unknown"), (7, "unknown")]
)
def test_the_version_mark_may_be_short_or_new(api_version, version):
    assert notification(V2, api_version=api_version).payload_version == version


def test_a_missing_version_mark_is_told_by_shape():
    unmarked = {name: value for name, value in V3.items() if name != "api_version"}
    assert notification(unmarked).payload_version == "v3.0"
    del unmarked["related_resources"]
    assert notification(unmarked).payload_version == "unknown"


def test_the_event_id_is_the_ulid_else_the_id_else_a_hash():
    assert notification(V2).event_id == "01JT5Q8Z6W4N3V9K2H7XB0CDEF"
    assert notification(V2, ulid=None).event_id == "904410071"
    assert notification(V4).event_id == "01JT5Q8Z6W4N3V9K2H7XB0CD"
    body = json.dumps({**V4, "id": ""}).encode()
    assert read(body).event_id == f"sha256:{sha256(body).hexdigest()}"


def test_the_source_application_is_kept_where_named():
    assert notification(V2).source_application_id == "88"
    assert notification(V2, metadata=None).source_application_id is None
    assert notification(V2, metadata=[1]).source_application_id is None
    assert notification(V4).source_application_id is None


@pytest.mark.parametrize("field", ["project_id", "user_id"])
@pytest.mark.parametrize("nothing", [None, ""])
def test_a_project_or_user_may_be_missing(field, nothing):
    assert getattr(notification(V4, **{field: nothing}), field) is None


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), ("007", "7"), (2**63, "9223372036854775808"), (10**60, "1" + "0" * 60), ("12", "12")],
)
def test_ids_become_decimal_text_of_any_size(value, text):
    assert notification(V2, resource_id=value).resource_id == text


@pytest.mark.parametrize("value", [-5, "-5", 1.5, True, "abc", "١٢", "1" * 65, 10**64, [1], {"a": 1}, " 1"])
@pytest.mark.parametrize("field", ["company_id", "project_id", "user_id", "resource_id"])
def test_an_odd_id_is_named_as_the_reason(field, value):
    found = unreadable(json.dumps({**V2, field: value}).encode())
    assert found.reason is UnreadableReason.FIELD_ODD
    assert found.detail.startswith(field)


@pytest.mark.parametrize("field", ["company_id", "resource_id", "resource_name"])
def test_a_missing_field_is_named_as_the_reason(field):
    body = json.dumps({name: value for name, value in V2.items() if name != field}).encode()
    assert unreadable(body) == Unreadable(UnreadableReason.FIELD_MISSING, f"{field} is missing")


@pytest.mark.parametrize("value", [5.5, ["x"], " ", "x" * 201, "bad\u0000name", "lone \ud800 surrogate"])
def test_an_odd_resource_name_is_unreadable(value):
    assert unreadable(json.dumps({**V2, "resource_name": value}).encode()).reason is UnreadableReason.FIELD_ODD


@pytest.mark.parametrize(
    ("value", "reason"),
    [("Create", "create"), ("status_changed", "status_changed"), (None, "unknown"), (["x"], "unknown")],
)
def test_any_reason_is_kept_as_a_hint(value, reason):
    assert notification(V4, reason=value).reason == reason


@pytest.mark.parametrize(
    ("timestamp", "moment"),
    [
        ("2026-05-04T15:20:41+02:00", datetime(2026, 5, 4, 13, 20, 41, tzinfo=UTC)),
        ("2026-05-04 13:20:41", datetime(2026, 5, 4, 13, 20, 41, tzinfo=UTC)),
        ("yesterday", None),
        ("0001-01-01T00:00:00+14:00", None),
        (1777900841, None),
        (None, None),
    ],
)
def test_timestamps_are_utc_or_nothing(timestamp, moment):
    assert notification(V4, timestamp=timestamp).occurred_at == moment


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", UnreadableReason.EMPTY),
        (b" \n", UnreadableReason.EMPTY),
        (b"\xff\xfe{\x00}\x00", UnreadableReason.NOT_UTF8),
        (b"<xml/>", UnreadableReason.NOT_JSON),
        (b'{"id": NaN}', UnreadableReason.NOT_JSON),
        (b'{"id": 1', UnreadableReason.NOT_JSON),
        (b'{"a":' * 100_000, UnreadableReason.TOO_DEEP),
        (b"[" * 100_000, UnreadableReason.TOO_DEEP),
        (json.dumps([V2]).encode(), UnreadableReason.NOT_AN_OBJECT),
        (b"null", UnreadableReason.NOT_AN_OBJECT),
        (b"9" * 10_000, UnreadableReason.NOT_AN_OBJECT),
    ],
)
def test_what_is_no_notification_gets_a_reason(body, reason):
    assert unreadable(body).reason is reason


def test_a_byte_order_mark_and_odd_unknown_keys_are_harmless():
    body = b"\xef\xbb\xbf" + json.dumps({**V4, "data": {"a": [{}]}, "company_id": 1}).encode()
    body = body[:-1] + b', "far": 1e999, "huge": ' + b"9" * 9_000 + b', "company_id": "415"}'
    found = read(body)
    assert found.company_id == "415"
    assert found.body == body.decode()


@pytest.mark.parametrize(
    "name",
    [
        "Payment Applications",
        "payment_applications",
        "PAYMENT APPLICATION",
        "PaymentApplication",
        "payment-applications",
    ],
)
def test_owner_invoices_are_relevant_however_spelled(name):
    assert is_owner_invoice(name)


@pytest.mark.parametrize("name", ["Prime Contracts", "Requisitions", "Payment", "Applications", "Company Users"])
def test_other_resources_are_read_but_not_relevant(name):
    assert not notification(V2, resource_name=name).is_relevant


ODD = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.just("415")
JSON = st.recursive(ODD, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=5)


@given(st.binary())
def test_no_bytes_make_reading_raise(body):
    read(body)


@given(st.dictionaries(st.sampled_from(sorted({*V2, *V4})), JSON | st.sampled_from(["415", "update"])))
def test_whatever_is_read_becomes_an_event(changes):
    found = read(json.dumps({**V2, **changes}).encode())
    if isinstance(found, Notification):
        event = found.as_event(NOW)
        assert WebhookEvent.from_bytes(event.to_bytes()) == event
