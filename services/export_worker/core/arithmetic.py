"""The sums of the G702: what must agree inside one invoice, and with the invoice before it."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal

from services.export_worker.core.document import Totals
from services.export_worker.core.fields import Problem
from services.export_worker.core.invoice import CENT, G702, ZERO, G703Line, Snapshot
from shared.ledger.words import Reason


@dataclass(frozen=True)
class PeriodLine:
    """What one schedule-of-values line adds in this period, before retainage. Negative when work was taken back."""

    key: str
    description: str
    cost_code: str | None
    gross: Decimal


@dataclass(frozen=True)
class Period:
    """What one invoice adds to the one before it (G703 columns are balances, so these are differences)."""

    lines: tuple[PeriodLine, ...]
    retainage_held: Decimal
    retainage_released: Decimal
    tax: Decimal

    @property
    def totals(self) -> Totals:
        """The period as totals."""
        return Totals(
            gross=sum((line.gross for line in self.lines), ZERO),
            retainage_held=self.retainage_held,
            retainage_released=self.retainage_released,
            tax=self.tax,
        )


def sums_that_differ(snapshot: Snapshot) -> tuple[Problem, ...]:
    """The lines of the form that do not add up, each with both figures. Percentages are indicative only."""
    g702 = snapshot.g702
    if g702 is None:
        return ()
    return tuple(
        Problem(Reason.SUMS_DIFFER, f"{what}: {_shown(stated)} is stated, {_shown(computed)} is computed")
        for what, stated, computed in _checks(g702, snapshot.lines)
        if stated.quantize(CENT) != computed.quantize(CENT)
    )


def period_of(snapshot: Snapshot, previous: Snapshot | None) -> Period:
    """The differences to `previous` (None: the first invoice of the contract), in whole cents.

    Each balance is rounded before the difference, so that the periods of a contract add up to the balance.
    """
    before = dict(_told_apart(previous.lines)) if previous else {}
    lines = [_difference(line, before.pop(key, None)) for key, line in _told_apart(snapshot.lines)]
    lines += [
        PeriodLine(line.key, line.description, line.cost_code, -line.total_completed_and_stored_to_date.quantize(CENT))
        for line in before.values()
    ]
    held, released = _retainage(snapshot, previous)
    tax = snapshot.g702.tax_applicable_to_this_payment if snapshot.g702 else ZERO
    return Period(
        lines=tuple(line for line in lines if line.gross != 0),
        retainage_held=held.quantize(CENT),
        retainage_released=released.quantize(CENT),
        tax=tax.quantize(CENT),
    )


def receivable_differs(snapshot: Snapshot, period: Period) -> tuple[Problem, ...]:
    """Line 8 plus tax against the computed receivable, to the cent (design.md, Amounts)."""
    if snapshot.g702 is None:
        return ()
    stated = snapshot.g702.current_payment_due + snapshot.g702.tax_applicable_to_this_payment
    computed = period.totals.receivable
    if stated.quantize(CENT) == computed.quantize(CENT):
        return ()
    detail = f"line 8 plus tax is {_shown(stated)}, the change since the invoice before is {_shown(computed)}"
    return (Problem(Reason.SUMS_DIFFER, detail),)


def _checks(g702: G702, lines: tuple[G703Line, ...]) -> Iterator[tuple[str, Decimal, Decimal]]:
    yield "line 3", g702.contract_sum_to_date, g702.original_contract_sum + g702.net_change_by_change_orders
    yield (
        "line 5",
        g702.total_retainage,
        g702.completed_work_retainage_amount + g702.stored_materials_retainage_amount,
    )
    yield (
        "line 6",
        g702.total_earned_less_retainage,
        g702.total_completed_and_stored_to_date - g702.total_retainage,
    )
    yield (
        "line 8",
        g702.current_payment_due,
        g702.total_earned_less_retainage - g702.less_previous_certificates_for_payment,
    )
    yield (
        "line 9",
        g702.balance_to_finish_including_retainage,
        g702.contract_sum_to_date - g702.total_earned_less_retainage,
    )
    column_g = sum((line.total_completed_and_stored_to_date for line in lines), ZERO)
    yield "line 4 and the G703 lines", g702.total_completed_and_stored_to_date, column_g
    retained = [line.currently_retained for line in lines]
    if lines and None not in retained:
        yield "line 5 and the G703 lines", g702.total_retainage, sum(filter(None, retained), ZERO)


def _told_apart(lines: Iterable[G703Line]) -> Iterator[tuple[tuple[str, int], G703Line]]:
    """Lines that share a key (several of one change order) are paired with those before by their order."""
    seen: Counter[str] = Counter()
    for line in lines:
        seen[line.key] += 1
        yield (line.key, seen[line.key]), line


def _difference(line: G703Line, before: G703Line | None) -> PeriodLine:
    until_now = before.total_completed_and_stored_to_date if before else ZERO
    gross = line.total_completed_and_stored_to_date.quantize(CENT) - until_now.quantize(CENT)
    return PeriodLine(line.key, line.description, line.cost_code, gross)


def _retainage(snapshot: Snapshot, previous: Snapshot | None) -> tuple[Decimal, Decimal]:
    """Held and released: as the lines state them when they explain the change of line 5, else its net."""
    now = snapshot.g702.total_retainage if snapshot.g702 else ZERO
    before = previous.g702.total_retainage if previous and previous.g702 else ZERO
    change = now - before
    held = sum((line.retained_this_period for line in snapshot.lines), ZERO)
    released = sum((line.released_this_period for line in snapshot.lines), ZERO)
    if (held - released).quantize(CENT) == change.quantize(CENT):
        return held, released
    return max(change, ZERO), max(-change, ZERO)


def _shown(amount: Decimal) -> str:
    return f"{amount.quantize(CENT):,}"
