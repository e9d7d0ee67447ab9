"""Tryton's own lists to map to, and the days on which it books."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from services.export_worker.erp.adapter import Choice
from services.export_worker.erp.tryton.company import Books
from services.export_worker.erp.tryton.wire import Dated, Named, PeriodSaid, day
from shared.connections.mappings import MappingKind

OPEN_ACCOUNT = [["closed", "!=", True], ["code", "!=", None]]
REVENUE = [["type.revenue", "=", True]]
RETAINAGE_BY_MODULE = [["type.retainage", "=", True]]
ASSET = [["type.statement", "=", "balance"], ["type.assets", "=", True], ["type.receivable", "!=", True]]


async def choices(books: Books, kind: MappingKind, *, has_module: bool) -> Sequence[Choice] | None:
    """`id` is the code that mappings name. Raises Stopped."""
    match kind:
        case MappingKind.CUSTOMER:
            parties = await books.rows(Named, "party.party", [["code", "!=", None]], "name", "code", order="code ASC")
            return [Choice(one.code or "", one.name or "") for one in parties]
        case MappingKind.ACCOUNT:
            return await accounts(books, REVENUE)
        case MappingKind.RETAINAGE_ACCOUNT:
            return await accounts(books, RETAINAGE_BY_MODULE if has_module else ASSET)
        case _:
            return None


async def accounts(books: Books, domain: Sequence[Any]) -> list[Choice]:
    """Open ones of this kind."""
    wanted = [*domain, *OPEN_ACCOUNT, *await books.own()]
    found = await books.rows(Named, "account.account", wanted, "name", "code", order="code ASC")
    return [Choice(one.code or "", one.name or "") for one in found]


async def first_open_day(books: Books, wanted: date) -> date | None:
    """In an open period, and not before the last invoice that was numbered in the same year. Raises Stopped."""
    while (period := await open_period(books, wanted)) is not None:
        earliest = max(wanted, period.start_date)
        numbered = await last_numbered(books, period, earliest)
        if numbered is None or numbered <= earliest:
            return earliest
        if numbered <= period.end_date:
            return numbered
        wanted = numbered
    return None


async def open_period(books: Books, wanted: date) -> PeriodSaid | None:
    """The first that does not end before `wanted`."""
    company = (await books.company()).id
    domain = [
        ["fiscalyear.company", "=", company],
        ["type", "=", "standard"],
        ["state", "=", "open"],
        ["end_date", ">=", day(wanted)],
    ]
    fields = ("name", "fiscalyear", "start_date", "end_date")
    found = await books.rows(PeriodSaid, "account.period", domain, *fields, limit=1, order="start_date ASC")
    return found[0] if found else None


async def last_numbered(books: Books, period: PeriodSaid, after: date) -> date | None:
    """The latest date of a numbered customer invoice in the period's year, if it is later than `after`."""
    domain = [
        ["type", "=", "out"],
        ["move.period.fiscalyear", "=", period.fiscalyear],
        ["invoice_date", ">", day(after)],
        *await books.own(),
    ]
    found = await books.rows(Dated, "account.invoice", domain, "invoice_date", limit=1, order="invoice_date DESC")
    return found[0].invoice_date if found else None
