"""Creating is adding to the open batch, once; what people tell of the batch decides how it goes on."""

import hashlib
import json
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from services.export_worker.core.capabilities import Step
from services.export_worker.core.document import Document, DocumentLine
from services.export_worker.core.outcomes import Done, HandedOver, NeedsDecision, Refusal, Refused, Reread, Unavailable
from services.export_worker.erp.sage_file.durable import locked
from tests.contract.sage_file.outboxes import A_BATCH, CRE, MORNING, Scene, an_invoice, open_scene

FIRST, SECOND = "IE261123-001", "IE261123-002"
DUPLICATE = "Duplicate Invoice encountered. Invoice # must be unique"


async def test_an_invoice_is_handed_over_and_not_yet_there(scene: Scene) -> None:
    document = an_invoice()

    told = await scene.handed_over(document)

    assert told == HandedOver(f"{FIRST}-001", f"whoever imports {FIRST}.csv", MORNING + A_BATCH)
    assert await scene.found(document) == []
    assert list(scene.folder.glob("*.csv")) == []


async def test_a_repeated_create_is_the_same_line(scene: Scene) -> None:
    document = an_invoice()
    first = await scene.handed_over(document)
    assert await scene.handed_over(document) == first
    [file] = await scene.released()
    assert await scene.handed_over(document) == first
    assert file.read_bytes().count(b"ARINV,H,") == 1


async def test_a_batch_closes_after_its_time(scene: Scene) -> None:
    await scene.handed_over(an_invoice(nth=1))
    scene.clock.pass_by(A_BATCH - timedelta(seconds=1))
    await scene.handed_over(an_invoice(nth=2))
    assert [file.name for file in await scene.released()] == [f"{FIRST}.csv"]
    later = await scene.handed_over(an_invoice(nth=3))
    assert later.ref == f"{SECOND}-001"


async def test_a_full_batch_closes_at_once(tmp_path: Path) -> None:
    scene = await open_scene(tmp_path, batch_size=2)
    refs = [(await scene.handed_over(an_invoice(nth=number))).ref for number in (1, 2, 3)]
    assert refs == [f"{FIRST}-001", f"{FIRST}-002", f"{SECOND}-001"]
    assert [file.name for file in scene.folder.glob("*.csv")] == [f"{FIRST}.csv"]


async def test_the_manifest_tells_what_the_file_holds(scene: Scene) -> None:
    documents = [an_invoice(nth=1), an_invoice("1000.00", nth=2, retainage_held=Decimal("100.00"))]
    for document in documents:
        await scene.handed_over(document)
    [file] = await scene.released()
    manifest = json.loads((scene.folder / "batches" / f"{FIRST}.json").read_text())
    assert manifest["sha256"] == hashlib.sha256(file.read_bytes()).hexdigest()
    assert [line["reference"] for line in manifest["lines"]] == [document.reference for document in documents]
    assert [line["number"] for line in manifest["lines"]] == ["HBL-0001", "HBL-0002"]
    assert manifest["lines"][1]["totals"]["retainage_held"] == "100.00"
    assert manifest["receivable"] == "135900.00"


async def test_a_renamed_file_confirms_the_whole_batch(scene: Scene) -> None:
    document = an_invoice()
    await scene.handed_over(document)
    await scene.released()
    scene.renamed(FIRST, "imported")
    [found] = await scene.found(document)
    assert (found.number, found.done, found.totals) == (document.number, {Step.CREATE}, document.totals)
    assert await scene.adapter.read(found.ref) == found
    assert isinstance(await scene.adapter.perform(Step.CREATE, document, None), Reread)


async def test_a_void_batch_that_was_imported_after_all_shows_twice(scene: Scene) -> None:
    document = an_invoice()
    await scene.handed_over(document)
    await scene.released()
    scene.renamed(FIRST, "void")
    await scene.handed_over(document)
    await scene.released()
    scene.renamed(SECOND, "imported")
    scene.told(FIRST, f"{FIRST}-001,,10023,,")
    assert [found.ref for found in await scene.found(document)] == [f"{FIRST}-001", f"{SECOND}-001"]


async def test_a_worker_that_stands_still_holds_up_and_breaks_nothing(scene: Scene) -> None:
    scene.adapter.outbox.patience = 0.1
    document = an_invoice()
    with locked(scene.folder / "batches" / "lock", patience=0):
        outcome = await scene.adapter.perform(Step.CREATE, document, None)
        assert isinstance(outcome, Unavailable)
        assert "another worker" in outcome.text
        assert isinstance(await scene.adapter.find(document.reference), Unavailable)
    await scene.handed_over(document)


async def test_answers_tell_each_line_its_own_fate(scene: Scene) -> None:
    documents = [an_invoice(nth=number) for number in (1, 2, 3)]
    for document in documents:
        await scene.handed_over(document)
    await scene.released()
    scene.told(FIRST, f"{FIRST}-001,,10023,,", f",HBL-0002,,{DUPLICATE},")
    stands, refused, waits = [await scene.found(document) for document in documents]
    assert [(one.number, one.done) for one in stands] == [("10023", frozenset({Step.CREATE}))]
    assert [one.done for one in refused] == [frozenset()]
    assert waits == []


async def test_a_refusal_is_passed_on_once(scene: Scene) -> None:
    document = an_invoice()
    first = await scene.handed_over(document)
    await scene.released()
    scene.told(FIRST, f"{first.ref},,,{DUPLICATE},")
    refused = await scene.adapter.perform(Step.CREATE, document, first.ref)
    assert isinstance(refused, Refused)
    assert refused.refusal is Refusal.DUPLICATE_NUMBER
    assert refused.text.endswith(f"then replay. Sage says: {DUPLICATE}")
    assert await scene.found(document) == []
    again = await scene.handed_over(document)  # a person replayed it
    assert again.ref == f"{SECOND}-001"


async def test_a_refused_invoice_that_was_mended_goes_again(scene: Scene) -> None:
    await scene.handed_over(an_invoice())
    await scene.released()
    scene.told(FIRST, f"{FIRST}-001,,,{DUPLICATE},")
    mended = an_invoice(nth=7).model_copy(update={"number": "HBL-0007-A"})
    assert await scene.adapter.replace(f"{FIRST}-001", mended) == Done(f"{FIRST}-001")
    assert (await scene.handed_over(mended)).ref == f"{SECOND}-001"


async def test_a_void_batch_s_invoices_go_into_the_next(scene: Scene) -> None:
    document = an_invoice()
    await scene.handed_over(document)
    await scene.released()
    scene.renamed(FIRST, "void")
    [found] = await scene.found(document)
    assert (found.done, found.cancelled) == (frozenset(), False)
    again = await scene.handed_over(document)
    assert again.ref == f"{SECOND}-001"
    assert await scene.found(document) == []


async def test_a_batch_is_not_void_while_its_file_is_there(scene: Scene) -> None:
    document = an_invoice()
    first = await scene.handed_over(document)
    [file] = await scene.released()
    (scene.folder / f"{FIRST}.void.csv").write_bytes(file.read_bytes())
    assert await scene.handed_over(document) == first


async def test_a_file_that_was_taken_away_is_not_void(scene: Scene) -> None:
    document = an_invoice()
    first = await scene.handed_over(document)
    [file] = await scene.released()
    file.unlink()
    assert await scene.found(document) == []
    assert await scene.handed_over(document) == first
    assert await scene.released() == []


async def test_other_content_in_a_waiting_batch_asks_a_person(scene: Scene) -> None:
    first = await scene.handed_over(an_invoice())
    changed = an_invoice("1000.00", retainage_held=Decimal("0.00"))
    asked = await scene.adapter.perform(Step.CREATE, changed, None)
    assert isinstance(asked, NeedsDecision)
    assert "ours 1000.00, there 135000.00" in asked.text
    assert await scene.adapter.perform(Step.CREATE, changed, None, frozenset({asked.name})) == first


async def test_another_reference_with_the_same_number_is_refused(scene: Scene) -> None:
    await scene.handed_over(an_invoice())
    afresh = an_invoice().model_copy(update={"reference": "harbor:1001:90007:2"})
    refused = await scene.adapter.perform(Step.CREATE, afresh, None)
    assert isinstance(refused, Refused)
    assert refused.refusal is Refusal.DUPLICATE_NUMBER
    assert FIRST in refused.text


async def test_an_invoice_voided_in_sage_makes_room_afresh(scene: Scene) -> None:
    document = an_invoice()
    await scene.handed_over(document)
    await scene.released()
    scene.renamed(FIRST, "imported")
    scene.told(FIRST, f"{FIRST}-001,,,,yes")
    [found] = await scene.found(document)
    assert found.cancelled
    afresh = document.model_copy(update={"reference": "harbor:1001:90007:2"})
    assert (await scene.handed_over(afresh)).ref == f"{SECOND}-001"


@pytest.mark.parametrize(
    "content",
    [
        b"reference,erp_number\nIE261123-001-001,10023",
        b"reference,erp_number\nIE261123-001-009,10023\n",
        b"reference,erp_number,error\nIE261123-001-001,10023,Duplicate\n",
        b"invoice_number,erp_number\n,10023\n",
        b"reference,erp_numbr\nIE261123-001-001,10023\n",
        b"\xff\xfe\n",
    ],
    ids=["half written", "unknown line", "number and error", "nobody's", "odd column", "no text"],
)
async def test_answers_with_a_mistake_count_for_nothing(scene: Scene, content: bytes) -> None:
    document = an_invoice()
    await scene.handed_over(document)
    await scene.released()
    (scene.folder / f"{FIRST}.confirmed.csv").write_bytes(content)
    assert await scene.found(document) == []
    [problem] = [check for check in await scene.adapter.check() if check.what == "answer"]
    assert f"{FIRST}.confirmed.csv" in problem.seen


NOT_FOR_SAGE: list[tuple[dict[str, Any], Refusal, str]] = [
    ({"retainage_held": Decimal("150000.00")}, Refusal.UNSUPPORTED, "0.00"),
    ({"retainage_held": Decimal("150000.01")}, Refusal.UNSUPPORTED, "-0.01"),
    ({"tax": Decimal("0.01")}, Refusal.UNSUPPORTED, "tax"),
    ({"currency": "CAD"}, Refusal.CURRENCY, "CAD"),
    ({"retainage_held": Decimal("0.001")}, Refusal.UNSUPPORTED, "finer than a cent"),
    ({"job": "J-100"}, Refusal.MISSING_MAPPING, "'J-100' is not a number"),
    ({"job": None}, Refusal.MISSING_MAPPING, "job is not mapped"),
    ({"due_date": None}, Refusal.MISSING_FIELD, "payment_days"),
    ({"number": "-1"}, Refusal.UNSUPPORTED, "'-1'"),
    ({"number": ""}, Refusal.MISSING_FIELD, "invoice number"),
    ({"number": "N" * 21}, Refusal.TOO_LONG, "20"),
    ({"description": "Łódź"}, Refusal.UNSUPPORTED, "LATIN CAPITAL LETTER L WITH STROKE"),
    (
        {"lines": (DocumentLine(description="x", amount=Decimal(200000), account="40-00"),)},
        Refusal.MISSING_MAPPING,
        "'40-00' is not a number",
    ),
]


@pytest.mark.parametrize(("changes", "refusal", "says"), NOT_FOR_SAGE)
async def test_what_the_file_cannot_hold_is_refused(
    scene: Scene, changes: dict[str, Any], refusal: Refusal, says: str
) -> None:
    refused = await scene.adapter.perform(Step.CREATE, an_invoice(**changes), None)
    assert isinstance(refused, Refused)
    assert refused.refusal is refusal
    assert says in refused.text
    assert await scene.released() == []


async def test_a_template_without_a_column_refuses_the_amount(tmp_path: Path) -> None:
    bare = {"invoice": ["customer", "number", "invoice_date"], "distribution": ["account", "amount"]}
    scene = await open_scene(tmp_path, CRE | {"template": bare | {"date_format": "MMDDYY"}})
    taxed = an_invoice(retainage_held=Decimal(0), tax=Decimal(1))
    for document, word in ((an_invoice(), "retainage"), (taxed, "tax")):
        refused = await scene.adapter.perform(Step.CREATE, document, None)
        assert isinstance(refused, Refused)
        assert word in refused.text


async def test_texts_are_held_rather_than_shortened_on_request(tmp_path: Path) -> None:
    scene = await open_scene(tmp_path, shorten_texts=False)
    refused = await scene.adapter.perform(Step.CREATE, an_invoice(description="x" * 51), None)
    assert isinstance(refused, Refused)
    assert refused.refusal is Refusal.TOO_LONG


async def test_an_outbox_that_is_away_is_never_taken_for_empty(scene: Scene) -> None:
    document = an_invoice()
    await scene.handed_over(document)
    away = scene.folder.rename(scene.folder.with_name("share"))
    scene.folder.mkdir()  # the mount point, without its share
    assert isinstance(await scene.adapter.perform(Step.CREATE, document, None), Unavailable)
    assert isinstance(await scene.adapter.find(document.reference), Unavailable)
    scene.folder.rmdir()
    away.rename(scene.folder)
    assert (await scene.handed_over(document)).ref == f"{FIRST}-001"


async def test_a_manifest_that_cannot_be_read_stops_everything(scene: Scene) -> None:
    document: Document = an_invoice()
    await scene.handed_over(document)
    (scene.folder / "batches" / f"{FIRST}.json").write_bytes(b"{")
    assert isinstance(await scene.adapter.perform(Step.CREATE, an_invoice(nth=8), None), Unavailable)
    assert isinstance(await scene.adapter.find(document.reference), Unavailable)
