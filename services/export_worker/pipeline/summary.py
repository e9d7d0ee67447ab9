"""One page that tells an accountant what was billed: the G702, the lines of this period, where to find it."""

from decimal import Decimal

from fpdf import FPDF
from fpdf.enums import XPos, YPos

from services.export_worker.core.document import Document
from services.export_worker.core.invoice import CENT, Snapshot
from services.export_worker.erp.adapter import File

# The form's own lines, in its order.
G702_LINES = (
    ("1", "Original contract sum", "original_contract_sum"),
    ("2", "Net change by change orders", "net_change_by_change_orders"),
    ("3", "Contract sum to date", "contract_sum_to_date"),
    ("4", "Total completed and stored to date", "total_completed_and_stored_to_date"),
    ("5", "Retainage", "total_retainage"),
    ("6", "Total earned less retainage", "total_earned_less_retainage"),
    ("7", "Less previous certificates for payment", "less_previous_certificates_for_payment"),
    ("8", "Current payment due", "current_payment_due"),
    ("9", "Balance to finish, including retainage", "balance_to_finish_including_retainage"),
)
MOST_LINES = 15  # what is left of a page
LABEL, AMOUNT, ROW = 140, 40, 6  # millimetres


def summary_of(snapshot: Snapshot, document: Document) -> File:
    """The page as a PDF. Letters that its font lacks are shown as question marks."""
    page = FPDF(format="Letter")
    page.set_title(f"Owner invoice {document.number}")
    page.set_creation_date(snapshot.updated_at or snapshot.created_at)
    page.add_page()
    heading(page, f"Owner invoice {document.number}")
    for text in particulars(snapshot, document):
        said(page, text)
    heading(page, "Application for payment (G702)")
    for number, label, name in G702_LINES if snapshot.g702 else ():
        row(page, f"{number}  {label}", getattr(snapshot.g702, name))
    heading(page, f"This period, in {document.currency}")
    for line in document.lines[:MOST_LINES]:
        row(page, " ".join(filter(None, (line.cost_code, line.description))), line.amount)
    if len(document.lines) > MOST_LINES:
        said(page, f"and {len(document.lines) - MOST_LINES} more lines")
    row(page, "Retainage held", -document.retainage_held)
    row(page, "Retainage released", document.retainage_released)
    row(page, "Tax", document.tax)
    row(page, "Receivable", document.totals.receivable)
    if document.source_url:
        page.cell(text="Open it in Procore", link=document.source_url, new_x=XPos.LMARGIN, new_y=YPos.NEXT)
    name = "".join(letter if letter.isalnum() or letter in "-._" else "_" for letter in document.number)
    return File(f"{name}.pdf", "application/pdf", bytes(page.output()))


def particulars(snapshot: Snapshot, document: Document) -> list[str]:
    """Who, what and when."""
    period = f"{document.period_start or '?'} to {document.period_end or '?'}"
    contract = f"Prime contract: {snapshot.contract_title or snapshot.contract_id}"
    return [
        f"Owner: {snapshot.customer_name}",
        contract,
        f"Application no. {snapshot.number}, billed on {document.invoice_date}, period {period}",
        f"Reference: {document.reference}",
    ]


def heading(page: FPDF, text: str) -> None:
    """A line in bold with some air above."""
    page.ln(ROW / 2)
    page.set_font("Helvetica", style="B", size=12)
    page.cell(text=printable(text), h=ROW, new_x=XPos.LMARGIN, new_y=YPos.NEXT)
    page.set_font("Helvetica", size=10)


def said(page: FPDF, text: str) -> None:
    """A line, or as many as it takes."""
    shown = printable(text)
    is_short = page.get_string_width(shown) < page.epw - 2 * page.c_margin
    write = page.cell if is_short else page.multi_cell  # looking for line breaks took a third of the page's time
    write(w=0, h=ROW, text=shown, new_x=XPos.LMARGIN, new_y=YPos.NEXT)


def row(page: FPDF, label: str, amount: Decimal) -> None:
    """A label, cut to its column, and an amount. Where two cells would put them, which took a third of the time."""
    shown, figure = printable(label), f"{amount.quantize(CENT):,}"
    while page.get_string_width(shown) > LABEL - 2:
        shown = shown[:-1]
    if page.will_page_break(ROW):
        page.add_page()
    baseline = page.y + ROW / 2 + 0.3 * page.font_size
    page.text(page.l_margin + page.c_margin, baseline, shown)
    right = page.l_margin + LABEL + AMOUNT - page.c_margin
    page.text(right - page.get_string_width(figure), baseline, figure)
    page.ln(ROW)


def printable(text: str) -> str:
    """In the letters of the PDF's built-in font."""
    return " ".join(text.split()).encode("latin-1", "replace").decode("latin-1")
