"""Who saw and did what, as it is kept."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ledger_dashboard.people.tables import audit_records

PAGE = 50
LATELY = 5_000  # records among which people are looked for, to choose from
columns = audit_records.c


@dataclass(frozen=True)
class AuditLine:
    """One deed. `company_id` None: of no single company."""

    id: int
    at: datetime
    who: str
    shown_name: str
    address: str
    did: str
    what: str
    company_id: str | None
    detail: dict[str, Any]


@dataclass(frozen=True)
class Wanted:
    """An empty field asks for nothing. `what`: how it begins. `companies`: whose records may be seen; None: all."""

    companies: frozenset[str] | None = None
    who: str | None = None
    what: str | None = None


async def list_audit(
    connection: AsyncConnection, wanted: Wanted, *, before: int | None = None, limit: int = PAGE
) -> Sequence[AuditLine]:
    """Newest first, one more than `limit` where there are more. What is of no company is for those who see all."""
    asked = _within(select(*_LINE), wanted.companies).order_by(columns.id.desc()).limit(limit + 1)
    if wanted.who is not None:
        asked = asked.where(columns.who == wanted.who)
    if wanted.what is not None:
        asked = asked.where(columns.what.startswith(wanted.what, autoescape=True))
    if before is not None:
        asked = asked.where(columns.id < before)
    return [AuditLine(*row) for row in await connection.execute(asked)]


async def people_lately(connection: AsyncConnection, companies: frozenset[str] | None) -> Sequence[tuple[str, str]]:
    """Who did something lately, with their name as shown last; by name."""
    lately = select(columns.who, columns.shown_name, columns.id).order_by(columns.id.desc()).limit(LATELY)
    found = _within(lately, companies).subquery()
    asked = select(found.c.who, found.c.shown_name).order_by(found.c.who, found.c.id.desc())
    asked = asked.ext(distinct_on(found.c.who))
    return sorted(((row.who, row.shown_name) for row in await connection.execute(asked)), key=lambda one: one[1])


def _within(asked: Select[Any], companies: frozenset[str] | None) -> Select[Any]:
    return asked if companies is None else asked.where(columns.company_id.in_(companies))


_LINE = tuple(columns[name] for name in AuditLine.__dataclass_fields__)
