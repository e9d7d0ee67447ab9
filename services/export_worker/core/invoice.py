"""An owner invoice as Procore shows it: the G702 summary and the G703 lines, in Decimal.

Field names are those of Procore's REST API (domain facts: procore.md 3.4 to 3.6). Reading is tolerant:
what is missing or odd becomes a problem with its place, so that an accountant sees all of them at once.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from functools import cached_property
from typing import Any

from services.export_worker.core.fields import Fields, Problem

CENT = Decimal("0.01")
ZERO = Decimal(0)
SHOWN_AMOUNTS = (
    "scheduled_value",
    "work_completed_from_previous_application",
    "work_completed_this_period",
    "materials_presently_stored",
)


@dataclass(frozen=True)
class G702:
    """The summary of the AIA form; the comment is the form's line."""

    original_contract_sum: Decimal  # 1
    net_change_by_change_orders: Decimal  # 2
    contract_sum_to_date: Decimal  # 3
    total_completed_and_stored_to_date: Decimal  # 4
    completed_work_retainage_amount: Decimal  # 5a
    stored_materials_retainage_amount: Decimal  # 5b
    total_retainage: Decimal  # 5
    total_earned_less_retainage: Decimal  # 6
    less_previous_certificates_for_payment: Decimal  # 7
    current_payment_due: Decimal  # 8
    balance_to_finish_including_retainage: Decimal  # 9
    tax_applicable_to_this_payment: Decimal = ZERO


@dataclass(frozen=True)
class G703Line:
    """One line of the continuation sheet. `key` is stable from one invoice of the contract to the next.

    What has a default is only shown: nothing is decided by it, and no approval covers it.
    """

    key: str
    description: str
    cost_code: str | None
    total_completed_and_stored_to_date: Decimal  # column G
    retained_this_period: Decimal
    released_this_period: Decimal
    currently_retained: Decimal | None
    item_number: str | None = None
    scheduled_value: Decimal | None = None  # column C
    work_completed_from_previous_application: Decimal | None = None  # column D
    work_completed_this_period: Decimal | None = None  # column E
    materials_presently_stored: Decimal | None = None  # column F


@dataclass(frozen=True)
class Snapshot:
    """One look at one owner invoice. `status` is Procore's, in lower case with underscores."""

    payment_application_id: str
    number: int | None
    invoice_number: str | None
    status: str
    billing_date: date | None
    period_start: date | None
    period_end: date | None
    contract_id: str | None
    contract_title: str | None
    customer_name: str | None
    currency: str | None
    exchange_rate: Decimal
    g702: G702 | None
    lines: tuple[G703Line, ...]
    origin_id: str | None
    origin_data: str | None
    created_at: datetime | None
    updated_at: datetime | None
    problems: tuple[Problem, ...] = field(default=())

    @property
    def is_approved(self) -> bool:
        """Whether Procore shows it as approved."""
        return self.status == "approved"

    def origin_of_others(self, connection: str) -> str | None:
        """The `origin_id` that another integration wrote; ours begins with the connection's name."""
        ours = self.origin_id is not None and self.origin_id.startswith(f"{connection}:")
        return None if ours else self.origin_id

    @property
    def dated(self) -> date | None:
        """The date that tells on which side of a connection's start it lies."""
        made = self.created_at.date() if self.created_at else None
        return self.billing_date or self.period_end or made

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 (hex) of what an approval covers: not status, payments, origin, times or attachments."""
        covered = {
            "number": [self.number, self.invoice_number],
            "dates": [self.billing_date, self.period_start, self.period_end],
            "contract": self.contract_id,
            "customer": self.customer_name,
            "currency": [self.currency, self.exchange_rate.normalize()],
            "summary": self.g702 and _summary(self.g702),
            "lines": sorted(_line(line) for line in self.lines),
        }
        canonical = json.dumps(covered, sort_keys=True, separators=(",", ":"), default=str)
        return hashlib.sha256(canonical.encode()).hexdigest()


def read_snapshot(raw: Mapping[str, Any]) -> Snapshot:
    """The snapshot from Procore's JSON (amounts as text or numbers). Raises nothing: problems are inside."""
    fields = Fields(raw)
    contract = fields.inner("contract")
    period = fields.inner("billing_period")
    money = fields.inner("currency_configuration")
    g702 = _read_g702(fields)
    lines = tuple(_read_line(line, at) for at, line in enumerate(fields.items("g703")))
    return Snapshot(
        payment_application_id=fields.text("id") or "",
        number=fields.integer("number"),
        invoice_number=fields.text("invoice_number"),
        status=_status(fields.text("status")),
        billing_date=fields.day("billing_date"),
        period_start=fields.day("period_start") or period.day("start_date"),
        period_end=fields.day("period_end") or period.day("end_date"),
        contract_id=contract.text("id"),
        contract_title=contract.text("title"),
        customer_name=fields.text("formatted_contract_company"),
        currency=money.text("currency_iso_code"),
        exchange_rate=money.amount("currency_exchange_rate", Decimal(1)),
        g702=g702,
        lines=lines,
        origin_id=fields.text("origin_id"),
        origin_data=fields.text("origin_data"),
        created_at=fields.moment("created_at"),
        updated_at=fields.moment("updated_at"),
        problems=fields.problems,
    )


def _read_g702(fields: Fields) -> G702 | None:
    if not fields.has("g702"):
        fields.miss("g702", "the G702 summary")
        return None
    summary = fields.inner("g702")
    return G702(
        **{
            name: summary.required_amount(name)
            for name in G702.__dataclass_fields__
            if name != "tax_applicable_to_this_payment"
        },
        tax_applicable_to_this_payment=summary.amount("tax_applicable_to_this_payment", ZERO),
    )


def _read_line(line: Fields, at: int) -> G703Line:
    origin = line.text("origin_id")
    kind = line.text("origin_type") or "LineItem"
    key = f"{kind}:{origin}" if origin else f"item:{line.text('item_number') or at}"
    description = line.text("description_override") or line.text("description_of_work") or ""
    retained, released = (
        line.amount(f"work_completed_retainage_{what}_this_period", ZERO)
        + line.amount(f"materials_stored_retainage_{what}_this_period", ZERO)
        for what in ("retained", "released")
    )
    return G703Line(
        key=key,
        description=description,
        cost_code=line.inner("wbs_code").text("flat_code") or line.inner("cost_code").text("full_code"),
        total_completed_and_stored_to_date=line.required_amount("total_completed_and_stored_to_date"),
        retained_this_period=retained,
        released_this_period=released,
        currently_retained=line.optional_amount("total_retainage_currently_retained"),
        item_number=line.text("item_number"),
        **{name: line.aside().optional_amount(name) for name in SHOWN_AMOUNTS},
    )


def _status(text: str | None) -> str:
    return (text or "unknown").strip().lower().replace(" ", "_").replace("&", "and")


def _summary(g702: G702) -> list[str]:
    return [_cents(getattr(g702, name)) for name in sorted(G702.__dataclass_fields__)]


def _line(line: G703Line) -> list[str]:
    amounts = (line.total_completed_and_stored_to_date, line.retained_this_period, line.released_this_period)
    return [line.key, line.description, line.cost_code or "", *map(_cents, amounts)]


def _cents(amount: Decimal) -> str:
    """Adding zero takes the sign off a negative zero."""
    return str(amount.quantize(CENT) + ZERO)
