"""How a connection fares: the file's side and what the workers have noted in the database."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select

from services.cli.terminal import transaction
from shared.connections.catalog import Connection
from shared.connections.standing import is_stopped
from shared.ledger.tables import connection_states


async def current_states() -> Sequence[dict[str, Any]]:
    async with transaction() as session:
        rows = await session.execute(select(connection_states))
        return [dict(row._mapping) for row in rows]  # noqa: SLF001 - SQLAlchemy's public name


def described(connection: Connection, state: dict[str, Any]) -> dict[str, Any]:
    """The file's side and the workers' side of one connection."""
    now = datetime.now(UTC)
    told = {
        name: state.get(name)
        for name in ("paused_at", "paused_by", "paused_why", "open_until", "last_success_at", "last_failure")
    }
    return {
        "connection": connection.name,
        "company_id": connection.company_id,
        "project_ids": connection.project_ids,
        "adapter": connection.adapter,
        "mode": connection.mode.value,
        "now": standing(state, now),
        **told,
    }


def standing(state: dict[str, Any], now: datetime) -> str:
    """In words; empty state means that nothing happened yet."""
    if state.get("paused_at"):
        return f"paused by {state['paused_by']}: {state['paused_why']}"
    if is_stopped(state.get("internal_errors", 0)):
        return "stopped after errors of our own: resume it when they are mended"
    if state.get("open_until") and state["open_until"] > now:
        return f"not answering, tried again at {state['open_until']:%H:%M:%S} UTC"
    return "ready"
