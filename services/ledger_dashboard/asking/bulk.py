"""Many exports at once: a selection that stands still, sent at the pace of each connection, and told part by part."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import uuid4

from sqlalchemy import bindparam, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ledger_dashboard.asking.tables import bulk_order_parts, bulk_orders
from shared.events.command import Action, OperatorRole
from shared.ledger.filter import Filter
from shared.ledger.reader import filtered
from shared.ledger.tables import commands, exports

MOST_PARTS = 10_000
SHOWN_PARTS = 200


@dataclass(frozen=True, kw_only=True)
class Order:
    """What somebody asks of many exports. `chosen` is the selection in words."""

    by: str
    shown_name: str
    role: OperatorRole
    action: Action
    why: str
    chosen: str
    is_dry_run: bool
    rehearsed_by: int | None = None


@dataclass(frozen=True)
class Part:
    """One export of an order. `answer` None: not handled yet."""

    export_id: int
    invoice_number: str | None
    customer_name: str | None
    amount: Decimal | None
    currency: str | None
    status: str
    is_sent: bool
    is_handled: bool
    refusal: str | None
    dry_run: dict[str, Any] | None


@dataclass(frozen=True)
class Progress:
    """How far an order is. `decisions` and `sums` are a dry run's: how many would come to what, and over how much."""

    id: int
    asked_at: datetime
    by: str
    shown_name: str
    action: str
    why: str
    chosen: str
    is_dry_run: bool
    is_cancelled: bool
    total: int
    sent: int
    handled: int
    refused: int
    decisions: Mapping[str, int]
    sums: Mapping[str, Decimal]
    parts: tuple[Part, ...]

    @property
    def is_done(self) -> bool:
        """Whether nothing more will come."""
        return self.handled == self.total or (self.is_cancelled and self.handled == self.sent)


class NothingChosen(Exception):
    """The selection is empty, or larger than one order may be."""


async def order_selected(connection: AsyncConnection, wish: Order, ids: Sequence[int], companies: Filter) -> int:
    """These exports, as far as whoever asks may see them. Returns the order's id. Raises NothingChosen."""
    chosen = filtered(select(exports.c.id), companies).where(exports.c.id.in_(ids))
    return await _order(connection, wish, chosen)


async def order_filtered(connection: AsyncConnection, wish: Order, wanted: Filter) -> int:
    """All that the filter finds in this moment, and nothing that comes later. Raises NothingChosen."""
    return await _order(connection, wish, filtered(select(exports.c.id), wanted))


async def order_again(connection: AsyncConnection, wish: Order, order_id: int) -> int:
    """The same exports as an earlier order. Raises NothingChosen."""
    return await _order(
        connection, wish, select(bulk_order_parts.c.export_id).where(bulk_order_parts.c.order_id == order_id)
    )


async def cancel(connection: AsyncConnection, order_id: int, by: str) -> bool:
    """What was not sent yet is not sent any more. False when all was sent."""
    unsent = (bulk_orders.c.id == order_id) & bulk_orders.c.sent_at.is_(None) & bulk_orders.c.cancelled_at.is_(None)
    done = await connection.execute(update(bulk_orders).where(unsent).values(cancelled_at=func.now(), cancelled_by=by))
    return done.rowcount == 1


async def read_progress(connection: AsyncConnection, order_id: int) -> Progress | None:
    """None when there is no such order."""
    order = (await connection.execute(select(bulk_orders).where(bulk_orders.c.id == order_id))).one_or_none()
    if order is None:
        return None
    rows = (await connection.execute(_PARTS, {"order_id": order_id})).all()
    decisions = Counter(str(row.answer["decision"]) for row in rows if row.answer)
    sums: dict[str, Decimal] = {}
    for row in rows:
        if row.answer and row.answer.get("decision") == "send" and row.answer.get("amount"):
            currency = str(row.answer.get("currency") or "")
            sums[currency] = sums.get(currency, Decimal(0)) + Decimal(row.answer["amount"])
    return Progress(
        id=order.id,
        asked_at=order.asked_at,
        by=order.by,
        shown_name=order.shown_name,
        action=order.action,
        why=order.why,
        chosen=order.chosen,
        is_dry_run=order.is_dry_run,
        is_cancelled=order.cancelled_at is not None,
        total=len(rows),
        sent=sum(row.sent_at is not None for row in rows),
        handled=sum(row.handled_at is not None for row in rows),
        refused=sum(row.refusal is not None for row in rows),
        decisions=decisions,
        sums=sums,
        parts=tuple(_part(row) for row in rows[:SHOWN_PARTS]),
    )


async def _order(connection: AsyncConnection, wish: Order, chosen: Any) -> int:
    ids = (await connection.scalars(chosen.order_by(None).limit(MOST_PARTS + 1))).all()
    if not ids:
        raise NothingChosen("Nothing is chosen: choose exports first, or widen the filter.")
    if len(ids) > MOST_PARTS:
        raise NothingChosen(f"More than {MOST_PARTS:,} exports fit: narrow the filter.")
    made = insert(bulk_orders).values(**vars(wish)).returning(bulk_orders.c.id)
    order_id: int = (await connection.execute(made)).scalar_one()
    parts = [
        {"order_id": order_id, "position": place, "export_id": export_id, "nonce": uuid4().hex}
        for place, export_id in enumerate(sorted(set(ids)), start=1)
    ]
    await connection.execute(insert(bulk_order_parts), parts)
    return order_id


def _part(row: Any) -> Part:
    return Part(
        export_id=row.export_id,
        invoice_number=row.invoice_number,
        customer_name=row.customer_name,
        amount=row.amount,
        currency=row.currency,
        status=row.status,
        is_sent=row.sent_at is not None,
        is_handled=row.handled_at is not None,
        refusal=row.refusal,
        dry_run=row.answer,
    )


_PARTS = (
    select(
        bulk_order_parts.c.export_id,
        bulk_order_parts.c.sent_at,
        commands.c.handled_at,
        commands.c.refusal,
        commands.c.answer,
        exports.c.invoice_number,
        exports.c.customer_name,
        exports.c.amount,
        exports.c.currency,
        exports.c.status,
    )
    .join(exports, exports.c.id == bulk_order_parts.c.export_id)
    .outerjoin(commands, commands.c.nonce == bulk_order_parts.c.nonce)
    .where(bulk_order_parts.c.order_id == bindparam("order_id"))
    .order_by(bulk_order_parts.c.position)
)
