"""`exports confirm --batch`: which exports are meant, and what of the file is refused before anything is sent."""

from decimal import Decimal

import pytest

from shared.ledger.entries import AttemptOpened, HandedOver
from tests.contract.erp.documents import a_document
from tests.support.builders import opened
from tests.support.ledgers import a_look, an_export

BATCH = "IE261123-001"
WHY = ("--reason", "imported this morning")


def handed_over(nth: int, ref: str) -> tuple[AttemptOpened, HandedOver]:
    """The entries of one export that left in a file."""
    document = a_document(reference=f"harbor:4907:{nth}:1", number=f"HBL-{nth:04}", retainage_held=Decimal(0))
    return opened(document, look=a_look(nth)), HandedOver(ref=ref, confirmed_by="whoever imports it")


@pytest.fixture
async def two(worker_engine):
    """Two exports of one batch; the ids."""
    entries = [handed_over(nth, f"{BATCH}-{nth:03}") for nth in (1, 2)]
    return [await an_export(worker_engine, *each, invoice=f"600{nth}") for nth, each in enumerate(entries)]


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("1",),
        ("1", "--erp-number", "AR-1", "--batch", BATCH),
        ("--batch", BATCH),
        ("--batch", BATCH, "--as-sent", "--file", __file__),
    ],
    ids=["nothing", "no number", "both", "neither", "two ways"],
)
async def test_what_is_not_said_clearly_is_refused(command, words):
    refused = await command("exports", "confirm", *words, *WHY)
    assert refused.exit_code == 2
    assert refused.stderr.startswith("Say either ")


async def test_a_dry_run_shows_what_would_be_confirmed(two, command):
    shown = await command("exports", "confirm", "--batch", BATCH, "--as-sent", "--dry-run", *WHY)
    assert (shown.exit_code, shown.stderr) == (0, "")
    for export_id, number in zip(two, ("HBL-0001", "HBL-0002"), strict=True):
        [row] = [line for line in shown.stdout.splitlines() if number in line]
        assert str(export_id) in row
    assert "2 of 2 would be confirmed" in shown.stdout


async def test_a_batch_with_a_longer_name_is_another(two, command):
    absent = await command("exports", "confirm", "--batch", "IE261123-00", "--as-sent", *WHY)
    assert (absent.exit_code, absent.stderr) == (1, "Nothing of batch IE261123-00 waits to be confirmed.\n")


async def test_one_batch_of_two_connections_needs_its_connection(two, worker_engine, command):
    await an_export(worker_engine, *handed_over(9, f"{BATCH}-001"), invoice="6009", connection="annex")
    unclear = await command("exports", "confirm", "--batch", BATCH, "--as-sent", "--dry-run", *WHY)
    assert unclear.exit_code == 2
    assert "say --connection annex or harbor-sandbox" in unclear.stderr
    clear = await command(
        "exports", "confirm", "--batch", BATCH, "--as-sent", "--dry-run", "--connection", "annex", *WHY
    )
    assert "1 of 1 would be confirmed" in clear.stdout


async def test_a_line_with_an_error_is_passed_over(two, command, tmp_path):
    file = tmp_path / "answers.csv"
    file.write_text(f"reference,erp_number,error\n{BATCH}-001,10023,\n{BATCH}-002,,Duplicate Invoice\n")
    shown = await command("exports", "confirm", "--batch", BATCH, "--file", file, "--dry-run", *WHY)
    assert (shown.exit_code, shown.stderr) == (0, "")
    assert "1 of 2 would be confirmed" in shown.stdout
    assert "10023" in shown.stdout


@pytest.mark.parametrize(
    ("row", "column", "problem"),
    [
        (f"{BATCH}-003,,10023,", "reference", "nothing of the batch that waits has it"),
        (",HBL-0009,10023,", "invoice_number", "nothing of the batch that waits has it"),
        (",,10023,", "invoice_number", "give the reference or the invoice number"),
        (f"{BATCH}-001,,,", "erp_number", "may not be empty"),
        (f"{BATCH}-001,,10023,Duplicate", "error", "give either the ERP's number or its error"),
        (",HBL-0002,10024,", "", "says the same again as row 2"),
    ],
)
async def test_each_row_that_does_not_fit_is_named(two, command, tmp_path, row, column, problem):
    file = tmp_path / "answers.csv"
    file.write_text(f"reference,invoice_number,erp_number,error\n{BATCH}-002,,10022,\n{row}\n")
    refused = await command("exports", "confirm", "--batch", BATCH, "--file", file, *WHY)
    assert refused.exit_code == 2
    [line] = [line for line in refused.stderr.splitlines() if problem in line]
    cells = [cell.strip() for cell in line.split("│")]
    assert cells[1:3] == ["3", column]
    assert "nothing was imported; problems: 1." in refused.stderr
