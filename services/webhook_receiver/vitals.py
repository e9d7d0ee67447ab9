"""What a page may show of this receiver: what it counted since its start."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from prometheus_client import Gauge

from services.webhook_receiver import metrics
from services.webhook_receiver.shelter import BrokerState


async def vitals(broker: BrokerState) -> Mapping[str, Any]:
    """Webhooks by what became of them (refused: a wrong token), and what is parked for want of Kafka."""
    return {
        "webhooks": {
            sample.labels["outcome"]: int(sample.value)
            for family in metrics.webhooks.collect()
            for sample in family.samples
            if sample.name.endswith("_total")
        },
        "refused_at": _moment(metrics.refused_at),
        "parked": int(_value(metrics.parked)),
        "oldest_parked_at": _moment(metrics.oldest_parked),
        "is_kafka_away": broker.is_away,
    }


def _moment(gauge: Gauge) -> str | None:
    value = _value(gauge)
    return datetime.fromtimestamp(value, UTC).isoformat() if value else None


def _value(gauge: Gauge) -> float:
    return next(iter(gauge.collect())).samples[0].value
