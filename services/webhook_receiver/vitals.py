"""What a page may show of this receiver: what it counted since its start."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from services.webhook_receiver import metrics
from services.webhook_receiver.shelter import BrokerState


async def vitals(broker: BrokerState) -> Mapping[str, Any]:
    """Webhooks by what became of them (refused: a wrong token), and what is parked for want of Kafka."""
    parked, oldest = (gauge.collect() for gauge in (metrics.parked, metrics.oldest_parked))
    oldest_at = next(iter(oldest)).samples[0].value
    return {
        "webhooks": {
            sample.labels["outcome"]: int(sample.value)
            for family in metrics.webhooks.collect()
            for sample in family.samples
            if sample.name.endswith("_total")
        },
        "parked": int(next(iter(parked)).samples[0].value),
        "oldest_parked_at": datetime.fromtimestamp(oldest_at, UTC).isoformat() if oldest_at else None,
        "is_kafka_away": broker.is_away,
    }
