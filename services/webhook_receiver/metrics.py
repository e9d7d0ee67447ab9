"""What the receiver counts. Every label has few values, all of them ours."""

from enum import StrEnum

from prometheus_client import Counter, Gauge, Histogram


class Outcome(StrEnum):
    """What became of one webhook; each is one counter and one log event."""

    ACCEPTED = "accepted"  # in Kafka, about an owner invoice
    IGNORED = "ignored"  # in Kafka, about something else
    PARKED = "parked"  # in Postgres, until Kafka is back
    DEAD_LETTERED = "dead_lettered"  # in Kafka, authentic but unreadable
    REFUSED = "refused"  # 401
    TURNED_AWAY = "turned_away"  # 503: nobody could take it in time
    DISCONNECTED = "disconnected"  # the client left before its body was complete


webhooks = Counter("invoice_export_webhooks", "Webhooks by what became of them.", ["outcome"])
dead_letters = Counter("invoice_export_webhook_dead_letters", "Unreadable webhooks by reason.", ["reason"])
tokens = Counter("invoice_export_webhook_tokens", "Authentic webhooks by the token they carried.", ["token"])
seconds = Histogram(
    "invoice_export_webhook_seconds",
    "Time from a webhook's headers to its answer.",
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 1.5, 2.0, 5.0),
)
parked = Gauge("invoice_export_parked_events", "Webhooks waiting in Postgres; exact up to 10,000.")
oldest_parked = Gauge(
    "invoice_export_parked_oldest_timestamp_seconds", "When the oldest parked webhook was parked; 0 if none."
)
broker_away = Gauge("invoice_export_receiver_broker_away", "1 while webhooks are parked at once.")

refused_at = Gauge("invoice_export_webhook_refused_timestamp_seconds", "When a wrong token came last; 0 if never.")

for outcome in Outcome:
    webhooks.labels(outcome)
