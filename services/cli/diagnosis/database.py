"""The database: reachable, migrated, guarded; its clock; and what waits in it."""

from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import UTC, datetime, timedelta

from alembic.script import ScriptDirectory
from sqlalchemy import Row, func, select, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from deploy.migrate import configuration
from services.cli.diagnosis.check import Check, attention, failed, first_line, ok, skipped
from services.cli.diagnosis.clocks import clock_check
from services.webhook_receiver.parking import COUNTED, Parking
from shared.connections.catalog import Catalog
from shared.connections.mapping_store import mappings
from shared.connections.mappings import MappingKind
from shared.database import DATABASE_ERRORS, Role
from shared.ledger.reader import count_given_up
from shared.ledger.tables import events, exports
from shared.ledger.tie_out import usual_periods
from shared.ledger.words import Reason

SERVICES = (Role.RECEIVER, Role.WORKER, Role.DASHBOARD)
GUARDS = frozenset(
    {
        "entries_are_append_only",
        "entries_are_never_truncated",
        "exports_are_never_deleted",
        "seals_are_append_only",
        "seals_are_never_truncated",
    }
)
DEAD_LETTERS_SINCE = timedelta(days=7)
MOST = 100
FOLLOW_UPS = "exports: follow-ups"
UPGRADE = "run `invoice-export db upgrade`"


async def database_checks(engine: AsyncEngine, known: Catalog | None) -> AsyncIterator[Check]:
    """Stops at the first that makes the others pointless."""
    try:
        async with engine.connect() as connection:
            yield ok("database: reachable")
            yield await _clock(connection)
            migrated = await _migrated(connection)
            yield migrated
            if migrated.todo:
                return
            for check in [await _roles(connection), await _guards(connection), await _parked(engine)]:
                yield check
            yield await _dead_letters(connection)
            for check in await _mapped(connection, known):
                yield check
            yield await _given_up(connection, known)
    except DATABASE_ERRORS as error:
        yield failed("database: reachable", first_line(error), "start Postgres, or correct DATABASE_URL")


async def _clock(connection: AsyncConnection) -> Check:
    before = datetime.now(UTC)
    there: datetime = (await connection.execute(select(func.clock_timestamp()))).scalar_one()
    return clock_check("clock: database", there, before, datetime.now(UTC), timedelta(0))


async def _migrated(connection: AsyncConnection) -> Check:
    head = ScriptDirectory.from_config(configuration("")).get_current_head()
    is_there = await connection.scalar(text("SELECT to_regclass('alembic_version') IS NOT NULL"))
    current = await connection.scalar(text("SELECT version_num FROM alembic_version")) if is_there else None
    if current == head:
        return ok("database: migrated", f"at {head}")
    return failed("database: migrated", f"at {current or 'nothing'}, this program needs {head}", UPGRADE)


async def _roles(connection: AsyncConnection) -> Check:
    names = [role.value for role in SERVICES]
    statement = text("SELECT rolname FROM pg_roles WHERE rolname = ANY(:names)")
    found = set((await connection.scalars(statement, {"names": names})).all())
    missing = [name for name in names if name not in found]
    if missing:
        return failed("database: roles", f"missing: {', '.join(missing)}", "create them as the migrations do")
    return ok("database: roles")


async def _guards(connection: AsyncConnection) -> Check:
    statement = text("SELECT tgname FROM pg_trigger WHERE tgname = ANY(:names) AND tgenabled IN ('O', 'A')")
    found = set((await connection.scalars(statement, {"names": sorted(GUARDS)})).all())
    missing = sorted(GUARDS - found)
    if missing:
        told = f"off or missing: {', '.join(missing)}"
        return failed("ledger: append-only", told, "find out who did it, `ledger verify`, then enable the triggers")
    return ok("ledger: append-only")


async def _parked(engine: AsyncEngine) -> Check:
    waiting = await Parking(engine).waiting()
    if not waiting.count:
        return ok("webhooks: parked", "none")
    told = f"{waiting.count}{'+' if waiting.count >= COUNTED else ''} since {waiting.oldest_at}"
    return attention("webhooks: parked", told, "see that Kafka is up and a receiver runs: it sends them on by itself")


async def _dead_letters(connection: AsyncConnection) -> Check:
    since = datetime.now(UTC) - DEAD_LETTERS_SINCE
    some = select(events.c.detail).where(events.c.fate == "dead_lettered", events.c.received_at > since).limit(MOST)
    details = (await connection.scalars(some)).all()
    if not details:
        return ok("webhooks: dead letters", f"none in {DEAD_LETTERS_SINCE.days} days")
    told = f"{len(details)}{'+' if len(details) == MOST else ''} in {DEAD_LETTERS_SINCE.days} days; {details[-1]}"
    return attention("webhooks: dead letters", told, "read them: docs/runbook.md#dead-letters")


async def _mapped(connection: AsyncConnection, known: Catalog | None) -> list[Check]:
    """Owners that exports wait for, and connections that know no customer at all."""
    if known is None:
        return [skipped("mappings", "the connections file cannot be used")]
    customers = select(mappings.c.connection).where(
        mappings.c.kind == MappingKind.CUSTOMER.value, mappings.c.valid_to.is_(None)
    )
    mapped = set((await connection.scalars(customers.distinct())).all())
    waiting = (
        select(exports.c.connection, exports.c.customer_name)
        .where(
            exports.c.status.not_in(["exported", "skipped"]),
            exports.c.reasons.contains([Reason.MISSING_MAPPING.value]),
        )
        .distinct()
        .limit(MOST)
    )
    rows = (await connection.execute(waiting)).all()
    return [check for one in known.connections for check in _mappings_of(one.name, mapped, rows)]


async def _given_up(connection: AsyncConnection, known: Catalog | None) -> Check:
    """Attachments and write-backs, of invoices billed in this month or the one before."""
    if known is None:
        return skipped(FOLLOW_UPS, "the connections file cannot be used")
    before, _ = usual_periods(datetime.now(UTC), UTC)
    counts = await count_given_up(connection, [one.name for one in known.connections], before.first)
    if not counts:
        return ok(FOLLOW_UPS, f"none given up since {before}")
    told = ", ".join(f"{number} of {name}" for name, number in sorted(counts.items()))
    return attention(FOLLOW_UPS, f"given up: {told}", "see `invoice-export exports list --given-up`, and the runbook")


def _mappings_of(name: str, mapped: set[str], waiting: Sequence[Row[str, str]]) -> Iterator[Check]:
    owners = sorted({owner or "?" for connection, owner in waiting if connection == name})
    todo = "map it: `invoice-export mappings import`"
    if owners:
        yield attention(f"mappings: {name}", f"exports wait for mappings of {', '.join(owners)}", todo)
    elif name not in mapped:
        yield attention(f"mappings: {name}", "no customer is mapped", todo)
    else:
        yield ok(f"mappings: {name}")
