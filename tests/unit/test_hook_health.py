"""What a list of deliveries says of its hook."""

from datetime import UTC, datetime, timedelta
from typing import Any

from shared.procore.hook_health import health, told
from shared.procore.webhook_rows import Delivery, DeliveryStatus, Hook, Trigger

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def a_row(status: str, *answers: int | None, at: datetime = NOON, **changes: Any) -> dict[str, Any]:
    """One event with an attempt for each answer, an hour apart."""
    attempts = [
        {"response_status": answer, "started_at": (at + number * HOUR).isoformat(), "completed_at": None}
        for number, answer in enumerate(answers)
    ]
    event = {"ulid": f"01{status}", "timestamp": at.isoformat(), "company_id": 415, "resource_id": 7, "user_id": 3}
    named = {"resource_name": "Payment Applications", "event_type": "update", "project_id": 6021}
    return {"id": "9", "status": status, "payload": event | named, "delivery_attempts": attempts} | changes


def of(*rows: dict[str, Any]) -> list[Delivery]:
    return [Delivery.of(row) for row in rows]


def test_no_delivery_is_no_news() -> None:
    seen = health([])
    assert (seen.delivered, seen.last_success, seen.oldest, seen.last_error) == (0, None, None, None)


def test_each_status_is_counted_where_it_belongs() -> None:
    seen = health(
        of(
            a_row("delivered", 204),
            a_row("failed", 500),
            a_row("discarded", 401, 503),
            a_row("retrying", 401),
            a_row("enqueued"),
            a_row("whatever comes"),
        )
    )
    assert (seen.delivered, len(seen.waiting), len(seen.lost)) == (1, 2, 2)
    assert seen.last_success == NOON
    assert seen.last_error == "we answered 503"


def test_the_oldest_is_by_its_event() -> None:
    seen = health(
        of(a_row("discarded", at=NOON - HOUR), a_row("enqueued"), a_row("delivered", 204, at=NOON - 9 * HOUR))
    )
    assert seen.oldest == NOON - HOUR
    assert seen.last_error is None


def test_an_attempt_without_answer_is_told() -> None:
    assert health(of(a_row("retrying", None))).last_error == "no answer"


def test_an_event_is_read_as_the_receiver_reads_it() -> None:
    (delivery,) = of(a_row("discarded"))
    event = told(delivery)
    assert event is not None
    assert (event.event_id, event.company_id, event.project_id, event.user_id) == ("01discarded", "415", "6021", "3")
    assert event.is_relevant


def test_an_event_that_is_not_shown_is_nobody() -> None:
    hidden, broken = of(a_row("discarded", payload=None), a_row("discarded", payload={"id": 1}))
    assert told(hidden) is told(broken) is None
    assert hidden.occurred_at is None


def test_odd_rows_are_read_without_a_guess() -> None:
    bare = Delivery.of({})
    assert (bare.status, bare.attempts, bare.answered, bare.ended_at) == (None, 0, None, None)
    hook = Hook.of({"id": 7, "payload_version": "v2", "destination_headers": {}})
    assert (hook.id, hook.payload_version, hook.token_end, hook.status) == ("7", "v2.0", None, "")
    reasons = [Trigger.of({"event_type": word}).reason for word in ("CREATED", "UPDATE", "delete", "DELETED")]
    assert reasons == ["create", "update", "delete", "delete"]
    assert Delivery.of({"status": "SUCCEEDED"}).status is DeliveryStatus.SUCCEEDED
