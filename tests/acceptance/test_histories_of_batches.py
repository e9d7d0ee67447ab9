"""An approved invoice on its way into Sage by file: handed over, then confirmed, refused or taken back by people."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from typer.testing import Result

from services.export_worker.erp.adapter import CheckResult, Place
from services.export_worker.erp.sage_file.adapter import SageFileAdapter
from shared.connections import mapping_store
from shared.connections.mappings import Mapping, MappingKind, MappingRow
from shared.events.command import Action
from shared.ledger.words import EntryKind, Reason
from tests.support.house import House
from tests.support.house_parts import CONNECTION
from tests.support.ledger_view import Export

pytestmark = pytest.mark.real_kafka

Confirm = Callable[..., Awaitable[Result]]
CONNECTION_FILE = """
[[connection]]
name = "{name}"
company_id = {company}
adapter = "sage_file"
mode = "live"
finish = "posted"
start_from = "all"
payment_days = 30
requests_per_minute = 6000
settings = {{ product = "sage_100_contractor", outbox = "{outbox}", batch_minutes = 0.02 }}
"""


@pytest.fixture
def outbox(tmp_path: Path) -> Path:
    return tmp_path / "outbox"


@pytest.fixture
async def sage(house: House, outbox: Path) -> House:
    """The house with its connection moved to Sage by files."""
    await house.workers.stop()
    settings = {"product": "sage_100_contractor", "outbox": str(outbox)}
    adapter = SageFileAdapter(Place(CONNECTION, settings))
    assert [check.result for check in await adapter.prepare()] == [CheckResult.PREPARED]
    await adapter.close()
    text = CONNECTION_FILE.format(name=CONNECTION, company=house.company, outbox=outbox)
    house.workers.settings.connections_file.write_text(text, encoding="utf-8")
    job = Mapping(kind=MappingKind.JOB, procore_id=str(house.project), erp_id="2601")
    await save_mappings(house, job, Mapping(kind=MappingKind.ACCOUNT, procore_id="*", erp_id="4000"))
    house.workers.start()
    return house


async def save_mappings(house: House, *mapped: Mapping) -> None:
    async with house.view.engine.begin() as connection:
        await mapping_store.save(connection, [MappingRow(CONNECTION, each) for each in mapped], "controller")


@pytest.fixture
def confirm(sage: House, command: Confirm, monkeypatch: pytest.MonkeyPatch) -> Confirm:
    """`exports confirm` as a person types it."""
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", sage.workers.settings.kafka_bootstrap_servers[0])
    monkeypatch.setenv("COMMAND_SIGNING_KEY", sage.secrets.signing_key)

    async def confirm(*words: object) -> Result:
        return await command("exports", "confirm", *words, "--reason", "imported this morning", "--wait", "30")

    return confirm


async def in_a_file(house: House, invoice: int, outbox: Path) -> tuple[Export, str]:
    """Its export once it was handed over and its batch was closed; the batch."""

    async def look() -> tuple[Export, str] | None:
        export = await house.view.export(invoice)
        attempt = export.state.attempt if export else None
        if export is None or attempt is None or attempt.handed_over is None:
            return None
        batch = attempt.handed_over.ref.rpartition("-")[0]
        return (export, batch) if (outbox / f"{batch}.csv").exists() else None

    return await house.view.until(look, f"an import file with {invoice}")


async def touched(house: House, invoice: int) -> None:
    """A webhook, so that the next look does not take its ten minutes."""
    await house.procore.edit_invoice(invoice, total_amount_paid="1.00", user_id=house.ada)


def lines_of(outbox: Path, batch: str) -> list[dict[str, str]]:
    return list(json.loads((outbox / "batches" / f"{batch}.json").read_text())["lines"])


async def test_an_approved_invoice_waits_in_its_file_until_somebody_confirms(
    sage: House, outbox: Path, confirm: Confirm
) -> None:
    invoice = await sage.approved()
    export, batch = await in_a_file(sage, invoice, outbox)
    assert export.status == "exporting"
    assert b"ARINV,H," in (outbox / f"{batch}.csv").read_bytes()
    done = await confirm(export.id, "--erp-number", "10023")
    assert (done.exit_code, done.stderr) == (0, "")
    assert (await sage.export_of(invoice, "exported")).erp_number == "10023"


async def test_a_whole_batch_is_confirmed_from_a_csv(
    sage: House, outbox: Path, confirm: Confirm, tmp_path: Path
) -> None:
    invoice = await sage.approved()
    _, batch = await in_a_file(sage, invoice, outbox)
    [line] = lines_of(outbox, batch)
    results = tmp_path / "results.csv"
    results.write_text(f"invoice_number,erp_number\n{line['number']},10023\nHBL-9999,10024\n")
    refused = await confirm("--batch", batch, "--file", results)
    assert refused.exit_code == 2
    assert "nothing of the batch that waits has it" in refused.stderr
    results.write_text(f"reference,erp_number\n{line['ref']},10023\n")
    rehearsed = await confirm("--batch", batch, "--file", results, "--dry-run")
    assert "1 of 1 would be confirmed" in rehearsed.stdout
    assert (await sage.export_of(invoice)).status == "exporting"
    done = await confirm("--batch", batch, "--file", results)
    assert (done.exit_code, done.stderr) == (0, "")
    assert "1 of 1 confirmed" in done.stdout
    assert (await sage.export_of(invoice, "exported")).erp_number == "10023"
    again = await confirm("--batch", batch, "--as-sent")
    assert (again.exit_code, again.stderr) == (1, f"Nothing of batch {batch} waits to be confirmed.\n")


async def test_a_batch_is_confirmed_under_its_own_numbers(sage: House, outbox: Path, confirm: Confirm) -> None:
    invoice = await sage.approved()
    _, batch = await in_a_file(sage, invoice, outbox)
    done = await confirm("--batch", batch, "--as-sent")
    assert (done.exit_code, done.stderr) == (0, "")
    [line] = lines_of(outbox, batch)
    assert (await sage.export_of(invoice, "exported")).erp_number == line["number"]


async def test_an_agent_s_answers_export_one_and_fail_the_other(sage: House, outbox: Path) -> None:
    imported = await sage.approved()
    other = await sage.another_contract()
    await save_mappings(sage, Mapping(kind=MappingKind.JOB, procore_id=f"contract:{other}", erp_id="2602"))
    refused = await sage.approved(contract=other)
    for invoice, answer in ((imported, "10023,"), (refused, ",Duplicate Invoice encountered")):
        export, batch = await in_a_file(sage, invoice, outbox)
        attempt = export.state.attempt
        assert attempt is not None
        answers = outbox / f"{batch}.confirmed.csv"
        known = answers.read_text() if answers.exists() else "reference,erp_number,error\n"
        answers.write_text(f"{known}{attempt.reference},{answer}\n")
    for invoice in (imported, refused):
        await touched(sage, invoice)
    export = await sage.export_of(imported, "exported")
    assert export.erp_number == "10023"
    assert export.state.standing is not None
    assert export.state.standing.totals is not None
    failed = await sage.export_of(refused, "failed", reason=Reason.DUPLICATE_NUMBER)
    assert "Duplicate Invoice encountered" in failed.details


async def test_a_void_batch_goes_out_again_with_the_next(sage: House, outbox: Path) -> None:
    invoice = await sage.approved()
    _, batch = await in_a_file(sage, invoice, outbox)
    (outbox / f"{batch}.csv").rename(outbox / f"{batch}.void.csv")
    await touched(sage, invoice)

    async def sent_again() -> bool:
        now = await in_a_file(sage, invoice, outbox)
        return now[1] != batch

    await sage.view.until(sent_again, "a second batch")
    export, second = await in_a_file(sage, invoice, outbox)
    assert export.status == "exporting"
    (outbox / f"{second}.csv").rename(outbox / f"{second}.imported.csv")
    await touched(sage, invoice)
    await sage.export_of(invoice, "exported")


async def test_what_is_dismissed_and_replayed_stays_in_its_one_file(sage: House, outbox: Path) -> None:
    invoice = await sage.approved()
    export, batch = await in_a_file(sage, invoice, outbox)
    await sage.command(invoice, Action.REPLAY)
    await sage.followed(invoice, EntryKind.COMMAND_REFUSED)
    await sage.command(invoice, Action.RESOLVE, dismissed=True)
    await sage.export_of(invoice, "skipped", reason=Reason.DISMISSED)
    await sage.command(invoice, Action.REPLAY)
    await sage.export_of(invoice, "exporting")
    await in_a_file(sage, invoice, outbox)
    await asyncio.to_thread((outbox / f"{batch}.csv").rename, outbox / f"{batch}.imported.csv")
    await touched(sage, invoice)
    await sage.export_of(invoice, "exported")
    assert [line["reference"] for line in lines_of(outbox, batch)] == [export.state.attempt.reference]
    assert len(list((outbox / "batches").glob("*.json"))) == 1
