"""What became of a batch's lines, as people and agents tell it by files beside the import file. Pure.

| File | Says |
|---|---|
| BATCH.csv renamed to BATCH.imported.csv | all of it was imported, under the invoices' own numbers |
| BATCH.csv renamed to BATCH.void.csv | it was thrown away and nothing of it was imported |
| BATCH.confirmed.csv | line by line: `reference` or `invoice_number`, then `erp_number`, `error`, or `voided` |

A line of BATCH.confirmed.csv wins. A batch is only void while BATCH.csv is gone: it could still be imported.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import partial

from services.export_worker.core.outcomes import Refusal, Refused
from services.export_worker.erp.sage_file.batch import Batch, BatchLine
from shared.connections.csv_table import CsvProblem, CsvResult, Row, read_csv

IMPORT, IMPORTED, VOID, CONFIRMED = ".csv", ".imported.csv", ".void.csv", ".confirmed.csv"
COLUMNS = ("reference", "invoice_number", "erp_number", "error", "voided")
LONGEST_ANSWER = 1000
YES = frozenset({"yes", "true", "1", "x"})

# Words of Sage's import reports, the first that fits wins; all of a row must be there.
REFUSALS: tuple[tuple[tuple[str, ...], Refusal], ...] = (
    (("duplicate",), Refusal.DUPLICATE_NUMBER),
    (("must be unique",), Refusal.DUPLICATE_NUMBER),
    (("already", "exist"), Refusal.DUPLICATE_NUMBER),
    (("period",), Refusal.PERIOD_CLOSED),
    (("closed", "month"), Refusal.PERIOD_CLOSED),
    (("invalid", "date"), Refusal.PERIOD_CLOSED),
    (("customer",), Refusal.MISSING_MAPPING),
    (("job",), Refusal.MISSING_MAPPING),
    (("account",), Refusal.MISSING_MAPPING),
    (("too long",), Refusal.TOO_LONG),
    (("required",), Refusal.MISSING_FIELD),
)
SENTENCES = {
    Refusal.DUPLICATE_NUMBER: "Sage has this invoice number already. See whether it is this invoice, else change one",
    Refusal.PERIOD_CLOSED: "Sage does not book on this date. Open the period, or change the accounting-date rule",
    Refusal.MISSING_MAPPING: (
        "Sage does not know the customer, job or account of this invoice, or it is closed there. Correct the mapping"
    ),
    Refusal.TOO_LONG: "A text or number is longer than Sage takes. Shorten it in Procore",
    Refusal.MISSING_FIELD: "Sage wants a field that this invoice does not have. Fill it in Procore or in the mappings",
    Refusal.NOT_ALLOWED: "Sage did not import this invoice. Correct what it names",
}


class Fate(StrEnum):
    """What became of one line."""

    WAITS = "waits"
    STANDS = "stands"
    CANCELLED = "cancelled"  # imported, and voided in Sage later
    REFUSED = "refused"
    VOID = "void"


@dataclass(frozen=True)
class Told:
    """`number` is Sage's; `text` Sage's own words."""

    fate: Fate
    number: str | None = None
    text: str = ""


WAITS = Told(Fate.WAITS)


@dataclass(frozen=True)
class Answer:
    """One row of BATCH.confirmed.csv."""

    ref: str
    told: Told


@dataclass(frozen=True)
class Answers:
    """What the files beside a batch say. With `problems` the rows of BATCH.confirmed.csv count for nothing."""

    rows: Mapping[str, Told]
    problems: tuple[CsvProblem, ...] = ()
    is_imported: bool = False
    is_void: bool = False

    def of(self, line: BatchLine) -> Told:
        """What became of one line."""
        if (told := self.rows.get(line.ref)) is not None:
            is_voided_later = told.fate is Fate.CANCELLED and self.is_imported
            return replace(told, number=told.number or line.number) if is_voided_later else told
        if self.is_imported:
            return Told(Fate.STANDS, line.number)
        return Told(Fate.VOID) if self.is_void else WAITS


def answers(batch: Batch, names: Collection[str], confirmed: bytes | None) -> Answers:
    """`names` are those of the files in the outbox, `confirmed` is the content of BATCH.confirmed.csv."""
    result = read_confirmed(batch, confirmed) if confirmed else CsvResult[Answer]()
    return Answers(
        rows={answer.ref: answer.told for answer in result.rows},
        problems=result.problems,
        is_imported=batch.id + IMPORTED in names,
        is_void=batch.id + VOID in names and batch.id + IMPORT not in names,
    )


def read_confirmed(batch: Batch, content: bytes) -> CsvResult[Answer]:
    """All rows, or every problem. A file without a line end at its end is taken for half written."""
    if not content.endswith((b"\n", b"\r")):
        problem = CsvProblem(1, "", "", "the last line does not end: is it still being written?")
        return CsvResult(problems=(problem,))
    return read_csv(
        content, known=COLUMNS, required=(), parse=partial(answer_in, batch=batch), identity=lambda answer: answer.ref
    )


def answer_in(row: Row, batch: Batch) -> Answer:
    ref = ref_in(row, batch)
    number, error = row.text("erp_number"), row.text("error")[:LONGEST_ANSWER]
    if row.text("voided").casefold() in YES:
        return Answer(ref, Told(Fate.CANCELLED, number or None, error))
    if bool(number) == bool(error):
        row.refuse("erp_number", "give either the ERP's number or its error")
    return Answer(ref, Told(Fate.REFUSED, text=error) if error else Told(Fate.STANDS, number))


def ref_in(row: Row, batch: Batch) -> str:
    column = "reference" if row.text("reference") else "invoice_number"
    wanted = row.text(column)
    if not wanted:
        row.refuse(column, "give the reference or the invoice number")
        return f"row {row.number}"
    if column == "reference":
        refs = [line.ref for line in batch.lines if wanted in (line.ref, line.reference)]
    else:
        refs = [line.ref for line in batch.lines if line.number == wanted]
    if len(refs) != 1:
        row.refuse(column, "several lines of the batch have it" if refs else f"is not in batch {batch.id}")
        return f"row {row.number}"
    return refs[0]


def refused(text: str) -> Refused:
    """Our own sentence by the class of an error in Sage's words, with those beside it."""
    told = text.casefold()
    refusal = next((meant for words, meant in REFUSALS if all(word in told for word in words)), Refusal.NOT_ALLOWED)
    return Refused(refusal, f"{SENTENCES[refusal]}, then replay. Sage says: {text}")
