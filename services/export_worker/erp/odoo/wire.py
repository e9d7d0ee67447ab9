"""The parts of Odoo's answers that we rely on. Odoo says False for "nothing", and shows money as floats."""

from datetime import date
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, TypeAdapter

from services.export_worker.erp.exact import within_reason

CENT = Decimal("0.01")


def to_the_cent(value: object) -> object:
    """A float's shortest decimal form, rounded: what Odoo holds as numeric comes back with a float's noise.

    Raises ValueError for what is no amount.
    """
    if not isinstance(value, int | float | str):
        return value
    try:
        return Decimal(str(value)).quantize(CENT)
    except InvalidOperation:
        raise ValueError("is no amount in cents") from None


def or_none(value: object) -> object:
    """Odoo's False."""
    return None if value is False else value


def id_of_pair(value: object) -> object:
    """A record that is pointed to comes as its id and its name."""
    return value[0] if isinstance(value, list) and value else or_none(value)


def or_empty(value: object) -> object:
    """Odoo's False where a text is meant."""
    return "" if value is False else value


Money = Annotated[Decimal, BeforeValidator(to_the_cent), AfterValidator(within_reason)]
Text = Annotated[str, BeforeValidator(or_empty)]
Pointer = Annotated[int | None, BeforeValidator(id_of_pair)]
Day = Annotated[date | None, BeforeValidator(or_none)]


class Said(BaseModel):
    """A part of an answer."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class State(StrEnum):
    """Of an invoice, as Odoo names them."""

    DRAFT = "draft"
    POSTED = "posted"
    CANCEL = "cancel"


class Move(Said):
    """One invoice. A draft may show the name that it is going to have, hence `posted_before`."""

    id: int
    name: Text
    state: State
    posted_before: bool
    payment_state: Text
    amount_total: Money
    invoice_line_ids: tuple[int, ...]

    @property
    def is_cancelled(self) -> bool:
        """Cancelled, or taken back whole by a credit note."""
        return self.state is State.CANCEL or self.payment_state == "reversed"


class Line(Said):
    """One line of an invoice, before tax."""

    move_id: Pointer
    account_id: Pointer
    name: Text
    price_subtotal: Money


class Claim(Said):
    """An external id and the invoice that has it."""

    name: str
    res_id: int


class Account(Said):
    """An account of the chart. `internal_group` is asset, income and so on."""

    id: int
    code: Text
    name: Text
    internal_group: Text


class Listed(Said):
    """Any record, by id and name."""

    id: int
    display_name: Text


class Remark(Said):
    """Why `load` did not make a record."""

    type: str
    message: Text
    field: Annotated[str | None, BeforeValidator(or_none)] = None


class Loaded(Said):
    """What `load` made: nothing where `ids` is False."""

    ids: tuple[int, ...] | Literal[False]
    messages: tuple[Remark, ...] = ()


class SaidError(Said):
    """An exception inside Odoo. Its traceback is left where it is."""

    name: str
    message: Text = ""


MOVE_FIELDS = list(Move.model_fields)
LINE_FIELDS = list(Line.model_fields)
ACCOUNT_FIELDS = list(Account.model_fields)

MOVES = TypeAdapter(tuple[Move, ...])
LINES = TypeAdapter(tuple[Line, ...])
CLAIMS = TypeAdapter(tuple[Claim, ...])
ACCOUNTS = TypeAdapter(tuple[Account, ...])
LISTING = TypeAdapter(tuple[Listed, ...])
LOADED = TypeAdapter(Loaded)
NAMES = TypeAdapter(dict[str, Any])
DAYS = TypeAdapter(tuple[dict[str, Day | int], ...])
YES = TypeAdapter(bool)
IDS = TypeAdapter(tuple[int, ...] | int)
ANYTHING: TypeAdapter[Any] = TypeAdapter(Any)
