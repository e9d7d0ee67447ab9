"""The laws of the product, each as a question to the evidence. Pure; a law answers with what breaks it."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import pairwise

from tests.chaos.checker.chain import broken_links
from tests.chaos.checker.evidence import Evidence, Invoice, Receivable, Row

IN_FLIGHT = frozenset({"waiting", "exporting", "retrying"})
AT_REST = frozenset({"exported", "held", "failed", "skipped"})
# A walk that had looked before an approval was withdrawn may still finish what it began.
UNDER_WAY = timedelta(seconds=45)
# Reasons that say: this is a fault of our own.
OWN_FAULTS = frozenset({"internal_error"})

Law = Callable[[Evidence], Iterator[str]]


def never_twice(evidence: Evidence) -> Iterator[str]:
    """An owner invoice has at most one posted receivable; and no second draft where something fences that."""
    for key, found in _by_invoice(evidence).items():
        posted = [each for each in found if each.is_posted]
        if len(posted) > 1:
            yield f"{key}: posted {len(posted)} times, as {', '.join(each.id for each in posted)}"
        elif posted and len(found) > 1 and found[0].company in evidence.fenced:
            yield f"{key}: beside {posted[0].id} stands {', '.join(each.id for each in found if each is not posted[0])}"


def never_lost(evidence: Evidence) -> Iterator[str]:
    """Every webhook that was answered with 2xx is in Kafka, and every invoice that was ever approved in the ledger."""
    for delivery in evidence.delivered:
        if delivery.event not in evidence.recorded_events:
            yield f"event {delivery.event} about {delivery.resource} was acknowledged and is nowhere"
    if evidence.parked:
        yield f"{evidence.parked} events are still parked"
    known = {row.invoice for row in evidence.rows}
    for invoice in evidence.invoices.values():
        if invoice.approvals and invoice.status != "deleted" and invoice.id not in known:
            yield f"invoice {invoice.id} of {invoice.company} was approved, and the ledger never heard of it"


def each_approval_has_its_end(evidence: Evidence) -> Iterator[str]:
    """What is approved has one posted receivable, or a hold that says why not; what is not approved has none new."""
    rows = {row.invoice: row for row in evidence.rows}
    posted = {each.invoice for each in evidence.receivables if each.is_posted}
    for invoice in evidence.invoices.values():
        row = rows.get(invoice.id)
        if row is None:
            continue
        if row.status == "exported" and invoice.id not in posted:
            yield f"{_name(row)}: the ledger says exported, the ERP has no posted receivable"
        if row.status != "exported" and invoice.id in posted and row.status != "held":
            yield f"{_name(row)}: the ERP has a posted receivable, the ledger says {row.status}"
        if row.status in {"held", "failed"} and not row.reasons:
            yield f"{_name(row)}: {row.status} without a reason"
        if invoice.status == "approved" and row.status == "skipped":
            yield f"{_name(row)}: approved, and skipped"


def by_right_only(evidence: Evidence) -> Iterator[str]:
    """No receivable without an approval by somebody who had the recorded rights then, not withdrawn before."""
    for each in evidence.receivables:
        invoice = evidence.invoices.get(each.invoice)
        if invoice is None:
            yield f"{each.company} {each.id}: of an invoice that Procore never had ({each.reference!r})"
        elif each.is_posted and not _is_covered(evidence, invoice, each):
            yield f"{each.company} {each.id}: nobody with recorded rights had approved invoice {invoice.id}"


def what_was_approved(evidence: Evidence) -> Iterator[str]:
    """A posted receivable's total is what was due when it was approved, to the cent; the books balance with it."""
    for each in evidence.receivables:
        invoice = evidence.invoices.get(each.invoice)
        if invoice is None or not each.is_posted:
            continue
        if each.total not in {approval.due for approval in invoice.approvals}:
            yield f"{each.company} {each.id}: {each.total} was posted, approved was {invoice.approvals[-1].due}"
        row = next((row for row in evidence.rows if row.invoice == invoice.id), None)
        is_told = row is not None and row.status == "held"
        if each.total != invoice.approvals[-1].due and invoice.status == "approved" and not is_told:
            since = invoice.approvals[-1].due
            yield f"{each.company} {each.id}: {since} was approved since, and nobody is told"
    for company, text in evidence.tally.items():
        yield f"{company}: {text}"


def in_order(evidence: Evidence) -> Iterator[str]:
    """The receivables of one prime contract are posted in the order of their numbers."""
    contracts: dict[tuple[str, int], list[tuple[int, int]]] = defaultdict(list)
    for each in evidence.receivables:
        invoice = evidence.invoices.get(each.invoice)
        if invoice is not None and each.is_posted:
            contracts[each.company, invoice.contract].append((each.order, invoice.number))
    for (company, contract), posted in contracts.items():
        numbers = [number for _, number in sorted(posted)]
        if numbers != sorted(numbers):
            yield f"{company}, contract {contract}: posted in the order {numbers}"


def at_rest(evidence: Evidence) -> Iterator[str]:
    """Nothing is under way, nobody holds a lease, every queue is empty; and no fault of our own is left behind.

    What waits for an earlier invoice of its contract that is held stands still as rightly as that one does.
    """
    held = _first_held(evidence)
    for row in evidence.rows:
        if row.status in IN_FLIGHT and not _waits_for_a_held_one(evidence, row, held):
            yield f"{_name(row)}: {row.status} {', '.join(row.reasons)}"
        if not OWN_FAULTS.isdisjoint(row.reasons):
            yield f"{_name(row)}: {', '.join(row.reasons)}"
    for count, what in ((evidence.leases, "leases"), (evidence.pending, "webhooks"), (evidence.lag, "records")):
        if count:
            yield f"{count} {what} are left"


def the_ledger_holds(evidence: Evidence) -> Iterator[str]:
    """Each chain is whole, each row is where its entries lead, and each change was told in order."""
    yield from broken_links(evidence.rows, evidence.entries)
    if evidence.verified:
        yield f"ledger verify: {evidence.verified}"
    moments = {(entry.export, entry.seq): entry.at for entry in evidence.entries}
    first_told: dict[int, list[int]] = defaultdict(list)
    for told in evidence.told:
        # What was told before yesterday's ledger was restored, it does not know: those ids were given again.
        is_known = moments.get((told.export, told.seq)) == told.at
        if is_known and told.seq not in first_told[told.export]:
            first_told[told.export].append(told.seq)
    for entry in evidence.entries:
        if entry.status != entry.status_before and entry.seq not in first_told[entry.export]:
            yield f"export {entry.export}, entry {entry.seq}: its change was told to nobody"
    for export, seqs in first_told.items():
        if seqs != sorted(seqs):
            yield f"export {export}: its changes were told in the order {seqs}"


LAWS: Mapping[str, Law] = {
    "never twice": never_twice,
    "never silently lost": never_lost,
    "each approval has its end": each_approval_has_its_end,
    "by right only": by_right_only,
    "what was approved": what_was_approved,
    "in order": in_order,
    "at rest": at_rest,
    "the ledger holds": the_ledger_holds,
}


def judge(evidence: Evidence) -> dict[str, list[str]]:
    """What breaks each law; empty lists when all is well."""
    return {name: list(law(evidence)) for name, law in LAWS.items()}


def _first_held(evidence: Evidence) -> dict[tuple[str, int], int]:
    """The lowest number that is held, of each contract."""
    first: dict[tuple[str, int], int] = {}
    for row in evidence.rows:
        invoice = evidence.invoices.get(row.invoice)
        if invoice is not None and row.status == "held":
            contract = (invoice.company, invoice.contract)
            first[contract] = min(invoice.number, first.get(contract, invoice.number))
    return first


def _waits_for_a_held_one(evidence: Evidence, row: Row, first_held: Mapping[tuple[str, int], int]) -> bool:
    invoice = evidence.invoices.get(row.invoice)
    if invoice is None or (row.status, row.reasons) != ("waiting", ("out_of_order",)):
        return False
    held = first_held.get((invoice.company, invoice.contract))
    return held is not None and held < invoice.number


def _by_invoice(evidence: Evidence) -> dict[str, list[Receivable]]:
    found: dict[str, list[Receivable]] = defaultdict(list)
    for each in evidence.receivables:
        found[f"{each.company} invoice {each.invoice}"].append(each)
    return found


def _is_covered(evidence: Evidence, invoice: Invoice, made: Receivable) -> bool:
    moment = made.created_at
    return any(
        (moment is None or approval.at <= moment)
        and _could(evidence, approval.user, approval.at)
        and not _was_withdrawn(invoice.withdrawn, approval.at, moment)
        for approval in invoice.approvals
    )


def _could(evidence: Evidence, user: int, moment: datetime) -> bool:
    """Whether their recorded rights can have been enough then; while a change was being recorded, both are possible."""
    mine = sorted((each for each in evidence.rights if each.user == user), key=lambda each: each.begun)
    before = [each for each in mine if each.begun <= moment]
    return any(each.may for each in before[-1:]) or any(
        gain.may and loss.done >= moment for gain, loss in pairwise(before)
    )


def _was_withdrawn(moments: Sequence[datetime], approved: datetime, made: datetime | None) -> bool:
    return made is not None and any(approved < moment < made - UNDER_WAY for moment in moments)


def _name(row: Row) -> str:
    return f"export {row.id} (invoice {row.invoice} of {row.company})"
