"""What hypothesis draws from: entries in any order, the states they fold into, and views of those."""

from dataclasses import replace
from datetime import timedelta

from hypothesis import strategies as st

from services.export_worker.core.billing import make_document
from services.export_worker.core.decision import decide
from services.export_worker.core.decisions import AskErp
from services.export_worker.core.view import Deleted, LookUp, Unreadable, View
from shared.approvers.record import ToolLevel
from shared.ledger.entries import (
    AttemptResumed,
    CommandRefused,
    Confirmed,
    EntryBody,
    Finding,
    FollowUpDone,
    FollowUpFailed,
    HandedOver,
    LateAnswer,
    Released,
    ReleaseRequested,
    ReplayAccepted,
    ResolvedByHand,
    TieOutFound,
    WarningAccepted,
)
from shared.ledger.fold import apply
from shared.ledger.state import EMPTY, State
from shared.ledger.transitions import ImpossibleTransition
from shared.ledger.words import Closing, Reason
from tests.support.builders import (
    CAPABILITIES,
    SECOND,
    TERMS,
    a_billing,
    a_document,
    a_found,
    a_look,
    a_predecessor,
    a_snapshot,
    a_standing,
    a_view,
    closed,
    deferred,
    held,
    opened,
    received,
    skipped,
    step_done,
)
from tests.support.cast import ADA, BEN, CLEO, DAN, NOW, RECORDS, SERVICE, rights

USUAL = a_snapshot()
OTHER = a_snapshot(invoice_number="HB-2026-001-R")
DRAFT = replace(USUAL, status="draft")
LINKED = a_snapshot(origin_id="SAGE-7")
ODD = a_snapshot(g702={"current_payment_due": "1.00"})
EARLY = a_snapshot(billing_date="2025-01-31")
SNAPSHOTS = (USUAL, OTHER, DRAFT, LINKED, ODD, EARLY)
STANDINGS = (a_standing(), a_standing(is_final=False), a_standing(fingerprint=OTHER.fingerprint), None)

times = st.integers(-5, 5).map(lambda seconds: NOW + timedelta(seconds=seconds))
people = st.sampled_from((ADA, BEN, CLEO, DAN, SERVICE, None))
ALL = {"erp_integrations_level": ToolLevel.ADMIN, "can_push_to_accounting": True}

reasons = st.sampled_from(Reason)
looks = st.one_of(
    st.builds(a_look, st.sampled_from(SNAPSHOTS), at=times),
    st.builds(a_look, at=times, seen=st.sampled_from(("deleted", "unreadable")), fingerprint=st.none()),
)
documents = st.sampled_from((a_document(USUAL), a_document(OTHER)))
command = {"nonce": st.just("n"), "by": st.just("7"), "why": st.just("because")}
fingerprints = st.sampled_from((USUAL.fingerprint, OTHER.fingerprint))


@st.composite
def closings(draw: st.DrawFn) -> EntryBody:
    """How an attempt may end."""
    closing = draw(st.sampled_from(Closing))
    standing = draw(st.sampled_from(STANDINGS[:1] if closing is Closing.DONE else STANDINGS))
    return closed(
        closing,
        None if closing is Closing.DONE else draw(reasons),
        standing=standing,
        retry_at=draw(st.none() | times),
        counts_as_retry=draw(st.booleans()),
        absence_proven_at=draw(st.none() | times),
        warning="credit" if closing is Closing.NEEDS_DECISION else None,
    )


bodies: st.SearchStrategy[EntryBody] = st.one_of(
    st.builds(received, people, at=times, reason=st.sampled_from(("create", "update", "delete"))),
    st.builds(skipped, reasons, looks),
    st.builds(deferred, reasons, looks, waits_for=st.none() | st.just("7700122")),
    st.builds(held, reasons, look=st.none() | looks),
    st.builds(Confirmed, standing=st.sampled_from(STANDINGS[:1]), look=looks),
    st.builds(opened, documents, fingerprint=fingerprints, look=looks, attempt=st.integers(1, 9)),
    st.builds(AttemptResumed, fencing_token=st.integers(1, 9), worker=st.just("test")),
    st.builds(step_done, st.sampled_from(("create", "finish"))),
    st.builds(HandedOver, ref=st.just("batch-1"), confirmed_by=st.just("a person"), check_at=st.none() | times),
    closings(),
    st.builds(ReplayAccepted, **command, afresh=st.booleans()),
    st.builds(ReleaseRequested, **command, user_id=st.sampled_from((ADA, BEN, SERVICE)), fingerprint=fingerprints),
    st.builds(
        Released,
        **command,
        user_id=st.sampled_from((ADA, BEN, SERVICE)),
        fingerprint=fingerprints,
        with_user_id=st.none() | st.just(DAN),
    ),
    st.builds(WarningAccepted, **command, warning=st.just("credit"), fingerprint=fingerprints),
    st.builds(ResolvedByHand, **command, dismissed=st.booleans(), erp_number=st.just("AR-7"), fingerprint=fingerprints),
    st.builds(CommandRefused, **command, command=st.just("replay"), refusal=st.just("no")),
    st.builds(TieOutFound, finding=st.builds(Finding, reason=reasons)),
    st.builds(LateAnswer, fencing_token=st.just(1), answer=st.just("late")),
    st.builds(FollowUpDone, what=st.just("attachment")),
    st.builds(FollowUpFailed, what=st.just("attachment"), retry_at=st.none() | times),
)


@st.composite
def histories(draw: st.DrawFn) -> list[EntryBody]:
    """Entries that follow each other as the table allows: those that it refuses are left out."""
    state, history = EMPTY, []
    for body in [received(), *draw(st.lists(bodies, max_size=12))]:
        try:
            state = apply(state, body, NOW)
        except ImpossibleTransition:
            continue
        history.append(body)
    return history


def folded(history: list[EntryBody]) -> State:
    """The state after a history."""
    state = EMPTY
    for number, body in enumerate(history):
        state = apply(state, body, NOW + timedelta(seconds=number))
    return state


states = histories().map(folded)
founds = st.lists(st.builds(a_found, documents, final=st.booleans(), cancelled=st.booleans()), max_size=2).map(tuple)


def rarely(*odd: object, usual: object) -> st.SearchStrategy[object]:
    """Mostly what is usual, so that many draws come far down the table."""
    return st.sampled_from((*(usual,) * 4 * len(odd), *odd))


NEW_YEAR = NOW.date().replace(month=1, day=1)
SEEN = rarely(*SNAPSHOTS, Unreadable("403"), Deleted(), usual=USUAL)
CAPABLE = rarely(
    replace(CAPABILITIES, exports_owner_invoices=False), replace(CAPABILITIES, can_look_up=False), usual=CAPABILITIES
)
AGREED = rarely(
    replace(TERMS, mode="rehearse"), replace(TERMS, mode="paused"), replace(TERMS, start_from=NEW_YEAR), usual=TERMS
)
recorded = rarely(*(rights(record) for record in RECORDS), usual=rights(*(replace(one, **ALL) for one in RECORDS)))
BEFORE = rarely(a_predecessor(is_satisfied=False), a_predecessor(line_6=None), usual=None)


@st.composite
def views(draw: st.DrawFn) -> View:
    """Any view whose parts belong together, as the corridor makes them."""
    seen = draw(SEEN)
    return a_view(
        state=draw(states),
        seen=seen,
        rights=draw(recorded),
        terms=draw(AGREED),
        capabilities=draw(CAPABLE),
        document=make_document(a_billing(seen)) if seen in SNAPSHOTS else None,
        predecessor=draw(BEFORE),
        lease_until=draw(rarely(NOW - SECOND, NOW + SECOND, usual=None)),
        absence_proven_at=draw(rarely(NOW - SECOND, NOW, NOW + SECOND, usual=None)),
        circuit_open_until=draw(rarely(NOW - SECOND, NOW + SECOND, usual=None)),
        is_paused=draw(rarely(True, usual=False)),
    )


@st.composite
def looked_up(draw: st.DrawFn) -> View:
    """A view after the ERP was asked, where the decision asks for that."""
    view = draw(views())
    if isinstance(decide(view), AskErp):
        return replace(view, look_up=LookUp(began_at=NOW, found=draw(founds)))
    return view
