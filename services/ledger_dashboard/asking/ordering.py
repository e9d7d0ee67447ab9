"""How a person orders for many exports: for the pages and the API alike."""

from collections.abc import Sequence
from urllib.parse import parse_qsl

from sqlalchemy.ext.asyncio import AsyncConnection

from services.ledger_dashboard.asking.bulk import (
    NothingChosen,
    Order,
    Progress,
    cancel,
    order_again,
    order_filtered,
    order_selected,
    read_progress,
)
from services.ledger_dashboard.asking.wishes import capacity
from services.ledger_dashboard.people.audit import record
from services.ledger_dashboard.people.person import Person
from services.ledger_dashboard.people.roles import Role
from services.ledger_dashboard.presentation.filters import in_words, read_query
from services.ledger_dashboard.presentation.formatting import count
from shared.events.command import Action
from shared.ledger.filter import Filter


async def replay_many(
    connection: AsyncConnection,
    person: Person,
    why: str,
    *,
    ids: Sequence[int] = (),
    query: str | None = None,
    is_dry_run: bool = True,
) -> int:
    """These exports, or what the filter in `query` finds now. Returns the order's id. Raises NothingChosen."""
    if query is None:
        wish = _order(person, why, count(len(ids), "chosen export"), is_dry_run=is_dry_run)
        order_id = await order_selected(connection, wish, ids, Filter(companies=person.companies))
    else:
        asked = read_query(parse_qsl(query), person.companies)
        if asked.problems:
            raise NothingChosen(f"The filter is not understood: {asked.problems[0]}")
        wish = _order(person, why, in_words(asked.filter), is_dry_run=is_dry_run)
        order_id = await order_filtered(connection, wish, asked.filter)
    if not is_dry_run:
        await record(connection, person, "asked", f"order {order_id}", why=why, chosen=wish.chosen)
    return order_id


async def replay_rehearsed(connection: AsyncConnection, person: Person, rehearsed: Progress) -> int:
    """The very exports of a dry run, for real. Returns the new order's id."""
    wish = _order(person, rehearsed.why, rehearsed.chosen, is_dry_run=False, rehearsed_by=rehearsed.id)
    made = await order_again(connection, wish, rehearsed.id)
    await record(connection, person, "asked", f"order {made}", why=rehearsed.why, exports=rehearsed.total)
    return made


async def stop(connection: AsyncConnection, person: Person, order_id: int) -> None:
    """What was not sent yet is not sent."""
    if await cancel(connection, order_id, person.who):
        await record(connection, person, "stopped", f"order {order_id}")


async def visible_order(connection: AsyncConnection, order_id: int, person: Person) -> Progress | None:
    """One's own, or any for an admin of all companies; None otherwise."""
    progress = await read_progress(connection, order_id)
    sees_all = Role.ADMIN in person.roles and person.companies is None
    return progress if progress is not None and (sees_all or progress.by == person.who) else None


def _order(person: Person, why: str, chosen: str, *, is_dry_run: bool, rehearsed_by: int | None = None) -> Order:
    return Order(
        by=person.who,
        shown_name=person.shown_name,
        role=capacity(person, Action.REPLAY),
        action=Action.REPLAY,
        why=why,
        chosen=chosen,
        is_dry_run=is_dry_run,
        rehearsed_by=rehearsed_by,
    )
