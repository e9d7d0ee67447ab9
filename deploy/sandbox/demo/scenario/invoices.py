"""What Procore shows: invoices that cannot go as they are, and invoices that change after they went."""

from deploy.sandbox.demo.acts import (
    Approves,
    Bends,
    Deletes,
    Edits,
    Revises,
    Road,
    until_exported,
    until_held,
)
from deploy.sandbox.demo.cast import BEFORE_START
from deploy.sandbox.demo.tale import Tale, bill, held, held_but_stands, skipped, waiting
from shared.ledger.words import Reason

TALES = (
    Tale(
        title="Procore does not show us this project",
        project="archive",
        invoices=(bill("15000.00", ends=held(Reason.INVOICE_UNREADABLE)),),
        acts=(Approves("ada"),),
    ),
    Tale(
        title="Its sums do not agree and its number is too long: both are told at once, both are corrected",
        project="library",
        invoices=(bill("23800.00", invoice_number="HARBOR-BRANCH-LIBRARY-07"),),
        acts=(
            Bends({"g702.total_retainage": "1.00"}),
            Approves("ada"),
            until_held(Reason.SUMS_DIFFER, Reason.TOO_LONG),
            Bends({}, who="ada"),
            until_held(Reason.TOO_LONG),
            Edits("ada", fields={"invoice_number": "HBL-07"}),
            until_exported(),
        ),
    ),
    Tale(
        title="It has no number; Ada fills it in",
        project="arena",
        invoices=(bill("12900.00", invoice_number=None),),
        acts=(
            Approves("ada"),
            until_held(Reason.MISSING_FIELD),
            Edits("ada", fields={"invoice_number": "ARENA-1"}),
            until_exported(),
        ),
    ),
    Tale(
        title="The owner pays in Canadian dollars, and the ERP has US dollars only",
        project="bridge",
        contract={"currency": "CAD", "base_currency": "USD", "exchange_rate": "0.73"},
        invoices=(bill("88000.00", ends=held(Reason.CURRENCY)),),
        acts=(Approves("ada"),),
    ),
    Tale(
        title="More is taken back than was done: the ERP takes no negative invoice",
        project="museum",
        invoices=(bill("50000.00"), bill("-20000.00", ends=held(Reason.UNSUPPORTED))),
        acts=(Approves("ada"), until_exported(), Approves("ada", invoice=2)),
    ),
    Tale(
        title="Another integration has linked it; then it is unlinked",
        project="hospital",
        invoices=(bill("36250.00"),),
        acts=(
            Bends({"origin_id": "OTHER-ERP-4711"}),
            Approves("ada"),
            until_held(Reason.ALREADY_LINKED),
            Bends({}, who="ada"),
            until_exported(),
        ),
    ),
    Tale(
        title="Billed before the connection's start",
        project="library",
        invoices=(bill("19000.00", ends=skipped(Reason.BEFORE_START), billing_date=BEFORE_START),),
        acts=(Approves("ada"),),
    ),
    Tale(
        title="Still a draft",
        project="court",
        invoices=(bill("14000.00", ends=skipped(Reason.NOT_APPROVED)),),
        acts=(),
    ),
    Tale(
        title="Deleted before anything was sent",
        project="lab",
        invoices=(bill("2500.00", ends=skipped(Reason.INVOICE_DELETED)),),
        acts=(Approves("ben"), until_held(Reason.APPROVER_LACKS_PRIVILEGE), Deletes("pat")),
    ),
    Tale(
        title="Deleted after the export",
        project="mill",
        invoices=(bill("27700.00", ends=held_but_stands(Reason.DELETED_AFTER_EXPORT)),),
        acts=(Approves("ada"), until_exported(), Deletes("pat")),
    ),
    Tale(
        title="Withdrawn after the export",
        project="depot",
        invoices=(bill("31300.00", ends=held_but_stands(Reason.APPROVAL_WITHDRAWN)),),
        acts=(Approves("ada"), until_exported(), Revises("ada")),
    ),
    Tale(
        title="Changed after the export, and the webhook gets lost: the next invoice notices, reconciliation explains",
        project="court",
        invoices=(
            bill("40000.00", ends=held_but_stands(Reason.CHANGED_AFTER_EXPORT)),
            bill("25000.00", ends=held(Reason.PREVIOUS_CERTIFICATES_DIFFER)),
        ),
        acts=(
            Approves("ada"),
            until_exported(),
            Road("drop"),
            Edits("ada", work="39000.00", is_seen=False),
            Approves("ada", invoice=2),
            until_held(Reason.PREVIOUS_CERTIFICATES_DIFFER, invoice=2),
        ),
    ),
    Tale(
        title="A rehearsal: decided and shown, not sent",
        project="market",
        invoices=(bill("21000.00", ends=skipped(Reason.REHEARSED)),),
        acts=(Approves("ada"),),
    ),
    Tale(
        title="This entity's ERP connection does not take owner invoices",
        project="barn",
        invoices=(bill("11500.00", ends=held(Reason.NOT_SUPPORTED_BY_ERP)),),
        acts=(Approves("ada"),),
    ),
    Tale(
        title="A company that no connection serves",
        project="greenhouse",
        invoices=(bill("6800.00", ends=waiting(Reason.CONNECTION_MISSING)),),
        acts=(Approves("ada"),),
    ),
)
