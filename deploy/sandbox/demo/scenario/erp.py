"""What the ERP does: it refuses, asks, is silent, or holds something else than what was sent."""

from deploy.sandbox.demo.acts import Approves, Edits, until_exported, until_failed, until_held
from deploy.sandbox.demo.cast import CLOSED_UNTIL
from deploy.sandbox.demo.erp_acts import (
    AltersMeanwhile,
    CancelsInErp,
    ChangesInErp,
    DeletesDrafts,
    EntersByHand,
    ErpWill,
    SetsRules,
)
from deploy.sandbox.demo.office_acts import Accepts, Replays, ResolvesAsPosted, TiesOut
from deploy.sandbox.demo.tale import Tale, bill, failed, held, held_but_stands
from deploy.sandbox.faulty.orders import ErpStep, FaultKind
from shared.ledger.words import Reason

TALES = (
    Tale(
        title="The ERP takes it and says nothing; it is looked up, not sent again",
        project="mill",
        invoices=(bill("57000.00"),),
        acts=(ErpWill(FaultKind.SILENCE_AFTER, ErpStep.CREATE), Approves("ada"), until_exported()),
        meets=(Reason.RETRY_LATER,),
    ),
    Tale(
        title="The ERP commits after we gave up waiting",
        project="depot",
        invoices=(bill("58000.00"),),
        acts=(ErpWill(FaultKind.COMMIT_LATE, ErpStep.CREATE, {"seconds": 2.6}), Approves("ada"), until_exported()),
        meets=(Reason.RETRY_LATER,),
    ),
    Tale(
        title="An ERP that cannot be asked says nothing: the bookkeeper looks, posts the draft, and says so",
        project="foundry",
        invoices=(bill("44000.00"),),
        acts=(
            ErpWill(FaultKind.SILENCE_AFTER, ErpStep.CREATE),
            Approves("ada"),
            until_held(Reason.OUTCOME_UNKNOWN),
            ResolvesAsPosted("found as a draft, posted by hand"),
        ),
    ),
    Tale(
        title="The period is closed; the bookkeeper opens it, and it is replayed",
        project="arena",
        invoices=(bill("16700.00", billing_date=CLOSED_UNTIL),),
        acts=(
            Approves("ada"),
            until_failed(Reason.PERIOD_CLOSED),
            SetsRules({"closed_until": None}),
            Replays("January is open again"),
            until_exported(),
        ),
    ),
    Tale(
        title="Two invoices with one number; Ada gives the second its own",
        project="yard",
        invoices=(bill("20100.00", invoice_number="YARD-1"), bill("20200.00", invoice_number="YARD-1")),
        acts=(
            Approves("ada"),
            until_exported(),
            Approves("ada", invoice=2),
            until_failed(Reason.DUPLICATE_NUMBER, invoice=2),
            Edits("ada", fields={"invoice_number": "YARD-2"}, invoice=2),
            until_exported(invoice=2),
        ),
    ),
    Tale(
        title="The ERP refuses three times, each time for another reason",
        project="clinic",
        invoices=(bill("38000.00"),),
        acts=(
            ErpWill(FaultKind.REFUSE, ErpStep.CREATE, {"code": "job_not_synced", "text": "The job is not here yet."}),
            ErpWill(FaultKind.REFUSE, ErpStep.CREATE, {"code": "not_permitted", "text": "The user may not do this."}),
            ErpWill(FaultKind.REFUSE, ErpStep.FINISH, {"code": "date_out_of_sequence", "text": "Later dates exist."}),
            Approves("ada"),
            until_failed(Reason.CONTRACT_NOT_SYNCED),
            Replays("the job was created"),
            until_failed(Reason.NOT_ALLOWED),
            Replays("the user was given the right"),
            until_failed(Reason.DATE_OUT_OF_SEQUENCE),
            Replays("the sequence was opened"),
            until_exported(),
        ),
    ),
    Tale(
        title="The ERP says that the contract's sums differ",
        project="pier",
        invoices=(bill("13600.00", ends=failed(Reason.AMOUNT_MISMATCH)),),
        acts=(
            ErpWill(FaultKind.REFUSE, ErpStep.CREATE, {"code": "lines_do_not_add_up", "count": None}),
            Approves("ada"),
        ),
    ),
    Tale(
        title="The ERP warns and asks; somebody accepts",
        project="library",
        invoices=(bill("99500.00"),),
        acts=(
            ErpWill(FaultKind.WARN, ErpStep.FINISH, {"name": "credit_limit", "text": "Over the credit limit."}),
            Approves("ada"),
            until_held(Reason.ERP_ASKS),
            Accepts("the owner's guarantee covers it"),
            until_exported(),
        ),
    ),
    Tale(
        title="Somebody changes the receivable while it is posted; the bookkeeper puts it right",
        project="school",
        invoices=(bill("47000.00"),),
        acts=(
            ErpWill(FaultKind.HOLD_AFTER, ErpStep.FINISH),
            Approves("ada"),
            AltersMeanwhile(ErpStep.FINISH, {"tax_amount": "100.00"}),
            until_held(Reason.TOTALS_DIFFER),
            ChangesInErp({"tax_amount": "0.00"}),
            Replays("the tax was taken out again"),
            until_exported(),
        ),
    ),
    Tale(
        title="Somebody changes our draft before it is posted; it is thrown away and sent again",
        project="lab",
        invoices=(bill("18300.00"),),
        acts=(
            ErpWill(FaultKind.HOLD_AFTER, ErpStep.CREATE),
            Approves("ada"),
            AltersMeanwhile(ErpStep.CREATE, {"tax_amount": "55.00"}),
            until_held(Reason.DRAFT_DIFFERS),
            DeletesDrafts(),
            Replays("the changed draft is gone"),
            until_exported(),
        ),
    ),
    Tale(
        title="The bookkeeper cancels what was exported; the tie-out finds it",
        project="hospital",
        invoices=(bill("23100.00", ends=held(Reason.CANCELLED_IN_ERP)),),
        acts=(Approves("ada"), until_exported(), CancelsInErp(), TiesOut(), until_held(Reason.CANCELLED_IN_ERP)),
    ),
    Tale(
        title="The bookkeeper changes what was exported; the tie-out finds it",
        project="campus",
        invoices=(bill("23200.00", ends=held_but_stands(Reason.TOTALS_DIFFER)),),
        acts=(
            Approves("ada"),
            until_exported(),
            ChangesInErp({"tax_amount": "12.34"}),
            TiesOut(),
            until_held(Reason.TOTALS_DIFFER),
            ChangesInErp({"tax_amount": "0.00"}),
        ),
    ),
    Tale(
        title="Two drafts with our reference stand there already; they are thrown away",
        project="museum",
        invoices=(bill("29000.00"),),
        acts=(
            EntersByHand(),
            EntersByHand(),
            Approves("ada"),
            until_held(Reason.FOUND_SEVERAL),
            DeletesDrafts(),
            Replays("both drafts are gone"),
            until_exported(),
        ),
    ),
)
