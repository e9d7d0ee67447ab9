"""What a page may show of this worker: where it reads, what Procore still allows, and how the connections fare."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from sqlalchemy.ext.asyncio import AsyncEngine

from services.export_worker.links import LinkState, link_state
from shared.kafka.consumer import Gap, Progress
from shared.procore.rate_budget import RateBudget


async def connections_now(engine: AsyncEngine, names: Iterable[str]) -> Mapping[str, Any]:
    """By name. Raises one of DATABASE_ERRORS."""
    async with engine.connect() as connection:
        return {name: _connection(await link_state(connection, name)) for name in names}


def kafka_now(progress: Progress | None, gaps: Collection[Gap]) -> Mapping[str, Any]:
    """Only of the partitions that this worker reads. `lag` is None while it is not in the group."""
    positions, ends = (progress.positions, progress.ends) if progress else ({}, {})
    return {
        "lag": progress and progress.lag,
        "partitions": {
            f"{topic}/{partition}": max(0, ends[topic, partition] - position)
            for (topic, partition), position in sorted(positions.items())
            if (topic, partition) in ends
        },
        "gaps": [f"{gap.topic}/{gap.partition} from {gap.wanted}" for gap in sorted(gaps)],
    }


def procore_now(budget: RateBudget) -> Mapping[str, Any]:
    """Of the account's rate limit, as Procore last told; None before it told anything."""
    return {
        "remaining": budget.remaining,
        "limit": budget.limit,
        "reset": budget.reset.isoformat() if budget.reset else None,
    }


def _connection(state: LinkState) -> Mapping[str, Any]:
    open_until = state.circuit.open_until
    return {
        "failures": state.circuit.failures,
        "open_until": open_until.isoformat() if open_until else None,
        "is_paused": state.is_paused,
        "is_stopped": state.is_stopped,
    }
