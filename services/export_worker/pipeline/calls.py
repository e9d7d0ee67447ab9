"""Every call to an ERP in a span and a series of its own; and the one way to look a reference up."""

from collections.abc import Awaitable, Sequence
from typing import TypeVar

from services.export_worker.core.outcomes import Found, LookUpFailure
from services.export_worker.links import Link
from services.export_worker.metrics import ERP_SECONDS
from shared.telemetry import tracer

Answer = TypeVar("Answer")


async def look_up(link: Link, reference: str) -> Sequence[Found] | LookUpFailure:
    """All documents that carry `reference`, cancelled ones too."""
    return await timed(link, "find", link.adapter.find(reference))


async def timed(link: Link, step: str, call: Awaitable[Answer]) -> Answer:
    """The answer of one call that is about to begin."""
    connection = link.connection.name
    span = tracer().start_as_current_span(f"erp.{step}", attributes={"connection": connection})
    with span, ERP_SECONDS.labels(connection, step).time():
        return await call
