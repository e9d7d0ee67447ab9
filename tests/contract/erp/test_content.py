"""Amounts to the cent, text in every script, files once."""

from decimal import Decimal
from typing import Any

import pytest

from services.export_worker.core.capabilities import Step
from services.export_worker.core.document import Document, DocumentLine, Totals
from services.export_worker.core.outcomes import Done, Found, Refusal, Refused, Reread, Unknown
from services.export_worker.erp.adapter import ErpAdapter, File
from tests.contract.erp.documents import all_done, an_invoice, done, sent
from tests.contract.erp.harness import Harness, Trouble


def must_attach(adapter: ErpAdapter) -> None:
    """Skip where the ERP takes no files."""
    if not adapter.capabilities.attachments:
        pytest.skip("this ERP takes no files")


PDF = File("payapp-7.pdf", "application/pdf", b"%PDF-1.7 \x00\xff")

RETAINAGE = [
    ({"retainage_held": "15000.00", "retainage_released": "0.00"}, "135000.00"),
    ({"retainage_held": "0.00", "retainage_released": "5000.00"}, "155000.00"),
    ({"retainage_held": "15000.00", "retainage_released": "5000.00"}, "140000.00"),
    ({"retainage_held": "0.00", "retainage_released": "0.00", "tax": "12375.01"}, "162375.01"),
]


@pytest.mark.parametrize(("amounts", "receivable"), RETAINAGE)
async def test_retainage_and_tax_agree_to_the_cent(
    erp: Harness, adapter: ErpAdapter, amounts: dict[str, str], receivable: str
) -> None:
    document = an_invoice(erp, **{name: Decimal(amount) for name, amount in amounts.items()})

    read = await sent(adapter, document)

    assert isinstance(read, Found)
    assert read.totals == document.totals
    assert read.totals.receivable == Decimal(receivable)


async def test_cents_that_floats_lose_are_kept(erp: Harness, adapter: ErpAdapter) -> None:
    document = an_invoice(erp, "0.10", "0.20", erp.odd_amount, retainage_held=Decimal("0.03"))

    read = await sent(adapter, document)

    assert isinstance(read, Found)
    assert read.totals == document.totals
    assert read.totals.gross == Decimal(erp.odd_amount) + Decimal("0.30")


ZERO_OR_LESS: list[tuple[dict[str, Any], str]] = [
    ({"retainage_held": Decimal("150000.00")}, "allows_zero"),
    ({"retainage_held": Decimal("150000.01")}, "allows_negative"),
]


@pytest.mark.parametrize(("changes", "rule"), ZERO_OR_LESS)
async def test_zero_and_negative_invoices_follow_the_rule(
    erp: Harness, adapter: ErpAdapter, changes: dict[str, Any], rule: str
) -> None:
    document = an_invoice(erp, **changes)

    can = adapter.capabilities
    if not (can.zero_totals if rule == "allows_zero" else can.negative_totals):
        outcome = await sent(adapter, document)
        assert isinstance(outcome, Refused)
        assert outcome.refusal is Refusal.UNSUPPORTED
        await erp.rules(**{rule: True})

    read = await sent(adapter, document)
    assert isinstance(read, Found)
    assert read.totals == document.totals


NO_RETAINAGE = {"retainage_held": Decimal(0)}
CREDITS: list[tuple[tuple[str, ...], dict[str, Decimal]]] = [
    (("-150.00",), NO_RETAINAGE),
    (("-100.00", "-50.00"), {"retainage_held": Decimal("-15.00")}),
    (("100.00", "-250.00"), NO_RETAINAGE | {"retainage_released": Decimal("15.00")}),
    (("-150.00",), NO_RETAINAGE | {"tax": Decimal("-12.38")}),
]


@pytest.mark.parametrize(("amounts", "changes"), CREDITS)
async def test_a_credit_is_taken_where_the_adapter_says_so(
    erp: Harness, amounts: tuple[str, ...], changes: dict[str, Decimal]
) -> None:
    adapter = await erp.with_credits()
    document = an_invoice(erp, *amounts, **changes)

    read = await sent(adapter, document)

    assert isinstance(read, Found), read
    assert read.totals == document.totals
    assert read.totals.gross == Decimal("-150.00")
    assert all_done(adapter, document) <= read.done
    [standing] = await erp.documents()
    assert (standing.state, standing.receivable) == ("posted", document.totals.receivable)
    assert await sent(adapter, document) == read


async def test_less_taken_back_than_released_is_an_invoice(erp: Harness, adapter: ErpAdapter) -> None:
    document = an_invoice(erp, "-150.00", **NO_RETAINAGE, retainage_released=Decimal("200.00"))

    read = await sent(adapter, document)

    assert isinstance(read, Found), read
    assert read.totals == document.totals
    assert read.totals.receivable == Decimal("50.00")


async def test_a_line_that_takes_back_is_sent_as_it_is(erp: Harness, adapter: ErpAdapter) -> None:
    document = an_invoice(erp, "100.00", "-40.00", retainage_held=Decimal("-10.00"))

    read = await sent(adapter, document)

    assert isinstance(read, Found)
    assert read.totals == Totals(
        gross=Decimal("60.00"),
        retainage_held=Decimal("-10.00"),
        retainage_released=Decimal(0),
        tax=Decimal(0),
    )


async def test_long_text_in_every_script_arrives_whole(erp: Harness, adapter: ErpAdapter) -> None:
    if not erp.takes_every_script:
        erp.cannot("write every script")
    text = ("Béton armé — 鉄筋コンクリート 🏗 \u202eRTL 'x'\"<b>\n" * 200)[: adapter.capabilities.max_text_length]
    line = DocumentLine(description=text, amount=Decimal("150000.00"), item="4000")

    read = await sent(adapter, an_invoice(erp, lines=(line,), number="№ 7/Ä"))

    assert isinstance(read, Found)
    [standing] = await erp.documents()
    assert standing.text == text


@pytest.mark.parametrize("was_other_before", [False, True])
async def test_the_link_to_procore_is_on_the_document(
    erp: Harness, adapter: ErpAdapter, document: Document, was_other_before: bool
) -> None:
    if was_other_before:
        if not adapter.capabilities.replaces_drafts:
            pytest.skip("this ERP does not replace drafts")
        ref = await done(adapter, Step.CREATE, an_invoice(erp, source_url=None))
        if [one.state for one in await erp.documents()] != ["draft"]:
            pytest.skip("what this ERP takes is posted at once")
        assert await adapter.replace(ref, document) == Done(ref)

    assert isinstance(await sent(adapter, document), Found)

    [standing] = await erp.documents()
    assert document.source_url
    assert document.source_url in standing.notes


async def test_the_published_longest_number_is_accepted(erp: Harness, adapter: ErpAdapter) -> None:
    longest = adapter.capabilities.max_number_length
    assert isinstance(await sent(adapter, an_invoice(erp, number="N" * longest)), Found)


async def test_an_attachment_repeated_is_there_once(erp: Harness, adapter: ErpAdapter, document: Document) -> None:
    must_attach(adapter)
    read = await sent(adapter, document)
    assert isinstance(read, Found)

    assert await adapter.attach(read.ref, PDF) == Done(read.ref)
    assert await adapter.attach(read.ref, PDF) == Done(read.ref)
    assert await adapter.attach(read.ref, File("lien-waiver.pdf", "application/pdf", b"")) == Done(read.ref)

    [standing] = await erp.documents()
    assert standing.attachments == ("payapp-7.pdf", "lien-waiver.pdf")


async def test_an_attachment_without_its_document_is_a_reread(erp: Harness, adapter: ErpAdapter) -> None:
    must_attach(adapter)
    assert isinstance(await adapter.attach("R-999999", PDF), Reread)


@pytest.mark.parametrize("trouble", [Trouble.DROPS_AFTER])
async def test_an_attachment_whose_answer_was_lost_is_there_once(
    erp: Harness, adapter: ErpAdapter, document: Document, trouble: Trouble
) -> None:
    must_attach(adapter)
    read = await sent(adapter, document)
    assert isinstance(read, Found)
    await erp.trouble_with_attaching(trouble)

    assert isinstance(await adapter.attach(read.ref, PDF), Unknown)
    assert await adapter.attach(read.ref, PDF) == Done(read.ref)

    [standing] = await erp.documents()
    assert standing.attachments == ("payapp-7.pdf",)
