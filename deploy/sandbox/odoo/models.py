"""The part of Odoo 17's data model that an export touches. Whatever is not here is an invalid field, as there."""

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What a field holds."""

    TEXT = "char"
    INTEGER = "integer"
    FLOAT = "float"
    DATE = "date"
    YES_NO = "boolean"
    CHOICE = "selection"
    JSON = "json"
    ONE = "many2one"
    LINES = "one2many"
    MANY = "many2many"


@dataclass(frozen=True)
class Field:
    """One field. `to` is the model that it points to, `choices` what a selection may be."""

    kind: Kind
    to: str = ""
    choices: tuple[str, ...] = ()
    computed: bool = False


TEXT, NUMBER, AMOUNT, DAY, YES_NO = (
    Field(Kind.TEXT),
    Field(Kind.INTEGER),
    Field(Kind.FLOAT),
    Field(Kind.DATE),
    Field(Kind.YES_NO),
)
SHOWN_TEXT, SHOWN_AMOUNT = Field(Kind.TEXT, computed=True), Field(Kind.FLOAT, computed=True)
COMMON = {"id": NUMBER, "display_name": SHOWN_TEXT, "create_date": SHOWN_TEXT}


def one(model: str) -> Field:
    """A record of another model."""
    return Field(Kind.ONE, model)


MODELS: dict[str, dict[str, Field]] = {
    "res.company": {"name": TEXT, "fiscalyear_lock_date": DAY, "tax_lock_date": DAY, "period_lock_date": DAY},
    "res.currency": {"name": TEXT, "active": YES_NO},
    "res.partner": {"name": TEXT, "ref": TEXT, "is_company": YES_NO, "customer_rank": NUMBER, "active": YES_NO},
    "account.account": {
        "code": TEXT,
        "name": TEXT,
        "account_type": Field(
            Kind.CHOICE, choices=("asset_receivable", "asset_current", "income", "liability_current")
        ),
        "internal_group": Field(Kind.CHOICE, computed=True),
        "deprecated": YES_NO,
        "reconcile": YES_NO,
        "company_id": one("res.company"),
    },
    "account.journal": {"name": TEXT, "code": TEXT, "type": Field(Kind.CHOICE, choices=("sale", "general"))},
    "account.analytic.account": {"name": TEXT, "code": TEXT, "active": YES_NO},
    "account.payment.term": {"name": TEXT},
    "account.tax": {
        "name": TEXT,
        "amount": AMOUNT,
        "type_tax_use": Field(Kind.CHOICE, choices=("sale", "purchase")),
        "active": YES_NO,
    },
    "ir.model.data": {"module": TEXT, "name": TEXT, "model": TEXT, "res_id": NUMBER, "noupdate": YES_NO},
    "ir.attachment": {"name": TEXT, "res_model": TEXT, "res_id": NUMBER, "datas": TEXT, "mimetype": TEXT},
    "account.move": {
        "name": SHOWN_TEXT,
        "state": Field(Kind.CHOICE, choices=("draft", "posted", "cancel"), computed=True),
        "posted_before": Field(Kind.YES_NO, computed=True),
        "payment_state": Field(Kind.CHOICE, choices=("not_paid", "paid", "reversed"), computed=True),
        "move_type": Field(Kind.CHOICE, choices=("out_invoice", "out_refund", "entry")),
        "partner_id": one("res.partner"),
        "currency_id": one("res.currency"),
        "journal_id": one("account.journal"),
        "invoice_payment_term_id": one("account.payment.term"),
        "date": DAY,
        "invoice_date": DAY,
        "invoice_date_due": DAY,
        "ref": TEXT,
        "payment_reference": TEXT,
        "invoice_origin": TEXT,
        "narration": TEXT,
        "invoice_line_ids": Field(Kind.LINES, "account.move.line"),
        "amount_untaxed": SHOWN_AMOUNT,
        "amount_tax": SHOWN_AMOUNT,
        "amount_total": SHOWN_AMOUNT,
        "amount_residual": SHOWN_AMOUNT,
    },
    "account.move.line": {
        "move_id": one("account.move"),
        "name": TEXT,
        "account_id": one("account.account"),
        "quantity": AMOUNT,
        "price_unit": AMOUNT,
        "tax_ids": Field(Kind.MANY, "account.tax"),
        "analytic_distribution": Field(Kind.JSON),
        "price_subtotal": SHOWN_AMOUNT,
    },
}


def fields_of(model: str) -> dict[str, Field]:
    """All fields of a model; KeyError when there is no such model."""
    return COMMON | MODELS[model]
