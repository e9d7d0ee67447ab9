"""`ledger verify` and `ledger seal`."""

from sqlalchemy import text

from shared.ledger.words import Reason
from tests.support.command_line import answered
from tests.support.ledgers import an_export, append, held_for


async def test_a_clean_ledger_is_told_clean(worker_engine, command):
    await an_export(worker_engine, held_for())
    verified = await command("ledger", "verify")
    assert verified.exit_code == 0
    assert verified.stdout == "Read 1 exports, 2 entries, 0 seals: nothing is broken.\n"


async def test_a_broken_ledger_is_told_line_by_line(worker_engine, owner_engine, command):
    whole = await an_export(worker_engine, held_for())
    broken = await an_export(worker_engine, held_for(), invoice="5002")
    async with owner_engine.begin() as connection:
        await connection.execute(text("UPDATE exports SET status = 'exported' WHERE id = :id"), {"id": broken})
    line = f"export {broken}: its row says status is exported, its entries say held"
    verified = await command("ledger", "verify")
    assert verified.exit_code == 1
    assert verified.stdout.splitlines() == [line, "Read 2 exports, 4 entries, 0 seals: 1 broken."]
    told = answered(await command("ledger", "verify", "--json"))
    assert told["broken"] == [{"where": f"export {broken}", "what": line.partition(": ")[2]}]
    assert (await command("ledger", "verify", "--export", whole)).exit_code == 0
    assert (await command("ledger", "verify", "--export", broken)).exit_code == 1
    assert "there is no such export" in (await command("ledger", "verify", "--export", 99)).stdout


async def test_without_its_key_no_seal_is_checked(command, monkeypatch):
    monkeypatch.delenv("LEDGER_SEAL_KEY")
    assert "Seals were not checked" in (await command("ledger", "verify")).stdout
    stopped = await command("ledger", "seal")
    assert (stopped.exit_code, stopped.stdout) == (2, "")
    assert "LEDGER_SEAL_KEY is missing" in stopped.stderr


async def test_a_seal_is_printed_and_verified(worker_engine, command):
    export_id = await an_export(worker_engine, held_for())
    assert (await command("ledger", "seal")).stdout.startswith("Seal 1 at ")
    assert (await command("ledger", "seal")).stdout == "Nothing was appended since the last seal.\n"
    await append(worker_engine, export_id, held_for(Reason.APPROVER_INACTIVE))
    made = answered(await command("ledger", "seal", "--json"))
    assert (made["id"], made["exports"], len(made["mac"])) == (2, 1, 64)
    assert "3 entries, 2 seals: nothing is broken" in (await command("ledger", "verify")).stdout
    assert answered(await command("ledger", "verify", "--json"))["seals_checked"] is True
