"""G702 and G703 in Decimal, two places: pure, and exact on every line of the form.

The formulas are those of AIA's G702/G703 as Procore names them: line 3 = 1 + 2, 5 = 5a + 5b, 6 = 4 - 5,
7 = line 6 of the preceding invoice, 8 = 6 - 7, 9 = 3 - 6; G703 column G = work before + work now + stored.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

CENT = Decimal("0.01")
ZERO = Decimal("0.00")


@dataclass(frozen=True, kw_only=True)
class LineWork:
    """What a person enters for one line of the schedule of values. Percents are 0 to 100."""

    line_id: int
    scheduled_value: Decimal
    is_change_order: bool = False
    work_this_period: Decimal = ZERO
    materials_stored: Decimal = ZERO
    work_retainage_percent: Decimal = ZERO
    stored_retainage_percent: Decimal = ZERO
    work_retainage_released: Decimal = ZERO


@dataclass(frozen=True, kw_only=True)
class Retainage:
    previous: Decimal
    retained: Decimal
    released: Decimal

    @property
    def held(self) -> Decimal:
        return self.previous + self.retained - self.released


@dataclass(frozen=True, kw_only=True)
class LineStatement:
    work: LineWork
    work_before: Decimal
    scheduled_before: Decimal
    work_retainage: Retainage
    stored_retainage: Retainage

    @property
    def work_to_date(self) -> Decimal:
        return self.work_before + self.work.work_this_period

    @property
    def completed(self) -> Decimal:
        """Column G: completed and stored to date."""
        return self.work_to_date + self.work.materials_stored


@dataclass(frozen=True, kw_only=True)
class ChangeOrderTotals:
    previous: Decimal
    new: Decimal

    @property
    def all(self) -> Decimal:
        return self.previous + self.new


@dataclass(frozen=True, kw_only=True)
class Statement:
    lines: tuple[LineStatement, ...]
    previous_certificates: Decimal
    completed_before: Decimal
    tax: Decimal

    @property
    def original_sum(self) -> Decimal:
        return total([line.work.scheduled_value for line in self.lines if not line.work.is_change_order])

    @property
    def change_orders(self) -> Decimal:
        return total([line.work.scheduled_value for line in self.lines if line.work.is_change_order])

    @property
    def sum_to_date(self) -> Decimal:
        return self.original_sum + self.change_orders

    @property
    def completed(self) -> Decimal:
        return total([line.completed for line in self.lines])

    @property
    def work_to_date(self) -> Decimal:
        return total([line.work_to_date for line in self.lines])

    @property
    def stored(self) -> Decimal:
        return total([line.work.materials_stored for line in self.lines])

    @property
    def work_retainage(self) -> Decimal:
        return total([line.work_retainage.held for line in self.lines])

    @property
    def stored_retainage(self) -> Decimal:
        return total([line.stored_retainage.held for line in self.lines])

    @property
    def retainage(self) -> Decimal:
        return self.work_retainage + self.stored_retainage

    @property
    def earned(self) -> Decimal:
        return self.completed - self.retainage

    @property
    def payment_due(self) -> Decimal:
        return self.earned - self.previous_certificates

    @property
    def balance_to_finish(self) -> Decimal:
        return self.sum_to_date - self.earned

    @property
    def gross_this_period(self) -> Decimal:
        return self.completed - self.completed_before

    def change_order_totals(self, sign: int) -> ChangeOrderTotals:
        """Additions (`sign` 1) or deductions (-1), before this invoice and new in it."""
        return ChangeOrderTotals(
            previous=total([_of_sign(line.scheduled_before, sign) for line in self._change_order_lines()]),
            new=total(
                [
                    _of_sign(line.work.scheduled_value, sign) - _of_sign(line.scheduled_before, sign)
                    for line in self._change_order_lines()
                ]
            ),
        )

    def _change_order_lines(self) -> list[LineStatement]:
        return [line for line in self.lines if line.work.is_change_order]


def state(works: Sequence[LineWork], preceding: Statement | None, tax: Decimal = ZERO) -> Statement:
    """The whole form for this invoice, with everything "previous" taken from the preceding one."""
    before = {line.work.line_id: line for line in preceding.lines} if preceding else {}
    return Statement(
        lines=tuple(_state_line(work, before.get(work.line_id)) for work in works),
        previous_certificates=preceding.earned if preceding else ZERO,
        completed_before=preceding.completed if preceding else ZERO,
        tax=money(tax),
    )


def money(value: Decimal | str | int) -> Decimal:
    return Decimal(value).quantize(CENT, ROUND_HALF_UP)


def percent_of(part: Decimal, whole: Decimal) -> Decimal:
    return money(part * 100 / whole) if whole else ZERO


def total(values: Sequence[Decimal]) -> Decimal:
    return sum(values, ZERO)


def _state_line(work: LineWork, before: LineStatement | None) -> LineStatement:
    held_on_stored = money(work.materials_stored * work.stored_retainage_percent / 100)
    stored_before = before.stored_retainage.held if before else ZERO
    return LineStatement(
        work=work,
        work_before=before.work_to_date if before else ZERO,
        scheduled_before=before.work.scheduled_value if before else ZERO,
        work_retainage=Retainage(
            previous=before.work_retainage.held if before else ZERO,
            retained=money(work.work_this_period * work.work_retainage_percent / 100),
            released=work.work_retainage_released,
        ),
        stored_retainage=Retainage(
            previous=stored_before,
            retained=max(held_on_stored - stored_before, ZERO),
            released=max(stored_before - held_on_stored, ZERO),
        ),
    )


def _of_sign(value: Decimal, sign: int) -> Decimal:
    return value if value * sign > 0 else ZERO
