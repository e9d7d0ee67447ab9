"""From a document to the lines of an import file. Pure: the same document, mark and settings give the same bytes."""

import csv
import io
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from decimal import Decimal

from services.export_worker.core.document import Document, DocumentLine
from services.export_worker.core.outcomes import Refusal
from services.export_worker.erp.sage_file.settings import (
    DateForm,
    Delimiter,
    InvoiceField,
    LineField,
    SageSettings,
)
from services.export_worker.erp.sage_file.text import Unwritable, free_text, name

CENT = Decimal("0.01")
LONGEST_MARK = 20
LONGEST_ID = 50
LONGEST_NOTE = 255
LARGEST_RETENTION = Decimal("99999999.99")  # numeric (10, 2)
DATE_FORMS = {
    DateForm.ISO: "%Y-%m-%d",
    DateForm.US: "%m/%d/%Y",
    DateForm.US_SHORT: "%m/%d/%y",
    DateForm.US_BARE: "%m%d%Y",
    DateForm.US_BARE_SHORT: "%m%d%y",
    DateForm.DAY_FIRST: "%d/%m/%Y",
}


def invoice_text(document: Document, mark: str, settings: SageSettings) -> str:
    """The lines of one invoice, CRLF at the end of each. Raises Unwritable for what this Sage cannot take."""
    refuse_what_it_cannot(document, settings)
    rows = Rows(document, mark, settings)
    if settings.template is None:
        return table([rows.header(), *rows.details()], Delimiter.COMMA)
    return table(
        [rows.invoice(settings.template.invoice), *rows.distributions(settings.template.distribution)],
        settings.template.delimiter,
    )


def refuse_what_it_cannot(document: Document, settings: SageSettings) -> None:
    """The limits again, for a document that nobody checked before. Raises Unwritable."""
    totals = document.totals
    if document.currency != settings.currency:
        told = f"The file is in {settings.currency}, the invoice in {document.currency}."
        raise Unwritable(Refusal.CURRENCY, told, "currency")
    if totals.receivable <= 0:
        told = f"An invoice of {totals.receivable:f} is entered by hand: the file takes what is above 0.00."
        raise Unwritable(Refusal.UNSUPPORTED, told, "receivable")
    if document.tax and not settings.takes_tax:
        told = f"The file has no column for tax ({document.tax:f})."
        raise Unwritable(Refusal.UNSUPPORTED, told, "tax")
    if document.is_retained and not settings.takes_retainage:
        raise Unwritable(Refusal.UNSUPPORTED, "The template has no column for retainage.", "retainage")
    amounts = [totals.gross, document.retainage_held, document.retainage_released, document.tax]
    for amount in (*amounts, *(line.amount for line in document.lines)):
        if amount != amount.quantize(CENT):
            raise Unwritable(Refusal.UNSUPPORTED, f"The amount {amount:f} is finer than a cent.", "amount")


class Rows:
    """The rows of one invoice."""

    def __init__(self, document: Document, mark: str, settings: SageSettings) -> None:
        self.document = document
        self.settings = settings
        self.mark = name(mark, "reference", LONGEST_MARK)
        self.number = name(document.number, "invoice number", settings.longest_number)
        self.dates = DATE_FORMS[settings.template.date_format if settings.template else DateForm.ISO]
        self.lines = document.lines or (retainage_alone(document),)
        self.retainage = document.retainage_held - document.retainage_released

    def header(self) -> list[str]:
        """Sage 100 Contractor's line H. A blank posting period means the one of the invoice's date."""
        if abs(self.retainage) > LARGEST_RETENTION:
            raise Unwritable(Refusal.UNSUPPORTED, f"The retention {self.retainage:f} is too large.", "retainage")
        day = self.day(self.document.invoice_date)
        source = free_text(self.source, "note", LONGEST_NOTE, shorten=True)
        columns = {
            3: self.number,
            4: digits(self.document.job or "", "job"),
            5: self.text(self.document.description, "description"),
            6: day,
            7: self.due_day(),
            8: day,
            9: str(self.settings.status),
            10: "1",
            14: self.mark,
            17: "0.00",
            18: money(self.retainage),
            19: "0",
            20: source,
        }
        return ["ARINV", "H", *(columns.get(number, "") for number in range(3, 22))]

    def details(self) -> list[list[str]]:
        """Sage 100 Contractor's lines D."""
        for line in self.lines:
            digits(line.account or "", "account")
        return [["ARINV", "D", *row] for row in self.line_rows(self.settings.detail)]

    def invoice(self, columns: Iterable[InvoiceField]) -> list[str]:
        """Sage 300 CRE's line I."""
        return ["I", *(OF_INVOICE[column](self) for column in columns)]

    def distributions(self, columns: Sequence[LineField]) -> list[list[str]]:
        """Sage 300 CRE's lines D."""
        return [["D", *row] for row in self.line_rows(columns)]

    def line_rows(self, columns: Sequence[LineField]) -> list[list[str]]:
        shares = shared_out(self.retainage, [line.amount for line in self.lines])
        pairs = zip(self.lines, shares, strict=True)
        return [[self.of_line(column, line, share) for column in columns] for line, share in pairs]

    def of_line(self, column: LineField, line: DocumentLine, share: Decimal) -> str:
        if column is LineField.RETAINAGE:
            return money(share)
        if column in OF_LINE:
            return OF_LINE[column](self, line)
        return OF_INVOICE[InvoiceField(column.value)](self)

    def retainage_account(self) -> str:
        document = self.document
        if not document.is_retained:
            return ""
        return name(document.retainage_account or "", "retainage account", LONGEST_ID)

    def text(self, text: str, field: str) -> str:
        return free_text(text, field, self.settings.longest_description, shorten=self.settings.shorten_texts)

    def day(self, day: date | None) -> str:
        return day.strftime(self.dates) if day else ""

    def due_day(self) -> str:
        if self.document.due_date is None:
            told = "Sage 100 Contractor wants a due date: set payment_days on the connection."
            raise Unwritable(Refusal.MISSING_FIELD, told, "due date")
        return self.day(self.document.due_date)

    @property
    def source(self) -> str:
        return " ".join(filter(None, ["Procore", self.document.reference, self.document.source_url]))


def retainage_alone(document: Document) -> DocumentLine:
    """An invoice that only releases retainage has no work; a line of 0.00 carries it."""
    account = document.retainage_account
    return DocumentLine(description=document.description, amount=Decimal("0.00"), account=account)


def shared_out(whole: Decimal, parts: Sequence[Decimal]) -> list[Decimal]:
    """`whole` in proportion to `parts`, in cents that add up to it; the last part takes what rounding leaves."""
    total = sum(parts, Decimal(0))
    shares = [(whole * part / total).quantize(CENT) if total else Decimal("0.00") for part in parts[:-1]]
    return [*shares, whole - sum(shares, Decimal(0))]


def note(text: str, field: str) -> str:
    """Whole, or Unwritable."""
    return free_text(text, field, LONGEST_NOTE, shorten=False)


def digits(text: str, field: str) -> str:
    """Sage 100 Contractor numbers its jobs and accounts. Raises Unwritable."""
    if not text:
        raise Unwritable(Refusal.MISSING_MAPPING, f"The {field} is not mapped.", field)
    if not (text.isascii() and text.isdigit()):
        told = f"The {field} {text!r} is not a number, as it is in Sage 100 Contractor."
        raise Unwritable(Refusal.MISSING_MAPPING, told, field)
    return text


def money(amount: Decimal) -> str:
    """Two decimals, a point, no thousands, no minus before 0.00."""
    return f"{amount.quantize(CENT) + 0:f}"


def table(rows: Iterable[Sequence[str]], delimiter: Delimiter) -> str:
    """Quoted where a column holds the delimiter or a quote; a quote inside is doubled."""
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter.value, lineterminator="\r\n").writerows(rows)
    return text.getvalue()


# Columns that a distribution has in common with its invoice are found by their name.
OF_INVOICE: dict[InvoiceField, Callable[[Rows], str]] = {
    InvoiceField.BLANK: lambda _: "",
    InvoiceField.NUMBER: lambda rows: rows.number,
    InvoiceField.REFERENCE: lambda rows: rows.mark,
    InvoiceField.LEDGER_REFERENCE: lambda rows: note(rows.document.reference, "ledger reference"),
    InvoiceField.CUSTOMER: lambda rows: name(rows.document.customer, "customer", LONGEST_ID),
    InvoiceField.JOB: lambda rows: name(rows.document.job or "", "job", LONGEST_ID),
    InvoiceField.DESCRIPTION: lambda rows: rows.text(rows.document.description, "description"),
    InvoiceField.INVOICE_DATE: lambda rows: rows.day(rows.document.invoice_date),
    InvoiceField.DUE_DATE: lambda rows: rows.day(rows.document.due_date),
    InvoiceField.PERIOD_START: lambda rows: rows.day(rows.document.period_start),
    InvoiceField.PERIOD_END: lambda rows: rows.day(rows.document.period_end),
    InvoiceField.GROSS: lambda rows: money(rows.document.totals.gross),
    InvoiceField.RETAINAGE: lambda rows: money(rows.retainage),
    InvoiceField.RETAINAGE_HELD: lambda rows: money(rows.document.retainage_held),
    InvoiceField.RETAINAGE_RELEASED: lambda rows: money(rows.document.retainage_released),
    InvoiceField.RETAINAGE_ACCOUNT: lambda rows: rows.retainage_account(),
    InvoiceField.TAX: lambda rows: money(rows.document.tax),
    InvoiceField.RECEIVABLE: lambda rows: money(rows.document.totals.receivable),
    InvoiceField.CURRENCY: lambda rows: rows.document.currency,
    InvoiceField.LINK: lambda rows: note(rows.document.source_url or "", "link"),
}
OF_LINE: dict[LineField, Callable[[Rows, DocumentLine], str]] = {
    LineField.DESCRIPTION: lambda rows, line: rows.text(line.description, "line's description"),
    LineField.AMOUNT: lambda _, line: money(line.amount),
    LineField.ACCOUNT: lambda _, line: name(line.account or "", "account", LONGEST_ID),
    LineField.COST_CODE: lambda _, line: name(line.cost_code, "cost code", LONGEST_ID) if line.cost_code else "",
    LineField.UNIT: lambda *_: "LS",
    LineField.QUANTITY: lambda *_: "1",
}
