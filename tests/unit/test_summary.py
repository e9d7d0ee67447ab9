"""The page that is attached to the receivable: one page, the right sums, whatever the letters."""

import re
import zlib
from dataclasses import replace
from decimal import Decimal

from services.export_worker.core.document import DocumentLine
from services.export_worker.pipeline.summary import MOST_LINES, summary_of
from tests.support.builders import a_document, a_snapshot


def text_of(content: bytes) -> str:
    """What the PDF's streams show."""
    streams = re.findall(rb"stream\n(.*?)\nendstream", content, re.DOTALL)
    return "\n".join(zlib.decompress(stream).decode("latin-1") for stream in streams)


def test_the_summary_shows_the_form_and_the_receivable():
    file = summary_of(a_snapshot(), a_document())
    shown = text_of(file.content)
    assert (file.name, file.content_type) == ("HB-2026-001.pdf", "application/pdf")
    assert file.content.startswith(b"%PDF-")
    for text in ("Owner invoice HB-2026-001", "Current payment due", "15,400.00", "ironside:4907:7700123:1"):
        assert text in shown


def test_many_lines_stay_on_one_page():
    lines = tuple(DocumentLine(description=f"Line {n} " * 30, amount=Decimal(n)) for n in range(1, 200))
    file = summary_of(a_snapshot(), a_document().model_copy(update={"lines": lines}))
    assert file.content.count(b"/Type /Page\n") == 1
    assert f"and {199 - MOST_LINES} more lines" in text_of(file.content)


def test_a_title_too_long_for_a_line_takes_more():
    title = " ".join(f"Building{n}" for n in range(40))
    shown = re.findall(
        r"\((.*?)\) Tj", text_of(summary_of(replace(a_snapshot(), contract_title=title), a_document()).content)
    )
    lines = [line for line in shown if "Building" in line]
    assert max(map(len, lines)) < 150
    assert " ".join(" ".join(lines).split()) == f"Prime contract: {title}"


def test_letters_that_the_font_lacks_become_question_marks():
    line = DocumentLine(description="Béton 鉄筋", amount=Decimal(1))
    shown = text_of(summary_of(a_snapshot(), a_document().model_copy(update={"lines": (line,)})).content)
    assert "B\xe9ton ??" in shown


def test_the_same_invoice_makes_the_same_file():
    assert summary_of(a_snapshot(), a_document()) == summary_of(a_snapshot(), a_document())


def test_a_number_never_leads_out_of_a_folder():
    assert summary_of(a_snapshot(), a_document().model_copy(update={"number": "../a b"})).name == ".._a_b.pdf"


def test_what_a_page_has_no_room_for_is_on_the_next():
    title, lines = "Building " * 170, (DocumentLine(description="Concrete", amount=Decimal(1)),) * MOST_LINES
    content = summary_of(
        replace(a_snapshot(), contract_title=title), a_document().model_copy(update={"lines": lines})
    ).content
    assert content.count(b"/Type /Page\n") == 2
    heights = [float(each) for each in re.findall(r"BT [\d.]+ ([-\d.]+) Td", text_of(content))]
    assert len(heights) > 40
    assert min(heights) > 0
