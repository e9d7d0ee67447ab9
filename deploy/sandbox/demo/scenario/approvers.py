"""By what right: each way in which an approval does not suffice, and how people mend it."""

from deploy.sandbox.demo.acts import (
    Approves,
    Edits,
    Forges,
    Lapse,
    Revises,
    Road,
    RoadIsFree,
    until_exported,
    until_held,
    until_waiting,
)
from deploy.sandbox.demo.office_acts import Dismisses, MapsOwner, Records, Releases, Replays
from deploy.sandbox.demo.tale import Tale, bill, held, skipped, waiting
from shared.ledger.words import Reason

TALES = (
    Tale(
        title="Ben has the tool but not the privilege; Ada's next invoice waits behind his",
        project="pier",
        invoices=(
            bill("48000.00", ends=held(Reason.APPROVER_LACKS_PRIVILEGE)),
            bill("22500.00", ends=waiting(Reason.OUT_OF_ORDER)),
        ),
        acts=(
            Approves("ben"),
            until_held(Reason.APPROVER_LACKS_PRIVILEGE),
            Approves("ada", invoice=2),
            until_waiting(Reason.OUT_OF_ORDER, invoice=2),
        ),
    ),
    Tale(
        title="Cleo has the privilege but may only read the tool; then she is given Standard",
        project="depot",
        invoices=(bill("52300.00"),),
        acts=(
            Approves("cleo"),
            until_held(Reason.APPROVER_LACKS_TOOL_LEVEL),
            Records("cleo", (("level", "standard"),)),
            Replays("Cleo has Standard now"),
            until_exported(),
        ),
    ),
    Tale(
        title="Nobody wrote down what Nora may; then somebody does",
        project="clinic",
        invoices=(bill("17820.00"),),
        acts=(
            Approves("nora"),
            until_held(Reason.APPROVER_NOT_RECORDED),
            Records("nora"),
            Replays("Nora's rights are recorded now"),
            until_exported(),
        ),
    ),
    Tale(
        title="Dora's record is too old to be believed; a new one is imported",
        project="lab",
        invoices=(bill("8150.75"),),
        acts=(
            Approves("dora"),
            until_held(Reason.APPROVER_RECORD_STALE),
            Records("dora"),
            Replays("read again from Procore's permission report"),
            until_exported(),
        ),
    ),
    Tale(
        title="Ines has left the company; Ada releases what she approved",
        project="museum",
        invoices=(bill("26400.00"),),
        acts=(
            Approves("ines"),
            until_held(Reason.APPROVER_INACTIVE),
            Releases("ada", "checked against the pencil copy"),
            until_exported(),
        ),
    ),
    Tale(
        title="Omar may export, but not owner invoices; Ada releases it",
        project="hospital",
        invoices=(bill("93100.00"),),
        acts=(
            Approves("omar"),
            until_held(Reason.APPROVER_MAY_NOT_EXPORT_OWNER_INVOICES),
            Releases("ada", "reviewed with Omar"),
            until_exported(),
        ),
    ),
    Tale(
        title="The event names nobody; Ada releases it under her own name",
        project="library",
        invoices=(bill("30750.00"),),
        acts=(
            Approves(None),
            until_held(Reason.APPROVER_UNKNOWN),
            Releases("ada", "approved in the owner's meeting"),
            until_exported(),
        ),
    ),
    Tale(
        title="Only a technical user approved; it is taken back, and Ada approves",
        project="plant",
        invoices=(bill("64000.00"),),
        acts=(
            Approves("bot"),
            until_held(Reason.APPROVER_UNKNOWN),
            Revises("pat"),
            Approves("ada"),
            until_exported(),
        ),
    ),
    Tale(
        title="Ben edits and Ada approves before anybody looks: who was it?",
        project="campus",
        invoices=(bill("41000.00", ends=held(Reason.APPROVER_AMBIGUOUS, Reason.APPROVER_LACKS_PRIVILEGE)),),
        acts=(
            Road("pause"),
            Edits("ben", work="42000.00", is_seen=False),
            Lapse(1.2),
            Approves("ada"),
            RoadIsFree(),
            until_held(Reason.APPROVER_AMBIGUOUS, Reason.APPROVER_LACKS_PRIVILEGE),
        ),
    ),
    Tale(
        title="Approved by Ben, revised, changed, approved again by Ada before the export",
        project="school",
        invoices=(bill("70000.00"),),
        acts=(
            Approves("ben"),
            until_held(Reason.APPROVER_LACKS_PRIVILEGE),
            Revises("ben"),
            Edits("pat", work="68500.00"),
            Approves("ada"),
            until_exported(),
        ),
    ),
    Tale(
        title="The owner is not mapped; meanwhile Ben changes what Ada approved; she approves again, and it is mapped",
        project="hotel",
        invoices=(bill("112000.00"),),
        acts=(
            Approves("ada"),
            until_held(Reason.MISSING_MAPPING),
            Edits("ben", work="115000.00"),
            until_held(Reason.CHANGED_AFTER_APPROVAL),
            Revises("ada"),
            Approves("ada"),
            until_held(Reason.MISSING_MAPPING),
            MapsOwner(),
            Replays("Quayside Hotels is customer C-120"),
            until_exported(),
        ),
    ),
    Tale(
        title="A large one: the webhook names Ada, Procore's own list of deliveries names Ben; Ada looks, and releases",
        project="ferry",
        invoices=(bill("240000.00"),),
        acts=(
            Road("drop"),
            Approves("ben"),
            Forges("ada"),
            until_held(Reason.APPROVER_UNVERIFIED),
            Releases("ada", "it is right, but nobody had asked me"),
            until_exported(),
        ),
    ),
    Tale(
        title="Ben's approval is dismissed: this invoice is not exported",
        project="mill",
        invoices=(bill("5400.00", ends=skipped(Reason.DISMISSED)),),
        acts=(
            Approves("ben"),
            until_held(Reason.APPROVER_LACKS_PRIVILEGE),
            Dismisses("billed by hand last week"),
        ),
    ),
    Tale(
        title="A dismissed invoice is changed afterwards",
        project="yard",
        invoices=(bill("7600.00", ends=held(Reason.CHANGED_AFTER_DISMISSAL)),),
        acts=(
            Approves("ben"),
            until_held(Reason.APPROVER_LACKS_PRIVILEGE),
            Dismisses("a test"),
            Edits("pat", work="7650.00"),
        ),
    ),
)
