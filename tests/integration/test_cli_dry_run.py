"""`exports replay --dry-run` and `reconcile`, against a Procore."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import text

from shared.ledger.entries import AttemptClosed, AttemptOpened, Authority, FollowUpFailed
from shared.ledger.words import Closing
from tests.support.builders import a_standing, closed, opened
from tests.support.command_line import answered
from tests.support.ledgers import CONNECTION, a_look, held_for

DRY = ("--reason", "to see", "--dry-run")
NOTHING_WRITTEN = "(dry run: nothing was written, nothing was sent)"


@pytest.fixture
def count(owner_engine):
    async def count():
        async with owner_engine.connect() as connection:
            tables = ("entries", "exports", "commands", "work")
            return [
                (await connection.execute(text(f"SELECT count(*), sum(xmin::text::bigint) FROM {table}"))).one()
                for table in tables
            ]

    return count


async def test_a_dry_run_tells_the_hold_and_writes_nothing(site, export_of, command, count):
    export_id = await export_of()
    before = await count()
    ran = await command("exports", "replay", export_id, *DRY)
    assert (ran.exit_code, ran.stderr) == (0, "")
    assert ran.stdout.splitlines()[0] == "It would be held:"
    assert "approver_not_recorded" in ran.stdout
    assert ran.stdout.splitlines()[-2:] == ["(row 14 of the decision table)", NOTHING_WRITTEN]
    assert await count() == before


async def test_a_dry_run_tells_what_would_be_sent(site, prepared, export_of, command):
    export_id = await export_of()
    ran = await command("exports", "replay", export_id, *DRY)
    assert ran.stdout.splitlines() == [
        f"It would be sent: 54,000.00 USD, as {CONNECTION}:{site['company']}:{site['invoice']}:1.",
        "(row 22 of the decision table)",
        NOTHING_WRITTEN,
    ]


async def test_a_dry_run_says_when_the_erp_is_asked_first(site, export_of, command):
    authority = Authority(found_by="events", judged_at=datetime.now(UTC))
    attempt = AttemptOpened(
        attempt=1,
        reference="r:1",
        document={},
        content_hash="h",
        mappings_version="m",
        fingerprint="f",
        look=a_look(),
        authority_when_seen=authority,
        authority_when_opened=authority,
        fencing_token=1,
        worker="w",
    )
    unknown = AttemptClosed(closing=Closing.UNKNOWN, retry_at=datetime.now(UTC))
    ran = await command("exports", "replay", await export_of(attempt, unknown), *DRY)
    assert ran.stdout.startswith("The ERP would be asked first")


async def test_a_dry_run_of_what_was_given_up_says_so(site, export_of, command, count):
    standing = a_standing(totals=None, fingerprint=None)
    given_up = FollowUpFailed(what="attachment", detail="not permitted")
    export_id = await export_of(opened(look=a_look()), closed(Closing.DONE, standing=standing), given_up)
    before = await count()
    told = await command("exports", "replay", export_id, *DRY)
    assert told.exit_code == 0, told.output
    assert "It would stay exported, and what was given up after the export would be tried again." in told.stdout
    assert await count() == before


async def test_a_dry_run_of_what_is_refused_says_so(site, export_of, command):
    export_id = await export_of(held_for())
    refused = await command("exports", "replay", export_id, *DRY, "--afresh", "--invoice-number", "nope")
    assert refused.exit_code == 1
    assert refused.stderr == "It would be refused: the invoice number that was typed is not this invoice's.\n"
    assert (await command("exports", "replay", 99, *DRY)).stderr == "There is no export 99.\n"


async def test_a_dry_run_without_procore_is_one_line(site, export_of, command, monkeypatch):
    export_id = await export_of()
    monkeypatch.setenv("PROCORE_CLIENT_SECRET", "wrong")
    failed = await command("exports", "replay", export_id, *DRY)
    assert (failed.exit_code, failed.stdout) == (1, "")
    assert failed.stderr.startswith("Nobody can tell now: Procore does not accept our log-in")


async def test_reconciling_finds_what_no_webhook_brought(site, command, owner_engine):
    young = await command("reconcile")
    assert (young.exit_code, young.stderr) == (0, "")
    found = answered(await command("reconcile", "--all", "--connection", CONNECTION, "--json"))
    assert found[CONNECTION]["missed"] == [site["invoice"]]
    assert answered(await command("reconcile", "--all", "--json"))[CONNECTION]["missed"] == []
    (row,) = answered(await command("exports", "list", "--json"))["exports"]
    assert (row["status"], row["payment_application_id"]) == ("waiting", site["invoice"])


async def test_a_run_that_could_not_read_fails(site, command, monkeypatch):
    monkeypatch.setenv("PROCORE_CLIENT_SECRET", "wrong")
    failed = await command("reconcile", "--all")
    assert failed.exit_code == 1
    assert failed.stderr.startswith(f"{CONNECTION}: Procore does not accept our log-in")


async def test_an_unknown_connection_is_not_reconciled(site, command):
    stopped = await command("reconcile", "--connection", "acme")
    assert (stopped.exit_code, stopped.stdout) == (2, "")
