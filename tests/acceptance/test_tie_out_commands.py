"""The tie-out from the command line: it looks, tells and asks the worker; it writes nothing itself."""

import asyncio
import csv
import json

import pytest

from shared.ledger.tie_out import Period
from shared.ledger.words import Reason
from tests.support.command_line import Invoke, answered
from tests.support.house import HASTY
from tests.support.house_parts import CONNECTION
from tests.support.tie_outs import exported, last_run, month_of, receivable, tied_out

# A new worker joins its group at once; at the fallback broker that takes 5 s and more for each story.
pytestmark = pytest.mark.real_kafka
AT_ONCE = 10.0  # a worker that is not told looks every half a minute


async def test_the_command_line_tells_it_and_writes_nothing(invoke: Invoke, opens, tmp_path):
    house = await opens(erp=HASTY)  # its connections file takes the place of the command line's
    invoice = await exported(house)
    await tied_out(house, invoice)
    await house.erp.cancel(house.book, await receivable(house))
    month, lines = str(await month_of(house, invoice)), tmp_path / "month.csv"
    kinds = await house.view.kinds(invoice)
    told = await asyncio.to_thread(invoke, "tie-out", "--period", month, "--csv", lines, "--json")
    assert told.exit_code == 1
    [shown] = json.loads(told.stdout)
    assert (shown["ties"], shown["adds_up"], shown["in_the_erp"]["cancelled"]) == (False, True, 1)
    assert shown["accounts"][0]["exported"] == {"count": 1, "amount": "54000.00"}
    [row] = list(csv.DictReader(lines.read_text(encoding="utf-8-sig").splitlines()))
    assert (row["status"], row["amount"], row["in_the_erp"]) == ("exported", "54000.00", "cancelled")
    assert await house.view.kinds(invoice) == kinds
    last = await asyncio.to_thread(invoke, "tie-out", CONNECTION, "--period", month, "--last", "--json")
    assert answered(last)[0]["ties"] is True
    before, _ = await last_run(house, Period.parse(month))
    asked = await asyncio.to_thread(invoke, "tie-out", CONNECTION, "--period", month, "--hold")
    assert (asked.exit_code, asked.stderr) == (0, "")
    await house.export_of(invoice, "held", reason=Reason.CANCELLED_IN_ERP)

    async def tied() -> bool:
        run, _ = await last_run(house, Period.parse(month))
        return run != before

    await house.view.until(tied, "the tie-out of the house's worker, which was told at once", AT_ONCE)
    last = await asyncio.to_thread(invoke, "tie-out", "--period", month, "--last")
    assert last.exit_code == 1
    assert "cancelled or credited in the ERP" in last.stdout


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["--period", "2026-13"], "--period 2026-13 is not a month such as 2026-10."),
        (["--last", "--hold"], "Give at most one of --last, --hold and --csv."),
        (["--last", "--csv", "x.csv"], "Give at most one of --last, --hold and --csv."),
        (["nowhere"], "There is no connection 'nowhere'; the connections file has: harbor-sandbox."),
    ],
)
def test_what_makes_no_sense_stops_the_command(invoke: Invoke, words, why):
    stopped = invoke("tie-out", *words)
    assert (stopped.exit_code, stopped.stderr.strip()) == (2, why)


def test_before_the_first_tie_out_nothing_ties(invoke: Invoke):
    told = invoke("tie-out", "--period", "2026-10", "--last")
    assert told.exit_code == 1
    assert "No tie-out came to its end yet." in told.stdout
