"""The proof at the end: the ledger, the ERP and Procore, each asked by itself, tell the same."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from statistics import median

from deploy.sandbox.demo.cast import BOOKS
from deploy.sandbox.demo.erps import ERPS, Posted
from deploy.sandbox.demo.scenario import UNMET
from deploy.sandbox.demo.scene import Scene
from deploy.sandbox.demo.stage import CommandFailed, Stage
from deploy.sandbox.erp.control_client import Known
from deploy.sandbox.erp.wire import State
from shared.ledger.words import Reason, Status

_MET = """
    SELECT exports.payment_application_id AS invoice, entries.body FROM entries
    JOIN exports ON exports.id = entries.export_id WHERE entries.kind IN ('skipped', 'deferred', 'held',
        'attempt_closed', 'resolved_by_hand')
"""
_ARRIVALS = """
    SELECT exports.payment_application_id AS invoice, max(events.received_at) AS at FROM events
    JOIN exports ON exports.id = events.export_id WHERE events.fate = 'accepted' GROUP BY 1
"""


@dataclass
class Proof:
    """`differences` are sentences; none means that everything is as it must be. Durations in milliseconds."""

    receivables: int = 0
    exported: int = 0
    entries: int = 0
    ledger_is_clean: bool = False
    reasons_met: list[str] = field(default_factory=list)
    median_ms: int | None = None
    slowest_ms: int | None = None
    differences: list[str] = field(default_factory=list)


async def prove(stage: Stage, scenes: Sequence[Scene], plain: Sequence[Scene]) -> Proof:
    """`plain` are the scenes in which somebody with the right approved and nothing else happened."""
    proof = Proof()
    books = await asyncio.gather(*(stage.erp.documents(book) for book in sorted(set(BOOKS.values()))))
    in_sandbox = [each for book in books for each in book if each.state is State.POSTED]
    posted = [posted_of(each) for each in in_sandbox]
    for erp in ERPS:
        posted += await erp.posted(stage.environment)
    proof.receivables = len(posted)
    await _endings(scenes, posted, proof)
    await _met(stage, scenes, proof)
    await _durations(stage, plain, in_sandbox, proof)
    await _ledger(stage, proof)
    return proof


def posted_of(known: Known) -> Posted:
    """A receivable of the ERP sandbox."""
    return Posted(known.content.external_reference, known.number or "", known.totals.receivable)


async def _endings(scenes: Sequence[Scene], posted: Sequence[Posted], proof: Proof) -> None:
    claimed: set[str] = set()
    for scene in scenes:
        for place, bill in enumerate(scene.tale.invoices[: len(scene.ids)], start=1):
            row = scene.row(place)
            if row is None or not bill.ends.fits(row.status, row.reasons):
                proof.differences.append(f"{scene.tale.title}: invoice {place} is {row}, expected {bill.ends}")
            stands = [each for each in posted if _is_of(each.reference, scene, place)]
            claimed |= {each.reference for each in stands}
            if len(stands) != bill.ends.receivables:
                told = f"the ERP has {len(stands)} receivables, expected {bill.ends.receivables}"
                proof.differences.append(f"{scene.tale.title}: invoice {place}: {told}")
            elif stands:
                proof.differences += await _amounts(scene, place, stands[0])
            proof.exported += row is not None and row.status is Status.EXPORTED
    strays = {each.reference for each in posted} - claimed
    proof.differences += [f"nobody asked for the receivable {reference}" for reference in sorted(strays)]


async def _amounts(scene: Scene, place: int, receivable: Posted) -> list[str]:
    """To the cent: as Procore bills now, or as it billed when it was exported."""
    row = scene.row(place)
    if row is not None and row.status is Status.EXPORTED:
        await scene.note_amount(place)
        if row.erp_number != receivable.number:
            return [f"{scene.tale.title}: the ledger says {row.erp_number}, the ERP {receivable.number}"]
    due: Decimal | None = scene.amounts.get(place)
    if due == receivable.receivable:
        return []
    return [f"{scene.tale.title}: Procore bills {due}, the ERP has {receivable.receivable}"]


async def _met(stage: Stage, scenes: Sequence[Scene], proof: Proof) -> None:
    met: dict[str, set[str]] = {}
    for record in await stage.ledger.fetch(_MET):
        body = json.loads(record["body"])
        findings = [*(body.get("findings") or ()), body.get("finding") or {}]
        reasons = {finding["reason"] for finding in findings if finding}
        met.setdefault(record["invoice"], set()).update(reasons | ({"dismissed"} if body.get("dismissed") else set()))
    everything = set().union(*met.values())
    proof.reasons_met = sorted(everything)
    missing = set(Reason) - set(UNMET) - everything
    proof.differences += [f"no export ever met {reason}" for reason in sorted(missing)]
    for scene in scenes:
        own = set().union(*(met.get(str(invoice), set()) for invoice in scene.ids))
        proof.differences += [
            f"{scene.tale.title}: never met {reason}" for reason in scene.tale.meets if reason not in own
        ]


async def _durations(stage: Stage, plain: Sequence[Scene], posted: Sequence[Known], proof: Proof) -> None:
    """From the approval's webhook, as it arrived, to the ERP's posting."""
    arrivals = {record["invoice"]: record["at"] for record in await stage.ledger.fetch(_ARRIVALS)}
    took: list[timedelta] = [
        receivable.posted_at - arrivals[str(scene.id(1))]
        for scene in plain
        for receivable in posted
        if receivable.posted_at and _is_of(receivable.content.external_reference, scene, 1)
    ]
    if took:
        proof.median_ms = round(median(each.total_seconds() for each in took) * 1000)
        proof.slowest_ms = round(max(took).total_seconds() * 1000)


async def _ledger(stage: Stage, proof: Proof) -> None:
    try:
        async with asyncio.timeout(stage.patience):
            said = json.loads(await stage.cli("ledger", "verify", "--json"))
    except (CommandFailed, TimeoutError, ValueError) as error:
        proof.differences.append(f"ledger verify: {error}")
        return
    proof.entries, proof.ledger_is_clean = said["entries"], not said["broken"]


def _is_of(reference: str, scene: Scene, place: int) -> bool:
    return reference.startswith(f"{scene.project.serving}:{scene.project.company.id}:{scene.id(place)}:")
