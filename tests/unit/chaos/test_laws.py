"""The checker can fail: each law is broken by evidence that differs in one thing from evidence that breaks none."""

import hashlib
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from tests.chaos.checker.evidence import (
    Approval,
    Delivery,
    Entry,
    Evidence,
    Invoice,
    Receivable,
    Rights,
    Row,
    Told,
)
from tests.chaos.checker.laws import LAWS, judge

T0 = datetime(2026, 11, 26, 9, tzinfo=UTC)
ADA, NORA = 1, 2
DUE = Decimal("900.00")


def after(seconds: float) -> datetime:
    return T0 + timedelta(seconds=seconds)


def invoice(key: str, number: int, *approvals: Approval, **changes: Any) -> Invoice:
    made = Invoice(key, "rigid", 70, number, "approved", approvals or (Approval(after(10), ADA, DUE),))
    return replace(made, **changes)


def posted(key: str, order: int, **changes: Any) -> Receivable:
    made = Receivable("rigid", f"R-{order}", f"rigid:5:{key}:1", True, DUE, after(20), order)
    return replace(made, **changes)


def chain(export: int, key: str, *steps: str) -> tuple[Row, list[Entry]]:
    previous, before, entries = hashlib.sha256(f"{export}:5:{key}".encode()).digest(), "none", []
    for seq, status in enumerate(steps, start=1):
        said = {"seq": seq, "kind": "received", "at": T0.isoformat(), "body": {"text": "é"}}
        canonical = json.dumps(said, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        made = hashlib.sha256(previous + canonical.encode()).digest()
        entries.append(Entry(export, seq, "received", T0, {"text": "é"}, before, status, previous, made))
        previous, before = made, status
    return Row(export, "rigid", "5", key, before, (), len(steps), previous), entries


def good() -> Evidence:
    first, of_first = chain(1, "101", "waiting", "exporting", "exported")
    second, of_second = chain(2, "102", "waiting", "exporting", "exported")
    entries = [*of_first, *of_second]
    return Evidence(
        invoices={"101": invoice("101", 1), "102": invoice("102", 2)},
        receivables=[posted("101", 1), posted("102", 2)],
        rights=[Rights(ADA, True, T0, T0), Rights(NORA, False, T0, T0)],
        delivered=[Delivery("e1", "101"), Delivery("e2", "102")],
        recorded_events=frozenset({"e1", "e2"}),
        parked=0,
        rows=[first, second],
        entries=entries,
        told=[Told(each.export, each.seq, each.at) for each in entries],
        leases=0,
        pending=0,
        lag=0,
        fenced=frozenset({"rigid"}),
        verified="",
        tally={},
    )


def with_row(status: str, *reasons: str) -> Evidence:
    """The first export ended otherwise, and its chain says so too."""
    row, entries = chain(1, "101", "waiting", "exporting", status)
    now = good()
    return replace(now, rows=[replace(row, reasons=reasons), now.rows[1]], entries=[*entries, *now.entries[3:]])


def waiting_behind(status: str) -> Evidence:
    """The second invoice waits for the first, which ended so."""
    now = with_row(status, "approver_unknown")
    second, of_second = chain(2, "102", "waiting")
    rows = [now.rows[0], replace(second, reasons=("out_of_order",))]
    return replace(now, rows=rows, receivables=[], entries=[*now.entries[:3], *of_second])


def with_invoice(**changes: Any) -> Evidence:
    now = good()
    return replace(now, invoices={**now.invoices, "101": replace(now.invoices["101"], **changes)})


def with_receivable(**changes: Any) -> Evidence:
    now = good()
    return replace(now, receivables=[replace(now.receivables[0], **changes), now.receivables[1]])


def with_entry(at: int, **changes: Any) -> Evidence:
    now = good()
    return replace(now, entries=[*now.entries[:at], replace(now.entries[at], **changes), *now.entries[at + 1 :]])


def with_one_more(*receivables: Receivable) -> Evidence:
    now = good()
    return replace(now, receivables=[*now.receivables, *receivables])


BREAKS: list[tuple[str, str, Evidence]] = [
    ("never twice", "posted twice", with_one_more(posted("101", 3))),
    ("never twice", "a draft beside it where that is fenced", with_one_more(posted("101", 3, is_posted=False))),
    ("never silently lost", "acknowledged and nowhere", replace(good(), recorded_events=frozenset({"e1"}))),
    ("never silently lost", "still parked", replace(good(), parked=1)),
    ("never silently lost", "approved and unknown", replace(good(), rows=good().rows[1:])),
    ("each approval has its end", "exported and not posted", replace(good(), receivables=good().receivables[1:])),
    ("each approval has its end", "posted and failed", with_row("failed", "period_closed")),
    ("each approval has its end", "held without a reason", with_row("held")),
    ("each approval has its end", "approved and skipped", with_row("skipped", "not_approved")),
    ("by right only", "somebody without rights", with_invoice(approvals=(Approval(after(10), NORA, DUE),))),
    ("by right only", "approved only afterwards", with_invoice(approvals=(Approval(after(30), ADA, DUE),))),
    (
        "by right only",
        "withdrawn long before",
        replace(with_invoice(withdrawn=(after(15),)), receivables=[posted("101", 1, created_at=after(120))]),
    ),
    ("by right only", "no such invoice", with_one_more(posted("999", 3))),
    ("by right only", "no reference of ours", with_one_more(posted("101", 3, reference="by hand"))),
    ("what was approved", "a cent too much", with_receivable(total=DUE + Decimal("0.01"))),
    (
        "what was approved",
        "changed since and nobody told",
        with_invoice(approvals=(Approval(after(10), ADA, DUE), Approval(after(60), ADA, DUE + 50))),
    ),
    ("what was approved", "the general ledger differs", replace(good(), tally={"timber": "it differs"})),
    ("in order", "the second first", replace(good(), receivables=[posted("101", 2), posted("102", 1)])),
    ("at rest", "under way", with_row("retrying")),
    ("at rest", "waiting for what is not held", waiting_behind("failed")),
    ("at rest", "a fault of our own", with_row("held", "internal_error")),
    ("at rest", "a lease", replace(good(), leases=1)),
    ("at rest", "a webhook under way", replace(good(), pending=1)),
    ("at rest", "a record unread", replace(good(), lag=1)),
    ("the ledger holds", "an entry cut off", replace(good(), entries=good().entries[:-1])),
    ("the ledger holds", "an entry cut out", replace(good(), entries=good().entries[:1] + good().entries[2:])),
    ("the ledger holds", "a body changed", with_entry(1, body={"text": "e"})),
    ("the ledger holds", "a status changed", with_entry(1, status="held")),
    ("the ledger holds", "an export removed", replace(good(), rows=good().rows[:1])),
    ("the ledger holds", "verify says so", replace(good(), verified="it is broken")),
    ("the ledger holds", "told to nobody", replace(good(), told=good().told[1:])),
    (
        "the ledger holds",
        "told before it was",
        replace(good(), told=[replace(good().told[0], at=after(-9)), *good().told[1:]]),
    ),
    ("the ledger holds", "told out of order", replace(good(), told=[*good().told[1:], good().told[0]])),
]


def test_good_evidence_breaks_no_law() -> None:
    assert judge(good()) == {law: [] for law in LAWS}


@pytest.mark.parametrize(
    ("law", "evidence"), [(law, found) for law, _, found in BREAKS], ids=[f"{law}: {how}" for law, how, _ in BREAKS]
)
def test_a_law_tells_what_breaks_it(law: str, evidence: Evidence) -> None:
    assert judge(evidence)[law]


def test_every_law_can_be_broken() -> None:
    assert {law for law, _, _ in BREAKS} == set(LAWS)


def test_a_change_while_it_is_recorded_leaves_both_possible() -> None:
    lost = Rights(ADA, False, after(5), after(15))
    evidence = replace(good(), rights=[*good().rights, lost])
    assert judge(evidence)["by right only"] == []
    assert judge(replace(evidence, rights=[*good().rights, replace(lost, done=after(9))]))["by right only"]


def test_a_held_export_tells_that_something_changed_since() -> None:
    now = with_row("held", "changed_after_export")
    approvals = (Approval(after(10), ADA, DUE), Approval(after(60), ADA, DUE + 50))
    assert judge(replace(now, invoices={**now.invoices, "101": invoice("101", 1, *approvals)})) == {
        law: [] for law in LAWS
    }


def test_what_waits_for_a_held_one_is_at_rest() -> None:
    assert judge(waiting_behind("held"))["at rest"] == []


def test_where_nothing_fences_a_draft_may_stand_beside() -> None:
    evidence = with_one_more(posted("101", 3, is_posted=False))
    assert judge(replace(evidence, fenced=frozenset()))["never twice"] == []
