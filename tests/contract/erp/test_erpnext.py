"""What only ERPNext does: a field of ours that it may drop without a word, crashes on bad input, credit notes."""

import asyncio
from collections.abc import AsyncIterator
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from deploy.sandbox.faulty.orders import ErpStep, Fault, FaultKind
from services.export_worker.core.capabilities import Step
from services.export_worker.core.document import Document, DocumentLine
from services.export_worker.core.outcomes import (
    Done,
    Found,
    Refusal,
    Refused,
    Reread,
    Unavailable,
    Unknown,
)
from services.export_worker.erp.adapter import ErpAdapter, File
from tests.contract.erp.documents import an_invoice, done, found, sent
from tests.contract.erp.erpnext_harness import FIELD, ErpNextHarness

HELD_BACK = Fault(kind=FaultKind.HOLD_BEFORE, step=ErpStep.CREATE)


@pytest.fixture
async def erp(erpnext_url: str) -> AsyncIterator[ErpNextHarness]:
    harness = await ErpNextHarness.open(erpnext_url)
    yield harness
    await harness.close()


@pytest.fixture
def adapter(erp: ErpNextHarness) -> ErpAdapter:
    return erp.adapter()


@pytest.fixture
def document(erp: ErpNextHarness) -> Document:
    return an_invoice(erp)


async def test_nothing_is_made_while_our_field_is_missing(
    erp: ErpNextHarness, adapter: ErpAdapter, document: Document
) -> None:
    await erp.control.drop(erp.book, "Custom Field", f"Sales Invoice-{FIELD}")

    looked = await adapter.find(document.reference)
    outcome = await adapter.perform(Step.CREATE, document, None)

    assert isinstance(looked, Unavailable)
    assert isinstance(outcome, Refused)
    assert outcome.refusal is Refusal.NOT_ALLOWED
    assert "connections check --prepare" in outcome.text
    assert "connections check --prepare" in looked.text
    assert await erp.documents() == []


async def test_a_reference_that_is_dropped_is_told(erp: ErpNextHarness, document: Document) -> None:
    """The field goes between our look and our create: ERPNext says 200, and keeps no reference."""
    await erp.control.order(erp.book, HELD_BACK)
    creating = asyncio.create_task(erp.adapter().perform(Step.CREATE, document, None))
    await erp.arrived(Step.CREATE)
    await erp.control.drop(erp.book, "Custom Field", f"Sales Invoice-{FIELD}")
    await erp.release()

    outcome = await creating

    [left] = await erp.documents()
    assert isinstance(outcome, Refused)
    assert outcome.refusal is Refusal.NOT_ALLOWED
    assert left.ref in outcome.text
    assert not [one for one in await erp.control.requests(erp.book) if one.method == "DELETE"]


async def test_another_unique_field_is_no_reason_to_look_again(
    erp: ErpNextHarness, adapter: ErpAdapter, document: Document
) -> None:
    """Else the export would be found nowhere and sent again for ever."""
    theirs = {"dt": "Sales Invoice", "fieldname": "po_no", "fieldtype": "Data", "unique": 1}
    await erp.control.put(erp.book, "Custom Field", "Sales Invoice-po_no", **theirs)
    await done(adapter, Step.CREATE, document)

    outcome = await adapter.perform(Step.CREATE, document.model_copy(update={"reference": "a:b:2:0"}), None)

    assert isinstance(outcome, Refused)
    assert outcome.refusal is Refusal.DUPLICATE_NUMBER


UNKNOWN: list[tuple[dict[str, Any], str]] = [
    ({"customer": "Nobody"}, "'Nobody' does not exist"),
    ({"job": "PROJ-9999"}, "PROJ-9999"),
    ({"retainage_account": "9999"}, "9999"),
    ({"lines": (DocumentLine(description="x", amount=Decimal(1), item="No such item"),)}, "No such item"),
    ({"lines": (DocumentLine(description="x", amount=Decimal(1), item="4000", account="No such account"),)}, "account"),
]


@pytest.mark.parametrize(("changes", "told"), UNKNOWN)
async def test_whatever_does_not_exist_is_named(
    erp: ErpNextHarness, adapter: ErpAdapter, changes: dict[str, Any], told: str
) -> None:
    """Whether ERPNext crashes on it (500), calls it gone (404) or refuses the link (417)."""
    document = an_invoice(erp, **{"retainage_held": Decimal("0.10")} | changes)

    outcome = await adapter.perform(Step.CREATE, document, None)

    assert isinstance(outcome, Refused)
    assert outcome.refusal is Refusal.MISSING_MAPPING
    assert told in outcome.text
    assert "replay" in outcome.text
    assert await erp.documents() == []


@pytest.mark.parametrize("step", [Step.CREATE, Step.FINISH])
async def test_a_crash_is_rolled_back_and_told_plainly(
    erp: ErpNextHarness, adapter: ErpAdapter, document: Document, step: Step
) -> None:
    ref = await done(adapter, Step.CREATE, document) if step is Step.FINISH else None
    await erp.control.order(erp.book, Fault(kind=FaultKind.REFUSE, step=ErpStep(step), code="crashed"))

    outcome = await adapter.perform(step, document, ref)

    assert type(outcome) is Refused
    assert outcome.refusal is Refusal.UNSUPPORTED
    assert outcome.text.startswith("ERPNext failed inside on this invoice and took everything back.")
    assert "Traceback" not in outcome.text
    assert isinstance(await sent(adapter, document), Found)
    assert len(await erp.documents()) == 1


@pytest.mark.parametrize(
    ("code", "outcome"), [("deadlock", Unavailable), ("read_only", Unavailable), ("database_lost", Unknown)]
)
async def test_a_database_in_trouble_is_no_refusal(
    erp: ErpNextHarness, adapter: ErpAdapter, document: Document, code: str, outcome: type
) -> None:
    await erp.control.order(erp.book, Fault(kind=FaultKind.REFUSE, step=ErpStep.CREATE, code=code))
    assert isinstance(await adapter.perform(Step.CREATE, document, None), outcome)


async def test_closed_and_frozen_books_name_the_period(
    erp: ErpNextHarness, adapter: ErpAdapter, document: Document
) -> None:
    """A period closes drafts too, a freeze only what is submitted."""
    await erp.rules(closed_until="2026-10-31")
    closed = await adapter.perform(Step.CREATE, document, None)
    await erp.control.put(erp.book, "Accounting Period", "Closed - HB", disabled=1)
    ref = await done(adapter, Step.CREATE, document)
    await erp.control.put(erp.book, "Accounts Settings", "Accounts Settings", acc_frozen_upto="2026-10-31")
    frozen = await adapter.perform(Step.FINISH, document, ref)

    for outcome in (closed, frozen):
        assert isinstance(outcome, Refused)
        assert outcome.refusal is Refusal.PERIOD_CLOSED
        assert outcome.text.startswith("Period 2026-10 is closed in ERPNext.")


async def test_a_draft_changed_meanwhile_is_not_submitted(
    erp: ErpNextHarness, adapter: ErpAdapter, document: Document
) -> None:
    ref = await done(adapter, Step.CREATE, document)
    await erp.control.order(erp.book, Fault(kind=FaultKind.HOLD_BEFORE, step=ErpStep.FINISH))
    finishing = asyncio.create_task(adapter.perform(Step.FINISH, document, ref))
    await erp.arrived(Step.FINISH)
    await erp.change_tax(ref, "0.01")
    await erp.release()

    assert isinstance(await finishing, Reread)
    assert [one.state for one in await erp.documents()] == ["draft"]


async def test_a_replaced_draft_has_the_new_due_date(
    erp: ErpNextHarness, adapter: ErpAdapter, document: Document
) -> None:
    ref = await done(adapter, Step.CREATE, document)
    later = document.model_copy(update={"due_date": date(2026, 12, 31)})

    assert await adapter.replace(ref, later) == Done(ref)

    [stored] = await erp.control.documents(erp.book)
    assert stored["due_date"] == "2026-12-31"
    assert stored[FIELD] == document.reference


async def test_a_cancelled_invoice_leaves_its_mark_behind(
    erp: ErpNextHarness, adapter: ErpAdapter, document: Document
) -> None:
    for _ in range(2):
        read = await sent(adapter, document)
        assert isinstance(read, Found)
        await erp.cancel(read.ref)
    await done(adapter, Step.CREATE, document)

    marks = [stored[FIELD] for stored in await erp.control.documents(erp.book)]
    assert marks == [document.reference, f"{document.reference}~2", f"{document.reference}~3"]
    assert len(await found(adapter, document)) == 3


@pytest.mark.parametrize("status", ["Credit Note Issued", "Unpaid"])
@pytest.mark.parametrize(("credit", "cancelled"), [("135000", True), ("134999.99", False)])
async def test_only_a_whole_credit_cancels(
    erp: ErpNextHarness, adapter: ErpAdapter, document: Document, credit: str, status: str, cancelled: bool
) -> None:
    """The status tells neither: it is the same for a part, once paid, and a note may leave the invoice as it is."""
    read = await sent(adapter, document)
    assert isinstance(read, Found)
    await erp.control.credit(erp.book, read.ref, credit)
    await erp.control.put(erp.book, "Sales Invoice", read.ref, status=status)

    [shown] = await found(adapter, document)

    assert shown.cancelled is cancelled
    assert shown.totals == document.totals


async def test_a_file_that_the_site_renamed_is_ours(erp: ErpNextHarness, adapter: ErpAdapter) -> None:
    refs = [await done(adapter, Step.CREATE, an_invoice(erp, reference=f"ironside:1001:{n}:0")) for n in (1, 2)]
    for ref in refs * 2:
        assert await adapter.attach(ref, File("summary.pdf", "application/pdf", ref.encode())) == Done(ref)

    attached = [one.attachments for one in await erp.documents()]
    assert [len(files) for files in attached] == [1, 1]
    assert attached[0] == ("summary.pdf",)
    assert attached[1] != ("summary.pdf",)


async def test_taxes_that_erpnext_adds_show_in_the_totals(
    erp: ErpNextHarness, adapter: ErpAdapter, document: Document
) -> None:
    plain = document.model_copy(update={"retainage_held": Decimal(0)})
    row = {"charge_type": "Actual", "account_head": "Sales Tax - HB", "description": "VAT", "tax_amount": 7}
    await erp.control.set_up(erp.book, api_key=erp.secrets["api_key"], default_taxes=[row])

    ref = await done(adapter, Step.CREATE, plain)

    read = await adapter.read(ref)
    assert isinstance(read, Found)
    assert read.totals.tax == Decimal("7.00")
    assert read.totals.gross == plain.totals.gross


async def test_settings_serve_what_no_mapping_names(erp: ErpNextHarness, document: Document) -> None:
    bare = {"account": None, "item": None}
    unmapped = document.model_copy(
        update={"retainage_account": None, "lines": tuple(line.model_copy(update=bare) for line in document.lines)}
    )
    refused = await erp.adapter().perform(Step.CREATE, unmapped, None)
    assert isinstance(refused, Refused)
    assert refused.refusal is Refusal.MISSING_MAPPING
    assert "03-001" in refused.text

    adapter = erp.adapter(
        default_item="Construction Work",
        income_account="Sales - HB",
        retainage_account="Retainage Receivable - HB",
        cost_center="Main - HB",
    )
    assert isinstance(await sent(adapter, unmapped), Found)
    [stored] = await erp.control.documents(erp.book)
    assert {row["income_account"] for row in stored["items"]} == {"Sales - HB"}
    assert {row["cost_center"] for row in (*stored["items"], *stored["taxes"])} == {"Main - HB"}
    assert [row["account_head"] for row in stored["taxes"]] == ["Retainage Receivable - HB"]


async def test_amounts_below_zero_of_either_kind_stay_apart(erp: ErpNextHarness, adapter: ErpAdapter) -> None:
    document = an_invoice(erp, retainage_held=Decimal("-10.00"), retainage_released=Decimal("-3.00"))
    read = await sent(adapter, document)
    assert isinstance(read, Found)
    assert read.totals == document.totals


async def test_what_looks_like_markup_is_shown_as_written(erp: ErpNextHarness, adapter: ErpAdapter) -> None:
    """A description is rich text: ERPNext would take a tag that it does not allow out of it."""
    text = "Beams > 3 m & <slab> <b>\nsecond line"
    line = DocumentLine(description=text, amount=Decimal("150000.00"), item="4000")

    await done(adapter, Step.CREATE, an_invoice(erp, lines=(line,)))

    [stored] = await erp.control.documents(erp.book)
    assert stored["items"][0]["description"] == "Beams &gt; 3 m &amp; &lt;slab&gt; &lt;b&gt;<br>second line"
