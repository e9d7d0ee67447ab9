"""What is changed behind the writer's back is found, as far as the database let it happen at all."""

import asyncio
from datetime import UTC, datetime

import pytest
from alembic import command
from pydantic import SecretStr
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from deploy.migrate import configuration, upgrade
from services.export_worker.arrivals import receive
from services.export_worker.exports import Arrival, ExportKey
from shared.database import Role, create_engine
from shared.ledger.chain import entry_hash, genesis
from shared.ledger.entries import Received
from shared.ledger.seals import StillWriting, seal
from shared.ledger.verification import BATCH, Verification
from shared.ledger.words import Reason
from tests.support.ledgers import a_look, an_export, append, held_for

KEY = SecretStr("a-seal-key-of-ours")
UNGUARDED = "SET LOCAL session_replication_role = replica"


@pytest.fixture
async def ledger(worker_engine):
    """Three exports of two, two and three entries; their ids."""
    held = held_for()
    again = Received(event_id="once-more", reason="update", user_id="1")
    return [
        await an_export(worker_engine, held, invoice="5001"),
        await an_export(worker_engine, held_for(look=a_look(2)), invoice="5002"),
        await an_export(worker_engine, held, again, invoice="5003"),
    ]


@pytest.fixture
def tamper(owner_engine):
    async def tamper(*statements, **values):
        async with owner_engine.begin() as connection:
            await connection.execute(text(UNGUARDED))
            for statement in statements:
                await connection.execute(text(statement), values)

    return tamper


@pytest.fixture
def verify(owner_engine):
    async def verify(key=KEY):
        verification = Verification(owner_engine, seal_key=key)
        return [str(broken) async for broken in verification.breaks()]

    return verify


@pytest.fixture
def sealed(worker_engine):
    async def sealed():
        return await seal(worker_engine, KEY, now=datetime.now(UTC))

    return sealed


async def test_an_untouched_ledger_verifies_clean(ledger, owner_engine, worker_engine, sealed):
    await sealed()
    await append(worker_engine, ledger[0], held_for(Reason.APPROVER_INACTIVE))
    await sealed()
    verification = Verification(owner_engine, seal_key=KEY)
    assert [broken async for broken in verification.breaks()] == []
    assert (verification.exports, verification.entries, verification.seals) == (3, 8, 2)


async def test_an_empty_ledger_verifies_clean(verify, sealed):
    assert await sealed() is None
    assert await verify() == []


async def test_more_exports_than_a_batch_are_verified(worker_engine, owner_engine, sealed):
    keys = [ExportKey("acme", "1", "2", str(number)) for number in range(2 * BATCH + 1)]
    arrivals = [Arrival(key, (Received(event_id="e", reason="update"),)) for key in keys]
    async with worker_engine.begin() as connection:
        await receive(connection, arrivals, datetime.now(UTC))
    await sealed()
    verification = Verification(owner_engine, seal_key=KEY)
    assert [broken async for broken in verification.breaks()] == []
    assert verification.exports == len(keys)


async def test_a_changed_body_is_found(ledger, tamper, verify):
    body = "jsonb_set(body, '{authority,users}', '[\"1\"]')"
    await tamper(f"UPDATE entries SET body = {body} WHERE export_id = :id AND seq = 2", id=ledger[1])
    told = await verify()
    assert f"export {ledger[1]}, entry 2: its content does not fit its hash" in told
    assert f"export {ledger[1]}: its row's state differs from its entries in authority" in told


async def test_a_changed_status_of_the_row_is_found(ledger, tamper, verify):
    await tamper("UPDATE exports SET status = 'exported', amount = 1 WHERE id = :id", id=ledger[0])
    assert await verify() == [
        f"export {ledger[0]}: its row says status is exported, its entries say held",
        f"export {ledger[0]}: its row says amount is 1, its entries say 54000.00",
    ]


async def test_a_changed_status_of_an_entry_is_found(ledger, tamper, verify):
    await tamper("UPDATE entries SET status = 'exported' WHERE export_id = :id AND seq = 2", id=ledger[0])
    assert await verify() == [
        f"export {ledger[0]}, entry 2: says the status is exported, its entries say held",
    ]


async def test_a_removed_last_entry_is_found(ledger, tamper, verify):
    await tamper("DELETE FROM entries WHERE export_id = :id AND seq = 3", id=ledger[2])
    told = await verify()
    assert f"export {ledger[2]}: its row does not carry the hash of its last entry" in told
    assert f"export {ledger[2]}: its row says version is 3, its entries say 2" in told


async def test_a_removed_entry_in_the_middle_is_found(ledger, tamper, verify):
    await tamper("DELETE FROM entries WHERE export_id = :id AND seq = 2", id=ledger[2])
    told = await verify()
    assert f"export {ledger[2]}, entry 3: follows entry 1: entry 2 is missing" in told
    assert f"export {ledger[2]}, entry 3: does not carry the hash of the entry before it" in told


async def test_swapped_entries_are_found(ledger, tamper, verify):
    renumber = "UPDATE entries SET seq = {} WHERE export_id = :id AND seq = {}"
    await tamper(*(renumber.format(*pair) for pair in ((9, 2), (2, 3), (3, 9))), id=ledger[2])
    told = await verify()
    for seq in (2, 3):
        assert f"export {ledger[2]}, entry {seq}: its content does not fit its hash" in told


async def test_a_body_that_is_no_entry_is_found(ledger, tamper, verify):
    await tamper('UPDATE entries SET body = \'{"kind": "erased"}\' WHERE export_id = :id AND seq = 1', id=ledger[0])
    assert any(line.startswith(f"export {ledger[0]}, entry 1: cannot be read") for line in await verify())


async def test_entries_that_cannot_follow_are_found(ledger, tamper, verify):
    step = '{"kind": "step_done", "step": "create", "ref": "D1", "found": false}'
    await tamper(
        "UPDATE entries SET body = CAST(:step AS jsonb) WHERE export_id = :id AND seq = 2", id=ledger[0], step=step
    )
    assert any("cannot follow the entries before it" in line for line in await verify())


async def test_an_export_without_its_row_is_found(ledger, tamper, verify):
    await tamper("DELETE FROM exports WHERE id = :id", id=ledger[1])
    assert await verify() == [f"export {ledger[1]}: has entries but no row"]


async def test_an_export_without_entries_is_found(ledger, tamper, verify):
    await tamper("DELETE FROM entries WHERE export_id = :id", id=ledger[1])
    assert await verify() == [f"export {ledger[1]}: has no entries"]


async def test_a_removed_export_breaks_its_seal(ledger, tamper, verify, sealed):
    made = await sealed()
    assert made.exports == 3
    await tamper("DELETE FROM entries WHERE export_id = :id", "DELETE FROM exports WHERE id = :id", id=ledger[1])
    assert await verify(key=None) == []
    assert await verify() == [f"seal {made.id}: covers 3 exports up to entry {made.last_entry_id}, 2 are there"]


async def test_a_neatly_cut_tail_breaks_its_seal(ledger, worker_engine, tamper, verify, sealed):
    await tamper("CREATE TABLE kept AS SELECT * FROM exports")
    await append(worker_engine, ledger[0], held_for(Reason.APPROVER_INACTIVE))
    made = await sealed()
    await tamper(
        "DELETE FROM entries WHERE export_id = :id AND seq = 3",
        "UPDATE exports SET version = kept.version, reasons = kept.reasons, last_hash = kept.last_hash,"
        " state = kept.state FROM kept WHERE kept.id = exports.id AND kept.id = :id",
        id=ledger[0],
    )
    assert await verify(key=None) == []
    assert await verify() == [
        f"seal {made.id}: the exports up to entry {made.last_entry_id} are not as they were sealed"
    ]


async def test_a_chain_hashed_anew_breaks_its_seal(ledger, owner_engine, tamper, verify, sealed):
    made = await sealed()
    async with owner_engine.connect() as connection:
        entry = (
            await connection.execute(text("SELECT * FROM entries WHERE export_id = :id AND seq = 1"), {"id": ledger[1]})
        ).one()
    await tamper("DELETE FROM entries WHERE export_id = :id AND seq > 1", id=ledger[1])
    forged = entry.body | {"user_id": "1"}
    first = genesis(ledger[1], "4907", "5002")
    hashed = entry_hash(first, seq=1, kind=entry.kind, at=entry.at, body=forged)
    await tamper(
        "UPDATE entries SET body = jsonb_set(body, '{user_id}', '\"1\"'), hash = :hash WHERE export_id = :id",
        "UPDATE exports SET last_hash = :hash WHERE id = :id",
        id=ledger[1],
        hash=hashed,
    )
    told = await verify()
    assert not any("hash" in line for line in told)
    assert f"seal {made.id}: the exports up to entry {made.last_entry_id} are not as they were sealed" in told


async def test_a_removed_seal_is_found(ledger, worker_engine, tamper, verify, sealed):
    first = await sealed()
    await append(worker_engine, ledger[0], held_for(Reason.APPROVER_INACTIVE))
    second = await sealed()
    await tamper("DELETE FROM seals WHERE id = :id", id=first.id)
    told = await verify()
    assert f"seal {second.id}: does not follow the seal before it: a seal was removed or changed" in told


async def test_a_changed_seal_or_another_key_is_found(ledger, tamper, verify, sealed):
    made = await sealed()
    unfit = f"seal {made.id}: its signature does not fit: it was changed, or LEDGER_SEAL_KEY is another one"
    assert await verify(SecretStr("the key of a stranger")) == [unfit]
    await tamper("UPDATE seals SET at = at + interval '1 day'")
    assert await verify() == [unfit]


async def test_nothing_new_is_not_sealed_again(ledger, sealed):
    assert await sealed()
    assert await sealed() is None


async def test_a_seal_waits_for_what_is_being_written(ledger, worker_engine, verify):
    async with worker_engine.begin() as slow:
        key = ExportKey("acme", "1", "2", "slow")
        await receive(slow, [Arrival(key, (Received(event_id="s", reason="update"),))], datetime.now(UTC))
        await an_export(worker_engine, invoice="5004")
        with pytest.raises(StillWriting):
            await seal(worker_engine, KEY, now=datetime.now(UTC), within=0.3)
        waiting = asyncio.create_task(seal(worker_engine, KEY, now=datetime.now(UTC)))
    made = await waiting
    assert made.exports == 5
    assert await verify() == []


async def test_two_who_seal_at_once_make_one_seal(ledger, worker_engine, verify):
    made = await asyncio.gather(*(seal(worker_engine, KEY, now=datetime.now(UTC)) for _ in range(5)))
    assert len([one for one in made if one]) == 1
    assert await verify() == []


async def test_many_who_append_at_once_keep_the_chain(worker_engine, owner_engine, verify, sealed):
    keys = [ExportKey("acme", "1", "2", str(number % 3)) for number in range(30)]

    async def arrive(number, key):
        async with worker_engine.begin() as connection:
            received = Received(event_id=f"event {number}", reason="update")
            await receive(connection, [Arrival(key, (received,))], datetime.now(UTC))

    await asyncio.gather(*(arrive(number, key) for number, key in enumerate(keys)), sealed())
    async with owner_engine.connect() as connection:
        assert (await connection.scalars(text("SELECT version FROM exports"))).all() == [10, 10, 10]
    await sealed()
    assert await verify() == []


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE entries SET status = 'held'",
        "DELETE FROM entries",
        "TRUNCATE entries",
        "TRUNCATE exports CASCADE",
        "DELETE FROM exports",
        "UPDATE seals SET exports = 0",
        "DELETE FROM seals",
        "TRUNCATE seals",
    ],
)
async def test_the_owner_cannot_change_what_stands(ledger, sealed, owner_engine, statement):
    await sealed()
    async with owner_engine.connect() as connection:
        with pytest.raises(DBAPIError, match="append-only"):
            await connection.execute(text(statement))


@pytest.mark.parametrize(
    ("role", "statement"),
    [
        (Role.WORKER, "UPDATE entries SET status = 'held'"),
        (Role.WORKER, "DELETE FROM entries"),
        (Role.WORKER, "TRUNCATE entries"),
        (Role.WORKER, "DELETE FROM exports"),
        (Role.WORKER, "UPDATE seals SET exports = 0"),
        (Role.WORKER, "ALTER TABLE entries DISABLE TRIGGER ALL"),
        (Role.DASHBOARD, "INSERT INTO entries (export_id) VALUES (1)"),
        (Role.DASHBOARD, "UPDATE exports SET status = 'exported'"),
        (Role.DASHBOARD, "INSERT INTO seals (exports) VALUES (1)"),
        *((Role.RECEIVER, f"SELECT FROM {table}") for table in ("entries", "exports", "events", "approver_records")),
    ],
)
async def test_a_service_has_no_right_to_it(ledger, database_url, role, statement):
    engine = create_engine(database_url, role, application_name="test")
    async with engine.connect() as connection:
        with pytest.raises(DBAPIError, match=r"permission denied|must be owner"):
            await connection.execute(text(statement))
    await engine.dispose()


async def test_the_receiver_sees_what_is_parked(database_url):
    engine = create_engine(database_url, Role.RECEIVER, application_name="test")
    async with engine.connect() as connection:
        assert (await connection.execute(text("SELECT id FROM parked_events"))).all() == []
    await engine.dispose()


def test_the_migrations_make_what_the_metadata_says(empty_database_url):
    upgrade(empty_database_url)
    command.check(configuration(empty_database_url))
