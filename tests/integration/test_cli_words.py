"""Whose words the command line takes: of its labels alone, and never in what a program reads."""

import json
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from services.cli.terminal import WORDS
from services.cli.tie_out_telling import Month, tell
from shared.ledger.tie_out import Period, Verdict
from shared.ledger.tie_out_reader import Finding
from shared.ledger.words import Reason
from shared.terminology import Dictionary
from tests.support.command_line import answered
from tests.support.ledgers import a_look, an_export, held_for

NOW = datetime(2026, 11, 1, tzinfo=UTC)
CUSTOMER = "Owner Builders LLC"
HEADS = {
    Dictionary.GENERAL_CONTRACTORS: "Owner",
    Dictionary.OWNERS: "Funding",
    Dictionary.SPECIALTY_CONTRACTORS: "Owner",
}
STEPS = {
    Dictionary.GENERAL_CONTRACTORS: "read access to the project's prime contracts in Procore",
    Dictionary.OWNERS: "read access to the project's funding in Procore",
    Dictionary.SPECIALTY_CONTRACTORS: "read access to the project's client contracts in Procore",
}
JSON = (("exports", "list"), ("exports", "show", "1"), ("connections", "things-to-know", "--adapter", "tryton"))


@pytest.fixture
async def export(worker_engine):
    """Of an owner whose name holds one of the words that change."""
    held = held_for(Reason.INVOICE_UNREADABLE, a_look(customer_name=CUSTOMER))
    export_id = await an_export(worker_engine, held)
    assert export_id == 1
    return export_id


@pytest.mark.parametrize("words", Dictionary)
async def test_a_list_has_the_heads_of_its_reader(export, command, words):
    shown = await command("--words", words.value, "exports", "list")
    assert (shown.exit_code, shown.stderr) == (0, "")
    head = shown.stdout.splitlines()[1].split()
    assert head[head.index("Invoice") + 2] == HEADS[words]
    assert CUSTOMER in shown.stdout


@pytest.mark.parametrize("words", Dictionary)
async def test_one_export_is_told_in_its_readers_words(export, command, monkeypatch, words):
    monkeypatch.setenv("INVOICE_EXPORT_WORDS", words.value)
    shown = (await command("exports", "show", export)).stdout
    assert STEPS[words] in shown
    assert f"to {CUSTOMER} over" in shown


async def test_the_option_wins_over_the_shells_words(export, command, monkeypatch):
    monkeypatch.setenv("INVOICE_EXPORT_WORDS", "owners")
    shown = (await command("--words", "specialty_contractors", "exports", "show", export)).stdout
    assert "client invoice 5001;" in shown
    assert "owner invoice 5001;" in (await command("--words", "general_contractors", "exports", "show", export)).stdout


@pytest.mark.parametrize("words", Dictionary)
def test_a_tie_out_has_the_heads_of_its_reader(words, monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "240")
    finding = Finding(7, Verdict.GONE, "", NOW, "INV-1", CUSTOMER, Decimal(1), "USD", "AR-1")
    chosen = WORDS.set(words)
    tell(Month("harbor", Period.parse("2026-10"), NOW, findings=[finding]))
    WORDS.reset(chosen)
    told = capsys.readouterr().out
    assert f" {HEADS[words]} " in told
    assert CUSTOMER in told


@pytest.mark.parametrize("asked", JSON, ids=" ".join)
async def test_what_a_program_reads_is_the_same_for_all(export, command, asked):
    told = [answered(await command("--words", words.value, *asked, "--json")) for words in Dictionary]
    assert json.dumps(told[0]) == json.dumps(told[1]) == json.dumps(told[2])


async def test_words_that_nobody_knows_are_refused(command, monkeypatch):
    monkeypatch.setenv("INVOICE_EXPORT_WORDS", "builders")
    refused = await command("exports", "list")
    assert refused.exit_code == 2
    assert "INVOICE_EXPORT_WORDS" in refused.stderr
    assert "specialty_contractors" in refused.stderr
