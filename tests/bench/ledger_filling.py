"""A big ledger: a few exports that the real writer wrote, copied in SQL under other names, until there are enough.

The copies have their own ids, numbers, owners, amounts and times, spread over connections, projects and months. Their
entries are those of the one they were copied from, so their hash chains do not verify; nothing here measures that.
"""

import asyncio
import time
from dataclasses import dataclass

import asyncpg
from rich.console import Console
from sqlalchemy.ext.asyncio import AsyncEngine

from deploy.migrate import upgrade
from deploy.sandbox.local.parts import Part
from shared.database import Role, create_engine
from shared.ledger.entries import EntryBody
from shared.ledger.words import Closing, Reason
from tests.support.builders import a_standing, closed, deferred, opened, step_done
from tests.support.database import address_of, execute
from tests.support.ledgers import a_look, an_export, held_for
from tests.support.pages import a_profile, served

CONNECTIONS = 20
PROJECTS = 1000
OWNERS = 300
DAYS = 365
# Of a thousand exports, so many are copies of this one: most are done, as in a company that uses this for years.
SHARES = {"exported": 985, "held_mapping": 6, "held_approver": 6, "received": 3}


@dataclass(frozen=True)
class Filled:
    """How big it became."""

    exports: int
    entries: int
    bytes: int


async def filled_database(server: Part, exports: int, console: Console) -> tuple[str, Filled]:
    """A database of its own on the server; its address."""
    name = f"bench_{exports}"
    url = address_of(server.address, name)
    execute(server.address, f"CREATE DATABASE {name}")
    await asyncio.to_thread(upgrade, url)
    owner, worker = (create_engine(url, role, application_name="bench") for role in (Role.OWNER, Role.WORKER))
    try:
        began = time.perf_counter()
        filled = await fill(owner, worker, url, exports)
    finally:
        await owner.dispose()
        await worker.dispose()
    told = f"{filled.exports:,} exports, {filled.entries:,} entries, {filled.bytes / 2**30:.1f} GiB"
    console.print(f"filled: {told}, in {time.perf_counter() - began:.0f} s")
    return url, filled


async def fill(owner: AsyncEngine, worker: AsyncEngine, url: str, exports: int) -> Filled:
    """`exports` of them, five entries each and more, a webhook each, and an audit record each."""
    templates = {
        "exported": await an_export(worker, *_a_whole_story(), invoice="t1"),
        "held_mapping": await an_export(worker, held_for(Reason.MISSING_MAPPING), invoice="t2"),
        "held_approver": await an_export(worker, held_for(), invoice="t3"),
        "received": await an_export(worker, invoice="t4"),
    }
    names = [f"erp-{number:02}" for number in range(CONNECTIONS)]
    await served(worker, *(a_profile(name, str(4900 + number % 3)) for number, name in enumerate(names)))
    slots = [template for template, share in SHARES.items() for _ in range(share)]
    connection = await asyncpg.connect(url)
    try:
        await connection.execute("CREATE TEMPORARY TABLE slots (slot int PRIMARY KEY, template bigint)")
        await connection.executemany(
            "INSERT INTO slots VALUES ($1, $2)", [(slot, templates[name]) for slot, name in enumerate(slots)]
        )
        for statement in _COPY:
            await connection.execute(
                statement.format(
                    exports=exports,
                    connections=CONNECTIONS,
                    projects=PROJECTS,
                    owners=OWNERS,
                    seconds=DAYS * 86_400 / exports,
                )
            )
        await connection.execute("VACUUM ANALYZE")
        counted = await connection.fetchrow(
            "SELECT (SELECT count(*) FROM exports) AS exports, (SELECT count(*) FROM entries) AS entries,"
            " pg_database_size(current_database()) AS bytes"
        )
    finally:
        await connection.close()
    return Filled(**dict(counted))


def _a_whole_story() -> tuple[EntryBody, ...]:
    look = a_look()
    done = closed(Closing.DONE, standing=a_standing())
    return (deferred(look=look), opened(look=look), step_done(), done)


# Ids from 1000 on are copies: number i is export 1000 + i, and a copy of the template in slot i % 1000 shuffled.
_COPY = (
    """
    CREATE TEMPORARY TABLE copies AS
    SELECT 1000 + i AS id, i, template, ({exports} - i) * {seconds} * interval '1 second' AS ago,
        'erp-' || lpad((i % {connections})::text, 2, '0') AS connection
    FROM generate_series(1, {exports}) AS i JOIN slots ON slot = (i * 7919::bigint) % 1000
    """,
    """
    INSERT INTO exports (id, connection, company_id, project_id, payment_application_id, status, since, version,
        generation, reasons, contract_id, number, invoice_number, customer_name, billing_date, amount, currency,
        erp_ref, erp_number, approvers, attempts, opened_at, changed_at, last_hash, state)
    OVERRIDING SYSTEM VALUE
    SELECT c.id, c.connection, (4900 + (i % {connections}) % 3)::text, (i % {projects})::text, (7000000 + i)::text,
        status, since - ago, version, generation, reasons, ((i % {projects}) * 3)::text, i / {projects}, 'INV-' || i,
        'Owner ' || i % {owners}, billing_date - (ago / 86400 * 86400)::interval, (i * 37) % 1000000 + 0.25, currency,
        erp_ref, CASE WHEN erp_number IS NOT NULL THEN 'AR-' || i END, ARRAY[(160000 + i % 400)::text], attempts,
        opened_at - ago, changed_at - ago, last_hash, state
    FROM copies AS c JOIN exports AS e ON e.id = c.template
    """,
    """
    INSERT INTO entries (export_id, seq, kind, at, body, status_before, status, previous_hash, hash)
    SELECT c.id, seq, kind, at - ago, body, status_before, status, previous_hash, hash
    FROM copies AS c JOIN entries AS e ON e.export_id = c.template ORDER BY c.id, seq
    """,
    """
    INSERT INTO events (event_id, fate, topic, partition, position, received_at, export_id, company_id, project_id,
        resource_name, resource_id, raw)
    SELECT 'bench-' || i,
        CASE WHEN i % 5000 = 0 THEN 'dead_lettered' WHEN i % 10 = 0 THEN 'ignored' ELSE 'accepted' END,
        'procore.webhooks', i % 6, i, now() - ago, id, (4900 + (i % {connections}) % 3)::text, (i % {projects})::text,
        'Payment Applications', (7000000 + i)::text, '{{"ulid": "x"}}'
    FROM copies ORDER BY i
    """,
    """
    INSERT INTO audit_records (at, who, shown_name, address, did, what, company_id)
    SELECT now() - ago, 'account:' || i % 40, 'Person ' || i % 40, '10.0.0.1', 'saw', 'export ' || id,
        (4900 + (i % {connections}) % 3)::text
    FROM copies ORDER BY i
    """,
    """
    INSERT INTO approver_records (company_id, user_id, name, email, erp_integrations_level, can_push_to_accounting,
        active, recorded_at, recorded_by, source, valid_from, changed_by)
    SELECT (4900 + i % 3)::text, (160000 + i)::text, 'Person ' || i, 'p' || i || '@example.com', 'standard', i % 7 > 0,
        true, now(), 'cli:bench', 'csv', now(), 'cli:bench'
    FROM generate_series(0, 1999) AS i
    """,
    """
    INSERT INTO mappings (connection, kind, key, procore_id, procore_name, erp_id, note, valid_from, changed_by)
    SELECT 'erp-' || lpad((i % {connections})::text, 2, '0'), 'account', 'id:' || i, i::text, 'Cost code ' || i,
        'A' || i, '', now(), 'cli:bench'
    FROM generate_series(1, 20000) AS i
    """,
    "DELETE FROM export_counts",
    """
    INSERT INTO export_counts (company_id, connection, status, count)
    SELECT company_id, connection, status, count(*) FROM exports GROUP BY 1, 2, 3
    """,
    """
    INSERT INTO export_outcomes (unit, begins, company_id, connection, outcome, count)
    SELECT unit, date_trunc(unit, since, 'UTC'), company_id, connection, status, count(*)
    FROM exports CROSS JOIN unnest(ARRAY['hour', 'day']) AS unit
    WHERE status IN ('exported', 'held', 'failed') GROUP BY 1, 2, 3, 4, 5
    """,
    """
    INSERT INTO export_latencies (unit, begins, company_id, connection, bucket, count)
    SELECT unit, date_trunc(unit, since, 'UTC'), company_id, connection, 5 + id % 12, count(*)
    FROM exports CROSS JOIN unnest(ARRAY['hour', 'day']) AS unit
    WHERE status = 'exported' GROUP BY 1, 2, 3, 4, 5
    """,
)
