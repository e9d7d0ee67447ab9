"""Roads and weather: webhooks twice, late, lost or out of order; an ERP that is away; a connection on pause."""

from deploy.sandbox.demo.acts import (
    Approves,
    Awaits,
    Edits,
    Lapse,
    Road,
    Signals,
    until_exported,
    until_waiting,
)
from deploy.sandbox.demo.erp_acts import ErpComesBack, ErpGoesAway
from deploy.sandbox.demo.office_acts import Pauses, Reconciles, Resumes
from deploy.sandbox.demo.tale import Tale, bill
from shared.ledger.words import Reason

AWAY = "Ironside's ERP is away"

ROADS = (
    Tale(
        title="Ada corrects and approves; the approval's own webhook comes late, and twice with one id",
        project="garage",
        invoices=(bill("34000.00"),),
        acts=(
            Road("delay", delay=3),
            Edits("ada", work="34100.00", is_seen=False),
            Lapse(1.2),
            Road("delay", delay=6),
            Road("duplicate"),
            Approves("ada"),
            until_exported(),
        ),
        meets=(Reason.AWAITING_EVENT,),
    ),
    Tale(
        title="Procore tells one approval twice, with two ids",
        project="tower",
        invoices=(bill("35000.00"),),
        acts=(Road("two_ids"), Approves("ada"), until_exported()),
    ),
    Tale(
        title="The second invoice is approved before the first; it waits, and releases retainage",
        project="plant",
        invoices=(bill("80000.00"), bill("15000.00", release_retainage=True)),
        acts=(
            Approves("ada", invoice=2),
            until_waiting(Reason.OUT_OF_ORDER, invoice=2),
            Approves("ada"),
            until_exported(),
            until_exported(invoice=2),
        ),
    ),
)

WEATHER = (
    Tale(
        title="Ironside's ERP goes away: the circuit opens, and all is sent when it is back",
        project="yard",
        invoices=(bill("66100.00"),),
        acts=(
            ErpGoesAway(),
            Signals(AWAY),
            Approves("ada"),
            until_waiting(Reason.CIRCUIT_OPEN),
            Lapse(2),
            ErpComesBack(),
            until_exported(),
        ),
        meets=(Reason.RETRY_LATER,),
    ),
    Tale(
        title="Another invoice while Ironside's ERP is away",
        project="bridge",
        invoices=(bill("66200.00"),),
        acts=(Awaits(AWAY), Approves("ada"), until_exported()),
    ),
    Tale(
        title="A third invoice while Ironside's ERP is away",
        project="plant",
        invoices=(bill("66300.00"),),
        acts=(Awaits(AWAY), Approves("ada"), until_exported()),
    ),
    Tale(
        title="Cedar's connection is paused, and resumed",
        project="hospital",
        invoices=(bill("54400.00"),),
        acts=(Pauses(), Approves("ada"), until_waiting(Reason.PAUSED), Resumes(), until_exported()),
    ),
)

LOST = (
    Tale(
        title="The approval's webhook never came; reconciliation finds it, and who approved",
        project="garage",
        invoices=(bill("62000.00"),),
        acts=(Road("drop"), Approves("ada"), Reconciles(), until_exported()),
    ),
)
