"""What a connection to Sage by files may be set to, and what that makes of its capabilities."""

from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from services.export_worker.core.capabilities import Capabilities, RetainageShape, Step

CALL_SECONDS = 30.0
LONGEST_NUMBER, LONGEST_DESCRIPTION = 20, 50  # Sage 100 Contractor
ANY_LENGTH = 4000


class Product(StrEnum):
    """Which Sage imports the files."""

    CONTRACTOR_100 = "sage_100_contractor"
    CRE_300 = "sage_300_cre"


class InvoiceField(StrEnum):
    """What a column of an invoice's first line may hold. Amounts are positive as the owner sees them."""

    BLANK = "blank"
    NUMBER = "number"
    REFERENCE = "reference"  # the mark of this line in its batch, such as IE261123-001-004
    LEDGER_REFERENCE = "ledger_reference"  # connection:company:owner invoice:generation
    CUSTOMER = "customer"
    JOB = "job"
    DESCRIPTION = "description"
    INVOICE_DATE = "invoice_date"
    DUE_DATE = "due_date"
    PERIOD_START = "period_start"
    PERIOD_END = "period_end"
    GROSS = "gross"  # work of the period, before retainage and tax
    RETAINAGE = "retainage"  # held less released
    RETAINAGE_HELD = "retainage_held"
    RETAINAGE_RELEASED = "retainage_released"
    RETAINAGE_ACCOUNT = "retainage_account"
    TAX = "tax"
    RECEIVABLE = "receivable"  # what the owner owes now
    CURRENCY = "currency"
    LINK = "link"


class LineField(StrEnum):
    """What a column of a distribution may hold."""

    BLANK = "blank"
    NUMBER = "number"
    REFERENCE = "reference"
    CUSTOMER = "customer"
    JOB = "job"
    DESCRIPTION = "description"
    AMOUNT = "amount"
    ACCOUNT = "account"
    COST_CODE = "cost_code"
    RETAINAGE = "retainage"  # this line's share of held less released, to the cent
    RETAINAGE_ACCOUNT = "retainage_account"
    UNIT = "unit"  # LS
    QUANTITY = "quantity"  # 1
    INVOICE_DATE = "invoice_date"


class DateForm(StrEnum):
    """How a date is written."""

    ISO = "YYYY-MM-DD"
    US = "MM/DD/YYYY"
    US_SHORT = "MM/DD/YY"
    US_BARE = "MMDDYYYY"
    US_BARE_SHORT = "MMDDYY"
    DAY_FIRST = "DD/MM/YYYY"


class Delimiter(StrEnum):
    """What stands between two columns."""

    COMMA = ","
    SEMICOLON = ";"
    TAB = "\t"


class Shape(BaseModel):
    """A part of the settings."""

    model_config = ConfigDict(frozen=True, extra="forbid")


NEEDED_OF_INVOICE = (InvoiceField.NUMBER, InvoiceField.CUSTOMER, InvoiceField.INVOICE_DATE)
NEEDED_OF_LINE = (LineField.AMOUNT, LineField.ACCOUNT)


class Template(Shape):
    """The import template of one Sage 300 CRE installation, as its print-out shows it.

    `invoice` and `distribution` are what follows the letters I and D, in order. Lengths are in characters.
    """

    invoice: tuple[InvoiceField, ...] = Field(
        description="what follows the letter I, in order; it needs `number`, `customer` and `invoice_date`"
    )
    distribution: tuple[LineField, ...] = Field(
        description="what follows the letter D, in order; it needs `amount` and `account`"
    )
    date_format: DateForm = Field(description="how a date is written")
    delimiter: Delimiter = Field(Delimiter.COMMA, description="what stands between two columns")
    max_number_length: Annotated[int, Field(gt=0, le=ANY_LENGTH)] = Field(
        15, description="of an invoice number, in characters"
    )
    max_description_length: Annotated[int, Field(gt=3, le=ANY_LENGTH)] = Field(
        30, description="of a description, in characters"
    )

    @model_validator(mode="after")
    def is_complete(self) -> Self:
        """Without these nobody could say what is owed by whom."""
        missing = [f"invoice lacks {field}" for field in NEEDED_OF_INVOICE if field not in self.invoice]
        missing += [f"distribution lacks {field}" for field in NEEDED_OF_LINE if field not in self.distribution]
        if missing:
            raise ValueError("; ".join(missing))
        return self

    @property
    def takes_retainage(self) -> bool:
        """Whether any column says how much is held less released."""
        held_and_released = {InvoiceField.RETAINAGE_HELD, InvoiceField.RETAINAGE_RELEASED} <= set(self.invoice)
        return held_and_released or InvoiceField.RETAINAGE in self.invoice or LineField.RETAINAGE in self.distribution


# Sage 100 Contractor's header is published by a seller of importers; the columns of its D lines were not to be read
# in full, so they can be set. These follow the other detail lines of the same family.
DETAIL = (
    LineField.NUMBER,
    LineField.ACCOUNT,
    LineField.BLANK,  # sub account
    LineField.DESCRIPTION,
    LineField.BLANK,  # part
    LineField.UNIT,
    LineField.QUANTITY,
    LineField.AMOUNT,
)


class SageSettings(Shape):
    """The `settings` of a connection."""

    product: Product = Field(description="which Sage reads the files")
    outbox: Path = Field(
        description="the folder, as a whole path, that all workers and who imports can reach; each connection its own"
    )
    template: Template | None = Field(
        None, description="for `sage_300_cre` only: the import template of your installation"
    )
    detail: tuple[LineField, ...] = Field(
        DETAIL,
        description="for `sage_100_contractor` only: the columns after `ARINV,D`; they need `amount` and `account`",
    )
    batch_minutes: Annotated[float, Field(gt=0, le=1440)] = Field(
        15, description="how long a batch collects after its first invoice"
    )
    batch_size: Annotated[int, Field(gt=0, le=999)] = Field(100, description="how many invoices close it earlier")
    batch_prefix: Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9]{0,3}$")] = Field(
        "IE", description="what the names of batches begin with: up to four capitals and digits"
    )
    status: Annotated[int, Field(ge=1, le=3)] = Field(
        1, description="Sage 100 Contractor's status of a new invoice: 1 open, 2 review, 3 dispute"
    )
    shorten_texts: bool = Field(
        default=True, description="`false` refuses a description that is too long instead of cutting it"
    )
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")] = Field(
        "USD", description="the only one that the company's books know"
    )

    @model_validator(mode="after")
    def fits_the_product(self) -> Self:
        """Only Sage 300 CRE has a template. A relative outbox would be another folder for each process."""
        if not self.outbox.is_absolute():
            raise ValueError("outbox: give the whole path of the folder, from the root")
        if (self.product is Product.CRE_300) is not (self.template is not None):
            needs = "is missing: sage_300_cre needs it" if self.template is None else "is for sage_300_cre only"
            raise ValueError(f"template {needs}")
        if not set(NEEDED_OF_LINE) <= set(self.detail):
            raise ValueError("detail lacks amount or account")
        return self

    @property
    def longest_number(self) -> int:
        """Of an invoice's number."""
        return self.template.max_number_length if self.template else LONGEST_NUMBER

    @property
    def longest_description(self) -> int:
        """Of an invoice or of a line."""
        return self.template.max_description_length if self.template else LONGEST_DESCRIPTION

    @property
    def takes_tax(self) -> bool:
        """Sage 100 Contractor takes a tax district, and no amount."""
        return self.template is not None and InvoiceField.TAX in self.template.invoice

    @property
    def takes_retainage(self) -> bool:
        """Sage 100 Contractor has a column for it."""
        return self.template is None or self.template.takes_retainage

    def capabilities(self) -> Capabilities:
        """As published to the decision and to people."""
        limit = timedelta(seconds=CALL_SECONDS)
        return Capabilities(
            exports_owner_invoices=True,
            steps=(Step.CREATE,),
            can_look_up=True,
            unique_key=True,
            settles_after=limit,
            call_time_limit=limit,
            draft_then_post=False,
            replaces_drafts=True,
            retainage_shape=RetainageShape.NATIVE_FIELD if self.takes_retainage else RetainageShape.UNSUPPORTED,
            takes_tax=self.takes_tax,
            currencies=frozenset({self.currency}),
            required_mappings=self.required_mappings,
            max_number_length=self.longest_number,
            max_text_length=ANY_LENGTH if self.shorten_texts else self.longest_description,
        )

    @property
    def required_mappings(self) -> frozenset[str]:
        """What the columns cannot do without."""
        if self.template is None:
            return frozenset({"job", "account"})
        columns = {field.value for field in (*self.template.invoice, *self.template.distribution)}
        return frozenset(columns & {"customer", "job", "account", "retainage_account"})


class NoSecrets(Shape):
    """Files need none."""
